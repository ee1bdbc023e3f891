// Over 300 lines: every kind of content that WhatsApp has, read in one place.
/** WhatsApp's message object (in Baileys' spelling) → what it says. */
import { parseJid, normaliseJid } from '../identity/jid.ts'
import type { ContentType, Media, MessageContent, Quoted } from './message.ts'
import { present } from './present.ts'
import { typeOfKey, unwrap } from './unwrap.ts'
import { type Fields, fields, firstText, list, text, entry } from '../../core/json-values.ts'
import { toBase64, toIso, toNumber, word } from '../wire/json-shapes.ts'

/** A message as one message key names it. */
export interface KeyRef {
  id: string
  remoteJid: string | null
  fromMe: boolean
  participant: string | null
}

/**
 * What a message object turns out to be. `keys`: only key material, `protocol`: the clients' own housekeeping,
 * `empty`: nothing.
 */
export type Reading =
  | { kind: 'content'; content: MessageContent }
  | { kind: 'edit'; target: KeyRef; content: MessageContent; atMs: number | null }
  | { kind: 'revoke'; target: KeyRef }
  | { kind: 'reaction'; target: KeyRef; emoji: string; atMs: number | null }
  | { kind: 'poll_vote'; target: KeyRef; options: string[] | null; atMs: number | null }
  | { kind: 'event_response'; target: KeyRef; response: string | null }
  | { kind: 'ephemeral'; seconds: number }
  | { kind: 'protocol'; name: string; secret: boolean }
  | { kind: 'empty'; keys: boolean }

export function contactsOf(cards: readonly unknown[]): NonNullable<MessageContent['contacts']> {
  return cards.map((card) => ({
    name: text(fields(card)?.['displayName']),
    vcard: text(fields(card)?.['vcard']),
  }))
}

export function emptyContent(type: ContentType, messageType: string | null = null): MessageContent {
  return { type, messageType, text: null, media: null, quoted: null, mentions: [] }
}

export function readKey(value: unknown): KeyRef | null {
  const key = fields(value)
  const id = text(key?.['id'])
  if (!key || id === null) return null
  return {
    id,
    remoteJid: text(key['remoteJid']),
    fromMe: key['fromMe'] === true,
    participant: text(key['participant']),
  }
}

/** Numbers of ProtocolMessage.Type that are told apart; the rest is housekeeping. */
const protocolNumbers: Record<number, string> = {
  0: 'REVOKE',
  3: 'EPHEMERAL_SETTING',
  5: 'HISTORY_SYNC_NOTIFICATION',
  6: 'APP_STATE_SYNC_KEY_SHARE',
  7: 'APP_STATE_SYNC_KEY_REQUEST',
  14: 'MESSAGE_EDIT',
}

export function readMessage(message: unknown): Reading {
  const found = unwrap(message)
  const value = fields(found.value)
  if (found.key === null)
    return { kind: 'empty', keys: fields(message)?.['senderKeyDistributionMessage'] !== undefined }
  if (found.key === 'protocolMessage' && value) return readProtocol(value)
  // Around an edit, or around what a message says since: Baileys' event buffer folds an edit into its message.
  if (found.key === 'editedMessage' && value)
    return fields(value['message'])
      ? readMessage(value['message'])
      : { kind: 'protocol', name: 'MESSAGE_EDIT', secret: false }
  const target = readKey(
    value?.['key'] ??
      value?.['pollCreationMessageKey'] ??
      value?.['eventCreationMessageKey'] ??
      value?.['targetMessageKey'],
  )
  if (target && value) {
    if (found.key === 'reactionMessage') {
      const emoji = text(value['text']) ?? ''
      return { kind: 'reaction', target, emoji, atMs: toNumber(value['senderTimestampMs']) }
    }
    // Secret-encrypted forms of a vote, a reaction, an answer: the target is known, what was chosen is not.
    if (found.key === 'pollUpdateMessage')
      return {
        kind: 'poll_vote',
        target,
        options: null,
        atMs: toNumber(value['senderTimestampMs']),
      }
    // An encrypted edit of a message, an event, a poll: of which one is known, what it says now is not. Type 3
    // schedules one.
    const schedules = ['3', 'MESSAGE_SCHEDULE'].includes(word(value['secretEncType']) ?? '')
    if (found.key === 'secretEncryptedMessage' && !schedules)
      return { kind: 'edit', target, content: emptyContent('unknown', found.key), atMs: null }
    if (found.key === 'encEventResponseMessage' || found.key === 'eventResponseMessage') {
      return { kind: 'event_response', target, response: text(value['response']) }
    }
  }
  return { kind: 'content', content: contentOf(found.key, found.value, found) }
}

