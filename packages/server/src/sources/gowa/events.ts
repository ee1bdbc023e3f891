/** The 16 events of versions 8 and 9 → canonical events. */
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import { type Fields, firstText, list, text, entry } from '../../core/json-values.ts'
import { word } from '../../whatsapp/wire/json-shapes.ts'
import { readingEvents } from '../gateway/message-events.ts'
import { fallback, make, mapped, type Origin } from '../gateway/origin.ts'
import type { Mapped } from '../gateway/gateway.ts'
import { whatsmeowReceipt } from '../client-libraries/whatsmeow/message.ts'
import { gowaContent } from './content.ts'

type Handler = (origin: Origin, payload: Fields, sentAt: unknown) => Mapped

/** Chat, sender and direction; null without a chat. */
function about(origin: Origin, payload: Fields) {
  const fromMe = payload['is_from_me'] === true
  const name = firstText(payload['from_name'], payload['sender_display_name'])
  const chat = chatOf(
    payload['chat_id'] ?? payload['from'],
    payload['chat_lid'] ?? (fromMe ? undefined : payload['from_lid']),
  )
  if (!chat) return null
  if (chat.kind === 'person' && !fromMe) chat.name = name
  const sender =
    personOf(payload['from'], payload['from_lid'], name) ??
    (fromMe ? origin.me : chat.kind === 'person' ? personOf(chat.id, chat.altId, name) : null)
  return { chat, sender, fromMe }
}

const message: Handler = (origin, payload, sentAt) => {
  const who = about(origin, payload)
  const messageId = text(payload['id'])
  const at = payload['timestamp'] ?? sentAt
  if (!who || messageId === null) return mapped(fallback(origin, payload, at))
  const content = gowaContent(
    payload,
    text(payload['body']),
    text(payload['replied_to_id']),
    text(payload['quoted_body']),
  )
  const envelope = {
    origin,
    raw: payload,
    ...who,
    messageId,
    at,
  }
  return readingEvents(envelope, { kind: 'content', content })
}

/** An event about another message, whose id is under `targetKey`. */
function carried(
  targetKey: string,
  build: (origin: Origin, payload: Fields, at: unknown, fields: Carried) => Mapped,
): Handler {
  return (origin, payload, sentAt) => {
    const who = about(origin, payload)
    const messageId = text(payload[targetKey])
    const at = payload['timestamp'] ?? sentAt
    if (!who || messageId === null) return mapped(fallback(origin, payload, at))
    const { chat, sender, fromMe } = who
    return build(origin, payload, at, {
      chat,
      sender,
      messageId,
      carrierId: text(payload['id']),
      byMe: fromMe,
      fromMe,
    })
  }
}

type Carried = NonNullable<ReturnType<typeof about>> & {
  messageId: string
  carrierId: string | null
  byMe: boolean
}

const ack: Handler = (origin, payload, sentAt) => {
  const struct = {
    Chat: payload['chat_id'],
    Sender: payload['from'] ?? payload['sender_id'],
    SenderAlt: payload['from_lid'],
    MessageIDs: payload['ids'],
    Timestamp: sentAt ?? payload['timestamp'],
    Type: payload['receipt_type'],
  }
  const result = whatsmeowReceipt(origin, struct)
  return {
    ...result,
    events: result.events.map((event) => ({ ...event, raw: { ...event.raw, event: payload } })),
  }
}

const memberActions: Record<string, 'add' | 'remove' | 'promote' | 'demote'> = {
  join: 'add',
  add: 'add',
  leave: 'remove',
  remove: 'remove',
  promote: 'promote',
  demote: 'demote',
}

const participants: Handler = (origin, payload, sentAt) => {
  const chat = chatOf(payload['chat_id'])
  const action = entry(memberActions, payload['type'])
  if (!chat || !action) return mapped(fallback(origin, payload, sentAt, { chat }))
  const people = list(payload['jids']).flatMap((jid) => personOf(jid) ?? [])
  return mapped(
    make(origin, 'group.participants_updated', payload, sentAt, {
      chat,
      by: null,
      action,
      participants: people,
      reason: null,
    }),
  )
}

const groupJoined: Handler = (origin, payload, sentAt) => {
  const chat = chatOf(
    payload['chat_id'] ?? payload['group_id'],
    undefined,
    firstText(payload['name'], payload['group_name']),
  )
  if (!chat) return mapped(fallback(origin, payload, sentAt))
  const details = {
    description: firstText(payload['topic'], payload['description']),
    owner: personOf(payload['owner']),
    createdAt: null,
    participants: null,
  }
  return mapped(
    make(origin, 'group.joined', payload, sentAt, {
      chat,
      by: personOf(payload['from'] ?? payload['sender']),
      reason: firstText(payload['reason'], payload['type']),
      ...details,
    }),
  )
}

