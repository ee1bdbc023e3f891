// Over 300 lines: the fields of every canonical event, in one list to be read as one.
import type { Chat, MessageContent, MessageStatus, Person } from './message/message.ts'

/** No fields besides those that every event has. */
type None = Record<never, never>

/** The account of the session. */
interface Account {
  me: Person | null
}

/** Why a session is not connected. */
interface Loss {
  reason: string
  /** WhatsApp's or the gateway's number for it (401, 428, 515, …). */
  code: number | null
  /** The gateway will not come back by itself. */
  final: boolean
  /** When a ban ends. */
  until?: string
}

interface AboutMessage {
  chat: Chat
  /**
   * Id of the message that this is about: for an edit, a reaction, a vote, the one that was edited, reacted to,
   * voted on.
   */
  messageId: string
  /** Whether that message is the account's own. */
  fromMe: boolean
}

interface MessageFields extends AboutMessage {
  /** null only for an own message, where the gateway does not tell the account's number. */
  sender: Person | null
  content: MessageContent
  status: MessageStatus | null
  /** Where an own message was sent from, if the gateway tells. */
  origin: 'api' | 'device' | null
  /** It waited on the server while the session was away, or was sent by the gateway itself: Baileys' `append`. */
  replayed: boolean
}

interface ReceiptFields extends AboutMessage {
  status: MessageStatus
  /** Whose receipt it is: in groups the member, in other chats the other side; null where the gateway does not say. */
  by: Person | null
  /**
   * whatsmeow's word: `''` delivered, `sender`, `read`, `read-self`, `played`, `played-self`, `retry`,
   * `server-error`, `inactive`, `peer_msg`, `hist_sync`.
   */
  receiptType: string
}

interface Carried extends AboutMessage {
  /** Who edited, reacted, voted; null where the gateway does not tell. */
  sender: Person | null
  /** Id of the message that carried it; null where the gateway tells only the target. */
  carrierId: string | null
  /** Whether the account itself did it; `fromMe` is about the target. */
  byMe: boolean
}

interface Participant extends Person {
  role: 'member' | 'admin' | 'superadmin'
}

interface GroupFields {
  chat: Chat
  by: Person | null
}

interface Contact extends Person {
  businessName?: string | null
  username?: string | null
  about?: string | null
  /** The picture was changed or removed, its URL is not told. */
  imageChanged?: boolean
}

interface Picture {
  id: string | null
  removed: boolean
  url: string | null
}

interface CallFields {
  /** The chat where it rings: the person, or the group. */
  chat: Chat
  sender: Person
  callId: string
  video: boolean | null
  groupCall: boolean
  offline: boolean
  reason: string | null
  platform: string | null
}

interface Switched {
  chat: Chat
  /** On or off: archived, pinned, muted, read, locked. */
  on: boolean
  /** Until when, for a mute. */
  until?: string | null
}

interface NewsletterFields {
  chat: Chat
  role?: string | null
  mute?: string | null
  /** Messages, reactions or views as the gateway gave them. */
  changes?: unknown
}

/** What each canonical event says besides `EventBase`. */
export interface EventFields {
  'session.created': None
  'session.deleted': None
  'session.removed': None
  'session.connecting': { reason: string | null }
  /**
   * `code` is the text to show as a QR code and `image` the same as a data URL; both null where it must be
   * fetched from the gateway. `upcoming` follow it, 20 s each.
   */
  'session.qr_updated': {
    qr: {
      code: string | null
      image: string | null
      pairingCode: string | null
      upcoming: string[]
      expiresAt: string | null
    }
  }
  'session.qr_timeout': { reason: string | null }
  'session.qr_rejected': { reason: string | null }
  'session.paired': Account & { platform: string | null; businessName: string | null }
  'session.pair_failed': { reason: string; code: number | null }
  'session.passkey_requested': None
  'session.passkey_confirmation': { code: string | null }
  'session.passkey_failed': { reason: string }
  'session.connected': Account
  'session.disconnected': Loss
  'session.logged_out': Loss
  'session.replaced': Loss
  'session.banned': Loss
  'session.connect_failed': Loss
  'session.outdated': Loss
  'session.stream_error': Loss
  'session.reconnect_required': None
  'session.keepalive_timeout': { errors: number | null; lastSuccessAt: string | null }
  'session.keepalive_restored': None
  /** The account may not write to new people, or has used up its quota, until the instant given. */
  'session.restricted': { active: boolean; until: string | null; kind: string | null }
  'session.status': { status: string; reason: string | null; code: number | null }
  'gateway.started': None
  /** Of the process around a session: it started, stopped, printed something. */
  'device.container_event': { code: string; message: string; status: string | null; data: unknown }

