/** WAHA's events → canonical events. */
import { chatOf, normaliseJid, personOf } from '../../whatsapp/identity/jid.ts'
import { fields, firstText, list, text } from '../../core/json-values.ts'
import { readingEvents, statusEvent, stubMessage } from '../gateway/message-events.ts'
import { fallback, make, mapped } from '../gateway/origin.ts'
import {
  groupJoin,
  groupLeave,
  groupParticipants,
  groupUpdate,
  label,
  labelled,
  presence,
  type WahaHandler,
} from './people.ts'
import { aboutMessage, ackStatus, splitId, wahaContent } from './message.ts'

const message: WahaHandler = (origin, payload, sentAt) => {
  const about = aboutMessage(origin, payload)
  const at = payload['timestamp'] ?? sentAt
  if (!about) return mapped(fallback(origin, payload, at))
  const sentBy = payload['source'] === 'api' ? 'api' : payload['source'] === 'app' ? 'device' : null
  const status = about.fromMe ? ackStatus(payload) : null
  const envelope = {
    origin,
    raw: payload,
    ...about,
    at,
    status,
    sentBy: about.fromMe ? sentBy : null,
    keysAre: 'account' as const,
  } as const
  if (text(fields(payload['_data'])?.['type']) === 'e2e_notification')
    return stubMessage(envelope, 'e2e_notification', [])
  return readingEvents(envelope, {
    kind: 'content',
    content: wahaContent(payload),
  })
}

const waiting: WahaHandler = (origin, payload, sentAt) => {
  const about = aboutMessage(origin, payload)
  const at = payload['timestamp'] ?? sentAt
  return mapped(
    about
      ? make(origin, 'message.undecryptable', payload, at, {
          ...about,
          reason: 'waiting for this message',
          viewOnce: false,
        })
      : fallback(origin, payload, at),
  )
}

/** Of a group it is one member's, in the group event of it; of a chat of two, the other side's. */
const ack: WahaHandler = (origin, payload, sentAt) => {
  const about = aboutMessage(origin, payload)
  const status = ackStatus(payload)
  const at = payload['timestamp'] ?? sentAt
  if (!about || status === null || status === 'pending')
    return mapped(fallback(origin, payload, at, about ?? {}))
  const member = personOf(payload['participant'])
  const by = !about.fromMe
    ? origin.me
    : about.chat.kind === 'person'
      ? personOf(about.chat.id, about.chat.altId)
      : member
  const word_ = about.fromMe || (status !== 'read' && status !== 'played') ? null : `${status}-self`
  return mapped(statusEvent({ origin, raw: payload, ...about, at }, status, by, word_))
}

const reaction: WahaHandler = (origin, payload, sentAt) => {
  const about = aboutMessage(origin, payload)
  const inside = fields(payload['reaction'])
  const target = splitId(inside?.['messageId'])
  const messageId = target?.messageId ?? text(inside?.['messageId'])
  const at = payload['timestamp'] ?? sentAt
  if (!about || !inside || messageId === null) return mapped(fallback(origin, payload, at))
  const emoji = text(inside['text']) ?? ''
  const { chat, sender } = about
  const carried = {
    chat,
    sender,
    messageId,
    fromMe: target?.fromMe ?? false,
    carrierId: about.messageId,
    byMe: about.fromMe,
  }
  return mapped(
    make(origin, 'message.reaction', payload, at, { ...carried, emoji, removed: emoji === '' }),
  )
}

const edited: WahaHandler = (origin, payload, sentAt) => {
  const about = aboutMessage(origin, payload)
  const target = firstText(payload['editedMessageId'])
  const at = payload['timestamp'] ?? sentAt
  if (!about || target === null) return mapped(fallback(origin, payload, at))
  const { chat, sender, fromMe } = about
  const carried = {
    chat,
    sender,
    messageId: splitId(target)?.messageId ?? target,
    fromMe,
    carrierId: about.messageId,
    byMe: fromMe,
  }
  return mapped(
    make(origin, 'message.edited', payload, at, { ...carried, content: wahaContent(payload) }),
  )
}

/** `{after, before?, revokedMessageId}`: `after` is the notice that the message is gone. */
const revoked: WahaHandler = (origin, payload, sentAt) => {
  const after = fields(payload['after'])
  const before = fields(payload['before'])
  const about = (after && aboutMessage(origin, after)) ?? (before && aboutMessage(origin, before))
  const target =
    text(payload['revokedMessageId']) ??
    (before && aboutMessage(origin, before)?.messageId) ??
    about?.messageId
  const at = after?.['timestamp'] ?? sentAt
  if (!about || !target) return mapped(fallback(origin, payload, at))
  const fromMe = splitId(before?.['id'])?.fromMe ?? about.fromMe
  const carried = {
    chat: about.chat,
    sender: about.sender,
    messageId: splitId(target)?.messageId ?? target,
    fromMe,
    carrierId: about.messageId,
    byMe: about.fromMe,
  }
  return mapped(make(origin, 'message.deleted', payload, at, carried))
}

