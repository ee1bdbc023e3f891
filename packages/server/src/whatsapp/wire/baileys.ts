/** A canonical event back in Baileys' JSON, for the dialects that speak it, whatever gateway it came from. */
import { isLid } from '../identity/jid.ts'
import type { Chat, MessageContent, MessageStatus, Person } from '../message/message.ts'
import { respell } from './spelling.ts'
import { fileKinds } from '../message/flat.ts'
import { unwrap } from '../message/unwrap.ts'
import { type Fields, fields } from '../../core/json-values.ts'
import { plain } from './json-shapes.ts'
import type { RawEvent } from '../whatsapp.ts'

/**
 * `{remoteJid, remoteJidAlt?, fromMe, id, participant?, participantAlt?, addressingMode?}`. `author` wrote the
 * message that `messageId` names.
 */
export function baileysKey(
  event: { chat: Chat; messageId: string; fromMe: boolean },
  author: Person | null,
): Fields {
  const key: Fields = { remoteJid: event.chat.id, fromMe: event.fromMe, id: event.messageId }
  if (event.chat.altId !== null) key['remoteJidAlt'] = event.chat.altId
  if (event.chat.kind !== 'person' && author) {
    key['participant'] = author.id
    if (author.altId !== null) key['participantAlt'] = author.altId
  }
  if (event.chat.altId !== null || isLid(event.chat.id) || isLid(author?.id ?? null)) {
    key['addressingMode'] = isLid(
      event.chat.kind === 'person' ? event.chat.id : (author?.id ?? null),
    )
      ? 'lid'
      : 'pn'
  }
  return key
}

/** ERROR, PENDING, SERVER_ACK, DELIVERY_ACK, READ, PLAYED. */
export function baileysStatusName(status: MessageStatus): string {
  return {
    failed: 'ERROR',
    pending: 'PENDING',
    server_ack: 'SERVER_ACK',
    delivered: 'DELIVERY_ACK',
    read: 'READ',
    played: 'PLAYED',
  }[status]
}

/**
 * The `message` object: the gateway's own where it is WhatsApp's (Longs as numbers, bytes as base64, Baileys'
 * spelling), else one made of the content. `base64` is not put back: it is `content.media.base64`.
 */
export function baileysMessage(event: { raw: RawEvent; content: MessageContent }): Fields {
  const raw = fields(event.raw.event)
  const ofBaileys = fields(raw?.['message'])
  if (ofBaileys && unwrap(ofBaileys).key !== null) return plain(ofBaileys) as Fields
  const ofWhatsmeow = fields(raw?.['Message'])
  if (ofWhatsmeow && unwrap(respell(ofWhatsmeow)).key !== null)
    return respell(ofWhatsmeow) as Fields
  return madeOf(event.content)
}

/** `conversation`, `imageMessage`, …: Evolution's `messageType`. */
export function baileysMessageType(content: MessageContent, message: Fields): string {
  return content.messageType ?? unwrap(message).key ?? 'conversation'
}

function madeOf(content: MessageContent): Fields {
  const contextInfo: Fields = {}
  if (content.quoted) {
    contextInfo['stanzaId'] = content.quoted.messageId
    if (content.quoted.senderId !== null) contextInfo['participant'] = content.quoted.senderId
    if (content.quoted.text !== null)
      contextInfo['quotedMessage'] = { conversation: content.quoted.text }
  }
  if (content.mentions.length > 0) contextInfo['mentionedJid'] = content.mentions
  if (content.forwarded) contextInfo['isForwarded'] = true
  const context = Object.keys(contextInfo).length > 0 ? { contextInfo } : {}

  const mediaKey = fileKinds[content.type]?.[1]
  if (mediaKey !== undefined) {
    const {
      storedUrl: _stored,
      base64: _base64,
      stored: _file,
      ptv: _ptv,
      animated,
      ...media
    } = content.media ?? {}
    const inside: Fields = {
      ...media,
      ...(animated === undefined ? {} : { isAnimated: animated }),
      ...(content.text === null ? {} : { caption: content.text }),
      ...context,
    }
    const message = { [content.media?.ptv ? 'ptvMessage' : mediaKey]: inside }
    return content.viewOnce ? { viewOnceMessageV2: { message } } : message
  }
  if (content.location) {
    const { latitude, longitude, live, ...rest } = content.location
    return {
      [live ? 'liveLocationMessage' : 'locationMessage']: {
        degreesLatitude: latitude,
        degreesLongitude: longitude,
        ...rest,
        ...context,
      },
    }
  }
  if (content.contacts?.length === 1)
    return {
      contactMessage: {
        displayName: content.contacts[0]!.name,
        vcard: content.contacts[0]!.vcard,
        ...context,
      },
    }
  if (content.contacts)
    return {
      contactsArrayMessage: {
        contacts: content.contacts.map((one) => ({ displayName: one.name, vcard: one.vcard })),
        ...context,
      },
    }
  if (content.poll) {
    const options = content.poll.options.map((optionName) => ({ optionName }))
    return {
      pollCreationMessage: {
        name: content.poll.name,
        options,
        selectableOptionsCount: content.poll.selectableCount ?? 0,
        ...context,
      },
    }
  }
  if ('contextInfo' in context)
    return { extendedTextMessage: { text: content.text ?? '', ...context } }
  return content.text === null ? {} : { conversation: content.text }
}
