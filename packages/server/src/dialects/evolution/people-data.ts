/** `data` of contacts, chats, groups, labels, presence and calls. */
import type { EventFields } from '../../whatsapp/event-fields.ts'
import { phoneOf } from '../../whatsapp/identity/jid.ts'
import type { Chat, Person } from '../../whatsapp/message/message.ts'
import type { Fields } from '../../core/json-values.ts'
import type { ByType, EventOf } from '../../whatsapp/whatsapp.ts'
import { type Around, given, jid } from './wire.ts'

type Contact = EventFields['contact.updated']['contact']

function contact(one: Contact, { instanceId }: Around): object {
  return {
    remoteJid: jid(one),
    pushName: one.name ?? one.businessName ?? one.phone,
    profilePicUrl: one.imageUrl,
    instanceId,
  }
}

function contactChange(event: { contact: Contact }) {
  return (around: Around): object[] => [contact(event.contact, around)]
}

/** Evolution tells of a change only whose it is; what changed is beside that. */
function chatChange(changes: Fields) {
  return (event: { chat: Chat }) =>
    ({ instanceId }: Around): object[] => [{ ...changes, remoteJid: jid(event.chat), instanceId }]
}

function presence(event: EventOf<'presence.updated' | 'chat_presence.updated'>) {
  const { chat, sender, state } = event
  const lastSeen =
    'lastSeenAt' in event && event.lastSeenAt ? Date.parse(event.lastSeenAt) / 1000 : null
  const one = { lastKnownPresence: state, ...given('lastSeen', lastSeen) }
  return (): object => ({ id: jid(chat), presences: { [jid(sender)!]: one } })
}

function participants(
  event: { chat: Chat; by: Person | null },
  action: string,
  people: readonly Person[],
) {
  return (): object => ({
    id: event.chat.id,
    ...given('author', jid(event.by)),
    participants: people.map(jid),
    action,
    participantsData: people.map((one) => ({
      jid: jid(one),
      phoneNumber: one.phone ?? phoneOf(one.id) ?? jid(one)!.replace(/@.*/, ''),
      ...given('name', one.name),
      ...given('imgUrl', one.imageUrl),
    })),
  })
}

const admins = { member: null, admin: 'admin', superadmin: 'superadmin' } as const

function joined(event: EventOf<'group.joined'>) {
  return (): object[] => [
    {
      id: event.chat.id,
      subject: event.chat.name,
      ...given('desc', event.description),
      ...given('owner', jid(event.owner)),
      ...given('creation', event.createdAt && Math.floor(Date.parse(event.createdAt) / 1000)),
      ...given('author', jid(event.by)),
      ...given('pictureUrl', event.chat.imageUrl),
      ...(event.participants
        ? {
            size: event.participants.length,
            participants: event.participants.map((one) => ({
              id: jid(one),
              admin: admins[one.role],
            })),
          }
        : {}),
    },
  ]
}

function groupChange(event: EventOf<'group.updated'>) {
  const { changes, chat, by } = event
  return (): object[] => [
    {
      ...changes.other,
      id: chat.id,
      ...given('author', jid(by)),
      ...given('subject', changes.name),
      ...given('desc', changes.description),
      ...given('restrict', changes.locked),
      ...given('announce', changes.announce),
      ...given('ephemeralDuration', changes.ephemeralSeconds),
      ...given('joinApprovalMode', changes.approvalRequired),
      ...given('inviteCode', changes.inviteCode),
      ...given('deleted', changes.deleted),
      ...given('suspended', changes.suspended),
    },
  ]
}

function association(event: EventOf<'label.chat_associated' | 'label.message_associated'>) {
  return ({ instance }: Around): object => ({
    instance,
    type: event.on ? 'add' : 'remove',
    chatId: jid(event.chat),
    labelId: event.labelId,
    ...('messageId' in event ? { messageId: event.messageId } : {}),
  })
}

function call(status: string) {
  return (event: EventOf<'call.offered'>) => (): object => ({
    chatId: jid(event.chat),
    from: jid(event.sender),
    id: event.callId,
    date: event.at,
    isVideo: event.video ?? false,
    isGroup: event.groupCall,
    status,
    offline: event.offline,
    ...(event.chat.kind === 'group' ? { groupJid: event.chat.id } : {}),
    ...given('reason', event.reason),
  })
}

const calls: Readonly<Record<string, string>> = {
  'call.offered': 'offer',
  'call.offer_notice': 'offer',
  'call.ringing': 'ringing',
  'call.preaccepted': 'preaccept',
  'call.accepted': 'accept',
  'call.rejected': 'reject',
  'call.terminated': 'terminate',
  'call.timeout': 'timeout',
  'call.transport': 'transport',
  'call.relay_latency': 'relaylatency',
}

export const peopleData: ByType<(around: Around) => unknown> = {
  'contact.listed': (event) => (around) => event.contacts.map((one) => contact(one, around)),
  'contact.created': contactChange,
  'contact.updated': contactChange,
  'contact.push_name_updated': contactChange,
  'contact.business_name_updated': contactChange,
  'contact.picture_updated': (event) =>
    contactChange({
      contact:
        event.picture.url === null
          ? event.contact
          : { ...event.contact, imageUrl: event.picture.url },
    }),
  'contact.about_updated': (event) => (around) => [
    { ...contact(event.contact, around), ...given('status', event.contact.about) },
  ],
  'presence.updated': presence,
  'chat_presence.updated': presence,
  'chat.listed':
    (event) =>
    ({ instanceId }) =>
      event.chats.map((chat) => ({ remoteJid: jid(chat), instanceId, name: chat.name })),
  'chat.created':
    (event) =>
    ({ instanceId }) => [
      {
        remoteJid: jid(event.chat),
        instanceId,
        ...given('name', event.chat.name),
        unreadMessages: event.changes['unreadCount'] ?? 0,
      },
    ],
  'chat.updated': (event) => chatChange(event.changes)(event),
  'chat.archived': (event) => chatChange({ archived: event.on })(event),
  'chat.pinned': (event) => chatChange({ pinned: event.on })(event),
  'chat.muted': (event) => chatChange({ muted: event.on, muteEndTime: event.until ?? null })(event),
  'chat.marked_read': (event) => chatChange({ read: event.on })(event),
  'chat.deleted': (event) => () => [jid(event.chat)],
  'group.joined': joined,
  'group.updated': groupChange,
  'group.picture_updated': (event) => () => [
    { id: event.chat.id, ...given('author', jid(event.by)), pictureUrl: event.picture.url },
  ],
  'group.participants_updated': (event) => participants(event, event.action, event.participants),
  'group.left': (event) => participants(event, 'remove', event.by ? [event.by] : []),
  'label.updated':
    (event) =>
    ({ instance }) => ({ ...event.label, instance }),
  'label.chat_associated': association,
  'label.message_associated': association,
  ...Object.fromEntries(Object.entries(calls).map(([type, status]) => [type, call(status)])),
}