/** `{vote, poll}`; a vote that could not be decrypted has no options. */
function vote(readable: boolean): WahaHandler {
  return (origin, payload, sentAt) => {
    const cast = fields(payload['vote'])
    const poll = fields(payload['poll'])
    const about = cast && aboutMessage(origin, cast)
    const target = poll && aboutMessage(origin, poll)
    const at = cast?.['timestamp'] ?? sentAt
    if (!about || !target) return mapped(fallback(origin, payload, at))
    const options = readable
      ? list(cast['selectedOptions']).filter((one): one is string => typeof one === 'string')
      : null
    const carried = {
      chat: target.chat,
      sender: about.sender,
      messageId: target.messageId,
      fromMe: target.fromMe,
      carrierId: about.messageId,
      byMe: about.fromMe,
    }
    return mapped(make(origin, 'message.poll_vote', payload, at, { ...carried, options }))
  }
}

const eventResponse: WahaHandler = (origin, payload, sentAt) => {
  const about = aboutMessage(origin, payload)
  const creation = fields(payload['eventCreationKey'])
  const target = creation && aboutMessage(origin, creation)
  const at = payload['timestamp'] ?? sentAt
  if (!about || !target) return mapped(fallback(origin, payload, at))
  const carried = {
    chat: target.chat,
    sender: about.sender,
    messageId: target.messageId,
    fromMe: target.fromMe,
    carrierId: about.messageId,
    byMe: about.fromMe,
  }
  return mapped(
    make(origin, 'message.event_response', payload, at, {
      ...carried,
      response: text(fields(payload['eventResponse'])?.['response']),
    }),
  )
}

/** The QR code itself has to be fetched from WAHA: the event tells only that it is time to. */
const sessionStatus: WahaHandler = (origin, payload, sentAt) => {
  const status = text(payload['status']) ?? ''
  const at = sentAt
  switch (status) {
    case 'STARTING':
      return mapped(make(origin, 'session.connecting', payload, at, { reason: null }))
    case 'SCAN_QR_CODE':
      return mapped(
        make(origin, 'session.qr_updated', payload, at, {
          qr: { code: null, image: null, pairingCode: null, upcoming: [], expiresAt: null },
        }),
      )
    case 'PASSKEY_REQUIRED':
      return mapped(make(origin, 'session.passkey_requested', payload, at, {}))
    case 'PASSKEY_CONFIRMATION_REQUIRED':
      return mapped(
        make(origin, 'session.passkey_confirmation', payload, at, {
          code: text(fields(payload['data'])?.['code']),
        }),
      )
    case 'WORKING':
      return mapped(make(origin, 'session.connected', payload, at, { me: origin.me }))
    case 'STOPPED':
      return mapped(
        make(origin, 'session.disconnected', payload, at, {
          reason: 'stopped',
          code: null,
          final: true,
        }),
      )
    case 'FAILED':
      return mapped(
        make(origin, 'session.disconnected', payload, at, {
          reason: 'failed',
          code: null,
          final: true,
        }),
      )
    default:
      return mapped(
        make(origin, 'session.status', payload, at, {
          status: status || 'unknown',
          reason: null,
          code: null,
        }),
      )
  }
}

function call(type: 'call.offered' | 'call.accepted' | 'call.rejected'): WahaHandler {
  return (origin, payload, sentAt) => {
    const sender = personOf(payload['from'])
    const chat = chatOf(payload['from'])
    const callId = text(payload['id'])
    const at = payload['timestamp'] || sentAt
    if (!sender || !chat || callId === null)
      return mapped(fallback(origin, payload, at, { chat, sender }))
    const video = typeof payload['isVideo'] === 'boolean' ? payload['isVideo'] : null
    return mapped(
      make(origin, type, payload, at, {
        chat,
        sender,
        callId,
        video,
        groupCall: payload['isGroup'] === true,
        offline: false,
        reason: null,
        platform: null,
      }),
    )
  }
}

/** `engine.event`, `state.change` and the deprecated `group.join`, `group.leave` have no canonical form: they pass through. */
export const wahaHandlers: Readonly<Record<string, WahaHandler>> = {
  message,
  'message.any': message,
  'message.waiting': waiting,
  'message.ack': ack,
  'message.ack.group': ack,
  'message.reaction': reaction,
  'message.edited': edited,
  'message.revoked': revoked,
  'poll.vote': vote(true),
  'poll.vote.failed': vote(false),
  'event.response': eventResponse,
  'event.response.failed': eventResponse,
  'session.status': sessionStatus,
  'group.v2.join': groupJoin,
  'group.v2.leave': groupLeave,
  'group.v2.participants': groupParticipants,
  'group.v2.update': groupUpdate,
  'presence.update': presence,
  'chat.archive': (origin, payload, sentAt) => {
    const chat = chatOf(normaliseJid(payload['id']))
    const at = payload['timestamp'] || sentAt
    return mapped(
      chat
        ? make(origin, 'chat.archived', payload, at, { chat, on: payload['archived'] === true })
        : fallback(origin, payload, at),
    )
  },
  'label.upsert': label(false),
  'label.deleted': label(true),
  'label.chat.added': labelled(true),
  'label.chat.deleted': labelled(false),
  'call.received': call('call.offered'),
  'call.accepted': call('call.accepted'),
  'call.rejected': call('call.rejected'),
}
