import type { Verifier } from '../../sink/verify.ts'
import type { Said } from '../conversation.ts'
import { hmacVerifier, type Script } from '../script.ts'
import { sessionsScript } from '../sessions.ts'

const base = '/api/whatsmeow/sessions'
const token = 'token-da-sessao'
const secret = 'segredo-da-sessao'

/** The document's receiver: the session's token as it stands, and the signature over the body. */
const signature = hmacVerifier(secret, 'x-webhook-signature', (hex) => `sha256=${hex}`)
const verify: Verifier = (headers, body, nowMs) =>
  headers.authorization === token
    ? signature(headers, body, nowMs)
    : { ok: false, reason: 'authorization is not the token' }

/** Three sessions of a Go program, each with its webhook. */
export const whatsmeow: Script = sessionsScript({
  about: 'sessions of whatsmeow: its event structs in, {event, session_id, timestamp, data} out',
  register: async (api, session, url) =>
    await api.must('PUT', `${base}/${session}/webhook`, {
      enabled: true,
      url,
      events: ['all'],
      token,
      secret,
    }),
  endpoint: 'whatsmeow',
  verify,
  path: (session) => `${base}/${session}/events`,
  eventOf(said) {
    const { id, struct } = structOf(said)
    return { id, kind: struct.type, body: struct }
  },
  reading: (session) => `/api/whatsmeow/webhook/logs?session_id=${session}&limit=1`,
  idIn(body) {
    const { event, data } = body as {
      event: string
      data: { message_id?: string; message_ids?: string[] }
    }
    const id = data.message_id ?? data.message_ids?.[0]
    return id === undefined ? undefined : `${event} ${id}`
  },
})

/** As encoding/json marshals what whatsmeow hands to an event handler. */
function structOf({ eventType, payload }: Said): {
  id: string
  struct: { type: string; event: object }
} {
  const { chat, message, sender, content, about } = payload
  const Timestamp = new Date(payload.timestamp * 1_000).toISOString()
  if (about !== undefined) {
    const Type = eventType === 'message.read' ? 'read' : ''
    const source = { Chat: chat, Sender: chat, IsFromMe: false, IsGroup: false }
    const event = { ...source, MessageIDs: [about], Timestamp, Type }
    return { id: `receipt ${about}`, struct: { type: 'Receipt', event } }
  }
  const fromMe = eventType === 'message.sent'
  const Info = {
    Chat: chat,
    Sender: fromMe ? '5511900000000:1@s.whatsapp.net' : chat,
    IsFromMe: fromMe,
    IsGroup: false,
    ID: message.id,
    Type: content?.type === 'image' ? 'media' : 'text',
    PushName: sender?.name ?? 'Loja Centro',
    Timestamp,
  }
  const Message =
    content?.type === 'image' ? { imageMessage: content } : { conversation: content?.text }
  return {
    id: `message ${message.id}`,
    struct: { type: 'Message', event: { Info, Message } },
  }
}
