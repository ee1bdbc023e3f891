/** The 16 events of versions 8 and 9 → canonical events. */
import { entry, fields, type Fields, firstText, text } from '../../core/json-values.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import type { Chat, MessageContent, Person } from '../../whatsapp/message/message.ts'
import { whatsmeowReceipt } from '../client-libraries/whatsmeow/message.ts'
import {
  chatAt,
  event,
  type Handler,
  type Handlers,
  ifText,
  labelAt,
  optional,
  peopleAt,
  personAt,
  required,
  textAt,
  valueAt,
  wordAt,
} from '../gateway/mapping.ts'
import { readingEvents } from '../gateway/message-events.ts'
import { fallback, mapped, type Origin, withRaw } from '../gateway/origin.ts'
import { gowaContent } from './content.ts'

export interface About {
  chat: Chat
  sender: Person | null
  fromMe: boolean
}

/** Chat, sender and direction; null without a chat. */
function aboutOf(origin: Origin, payload: Fields): About | null {
  const fromMe = payload['is_from_me'] === true
  const name = firstText(payload['from_name'], payload['sender_display_name'])
  const chat = chatOf(
    payload['chat_id'] ?? payload['from'],
    payload['chat_lid'] ?? (fromMe ? undefined : payload['from_lid']),
  )
  if (!chat) return null
  if (chat.kind === 'person' && !fromMe) chat.name = name
  const other = chat.kind === 'person' ? personOf(chat.id, chat.altId, name) : null
  const sender =
    personOf(payload['from'], payload['from_lid'], name) ?? (fromMe ? origin.me : other)
  return { chat, sender, fromMe }
}

function contentOf(payload: Fields): MessageContent {
  return gowaContent(
    payload,
    text(payload['body']),
    text(payload['replied_to_id']),
    text(payload['quoted_body']),
  )
}

const message: Handler = (origin, data) => {
  const payload = fields(data) ?? {}
  const about = aboutOf(origin, payload)
  const messageId = text(payload['id'])
  const at = payload['timestamp']
  if (!about || messageId === null) return mapped(fallback(origin, payload, at))
  const envelope = { origin, raw: payload, ...about, messageId, at }
  return readingEvents(envelope, { kind: 'content', content: contentOf(payload) })
}

/** An event about another message, whose id is under `targetKey`. */
function carried(origin: Origin, payload: Fields, targetKey: string) {
  const about = aboutOf(origin, payload)
  const messageId = text(payload[targetKey])
  if (!about || messageId === null) return null
  const { chat, sender, fromMe } = about
  return { chat, sender, messageId, carrierId: text(payload['id']), byMe: fromMe, fromMe }
}

/** Whose message somebody reacted to is not told: in a chat of two, people react to the other's. */
export function reactedFromMe({ chat, fromMe }: About): boolean {
  return chat.kind === 'person' && !fromMe
}

/** `revoked_from_me` is the sender's view of it. */
export function revokedFromMe({ chat, fromMe }: About, payload: Fields): boolean {
  return payload['revoked_from_me'] === false ? !fromMe && chat.kind === 'person' : fromMe
}

const ack: Handler = (origin, data) => {
  const payload = fields(data) ?? {}
  const struct = {
    Chat: payload['chat_id'],
    Sender: payload['from'] ?? payload['sender_id'],
    SenderAlt: payload['from_lid'],
    MessageIDs: payload['ids'],
    Timestamp: origin.sentAt ?? payload['timestamp'],
    Type: payload['receipt_type'],
  }
  return withRaw(whatsmeowReceipt(origin, struct), () => payload)
}

const memberActions: Record<string, 'add' | 'remove' | 'promote' | 'demote'> = {
  join: 'add',
  add: 'add',
  leave: 'remove',
  remove: 'remove',
  promote: 'promote',
  demote: 'demote',
}

function newsletter(
  type: 'newsletter.joined' | 'newsletter.left' | 'newsletter.updated' | 'newsletter.mute_changed',
): Handler {
  return event(type, {
    chat: chatAt('newsletter_id', [], 'name'),
    role: optional(textAt('role')),
    mute: optional(textAt('mute')),
    changes: optional(valueAt('messages')),
  })
}

