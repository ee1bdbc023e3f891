/** One canonical WhatsApp event of every type, checked by the compiler, and some odd ones. */
import type { EventFields } from '../../src/whatsapp/event-fields.ts'
import type { Chat, MessageContent, Person } from '../../src/whatsapp/message/message.ts'
import type { EventType } from '../../src/whatsapp/whatsapp.ts'
import type { Sample } from './dialect-samples.ts'

const at = '2025-11-06T10:30:00.000Z'

const ana: Person = {
  id: '5511988887777@s.whatsapp.net',
  altId: '181234567890123@lid',
  phone: '5511988887777',
  name: 'Ana',
  imageUrl: null,
}
/** Known by the hidden identity alone. */
const hidden: Person = {
  id: '199876543210987@lid',
  altId: null,
  phone: null,
  name: null,
  imageUrl: null,
}
const chat: Chat = { id: ana.id, altId: ana.altId, kind: 'person', name: 'Ana', imageUrl: null }
const group: Chat = {
  id: '120363041234567890@g.us',
  altId: null,
  kind: 'group',
  name: 'Família',
  imageUrl: null,
}
const channel: Chat = {
  id: '120363099887766554@newsletter',
  altId: null,
  kind: 'channel',
  name: null,
  imageUrl: null,
}
const text: MessageContent = {
  type: 'text',
  messageType: 'conversation',
  text: 'Olá, tudo bem?',
  media: null,
  quoted: null,
  mentions: [],
}
const target = { chat, messageId: '3EB0123456789ABCDEF0', fromMe: true }
const message = {
  ...target,
  fromMe: false,
  sender: ana,
  content: text,
  status: null,
  origin: null,
  replayed: false,
}
const carried = { ...target, sender: ana, carrierId: '3EB0FEDCBA9876543210', byMe: false }
const loss = { reason: 'connection closed', code: 428, final: false }
const call = {
  chat,
  sender: ana,
  callId: 'C0FFEE0123456789',
  video: false,
  groupCall: false,
  offline: false,
  reason: null,
  platform: 'android',
}

