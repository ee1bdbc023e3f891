/**
 * zpwoot: `{event, session_id, timestamp, data}` with whatsmeow's names in snake_case. Six events come in words
 * of its own (message, receipt, group_info, picture, connected, disconnected); where `data` is a marshalled
 * struct instead, it is read as one.
 */
import { emptyContent } from '../../whatsapp/message/content.ts'
import { present } from '../../whatsapp/message/present.ts'
import { fileKinds } from '../../whatsapp/message/flat.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import type { ContentType, Media } from '../../whatsapp/message/message.ts'
import { fields, type Fields, firstText, text, entry } from '../../core/json-values.ts'
import { readingEvents } from '../gateway/message-events.ts'
import { event } from '../gateway/mapping.ts'
import { fallback, make, mapped, type Origin, withRaw } from '../gateway/origin.ts'
import { enveloped } from '../gateway/request.ts'
import { sameSecret, verifyHmac } from '../gateway/signature.ts'
import type { GatewayRequest, GatewaySource, Mapped, Verdict } from '../gateway/gateway.ts'
import { whatsmeowEvents } from '../client-libraries/whatsmeow/events.ts'
import { whatsmeowReceipt } from '../client-libraries/whatsmeow/message.ts'

export const zpwoot: GatewaySource = {
  name: 'zpwoot',
  verify,
  parse: enveloped('zpwoot', 'event', ['session_id'], eventsOf),
}

/** A signature over the body where there is one, else the bare token of `Authorization`. */
async function verify(request: GatewayRequest, secret: string): Promise<Verdict> {
  const signed = verifyHmac(request, 'x-webhook-signature', secret)
  const token = request.headers['authorization']
  if (signed !== 'absent' || !token) return signed
  return sameSecret(token.replace(/^Bearer /i, ''), secret) ? 'ok' : 'bad'
}

function eventsOf(origin: Origin, body: Fields): Mapped {
  const data = fields(body['data']) ?? {}
  const own = entry(words, origin.name)
  // `timestamp` is when it was sent, made anew by nothing: a retry repeats the body to the byte.
  const known = { ...origin, id: origin.hash }
  return own ? own({ ...known, sentAt: body['timestamp'] }, data) : whatsmeowEvents(known, data)
}

type Word = (origin: Origin, data: Fields) => Mapped

/** The struct's own form: its times are its own. */
function struct({ sentAt: _sentAt, ...origin }: Origin, data: Fields): Mapped {
  return whatsmeowEvents(origin, data)
}

const types: Record<string, [ContentType, string]> = {
  conversation: ['text', 'conversation'],
  extended_text: ['text', 'extendedTextMessage'],
  ...fileKinds,
}

function message(origin: Origin, data: Fields): Mapped {
  if (fields(data['Info'])) return struct(origin, data)
  const chat = chatOf(data['chat'])
  const messageId = text(data['message_id'])
  if (!chat || messageId === null) return mapped(fallback(origin, data))
  const fromMe = data['from_me'] === true
  const [type, messageType] = entry(types, data['type']) ?? ['unknown', null]
  const content = emptyContent(type, messageType)
  content.text = firstText(data['body'], data['caption'])
  if (type !== 'text' && type !== 'unknown') content.media = mediaOf(data)
  const sender = personOf(data['from'])
  const at = data['timestamp']
  const envelope = { origin, raw: data, chat, sender, fromMe, messageId, at }
  return readingEvents(envelope, { kind: 'content', content })
}

function mediaOf(data: Fields): Media {
  return present({ mimetype: text(data['mime_type']), fileName: text(data['file_name']) })
}

const words: Readonly<Record<string, Word>> = {
  message,
  receipt: ({ sentAt: _sentAt, ...origin }, data) => {
    if (Array.isArray(data['MessageIDs'])) return whatsmeowReceipt(origin, data)
    const receipt = {
      Chat: data['chat'],
      Sender: data['sender'],
      MessageIDs: data['message_ids'],
      Timestamp: data['timestamp'],
      Type: data['type'],
    }
    return withRaw(whatsmeowReceipt(origin, receipt), () => data)
  },
  group_info: (origin, data) => {
    const [name, topic] = [fields(data['name']), fields(data['topic'])]
    const chat = chatOf(data['jid'], undefined, text(name?.['Name']))
    if (!chat) return struct(origin, data)
    const changes = {
      ...(name ? { name: text(name['Name']) ?? '' } : {}),
      ...(topic ? { description: text(topic['Topic']) ?? '' } : {}),
    }
    const about = { chat, by: personOf(data['sender']), changes }
    return mapped(make(origin, 'group.updated', data, data['timestamp'], about))
  },
  picture: (origin, data) => {
    if (!('jid' in data)) return struct(origin, data)
    const picture = { JID: data['jid'], Timestamp: data['timestamp'], Remove: data['remove'] }
    return withRaw(struct(origin, picture), () => data)
  },
  connected: event('session.connected', { me: null }),
  disconnected: event('session.disconnected', {
    reason: 'connection closed',
    code: null,
    final: false,
  }),
}