  'message.received': MessageFields
  'message.sent': MessageFields
  'message.server_ack': ReceiptFields
  'message.delivered': ReceiptFields
  'message.read': ReceiptFields
  'message.played': ReceiptFields
  /** A receipt of another kind: a retry, a peer message, a history sync. */
  'message.receipt': Omit<ReceiptFields, 'status'>
  'message.failed': AboutMessage & {
    error: { code: string | null; message: string }
    receiptType: string | null
  }
  'message.edited': Carried & { content: MessageContent }
  'message.deleted': Carried
  'message.deleted_for_me': AboutMessage
  /** An empty `emoji` takes the reaction back. */
  'message.reaction': Carried & { emoji: string; removed: boolean }
  /** `options` are null while the vote is encrypted. */
  'message.poll_vote': Carried & { options: string[] | null }
  'message.event_response': Carried & { response: string | null }
  'message.undecryptable': AboutMessage & {
    sender: Person | null
    reason: string | null
    viewOnce: boolean
  }
  'message.starred': AboutMessage & { on: boolean }
  'message.media_retry': AboutMessage & { error: string | null }

  'presence.updated': {
    chat: Chat
    sender: Person
    state: 'available' | 'unavailable'
    lastSeenAt: string | null
  }
  'chat_presence.updated': {
    chat: Chat
    sender: Person
    state: 'composing' | 'recording' | 'paused'
  }

  'group.joined': GroupFields & {
    reason: string | null
    description: string | null
    owner: Person | null
    createdAt: string | null
    participants: Participant[] | null
  }
  'group.left': GroupFields
  'group.updated': GroupFields & { changes: GroupChanges }
  'group.participants_updated': GroupFields & {
    action: 'add' | 'remove' | 'promote' | 'demote' | 'modify'
    participants: Person[]
    reason: string | null
  }
  'group.picture_updated': GroupFields & { picture: Picture }
  'group.join_requested': GroupFields & {
    participant: Person
    action: string
    method: string | null
  }
  'group.member_tag_updated': GroupFields & { participant: Person; tag: string | null }

  'contact.created': { contact: Contact }
  'contact.updated': { contact: Contact }
  'contact.listed': { contacts: Contact[] }
  'contact.push_name_updated': { contact: Contact; previousName: string | null }
  'contact.business_name_updated': { contact: Contact; previousName: string | null }
  'contact.picture_updated': { contact: Contact; by: Person | null; picture: Picture }
  'contact.about_updated': { contact: Contact }
  'contact.identity_changed': { contact: Contact; implicit: boolean }
  'contact.status_muted': { contact: Contact; on: boolean }
  'contact.lid_mapped': { contact: Contact }
  'contact.blocklist_updated': { replaced: boolean; changes: { id: string; blocked: boolean }[] }

  'chat.created': { chat: Chat; changes: Record<string, unknown> }
  'chat.updated': { chat: Chat; changes: Record<string, unknown> }
  'chat.listed': { chats: Chat[] }
  'chat.deleted': { chat: Chat }
  'chat.cleared': { chat: Chat }
  'chat.archived': Switched
  'chat.pinned': Switched
  'chat.muted': Switched
  'chat.marked_read': Switched
  'chat.locked': Switched

  'label.updated': {
    label: { id: string; name: string | null; color: string | null; deleted: boolean }
  }
  'label.chat_associated': { chat: Chat; labelId: string; on: boolean }
  'label.message_associated': { chat: Chat; messageId: string; labelId: string; on: boolean }

  'call.offered': CallFields
  'call.offer_notice': CallFields
  'call.ringing': CallFields
  'call.preaccepted': CallFields
  'call.accepted': CallFields
  'call.rejected': CallFields
  'call.terminated': CallFields
  'call.timeout': CallFields
  'call.transport': CallFields
  'call.relay_latency': CallFields
  'call.unknown': None

  'newsletter.joined': NewsletterFields
  'newsletter.left': NewsletterFields
  'newsletter.mute_changed': NewsletterFields
  'newsletter.updated': NewsletterFields
  'newsletter.reaction': NewsletterFields
  'newsletter.view': NewsletterFields
  'newsletter.participants_updated': NewsletterFields
  'newsletter.settings_updated': NewsletterFields

  'history.synced': {
    kind: string | null
    progress: number | null
    counts: { messages: number; chats: number; contacts: number }
  }
  'history.status': { kind: string | null; status: string | null }
  'sync.offline_preview': { counts: Record<string, number> }
  'sync.offline_completed': { count: number | null }
  'sync.app_state': { index: string[] }
  'sync.app_state_completed': { name: string | null }
  'sync.app_state_failed': { name: string | null; reason: string | null }

  'settings.privacy_updated': { settings: unknown; changed: string[] }
  'settings.push_name_updated': { name: string | null }
  'settings.unarchive_chats_updated': { on: boolean }
  'settings.updated': { setting: string; value: unknown }
}

/** Only what changed is there. */
export interface GroupChanges {
  name?: string
  description?: string
  /** Only admins may change the group's data. */
  locked?: boolean
  /** Only admins may write. */
  announce?: boolean
  ephemeralSeconds?: number
  approvalRequired?: boolean
  inviteCode?: string
  deleted?: boolean
  suspended?: boolean
  /** Anything else, as the gateway gave it. */
  other?: Record<string, unknown>
}