const labelled = {
  chat: chatAt(['chat_id', 'jid']),
  labelId: required(wordAt('label_id')),
  on: (payload: Fields) =>
    (payload['labeled'] ?? payload['labelled'] ?? true) === true && payload['action'] !== 'remove',
}

export const gowaHandlers: Handlers = {
  message,
  'message.reaction': event(
    'message.reaction',
    (payload, origin) => {
      const about = carried(origin, payload, 'reacted_message_id')
      const emoji = text(payload['reaction']) ?? ''
      return about && { ...about, fromMe: reactedFromMe(about), emoji, removed: emoji === '' }
    },
    'timestamp',
  ),
  'message.revoked': event(
    'message.deleted',
    (payload, origin) => {
      const about = carried(origin, payload, 'revoked_message_id')
      return about && { ...about, fromMe: revokedFromMe(about, payload) }
    },
    'timestamp',
  ),
  'message.edited': event(
    'message.edited',
    (payload, origin) => {
      const about = carried(origin, payload, 'original_message_id')
      const body = firstText(payload['edited_text'], payload['body'])
      return about && { ...about, content: contentOf({ ...payload, body }) }
    },
    'timestamp',
  ),
  'message.ack': ack,
  'message.deleted': event(
    'message.deleted_for_me',
    {
      chat: chatAt('chat_id'),
      messageId: required(textAt('deleted_message_id')),
      fromMe: (payload) => payload['was_from_me'] === true,
    },
    'timestamp',
  ),
  chat_presence: (origin, data) => {
    const payload = fields(data) ?? {}
    const about = aboutOf(origin, payload)
    const said = firstText(payload['state'], payload['presence'])
    if (!about?.sender || (said !== 'composing' && said !== 'paused'))
      return mapped(fallback(origin, payload, undefined, about ?? {}))
    const { chat, sender } = about
    const state = said === 'composing' && payload['media'] === 'audio' ? 'recording' : said
    return event('chat_presence.updated', { chat, sender, state })(origin, payload)
  },
  'group.participants': event(
    'group.participants_updated',
    {
      chat: chatAt('chat_id'),
      by: null,
      action: ({ type }) => entry(memberActions, type),
      participants: peopleAt('jids'),
      reason: null,
    },
    [],
    ['chat'],
  ),
  'group.joined': event('group.joined', {
    chat: chatAt(['chat_id', 'group_id'], [], textAt('name', 'group_name')),
    by: personAt(['from', 'sender']),
    reason: textAt('reason', 'type'),
    description: textAt('topic', 'description'),
    owner: personAt('owner'),
    createdAt: null,
    participants: null,
  }),
  'label.edit': event('label.updated', {
    label: labelAt(['label_id', 'id'], textAt('name', 'label_name'), 'color', 'deleted'),
  }),
  'label.association': ifText(
    'message_id',
    event(
      'label.message_associated',
      { ...labelled, messageId: required(textAt('message_id')) },
      [],
      ['chat'],
    ),
    event('label.chat_associated', labelled, [], ['chat']),
  ),
  'newsletter.joined': newsletter('newsletter.joined'),
  'newsletter.left': newsletter('newsletter.left'),
  'newsletter.message': newsletter('newsletter.updated'),
  'newsletter.mute': newsletter('newsletter.mute_changed'),
  'call.offer': event(
    'call.offered',
    {
      chat: (...given) => chatAt('group_jid')(...given) ?? chatAt('from', 'from_lid')(...given),
      sender: required(personAt('from', 'from_lid')),
      callId: required(textAt('call_id')),
      video: null,
      groupCall: (_, __, read) => read.chat?.kind === 'group',
      offline: false,
      reason: ({ auto_rejected }) => (auto_rejected === true ? 'rejected by the gateway' : null),
      platform: textAt('remote_platform'),
    },
    [],
    ['chat', 'sender'],
  ),
}
