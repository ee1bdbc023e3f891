/** A Baileys WAMessage, in process or as JSON of any kind → canonical events. */
import { readMessage } from '../../../whatsapp/message/content.ts'
import { chatOf, personOf } from '../../../whatsapp/identity/jid.ts'
import type { Chat, Person } from '../../../whatsapp/message/message.ts'
import { fields, type Fields, firstText, list, text, entry } from '../../../core/json-values.ts'
import { toStatus, word } from '../../../whatsapp/wire/json-shapes.ts'
import {
  type Envelope,
  messageEvents,
  statusEvent,
  stepsUpTo,
  stubMessage,
  undecryptable,
} from '../../gateway/message-events.ts'
import { fallback, make, mapped, type Origin, without } from '../../gateway/origin.ts'
import type { Mapped } from '../../gateway/gateway.ts'

export interface Keyed {
  chat: Chat
  sender: Person | null
  fromMe: boolean
  messageId: string
}

/**
 * Chat, sender and id of a message key; null when it names none. Identities come as `remoteJidAlt`,
 * `participantAlt` (Baileys 7) or as `senderPn`, `senderLid`, `participantPn`, `participantLid` (6.7).
 */
export function readBaileysKey(
  origin: Origin,
  value: unknown,
  pushName: string | null = null,
  participant?: unknown,
): Keyed | null {
  const key = fields(value)
  const messageId = text(key?.['id'])
  if (!key || messageId === null) return null
  const fromMe = key['fromMe'] === true
  const remoteJid = key['remoteJid']
  const isLid = typeof remoteJid === 'string' && remoteJid.endsWith('@lid')
  const alt =
    key['remoteJidAlt'] ?? (fromMe ? undefined : isLid ? key['senderPn'] : key['senderLid'])
  const chat = chatOf(remoteJid, alt)
  if (!chat) return null
  if (chat.kind === 'person') {
    if (!fromMe) chat.name = pushName
    return {
      chat,
      sender: fromMe ? named(origin.me, pushName) : personOf(chat.id, chat.altId, pushName),
      fromMe,
      messageId,
    }
  }
  // Its own member is the account, which is known better than by the one identity that the key has.
  if (fromMe && origin.me) return { chat, sender: named(origin.me, pushName), fromMe, messageId }
  const member = firstText(key['participant'], participant)
  const memberAlt = firstText(
    key['participantAlt'],
    member?.endsWith('@lid') ? key['participantPn'] : key['participantLid'],
  )
  const sender = member
    ? personOf(member, memberAlt, pushName)
    : chat.kind === 'channel'
      ? personOf(chat.id)
      : null
  return { chat, sender: sender ?? (fromMe ? named(origin.me, pushName) : null), fromMe, messageId }
}

function named(person: Person | null, name: string | null): Person | null {
  return person && name !== null && person.name === null ? { ...person, name } : person
}

export interface UpsertOptions {
  /** It waited on the server, or was sent by this program: Baileys' `append`. */
  replayed: boolean
  sentBy?: 'api' | 'device' | null
}

const stubs: Record<string, string> = { '1': 'REVOKE', '2': 'CIPHERTEXT' }

/** `message`: `{key, message, messageTimestamp, pushName, status, messageStubType…}`. */
export function baileysMessageEvents(
  origin: Origin,
  message: Fields,
  options: UpsertOptions,
): Mapped {
  const pushName = text(message['pushName'])
  // Evolution calls every account by this name.
  const keyed = readBaileysKey(
    origin,
    message['key'],
    pushName === 'Você' ? null : pushName,
    message['participant'],
  )
  const content = unfolded(fields(message['message']), fields(message['contextInfo']))
  const raw = rawOf(message)
  if (!keyed) return mapped(fallback(origin, raw, message['messageTimestamp']))
  const status = toStatus(message['status'])
  const envelope: Envelope = {
    origin,
    raw,
    ...keyed,
    at: message['messageTimestamp'],
    status: keyed.fromMe ? status : null,
    sentBy: keyed.fromMe ? (options.sentBy ?? null) : null,
    replayed: options.replayed,
    keysAre: 'account',
    stored: {
      base64: firstText(content?.['base64'], message['base64']),
      url: firstText(content?.['mediaUrl'], message['mediaUrl']),
    },
  }
  if (!content || readMessage(content).kind === 'empty') {
    const type = stubType(message)
    const parameters = list(message['messageStubParameters']).map((parameter) =>
      typeof parameter === 'string' ? parameter : JSON.stringify(parameter),
    )
    if (type === 'CIPHERTEXT') return undecryptable(envelope, parameters[0] ?? null)
    if (type === 'REVOKE') return deletion(envelope, keyed, null)
    if (type !== null) return stubMessage(envelope, type, parameters)
  }
  const events = messageEvents(envelope, content)
  const sent = events.events[0]
  if (keyed.fromMe && sent?.type === 'message.sent') {
    // Baileys' event buffer folds the updates of an own message into its upsert: then nothing else will ever
    // tell of these steps.
    const by = keyed.chat.kind === 'person' ? personOf(keyed.chat.id, keyed.chat.altId) : null
    for (const step of stepsUpTo(status)) events.events.push(statusEvent(envelope, step, by)!)
    if (status === 'failed')
      events.events.push(statusEvent(envelope, 'failed', null, null, failureOf(message))!)
  }
  return events
}

/** Evolution makes every text a `conversation`, and puts beside the message which one it answers and whom it names. */
function unfolded(content: Fields | undefined, context: Fields | undefined): Fields | undefined {
  const words = content?.['conversation']
  if (!content || !context || typeof words !== 'string') return content
  const plain =
    !context['stanzaId'] && !context['isForwarded'] && list(context['mentionedJid']).length === 0
  if (plain) return content
  return {
    ...without(content, 'conversation'),
    extendedTextMessage: { text: words, contextInfo: context },
  }
}

/** What a failed message says: `messageStubParameters` holds WhatsApp's error code. */
export function failureOf(update: Fields): { code: string | null; message: string } {
  const code = list(update['messageStubParameters']).map(String)[0] ?? null
  const known: Record<string, string> = {
    '463': 'The account is restricted and may not write to this person',
    '479': 'WhatsApp rejected the message',
  }
  return { code, message: entry(known, code) ?? 'WhatsApp refused the message' }
}

/** `keyed` names the message that is gone; `carrier`, where known, the one that revoked it. */
export function deletion(
  envelope: Pick<Envelope, 'origin' | 'raw' | 'at'>,
  keyed: Keyed,
  carrier: Keyed | null,
): Mapped {
  const { chat, messageId, fromMe } = keyed
  const sender = carrier?.sender ?? keyed.sender
  const about = {
    chat,
    messageId,
    fromMe,
    sender,
    carrierId: carrier?.messageId ?? null,
    byMe: carrier?.fromMe ?? fromMe,
  }
  return mapped(make(envelope.origin, 'message.deleted', envelope.raw, envelope.at, about))
}

/** The message without key material and without the file that went to `content.media`. */
function rawOf(message: Fields): unknown {
  const content = fields(message['message'])
  const rest = without(message, 'base64', 'apikey')
  if (!content) return rest
  return {
    ...rest,
    message: without(
      content,
      'base64',
      'senderKeyDistributionMessage',
      'fastRatchetKeySenderKeyDistributionMessage',
    ),
  }
}

/** `REVOKE`, `CIPHERTEXT`, or the number of another stub as text; null for none. */
export function stubType(message: Fields): string | null {
  const type = word(message['messageStubType'])
  return type === null || type === '0' || type === 'UNKNOWN' ? null : (entry(stubs, type) ?? type)
}
