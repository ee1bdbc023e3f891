/** WAHA's events → canonical events. */
import { fields, type Fields, firstText, text } from '../../core/json-values.ts'
import { chatOf, normaliseJid, personOf } from '../../whatsapp/identity/jid.ts'
import type { CallType } from '../../whatsapp/whatsapp.ts'
import {
  booleanAt,
  byWord,
  chatAt,
  event,
  flagAt,
  type Handler,
  type Handlers,
  labelAt,
  personAt,
  qrAt,
  type Reader,
  required,
  textAt,
  textsAt,
  wordAt,
} from '../gateway/mapping.ts'
import {
  readingEvents,
  receiptBy,
  receiptWord,
  statusEvent,
  stubMessage,
} from '../gateway/message-events.ts'
import { fallback, mapped } from '../gateway/origin.ts'
import { groupActions, groupChanges, joinedMembers, members, presence } from './people.ts'
import { editedAt, editedContent, tellsItsEdit } from './edit.ts'
import { splitId } from '../client-libraries/whatsapp-web/serialized.ts'
import { type About, aboutMessage, ackStatus, engineReading, wahaContent } from './message.ts'

const at = 'timestamp'

const message: Handler = (origin, data) => {
  const payload = fields(data) ?? {}
  const about = aboutMessage(origin, payload)
  if (!about) return mapped(fallback(origin, payload, payload[at]))
  const sentBy = payload['source'] === 'api' ? 'api' : payload['source'] === 'app' ? 'device' : null
  const envelope = {
    origin,
    raw: payload,
    ...about,
    at: payload[at],
    status: about.fromMe ? ackStatus(payload) : null,
    sentBy: about.fromMe ? sentBy : null,
    keysAre: 'account',
  } as const
  // An encrypted edit has no event of its own.
  const engine = engineReading(payload)
  if (engine.kind === 'edit') return readingEvents(envelope, engine)
  return text(fields(payload['_data'])?.['type']) === 'e2e_notification'
    ? stubMessage(envelope, 'e2e_notification', [])
    : readingEvents(envelope, { kind: 'content', content: wahaContent(payload) })
}

/** Of a group it is one member's, in the group event of it; of a chat of two, the other side's. */
const ack: Handler = (origin, data) => {
  const payload = fields(data) ?? {}
  const known = aboutMessage(origin, payload)
  const status = ackStatus(payload)
  if (!known || status === null || status === 'pending')
    return mapped(fallback(origin, payload, payload[at], known ?? {}))
  const about = { origin, raw: payload, ...known, at: payload[at] }
  const by = receiptBy(about, personOf(payload['participant']))
  return mapped(statusEvent(about, status, by, receiptWord(about.fromMe, status)))
}

/** An event about the message `target`, told by the message `carrier`. */
function carriedBy(carrier: About, target: Pick<About, 'chat' | 'messageId' | 'fromMe'>) {
  return {
    chat: target.chat,
    sender: carrier.sender,
    messageId: target.messageId,
    fromMe: target.fromMe,
    carrierId: carrier.messageId,
    byMe: carrier.fromMe,
  }
}

const reaction = event(
  'message.reaction',
  (payload, origin) => {
    const about = aboutMessage(origin, payload)
    const inside = fields(payload['reaction'])
    const target = splitId(inside?.['messageId'])
    const messageId = target?.messageId ?? text(inside?.['messageId'])
    if (!about || !inside || messageId === null) return null
    const emoji = text(inside['text']) ?? ''
    const fromMe = target?.fromMe ?? false
    return {
      ...carriedBy(about, { chat: about.chat, messageId, fromMe }),
      emoji,
      removed: emoji === '',
    }
  },
  at,
)

const edited = event(
  'message.edited',
  (payload, origin) => {
    const about = aboutMessage(origin, payload)
    const target = firstText(payload['editedMessageId'])
    if (!about || target === null) return null
    const messageId = splitId(target)?.messageId ?? target
    const carried = carriedBy(about, { ...about, messageId })
    const carrierId = tellsItsEdit(payload) ? carried.carrierId : null
    return { ...carried, carrierId, content: editedContent(payload) }
  },
  editedAt,
)

/** `{after, before?, revokedMessageId}`: `after` is the notice that the message is gone. */
const revoked = event(
  'message.deleted',
  (payload, origin) => {
    const [after, before] = [fields(payload['after']), fields(payload['before'])]
    const gone = before && aboutMessage(origin, before)
    const about = (after && aboutMessage(origin, after)) ?? gone
    const target = text(payload['revokedMessageId']) ?? gone?.messageId ?? about?.messageId
    if (!about || !target) return null
    const messageId = splitId(target)?.messageId ?? target
    const fromMe = splitId(before?.['id'])?.fromMe ?? about.fromMe
    return carriedBy(about, { chat: about.chat, messageId, fromMe })
  },
  'after.timestamp',
)

