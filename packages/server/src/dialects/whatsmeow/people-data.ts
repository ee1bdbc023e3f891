/** `data` of groups, contacts, presence, chats, labels and channels. */
import type { GroupChanges } from '../../whatsapp/event-fields.ts'
import type { Chat, Person } from '../../whatsapp/message/message.ts'
import type { ByType, EventOf } from '../../whatsapp/whatsapp.ts'
import { alt, given, goTime, goTimeOrNull, jid } from './wire.ts'

type GroupEvent = { chat: Chat; by: Person | null; at: string }
type NewsletterEvent = EventOf<
  | 'newsletter.joined'
  | 'newsletter.left'
  | 'newsletter.mute_changed'
  | 'newsletter.updated'
  | 'newsletter.reaction'
  | 'newsletter.view'
>

function group({ chat, by, at }: GroupEvent): Record<string, unknown> {
  return {
    jid: jid(chat),
    name: chat.name,
    timestamp: goTime(at),
    sender: jid(by),
    ...alt('sender_alt', by),
  }
}

function changed(changes: GroupChanges): Record<string, unknown> {
  return {
    ...given('name', changes.name),
    ...given('topic', changes.description),
    ...given('locked', changes.locked),
    ...given('announce', changes.announce),
    ...given('ephemeral_seconds', changes.ephemeralSeconds),
    ...given('membership_approval', changes.approvalRequired),
    ...given('new_invite_link', changes.inviteCode),
    ...given('deleted', changes.deleted),
    ...given('suspended', changes.suspended),
    ...given('unknown_changes', changes.other),
  }
}

const lists = {
  add: 'join',
  remove: 'leave',
  promote: 'promote',
  demote: 'demote',
  modify: 'modify',
} as const

function contact({ contact: one, at }: { contact: Person; at: string }): Record<string, unknown> {
  return {
    jid: jid(one),
    ...alt('jid_alt', one),
    timestamp: goTime(at),
    ...given('name', one.name),
    ...given('phone', one.phone),
  }
}

function chat({ chat: one, at }: { chat: Chat; at: string }): Record<string, unknown> {
  return { jid: jid(one), ...alt('jid_alt', one), timestamp: goTime(at) }
}

function newsletter(event: NewsletterEvent): object {
  return {
    id: jid(event.chat),
    timestamp: goTime(event.at),
    ...given('name', event.chat.name),
    ...given('role', event.role),
    ...given('mute', event.mute),
    ...given('messages', event.changes),
  }
}

export const peopleData: ByType<object> = {
  'group.joined': (event) => ({
    ...group(event),
    reason: event.reason ?? '',
    topic: event.description,
    owner: jid(event.owner),
    created_at: goTimeOrNull(event.createdAt),
    participants: (event.participants ?? []).map((one) => ({
      jid: jid(one),
      ...alt('jid_alt', one),
      is_admin: one.role !== 'member',
      is_super_admin: one.role === 'superadmin',
    })),
  }),
  // whatsmeow tells it as a member who left; which member the account is, the canonical event need not repeat.
  'group.left': (event) => ({ ...group(event), left: true }),
  'group.updated': (event) => ({ ...group(event), ...changed(event.changes) }),
  'group.participants_updated': (event) => ({
    ...group(event),
    [lists[event.action]]: event.participants.map(jid),
    ...given('join_reason', event.reason),
  }),
  'group.join_requested': (event) => ({
    ...group(event),
    membership_request: {
      jid: jid(event.participant),
      ...alt('jid_alt', event.participant),
      action: event.action,
      method: event.method,
    },
  }),
  'group.picture_updated': (event) => ({
    jid: jid(event.chat),
    timestamp: goTime(event.at),
    remove: event.picture.removed,
    author: jid(event.by),
    picture_id: event.picture.id,
    ...given('url', event.picture.url),
  }),
  'contact.picture_updated': (event) => ({
    jid: jid(event.contact),
    timestamp: goTime(event.at),
    remove: event.picture.removed,
    author: jid(event.by),
    picture_id: event.picture.id,
    ...given('url', event.picture.url),
    ...alt('jid_alt', event.contact),
  }),
  'contact.created': (event) => contact(event),
  'contact.updated': (event) => contact(event),
  'contact.push_name_updated': (event) => ({
    ...contact(event),
    old_push_name: event.previousName ?? '',
    new_push_name: event.contact.name ?? '',
  }),
  'contact.business_name_updated': (event) => ({
    ...contact(event),
    old_business_name: event.previousName ?? '',
    new_business_name: event.contact.businessName ?? event.contact.name ?? '',
  }),
  'contact.about_updated': (event) => ({ ...contact(event), status: event.contact.about ?? '' }),
  'contact.status_muted': (event) => ({ ...contact(event), muted: event.on }),
  'contact.identity_changed': (event) => ({ ...contact(event), implicit: event.implicit }),
  'contact.blocklist_updated': ({ replaced, changes }) => ({
    action: replaced ? '' : 'modify',
    changes: changes.map(({ id, blocked }) => ({
      jid: id,
      action: blocked ? 'block' : 'unblock',
    })),
  }),
  'presence.updated': (event) => ({
    from: jid(event.sender),
    unavailable: event.state === 'unavailable',
    last_seen: goTimeOrNull(event.lastSeenAt),
    ...alt('from_alt', event.sender),
  }),
  'chat_presence.updated': (event) => ({
    chat: jid(event.chat),
    sender: jid(event.sender),
    state: event.state === 'paused' ? 'paused' : 'composing',
    media: event.state === 'recording' ? 'audio' : '',
    ...alt('sender_alt', event.sender),
  }),
  'chat.deleted': (event) => chat(event),
  'chat.cleared': (event) => chat(event),
  'chat.archived': (event) => ({ ...chat(event), archived: event.on }),
  'chat.pinned': (event) => ({ ...chat(event), pinned: event.on }),
  'chat.muted': (event) => ({
    ...chat(event),
    muted: event.on,
    ...given('mute_end', event.until ? goTime(event.until) : null),
  }),
  'chat.marked_read': (event) => ({ ...chat(event), read: event.on }),
  'label.updated': ({ label, at }) => ({
    label_id: label.id,
    name: label.name,
    color: label.color,
    deleted: label.deleted,
    timestamp: goTime(at),
  }),
  'label.chat_associated': (event) => ({
    ...chat(event),
    label_id: event.labelId,
    labeled: event.on,
  }),
  'label.message_associated': (event) => ({
    ...chat(event),
    label_id: event.labelId,
    message_id: event.messageId,
    labeled: event.on,
  }),
  'newsletter.joined': newsletter,
  'newsletter.left': newsletter,
  'newsletter.mute_changed': newsletter,
  'newsletter.updated': newsletter,
  'newsletter.reaction': newsletter,
  'newsletter.view': newsletter,
}
