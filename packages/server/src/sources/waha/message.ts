/** WAHA's message payload: its serialised ids, its JIDs with `@c.us`, its acks, which are one lower than WhatsApp's. */
import { emptyContent, type Reading, readMessage } from '../../whatsapp/message/content.ts'
import { chatOf, counterpart, normaliseJid, personOf } from '../../whatsapp/identity/jid.ts'
import { locationOf, quoting } from '../../whatsapp/message/flat.ts'
import { present } from '../../whatsapp/message/present.ts'
import {
  type ContentType,
  type Media,
  type MessageContent,
  type MessageStatus,
  messageStatuses,
} from '../../whatsapp/message/message.ts'
import { respell } from '../../whatsapp/wire/spelling.ts'
import { fields, type Fields, firstText, list, text, entry } from '../../core/json-values.ts'
import { toNumber, toStatus } from '../../whatsapp/wire/json-shapes.ts'
import { splitId, webTypes } from '../client-libraries/whatsapp-web/serialized.ts'
import type { Origin } from '../gateway/origin.ts'

export type About = NonNullable<ReturnType<typeof aboutMessage>>

/** Chat, sender, direction and WhatsApp's own message id; null without them. */
export function aboutMessage(origin: Origin, payload: Fields) {
  const split = splitId(payload['id'])
  const fromMe = split?.fromMe ?? payload['fromMe'] === true
  const pushName = pushNameOf(payload)
  const alt = altOf(payload)
  const chat = chatOf(split?.chatId ?? (fromMe ? payload['to'] : payload['from']), alt)
  const messageId = split?.messageId ?? text(payload['id'])
  if (!chat || messageId === null) return null
  if (chat.kind === 'person') {
    if (!fromMe) chat.name = pushName
    return {
      chat,
      sender: fromMe ? origin.me : personOf(chat.id, chat.altId, pushName),
      fromMe,
      messageId,
    }
  }
  const member = firstText(payload['participant'], payload['author'], split?.participant)
  const key = fields(fields(payload['_data'])?.['key'])
  const sender = member
    ? personOf(member, key?.['participantAlt'] ?? senderAltOf(payload), pushName)
    : fromMe
      ? origin.me
      : null
  return { chat, sender, fromMe, messageId }
}

function pushNameOf(payload: Fields): string | null {
  const data = fields(payload['_data'])
  return firstText(data?.['pushName'], data?.['notifyName'], fields(data?.['Info'])?.['PushName'])
}

/** The other identity of a chat of two, where the engine's own data tells it. */
function altOf(payload: Fields): unknown {
  const key = fields(fields(payload['_data'])?.['key'])
  const info = fields(fields(payload['_data'])?.['Info'])
  const alt = info?.['IsFromMe'] === true ? info['RecipientAlt'] : info?.['SenderAlt']
  return counterpart(
    splitId(payload['id'])?.chatId ?? payload['from'],
    key?.['remoteJidAlt'],
    key?.['remoteJid'],
    alt,
  )
}

function senderAltOf(payload: Fields): unknown {
  return fields(fields(payload['_data'])?.['Info'])?.['SenderAlt']
}

/** The engine's own message: `_data.message` of NOWEB, `_data.Message` of GOWS. */
export function engineReading(payload: Fields): Reading {
  const data = fields(payload['_data'])
  return readMessage(respell(fields(data?.['message']) ?? fields(data?.['Message'])))
}

/**
 * The engine's own message where it sends one, else WAHA's
 * common fields.
 */
export function wahaContent(payload: Fields): MessageContent {
  const data = fields(payload['_data'])
  const engine = engineReading(payload)
  const content = engine.kind === 'content' ? engine.content : emptyContent(typeOf(payload, data))
  content.text ??= text(payload['body'])
  const media = mediaOf(payload)
  if (media) content.media = { ...content.media, ...media }
  const place = fields(payload['location'])
  if (place && !content.location) {
    content.location = locationOf({
      latitude: place['latitude'],
      longitude: place['longitude'],
      name: place['description'],
    })
  }
  const cards = list(payload['vCards'])
  if (cards.length > 0 && !content.contacts)
    content.contacts = cards.map((vcard) => ({ name: null, vcard: text(vcard) }))
  const reply = fields(payload['replyTo'])
  const repliedTo = text(reply?.['id'])
  if (repliedTo !== null && !content.quoted) {
    const messageId = splitId(repliedTo)?.messageId ?? repliedTo
    const senderId = normaliseJid(reply?.['participant'])
    content.quoted = quoting(messageId, { senderId, text: text(reply?.['body']) })
  }
  return content
}

function typeOf(payload: Fields, data: Fields | undefined): ContentType {
  const named = entry(webTypes, data?.['type'])
  if (named) return named
  if (fields(payload['location'])) return 'location'
  if (list(payload['vCards']).length > 0) return 'contact'
  if (payload['hasMedia'] !== true) return 'text'
  const mimetype = text(fields(payload['media'])?.['mimetype']) ?? ''
  const kind = mimetype.split('/')[0]
  return kind === 'image' || kind === 'video' || kind === 'audio' ? kind : 'document'
}

function mediaOf(payload: Fields): Media | null {
  const media = fields(payload['media'])
  if (!media) return null
  const [storedUrl, mimetype] = [text(media['url']), text(media['mimetype'])]
  return present({ storedUrl, mimetype, fileName: text(media['filename']) })
}

/** -1 ERROR, 0 PENDING, 1 SERVER, 2 DEVICE, 3 READ, 4 PLAYED. */
export function ackStatus(payload: Fields): MessageStatus | null {
  const ack = toNumber(payload['ack'])
  if (ack !== null) return messageStatuses[ack + 1] ?? null
  const name = text(payload['ackName'])
  const names: Record<string, string> = { SERVER: 'SERVER_ACK', DEVICE: 'DELIVERY_ACK' }
  return name === null ? null : toStatus(entry(names, name) ?? name)
}