const every: { [Type in EventType]: EventFields[Type] } = {
  'session.created': {},
  'session.deleted': {},
  'session.removed': {},
  'session.connecting': { reason: null },
  'session.qr_updated': {
    qr: {
      code: '2@abc,def,ghi',
      image: null,
      pairingCode: null,
      upcoming: ['2@jkl,mno,pqr'],
      expiresAt: '2025-11-06T10:31:00.000Z',
    },
  },
  'session.qr_timeout': { reason: null },
  'session.qr_rejected': { reason: null },
  'session.paired': { me: ana, platform: 'android', businessName: null },
  'session.pair_failed': { reason: 'handshake failed', code: null },
  'session.passkey_requested': {},
  'session.passkey_confirmation': { code: '12345678' },
  'session.passkey_failed': { reason: 'no passkey' },
  'session.connected': { me: null },
  'session.disconnected': loss,
  'session.logged_out': { ...loss, code: 401, final: true },
  'session.replaced': { ...loss, code: 440, final: true },
  'session.banned': { ...loss, code: 402, final: true, until: '2025-11-07T10:30:00.000Z' },
  'session.connect_failed': { ...loss, code: 503 },
  'session.outdated': { ...loss, code: 405, final: true },
  'session.stream_error': { ...loss, code: 515 },
  'session.reconnect_required': {},
  'session.keepalive_timeout': { errors: 3, lastSuccessAt: '2025-11-06T10:29:00.000Z' },
  'session.keepalive_restored': {},
  'session.restricted': { active: true, until: null, kind: null },
  'session.status': { status: 'STARTING', reason: null, code: null },
  'gateway.started': {},
  'device.container_event': { code: 'GENERIC', message: 'text', status: null, data: { a: 1 } },

  'message.received': message,
  'message.sent': { ...message, fromMe: true, sender: null, status: 'pending', origin: 'api' },
  'message.server_ack': { ...target, status: 'server_ack', by: null, receiptType: 'sender' },
  'message.delivered': { ...target, status: 'delivered', by: ana, receiptType: '' },
  'message.read': { ...target, chat: group, status: 'read', by: hidden, receiptType: 'read' },
  'message.played': { ...target, status: 'played', by: null, receiptType: 'played' },
  'message.receipt': { ...target, by: null, receiptType: 'retry' },
  'message.failed': {
    ...target,
    error: { code: null, message: 'WhatsApp refused the message' },
    receiptType: null,
  },
  'message.edited': { ...carried, content: text },
  'message.deleted': { ...carried, sender: null, byMe: true },
  'message.deleted_for_me': target,
  'message.reaction': { ...carried, carrierId: null, emoji: '👍', removed: false },
  'message.poll_vote': { ...carried, options: null },
  'message.event_response': { ...carried, response: null },
  'message.undecryptable': {
    ...target,
    fromMe: false,
    sender: hidden,
    reason: null,
    viewOnce: false,
  },
  'message.starred': { ...target, on: true },
  'message.media_retry': { ...target, error: null },

  'presence.updated': { chat, sender: ana, state: 'unavailable', lastSeenAt: null },
  'chat_presence.updated': { chat: group, sender: hidden, state: 'recording' },

  'group.joined': {
    chat: group,
    by: ana,
    reason: null,
    description: null,
    owner: null,
    createdAt: null,
    participants: [{ ...ana, role: 'superadmin' }],
  },
  'group.left': { chat: group, by: null },
  'group.updated': { chat: group, by: ana, changes: { name: 'Nova', other: { x: 1 } } },
  'group.participants_updated': {
    chat: group,
    by: ana,
    action: 'add',
    participants: [hidden],
    reason: null,
  },
  'group.picture_updated': {
    chat: group,
    by: null,
    picture: { id: null, removed: true, url: null },
  },
  'group.join_requested': {
    chat: group,
    by: null,
    participant: hidden,
    action: 'created',
    method: null,
  },
  'group.member_tag_updated': { chat: group, by: null, participant: ana, tag: null },

  'contact.created': { contact: ana },
  'contact.updated': { contact: { ...ana, imageChanged: true } },
  'contact.listed': { contacts: [ana, hidden] },
  'contact.push_name_updated': { contact: ana, previousName: null },
  'contact.business_name_updated': { contact: ana, previousName: 'Loja' },
  'contact.picture_updated': {
    contact: ana,
    by: null,
    picture: { id: '1', removed: false, url: null },
  },
  'contact.about_updated': { contact: { ...ana, about: 'Ocupada' } },
  'contact.identity_changed': { contact: ana, implicit: false },
  'contact.status_muted': { contact: ana, on: true },
  'contact.lid_mapped': { contact: ana },
  'contact.blocklist_updated': { replaced: false, changes: [{ id: ana.id, blocked: true }] },

  'chat.created': { chat, changes: {} },
  'chat.updated': { chat, changes: { unreadCount: 1 } },
  'chat.listed': { chats: [chat, group] },
  'chat.deleted': { chat },
  'chat.cleared': { chat },
  'chat.archived': { chat, on: true },
  'chat.pinned': { chat, on: false },
  'chat.muted': { chat, on: true, until: null },
  'chat.marked_read': { chat, on: true },
  'chat.locked': { chat, on: true },

  'label.updated': { label: { id: '1', name: null, color: null, deleted: true } },
  'label.chat_associated': { chat, labelId: '1', on: true },
  'label.message_associated': { chat, messageId: target.messageId, labelId: '1', on: false },

  'call.offered': call,
  'call.offer_notice': { ...call, chat: group, groupCall: true, video: null },
  'call.ringing': call,
  'call.preaccepted': call,
  'call.accepted': call,
  'call.rejected': call,
  'call.terminated': { ...call, reason: 'timeout' },
  'call.timeout': call,
  'call.transport': call,
  'call.relay_latency': call,
  'call.unknown': {},

  'newsletter.joined': { chat: channel, role: 'subscriber', mute: null },
  'newsletter.left': { chat: channel },
  'newsletter.mute_changed': { chat: channel, mute: 'on' },
  'newsletter.updated': { chat: channel, changes: [{ id: 1 }] },
  'newsletter.reaction': { chat: channel, changes: [] },
  'newsletter.view': { chat: channel, changes: null },
  'newsletter.participants_updated': { chat: channel, role: 'admin' },
  'newsletter.settings_updated': { chat: channel, changes: {} },

  'history.synced': {
    kind: null,
    progress: null,
    counts: { messages: 0, chats: 0, contacts: 0 },
  },
  'history.status': { kind: null, status: null },
  'sync.offline_preview': { counts: { Total: 3 } },
  'sync.offline_completed': { count: null },
  'sync.app_state': { index: ['star'] },
  'sync.app_state_completed': { name: null },
  'sync.app_state_failed': { name: 'critical_block', reason: null },

  'settings.privacy_updated': { settings: null, changed: [] },
  'settings.push_name_updated': { name: null },
  'settings.unarchive_chats_updated': { on: true },
  'settings.updated': { setting: 'locale', value: 'pt-BR' },
}

