import type { Verifier } from '../../sink/verify.ts'
import type { Said } from '../conversation.ts'
import { hmacVerifier, type Script } from '../script.ts'
import { sessionsScript } from '../sessions.ts'

const base = '/api/v1/sessions'
const secret = 'segredo-da-sessao'

/** What the document's receivers go by, and the signature that it announces. */
const signature = hmacVerifier(secret, 'x-zaphub-signature', (hex) => `sha256=${hex}`)
const verify: Verifier = (headers, body, nowMs) => {
  const { event, sessionId, deliveryId } = JSON.parse(body.toString('utf8')) as Envelope
  const said = ['event', 'session', 'delivery'].map((name) => headers[`x-zaphub-${name}`])
  if (String(said) !== String([event, sessionId, deliveryId]))
    return { ok: false, reason: 'the X-ZapHub headers are not what the body says' }
  return signature(headers, body, nowMs)
}

interface Envelope {
  event: string
  sessionId: string
  deliveryId: string
  payload: { wa_message_id?: string }
}

/** Three sessions with their webhook_url. What comes in is queued by the document's own request for it. */
export const zaphub: Script = sessionsScript({
  about: 'sessions of ZapHub: {event, payload} in, X-ZapHub headers and a deliveryId out',
  register: async (api, id, webhook_url, role) => {
    const webhook = { webhook_url, webhook_secret: secret }
    await api.must('POST', base, { id, label: `Loja Centro (${role})`, ...webhook })
  },
  endpoint: 'zaphub',
  verify,
  path: (session) => `${base}/${session}/webhook/retry`,
  eventOf(said) {
    const payload = payloadOf(said)
    const id = `${said.eventType} ${payload.wa_message_id}`
    return { id, kind: said.eventType, body: { event: said.eventType, payload } }
  },
  reading: (session) => `${base}/${session}/webhook/events?limit=1&status=failed`,
  idIn(body) {
    const { event, payload } = body as Envelope
    return payload.wa_message_id === undefined ? undefined : `${event} ${payload.wa_message_id}`
  },
})

/** With the document's fields. */
function payloadOf({ eventType, payload }: Said) {
  const { chat, message, sender, content, about, timestamp } = payload
  const common = { messageId: message.id, wa_message_id: about ?? message.id, timestamp }
  if (about !== undefined) return common
  if (eventType === 'message.sent') return { ...common, to: chat }
  const { type = 'text', ...rest } = content ?? {}
  return {
    ...common,
    chatId: chat,
    from: chat,
    participant: null,
    type,
    content: rest,
    chatName: sender?.name,
    contactName: sender?.name,
    isGroup: false,
  }
}