function readProtocol(value: Fields): Reading {
  const given = value['type']
  // Type 0 is left out by encoders that omit defaults.
  const name =
    typeof given === 'string'
      ? given
      : (protocolNumbers[toNumber(given) ?? 0] ?? `PROTOCOL_${toNumber(given)}`)
  const target = readKey(value['key'])
  if (name === 'REVOKE' && target) return { kind: 'revoke', target }
  if (name === 'EPHEMERAL_SETTING')
    return { kind: 'ephemeral', seconds: toNumber(value['ephemeralExpiration']) ?? 0 }
  if (name === 'MESSAGE_EDIT' && target) {
    const edited = readMessage(value['editedMessage'])
    const content = edited.kind === 'content' ? edited.content : emptyContent('unknown')
    return { kind: 'edit', target, content, atMs: toNumber(value['timestampMs']) }
  }
  return { kind: 'protocol', name, secret: name.includes('KEY') }
}

function contentOf(key: string, value: unknown, around: { viewOnce: boolean }): MessageContent {
  const content = emptyContent(entry(typeOfKey, key) ?? 'unknown', key)
  if (typeof value === 'string') {
    content.text = value
    return content
  }
  const inside = fields(value) ?? {}
  content.text = firstText(inside['text'], inside['caption'])
  fill(content, key, inside)
  const context = fields(inside['contextInfo'])
  if (context) readContext(content, context)
  if (around.viewOnce || inside['viewOnce'] === true) content.viewOnce = true
  return content
}

const mediaTypes = new Set<ContentType>(['image', 'video', 'audio', 'document', 'sticker'])

function fill(content: MessageContent, key: string, inside: Fields): void {
  if (mediaTypes.has(content.type)) content.media = readMedia(inside, key)
  switch (key) {
    case 'extendedTextMessage': {
      const url = firstText(inside['matchedText'], inside['canonicalUrl'])
      if (url)
        content.link = {
          url,
          title: text(inside['title']),
          description: text(inside['description']),
        }
      return
    }
    case 'locationMessage':
    case 'liveLocationMessage': {
      content.location = {
        latitude: toNumber(inside['degreesLatitude']) ?? 0,
        longitude: toNumber(inside['degreesLongitude']) ?? 0,
        ...present({
          name: text(inside['name']),
          address: text(inside['address']),
          url: text(inside['url']),
          live: key === 'liveLocationMessage' || inside['isLive'] === true,
        }),
      }
      return
    }
    case 'contactMessage':
    case 'contactsArrayMessage': {
      const cards = key === 'contactMessage' ? [inside] : list(inside['contacts'])
      content.contacts = contactsOf(cards)
      return
    }
    case 'buttonsResponseMessage':
      return reply(content, inside['selectedButtonId'], inside['selectedDisplayText'])
    case 'templateButtonReplyMessage':
      return reply(content, inside['selectedId'], inside['selectedDisplayText'])
    case 'listResponseMessage':
      return reply(content, fields(inside['singleSelectReply'])?.['selectedRowId'], inside['title'])
    case 'interactiveResponseMessage':
      return reply(
        content,
        fields(inside['nativeFlowResponseMessage'])?.['paramsJson'],
        fields(inside['body'])?.['text'],
      )
    case 'groupInviteMessage':
      content.groupInvite = {
        groupId: normaliseJid(inside['groupJid']),
        groupName: text(inside['groupName']),
        code: text(inside['inviteCode']),
      }
      return
    case 'pinInChatMessage': {
      const target = readKey(inside['key'])
      if (target)
        content.pin = {
          messageId: target.id,
          pinned: toNumber(inside['type']) !== 2 && inside['type'] !== 'UNPIN_FOR_ALL',
        }
      return
    }
    default:
      fillRare(content, inside)
  }
}