/** `{vote, poll}`; a vote that could not be decrypted has no options. */
function vote(optionsOf: Reader<string[] | null>): Handler {
  return event(
    'message.poll_vote',
    (payload, origin) => {
      const [cast, poll] = [fields(payload['vote']), fields(payload['poll'])]
      const about = cast && aboutMessage(origin, cast)
      const target = poll && aboutMessage(origin, poll)
      if (!about || !target) return null
      return { ...carriedBy(about, target), options: optionsOf(payload, origin, {}) }
    },
    'vote.timestamp',
  )
}

const eventResponse = event(
  'message.event_response',
  (payload, origin) => {
    const about = aboutMessage(origin, payload)
    const creation = fields(payload['eventCreationKey'])
    const target = creation && aboutMessage(origin, creation)
    if (!about || !target) return null
    const response = text(fields(payload['eventResponse'])?.['response'])
    return { ...carriedBy(about, target), response }
  },
  at,
)

function stopped(reason: string): Handler {
  return event('session.disconnected', { reason, code: null, final: true })
}

const sessionStatus = byWord(
  'status',
  {
    STARTING: event('session.connecting', { reason: null }),
    // The QR code itself has to be fetched from WAHA: the event tells only that it is time to.
    SCAN_QR_CODE: qrAt([], [], []),
    PASSKEY_REQUIRED: event('session.passkey_requested', {}),
    PASSKEY_CONFIRMATION_REQUIRED: event('session.passkey_confirmation', {
      code: textAt('data.code'),
    }),
    WORKING: event('session.connected', { me: (_, origin) => origin.me }),
    STOPPED: stopped('stopped'),
    FAILED: stopped('failed'),
  },
  event('session.status', {
    status: (payload) => text(payload['status']) ?? 'unknown',
    reason: null,
    code: null,
  }),
)

/** 0 and an empty text are no time. */
const ownTime = (payload: Fields) => payload[at] || undefined

function call(type: CallType): Handler {
  return event(
    type,
    {
      chat: chatAt('from'),
      sender: required(personAt('from')),
      callId: required(textAt('id')),
      video: booleanAt('isVideo'),
      groupCall: flagAt('isGroup'),
      offline: false,
      reason: null,
      platform: null,
    },
    ownTime,
    ['chat', 'sender'],
  )
}

function labelled(on: boolean): Handler {
  const rule = { chat: chatAt('chatId'), labelId: required(wordAt('labelId')), on }
  return event('label.chat_associated', rule, [], ['chat'])
}

function label(deleted: boolean): Handler {
  const color: Reader = (payload) => text(payload['colorHex']) ?? payload['color']
  return event('label.updated', { label: labelAt('id', 'name', color, () => deleted) })
}

const group = chatAt(['group.id', 'groupId'], [], 'group.subject')

/**
 * `engine.event`, `state.change` and the deprecated `group.join`, `group.leave` have no canonical form: they
 * pass through.
 */
export const wahaHandlers: Handlers = {
  message,
  'message.any': message,
  'message.waiting': event(
    'message.undecryptable',
    (payload, origin) => {
      const about = aboutMessage(origin, payload)
      return about && { ...about, reason: 'waiting for this message', viewOnce: false }
    },
    at,
  ),
  'message.ack': ack,
  'message.ack.group': ack,
  'message.reaction': reaction,
  'message.edited': edited,
  'message.revoked': revoked,
  'poll.vote': vote(textsAt('vote.selectedOptions')),
  'poll.vote.failed': vote(() => null),
  'event.response': eventResponse,
  'event.response.failed': eventResponse,
  'session.status': sessionStatus,
  'group.v2.join': event(
    'group.joined',
    {
      chat: group,
      by: null,
      reason: null,
      description: textAt('group.description'),
      owner: null,
      createdAt: null,
      participants: joinedMembers,
    },
    at,
  ),
  'group.v2.leave': event('group.left', { chat: group, by: null }, at),
  'group.v2.participants': event(
    'group.participants_updated',
    {
      chat: group,
      by: null,
      action: groupActions,
      participants: (payload) =>
        members(payload['participants']).map(({ role: _role, ...person }) => person),
      reason: null,
    },
    at,
    ['chat'],
  ),
  'group.v2.update': event(
    'group.updated',
    {
      chat: (...given) => (fields(given[0]['group']) ? group(...given) : undefined),
      by: null,
      changes: groupChanges,
    },
    at,
  ),
  'presence.update': presence,
  'chat.archive': event(
    'chat.archived',
    {
      chat: (payload) => chatOf(normaliseJid(payload['id'])) ?? undefined,
      on: flagAt('archived'),
    },
    ownTime,
  ),
  'label.upsert': label(false),
  'label.deleted': label(true),
  'label.chat.added': labelled(true),
  'label.chat.deleted': labelled(false),
  'call.received': call('call.offered'),
  'call.accepted': call('call.accepted'),
  'call.rejected': call('call.rejected'),
}
