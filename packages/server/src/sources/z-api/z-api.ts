/**
 * Z-API: one flat object a callback, told apart by `type`. What was said, and most of what happened in a group, comes
 * as `ReceivedCallback`. Nothing is signed: the instance's token travels in the header `z-api-token`.
 *
 * Shapes from Z-API's public documentation of its webhooks (github.com/Z-API/z-api-docs). What has no rule is passed on
 * as it came.
 */
import { entry, type Fields, list, text } from '../../core/json-values.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import type { MessageStatus } from '../../whatsapp/message/message.ts'
import type { GatewaySource, Mapped } from '../gateway/gateway.ts'
import { receiptBy, receiptWord, statusEvent } from '../gateway/message-events.ts'
import { fallback, joined, make, mapped, type Origin } from '../gateway/origin.ts'
import { enveloped } from '../gateway/request.ts'
import { verifySecret } from '../gateway/signature.ts'
import { chatJid, phoneJid } from './people.ts'
import { received } from './received.ts'

export const zApi: GatewaySource = {
  name: 'z-api',
  absent: 'the header z-api-token is missing',
  verify: async (request, secret) => verifySecret(request.headers['z-api-token'], secret),
  parse: enveloped('z-api', 'type', ['instanceId'], eventsOf),
}

type Handler = (origin: Origin, body: Fields) => Mapped

const handlers: Readonly<Record<string, Handler>> = {
  ReceivedCallback: received,
  DeliveryCallback: sent,
  MessageStatusCallback: status,
  PresenceChatCallback: presence,
  ConnectedCallback: (origin, body) => {
    const me = personOf(phoneJid(body['phone'])) ?? origin.me
    return mapped(make(origin, 'session.connected', body, body['momment'], { me }))
  },
  DisconnectedCallback: (origin, body) => {
    const reason = text(body['error']) ?? 'disconnected'
    const loss = { reason, code: null, final: false }
    return mapped(make(origin, 'session.disconnected', body, body['momment'], loss))
  },
}

function eventsOf(origin: Origin, body: Fields): Mapped {
  const known = { ...origin, me: personOf(phoneJid(body['connectedPhone'])) }
  const handler = entry(handlers, origin.name)
  return handler ? handler(known, body) : mapped(fallback(known, body, body['momment']))
}

/** WhatsApp has taken an own message, or refused it. It says no time, and each message has one. */
function sent({ ...origin }: Origin, body: Fields): Mapped {
  const chat = chatOf(chatJid(body['phone']))
  const messageId = text(body['messageId'])
  if (!chat || messageId === null) return mapped(fallback(origin, body, undefined, { chat }))
  const about = { chat, messageId, fromMe: true, at: undefined, raw: body }
  const message = text(body['error'])
  const step = message === null ? 'server_ack' : 'failed'
  const failure = { code: null, message: message ?? '' }
  return mapped(
    statusEvent({ ...about, origin: { ...origin, id: messageId } }, step, null, null, failure),
  )
}

const steps: Readonly<Record<string, MessageStatus>> = {
  SENT: 'server_ack',
  RECEIVED: 'delivered',
  READ: 'read',
  READ_BY_ME: 'read',
  PLAYED: 'played',
  // As the documentation of older versions spells it.
  MESSAGE_RECEIVED: 'delivered',
}

function status(origin: Origin, body: Fields): Mapped {
  const chat = chatOf(chatJid(body['phone'], body['isGroup'] === true))
  const step = entry(steps, body['status'])
  const ids = list(body['ids']).flatMap((id) => text(id) ?? [])
  const at = body['momment']
  if (!chat || step === undefined || ids.length === 0)
    return mapped(fallback(origin, body, at, { chat }))
  const fromMe = body['status'] !== 'READ_BY_ME'
  const member = personOf(phoneJid(body['participantPhone']) ?? phoneJid(body['participant']))
  return joined(
    ids.map((messageId) => {
      const about = { origin, raw: body, chat, messageId, fromMe, at }
      const by = step === 'server_ack' ? null : receiptBy(about, member)
      return mapped(statusEvent(about, step, by, receiptWord(fromMe, step)))
    }),
  )
}

const typing = { COMPOSING: 'composing', RECORDING: 'recording', PAUSED: 'paused' } as const
const present = { AVAILABLE: 'available', UNAVAILABLE: 'unavailable' } as const

function presence(origin: Origin, body: Fields): Mapped {
  const chat = chatOf(chatJid(body['phone']))
  const sender = chat && personOf(phoneJid(body['participantPhone']) ?? chat.id)
  const said = body['status']
  const [typed, there] = [
    entry<(typeof typing)[keyof typeof typing]>(typing, said),
    entry<(typeof present)[keyof typeof present]>(present, said),
  ]
  if (!chat || !sender || (!typed && !there))
    return mapped(fallback(origin, body, undefined, { chat, sender }))
  if (typed) {
    const about = { chat, sender, state: typed }
    return mapped(make(origin, 'chat_presence.updated', body, undefined, about))
  }
  const lastSeenMs = body['lastSeen']
  const lastSeenAt =
    typeof lastSeenMs === 'number' && lastSeenMs > 0 ? new Date(lastSeenMs).toISOString() : null
  const about = { chat, sender, state: there!, lastSeenAt }
  return mapped(make(origin, 'presence.updated', body, undefined, about))
}