function fillRare(content: MessageContent, inside: Fields): void {
  if (content.type === 'poll') {
    const options = list(inside['options']).map(
      (option) => text(fields(option)?.['optionName']) ?? '',
    )
    content.poll = {
      name: text(inside['name']) ?? '',
      options,
      selectableCount: toNumber(inside['selectableOptionsCount']),
    }
    content.text = content.poll.name
  } else if (content.type === 'event') {
    content.event = {
      name: text(inside['name']),
      description: text(inside['description']),
      startsAt: toIso(inside['startTime']),
      location: text(fields(inside['location'])?.['name']),
      canceled: inside['isCanceled'] === true,
    }
    content.text = content.event.name
  } else if (content.type === 'interactive') {
    content.text ??= firstText(
      inside['contentText'],
      inside['description'],
      inside['title'],
      fields(inside['body'])?.['text'],
      fields(inside['hydratedTemplate'])?.['hydratedContentText'],
      fields(inside['hydratedFourRowTemplate'])?.['hydratedContentText'],
    )
  } else if (content.type === 'order' || content.type === 'product') {
    content.text ??= firstText(
      inside['message'],
      inside['orderTitle'],
      inside['body'],
      fields(inside['product'])?.['title'],
    )
  }
}

function reply(content: MessageContent, id: unknown, title: unknown): void {
  content.reply = { id: text(id), title: text(title) }
  content.text ??= content.reply.title
}

/** Of a file's fields, how each is read: by one name here and in WhatsApp's message. */
const mediaFields: readonly (readonly [keyof Media, (value: unknown) => string | number | null])[] =
  [
    ['url', text],
    ['directPath', text],
    ['mediaKey', toBase64],
    ['mediaKeyTimestamp', toNumber],
    ['fileLength', toNumber],
    ['fileSha256', toBase64],
    ['fileEncSha256', toBase64],
    ['mimetype', text],
    ['seconds', toNumber],
    ['fileName', text],
    ['title', text],
    ['pageCount', toNumber],
    ['width', toNumber],
    ['height', toNumber],
  ]

function readMedia(inside: Fields, key: string): Media {
  const told = mediaFields.map(([name, read]) => [name, read(inside[name])] as const)
  return {
    ...Object.fromEntries(told.filter(([, value]) => value !== null)),
    ...(key === 'audioMessage' ? { ptt: inside['ptt'] === true } : {}),
    ...(key === 'ptvMessage' ? { ptv: true } : {}),
    ...(inside['gifPlayback'] === true ? { gifPlayback: true } : {}),
    ...(inside['isAnimated'] === true ? { animated: true } : {}),
  }
}

/** What a message says about the one it answers, whom it mentions, whether it was forwarded. */
function readContext(content: MessageContent, context: Fields): void {
  const stanzaId = text(context['stanzaId'])
  if (stanzaId) content.quoted = readQuoted(stanzaId, context)
  content.mentions = list(context['mentionedJid']).flatMap((jid) =>
    parseJid(jid) ? [normaliseJid(jid)!] : [],
  )
  if (context['isForwarded'] === true) content.forwarded = true
  const expiration = toNumber(context['expiration'])
  if (expiration) content.expirationSeconds = expiration
}

function readQuoted(messageId: string, context: Fields): Quoted {
  const quoted = context['quotedMessage'] ? readMessage(context['quotedMessage']) : undefined
  const content = quoted?.kind === 'content' ? quoted.content : undefined
  return {
    messageId,
    senderId: normaliseJid(context['participant']),
    chatId: normaliseJid(context['remoteJid']),
    type: content?.type ?? null,
    text: content?.text ?? null,
  }
}