function newsletter(
  type: 'newsletter.joined' | 'newsletter.left' | 'newsletter.updated' | 'newsletter.mute_changed',
): Handler {
  return (origin, payload, sentAt) => {
    const chat = chatOf(payload['newsletter_id'], undefined, text(payload['name']))
    if (!chat) return mapped(fallback(origin, payload, sentAt))
    const role = text(payload['role'])
    const mute = text(payload['mute'])
    const changes = payload['messages'] === undefined ? {} : { changes: payload['messages'] }
    return mapped(
      make(origin, type, payload, sentAt, {
        chat,
        ...(role ? { role } : {}),
        ...(mute ? { mute } : {}),
        ...changes,
      }),
    )
  }
}

const call: Handler = (origin, payload, sentAt) => {
  const sender = personOf(payload['from'], payload['from_lid'])
  const chat = chatOf(payload['group_jid']) ?? chatOf(payload['from'], payload['from_lid'])
  const callId = text(payload['call_id'])
  if (!sender || !chat || callId === null)
    return mapped(fallback(origin, payload, sentAt, { chat, sender }))
  return mapped(
    make(origin, 'call.offered', payload, sentAt, {
      chat,
      sender,
      callId,
      video: null,
      groupCall: chat.kind === 'group',
      offline: false,
      reason: payload['auto_rejected'] === true ? 'rejected by the gateway' : null,
      platform: text(payload['remote_platform']),
    }),
  )
}

const label: Handler = (origin, payload, sentAt) => {
  const id = word(payload['label_id'] ?? payload['id'])
  if (id === null) return mapped(fallback(origin, payload, sentAt))
  const one = {
    id,
    name: firstText(payload['name'], payload['label_name']),
    color: word(payload['color']),
    deleted: payload['deleted'] === true,
  }
  return mapped(make(origin, 'label.updated', payload, sentAt, { label: one }))
}

const labelled: Handler = (origin, payload, sentAt) => {
  const chat = chatOf(payload['chat_id'] ?? payload['jid'])
  const labelId = word(payload['label_id'])
  if (!chat || labelId === null) return mapped(fallback(origin, payload, sentAt, { chat }))
  const on =
    (payload['labeled'] ?? payload['labelled'] ?? true) === true && payload['action'] !== 'remove'
  const messageId = text(payload['message_id'])
  return mapped(
    messageId === null
      ? make(origin, 'label.chat_associated', payload, sentAt, { chat, labelId, on })
      : make(origin, 'label.message_associated', payload, sentAt, { chat, labelId, on, messageId }),
  )
}

export const gowaHandlers: Readonly<Record<string, Handler>> = {
  message,
  'message.reaction': carried('reacted_message_id', (origin, payload, at, about_) => {
    const emoji = text(payload['reaction']) ?? ''
    // Whose message it was is not told: in a chat of two, people react to the other's.
    const fromMe = about_.chat.kind === 'person' && !about_.byMe
    return mapped(
      make(origin, 'message.reaction', payload, at, {
        ...about_,
        fromMe,
        emoji,
        removed: emoji === '',
      }),
    )
  }),
  'message.revoked': carried('revoked_message_id', (origin, payload, at, about_) => {
    // `revoked_from_me` is the sender's view of it.
    const fromMe =
      payload['revoked_from_me'] === false
        ? !about_.byMe && about_.chat.kind === 'person'
        : about_.byMe
    return mapped(make(origin, 'message.deleted', payload, at, { ...about_, fromMe }))
  }),
  'message.edited': carried('original_message_id', (origin, payload, at, about_) => {
    const content = gowaContent(
      payload,
      text(payload['body']),
      text(payload['replied_to_id']),
      text(payload['quoted_body']),
    )
    return mapped(make(origin, 'message.edited', payload, at, { ...about_, content }))
  }),
  'message.ack': ack,
  'message.deleted': (origin, payload, sentAt) => {
    const chat = chatOf(payload['chat_id'])
    const messageId = text(payload['deleted_message_id'])
    const at = payload['timestamp'] ?? sentAt
    if (!chat || messageId === null) return mapped(fallback(origin, payload, at))
    return mapped(
      make(origin, 'message.deleted_for_me', payload, at, {
        chat,
        messageId,
        fromMe: payload['was_from_me'] === true,
      }),
    )
  },
  chat_presence: (origin, payload, sentAt) => {
    const who = about(origin, payload)
    const state = firstText(payload['state'], payload['presence'])
    if (!who?.sender || (state !== 'composing' && state !== 'paused'))
      return mapped(fallback(origin, payload, sentAt, who ?? {}))
    const seen = state === 'composing' && payload['media'] === 'audio' ? 'recording' : state
    return mapped(
      make(origin, 'chat_presence.updated', payload, sentAt, {
        chat: who.chat,
        sender: who.sender,
        state: seen,
      }),
    )
  },
  'group.participants': participants,
  'group.joined': groupJoined,
  'label.edit': label,
  'label.association': labelled,
  'newsletter.joined': newsletter('newsletter.joined'),
  'newsletter.left': newsletter('newsletter.left'),
  'newsletter.message': newsletter('newsletter.updated'),
  'newsletter.mute': newsletter('newsletter.mute_changed'),
  'call.offer': call,
}