function contentOf(given: Partial<MessageContent>): EventFields['message.received'] {
  return { ...message, content: { ...text, text: null, ...given } }
}

/** Messages of every kind of content. */
const contents: EventFields['message.received'][] = [
  contentOf({
    type: 'image',
    messageType: 'imageMessage',
    text: 'Foto',
    media: {
      mimetype: 'image/jpeg',
      mediaKey: 'AAAA',
      fileLength: 1234,
      url: 'https://mmg.whatsapp.net/x',
    },
    quoted: { messageId: 'Q1', senderId: null, chatId: null, type: null, text: null },
    mentions: [ana.id],
    viewOnce: true,
    forwarded: true,
  }),
  contentOf({ type: 'audio', messageType: 'audioMessage', media: { ptt: true, base64: 'AAAA' } }),
  contentOf({ type: 'document', messageType: null, media: null }),
  contentOf({ type: 'location', location: { latitude: -23.5, longitude: -46.6 } }),
  contentOf({ type: 'contact', contacts: [{ name: null, vcard: null }] }),
  contentOf({ type: 'poll', poll: { name: 'P?', options: ['a'], selectableCount: null } }),
  contentOf({ type: 'button_reply', reply: { id: null, title: null } }),
  contentOf({ type: 'pin', pin: { messageId: 'P1', pinned: true } }),
  contentOf({ type: 'system', messageType: null, stub: { type: '27', parameters: [] } }),
  contentOf({ type: 'unknown', messageType: null }),
  { ...message, chat: group, sender: hidden },
]

function sample(eventType: string, fields: object, raw: unknown = { key: 'value' }): Sample {
  const session = 'abc-123'
  const timestamp = Date.parse(at) / 1000
  return {
    provenance: 'made by hand: the canonical event of this type',
    eventType,
    form: 'whatsapp',
    payload: {
      type: eventType,
      session,
      at,
      timestamp,
      raw: { source: 'baileys', name: 'some.event', id: null, event: raw },
      ...fields,
    },
  }
}

/** Events of every canonical type, of every kind of content, and of no canonical type. */
export const canonicalSamples: readonly Sample[] = [
  ...Object.entries(every).map(([type, fields]) => sample(type, fields)),
  ...contents.map((fields) => sample('message.received', fields)),
  ...[null, [], 'text', { deep: [1, { a: null }] }].map((raw) =>
    sample('whatsapp.typebot_start', { chat: null, sender: null, fromMe: null }, raw),
  ),
]
