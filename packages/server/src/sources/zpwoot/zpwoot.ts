/**
 * zpwoot: `{event, session_id, timestamp, data}` with whatsmeow's names in snake_case. Six events come in words of its own (message, receipt,
 * group_info, picture, connected, disconnected); where `data` is a marshalled struct instead, it is read as one.
 */
import { emptyContent } from '../../whatsapp/message/content.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import type { ContentType, Media } from '../../whatsapp/message/message.ts'
import { fields, type Fields, firstText, text, entry } from '../../core/json-values.ts'
import { readingEvents } from '../gateway/message-events.ts'
import { fallback, make, mapped, type Origin } from '../gateway/origin.ts'
import { jsonObject, notUnderstood, originOf, sessionOf, understood } from '../gateway/request.ts'
import { sameSecret, verifyHmac } from '../gateway/signature.ts'
import type { GatewayRequest, GatewaySource, Mapped, Parsed, Verdict } from '../gateway/gateway.ts'
import { whatsmeowEvents } from '../client-libraries/whatsmeow/events.ts'
import { whatsmeowReceipt } from '../client-libraries/whatsmeow/message.ts'

export const zpwoot: GatewaySource = { name: 'zpwoot', verify, parse }

/** A signature over the body where there is one, else the bare token of `Authorization`. */
async function verify(request: GatewayRequest, secret: string): Promise<Verdict> {
  const signed = verifyHmac(request, 'x-webhook-signature', secret)
  const token = request.headers['authorization']
  if (signed !== 'absent' || !token) return signed
  return sameSecret(token.replace(/^Bearer /i, ''), secret) ? 'ok' : 'bad'
}

async function parse(request: GatewayRequest): Promise<Parsed> {
  const body = jsonObject(request.rawBody)
  const name = text(body?.['event'])
  if (!body || name === null) return notUnderstood(request, 'the body has no event')
  const session = sessionOf(request, 'zpwoot', body['session_id'])
  const data = fields(body['data']) ?? {}
  const own = entry(words, name)
  // `timestamp` is when it was sent, made anew by nothing: a retry repeats the body to the byte.
  const origin = originOf(request, 'zpwoot', session, name)
  const known = { ...origin, id: origin.hash }
  return understood(own ? own(known, data, body['timestamp']) : whatsmeowEvents(known, data))
}

type Word = (origin: Origin, data: Fields, sentAt: unknown) => Mapped

const types: Record<string, [ContentType, string]> = {
  conversation: ['text', 'conversation'],
  extended_text: ['text', 'extendedTextMessage'],
  image: ['image', 'imageMessage'],
  video: ['video', 'videoMessage'],
  audio: ['audio', 'audioMessage'],
  document: ['document', 'documentMessage'],
  sticker: ['sticker', 'stickerMessage'],
}

function message(origin: Origin, data: Fields, sentAt: unknown): Mapped {
  if (fields(data['Info'])) return whatsmeowEvents(origin, data)
  const chat = chatOf(data['chat'])
  const messageId = text(data['message_id'])
  if (!chat || messageId === null) return mapped(fallback(origin, data, sentAt))
  const fromMe = data['from_me'] === true
  const [type, messageType] = entry(types, data['type']) ?? ['unknown', null]
  const content = emptyContent(type, messageType)
  content.text = firstText(data['body'], data['caption'])
  if (type !== 'text' && type !== 'unknown') content.media = mediaOf(data)
  const sender = personOf(data['from'])
  const at = data['timestamp'] ?? sentAt
  const envelope = {
    origin,
    raw: data,
    chat,
    sender,
    fromMe,
    messageId,
    at,
  }
  return readingEvents(envelope, { kind: 'content', content })
}

function mediaOf(data: Fields): Media {
  const mimetype = text(data['mime_type'])
  const fileName = text(data['file_name'])
  return { ...(mimetype ? { mimetype } : {}), ...(fileName ? { fileName } : {}) }
}

const words: Readonly<Record<string, Word>> = {
  message,
  receipt: (origin, data) =>
    Array.isArray(data['MessageIDs'])
      ? whatsmeowReceipt(origin, data)
      : withRaw(
          data,
          whatsmeowReceipt(origin, {
            Chat: data['chat'],
            Sender: data['sender'],
            MessageIDs: data['message_ids'],
            Timestamp: data['timestamp'],
            Type: data['type'],
          }),
        ),
  group_info: (origin, data, sentAt) => {
    const chat = chatOf(data['jid'], undefined, text(fields(data['name'])?.['Name']))
    if (!chat) return whatsmeowEvents(origin, data)
    const name = fields(data['name'])
    const topic = fields(data['topic'])
    const changes = {
      ...(name ? { name: text(name['Name']) ?? '' } : {}),
      ...(topic ? { description: text(topic['Topic']) ?? '' } : {}),
    }
    return mapped(
      make(origin, 'group.updated', data, data['timestamp'] ?? sentAt, {
        chat,
        by: personOf(data['sender']),
        changes,
      }),
    )
  },
  picture: (origin, data) =>
    'jid' in data
      ? withRaw(
          data,
          whatsmeowEvents(origin, {
            JID: data['jid'],
            Timestamp: data['timestamp'],
            Remove: data['remove'],
          }),
        )
      : whatsmeowEvents(origin, data),
  connected: (origin, data, sentAt) =>
    mapped(make(origin, 'session.connected', data, sentAt, { me: null })),
  disconnected: (origin, data, sentAt) =>
    mapped(
      make(origin, 'session.disconnected', data, sentAt, {
        reason: 'connection closed',
        code: null,
        final: false,
      }),
    ),
}

/** The gateway's own data, in place of the struct that it was read as. */
function withRaw(data: Fields, result: Mapped): Mapped {
  return {
    ...result,
    events: result.events.map((event) => ({ ...event, raw: { ...event.raw, event: data } })),
  }
}
