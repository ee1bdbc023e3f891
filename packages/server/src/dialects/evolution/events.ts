/** Evolution's events: catalogue, both spellings, subscriptions, and what the canonical events are called. */
import { catalogueOf, readNames, type UnknownName } from '../contract/catalogue.ts'
import { everyLoss } from '../contract/losses.ts'
import { nearest } from '../../core/nearest.ts'
import { fallbackType, type EventType } from '../../whatsapp/whatsapp.ts'
import type { CatalogueEvent } from '../contract/dialect.ts'

type Row = readonly [name: string, description: string]

const rows: Record<string, readonly Row[]> = {
  instance: [
    ['application.startup', 'The gateway started'],
    ['instance.create', 'An instance was created'],
    ['instance.delete', 'An instance was deleted'],
    ['remove.instance', 'An instance was removed from memory'],
    ['logout.instance', 'An instance was logged out'],
    ['status.instance', 'The state of an instance was reported'],
  ],
  connection: [
    ['qrcode.updated', 'A QR code was generated, or there will be no more'],
    ['connection.update', 'The connection to WhatsApp opened, closed, or is being made'],
  ],
  messages: [
    ['messages.set', 'Messages of the history arrived'],
    ['messages.upsert', 'A message came in, or was sent from another device'],
    ['messages.edited', 'A message was edited'],
    ['messages.update', 'A message was delivered, read, played, or failed'],
    ['messages.delete', 'A message was deleted'],
    ['send.message', 'A message was sent through the API'],
    ['send.message.update', 'A message sent through the API was edited'],
  ],
  contacts: [
    ['contacts.set', 'The contacts were listed'],
    ['contacts.upsert', 'A contact was added'],
    ['contacts.update', 'A contact changed'],
  ],
  presence: [['presence.update', 'Someone is online, typing, recording, or stopped']],
  chats: [
    ['chats.set', 'The chats were listed'],
    ['chats.upsert', 'A chat was opened'],
    ['chats.update', 'A chat changed'],
    ['chats.delete', 'A chat was deleted'],
  ],
  groups: [
    ['groups.upsert', 'The account joined a group or was added to it'],
    ['groups.update', 'A group’s data or settings changed'],
    ['group-participants.update', 'Members joined, left, or changed their role'],
  ],
  labels: [
    ['labels.edit', 'A label was created, changed or deleted'],
    ['labels.association', 'A label was put on a chat or taken off it'],
  ],
  call: [['call', 'A call came in, was answered, or ended']],
  typebot: [
    ['typebot.start', 'A Typebot session started'],
    ['typebot.change-status', 'A Typebot session changed its status'],
  ],
  monitoring: [
    ['queue.stats', 'What waits and what was done, at an interval'],
    ['webhook.failed', 'A delivery was given up'],
    ['webhook.disabled', 'A webhook was disabled'],
    ['error', 'Something went wrong'],
  ],
}

/** The 31 events of Evolution API 2.3, and those of the monitoring webhook. */
export const catalogue: readonly CatalogueEvent[] = catalogueOf(rows)

export const monitoringEvents: ReadonlySet<string> = new Set(
  rows['monitoring']!.map(([name]) => name),
)

/** Without separators and capitals `MESSAGES_UPSERT`, `messages.upsert` and `messages-upsert` are one. */
function squash(text: string): string {
  return text.toLowerCase().replaceAll(/[._-]/g, '')
}

const bySpelling = new Map([
  ...catalogue.map(({ name }) => [squash(name), name] as const),
  // Its list of subscriptions says GROUP_UPDATE, the event itself is called groups.update.
  ['groupupdate', 'groups.update'] as const,
])

/** The dotted name of an event in either spelling; undefined for what is none of Evolution's. */
export function readEventName(text: string): string | undefined {
  return bySpelling.get(squash(text.trim()))
}

/** `messages.upsert` → `MESSAGES_UPSERT`, as the API lists it. */
export function listedName(name: string): string {
  if (name === 'groups.update') return 'GROUP_UPDATE'
  return name.toUpperCase().replaceAll(/[.-]/g, '_')
}

/** `messages.upsert` → `messages-upsert`, as it is put behind the URL. */
export function pathName(name: string): string {
  return name.toLowerCase().replaceAll(/[._]/g, '-')
}

const listed = catalogue.map(({ name }) => listedName(name))

export interface Subscription {
  /** For an endpoint's `eventTypes`; null: everything. */
  eventTypes: string[] | null
  /** For its `filter`; null: none. */
  filter: string | null
}

export type ReadSubscription =
  | { ok: true; subscription: Subscription }
  | { ok: false; unknown: UnknownName[] }

/**
 * Canonical types that are two events here, by something that is in the event: the second name, and the condition
 * (CEL) of it. Where an Evolution is the source, its own name decides.
 */
export const secondNames = {
  'message.sent': {
    coarse: 'messages.upsert',
    fine: 'send.message',
    when: 'has(payload.origin) && payload.origin == "api"',
  },
  'message.edited': {
    coarse: 'messages.edited',
    fine: 'send.message.update',
    when: 'has(payload.raw) && payload.raw.name == "send.message.update"',
  },
  'session.logged_out': {
    coarse: 'connection.update',
    fine: 'logout.instance',
    when: 'has(payload.raw) && payload.raw.name == "logout.instance"',
  },
} as const satisfies { [Type in EventType]?: { coarse: string; fine: string; when: string } }

/**
 * Reads the `events` of a webhook: either spelling; an empty list is everything. Who asks for one of two names of
 * a type gets a filter.
 */
export function readSubscription(names: readonly string[]): ReadSubscription {
  const { events, unknown } = readNames(names, readEventName, (name) =>
    nearest(name.toUpperCase(), listed),
  )
  if (unknown.length > 0) return { ok: false, unknown }
  if (events.size === 0) return { ok: true, subscription: { eventTypes: null, filter: null } }
  const eventTypes = [...events]
  const conditions: string[] = []
  for (const [type, { coarse, fine, when }] of Object.entries(secondNames)) {
    if (events.has(coarse) === events.has(fine)) continue
    if (events.has(fine)) eventTypes.push(type)
    conditions.push(`(eventType != "${type}" || ${events.has(fine) ? '' : '!'}(${when}))`)
  }
  const filter = conditions.length === 0 ? null : conditions.join(' && ')
  return { ok: true, subscription: { eventTypes, filter } }
}

const names: { readonly [Type in EventType]?: string } = {
  'gateway.started': 'application.startup',
  'session.created': 'instance.create',
  'session.deleted': 'instance.delete',
  'session.removed': 'remove.instance',
  'session.status': 'status.instance',
  'session.qr_updated': 'qrcode.updated',
  'session.qr_timeout': 'qrcode.updated',
  'session.connecting': 'connection.update',
  'session.connected': 'connection.update',
  ...everyLoss('connection.update'),
  'history.synced': 'messages.set',
  'message.received': 'messages.upsert',
  'message.sent': 'messages.upsert',
  // Of these Evolution makes messages like any other, with a content of their own.
  'message.reaction': 'messages.upsert',
  'message.poll_vote': 'messages.upsert',
  'message.event_response': 'messages.upsert',
  'message.edited': 'messages.edited',
  'message.server_ack': 'messages.update',
  'message.delivered': 'messages.update',
  'message.read': 'messages.update',
  'message.played': 'messages.update',
  'message.failed': 'messages.update',
  'message.deleted': 'messages.delete',
  'message.deleted_for_me': 'messages.delete',
  'contact.listed': 'contacts.set',
  'contact.created': 'contacts.upsert',
  'contact.updated': 'contacts.update',
  'contact.push_name_updated': 'contacts.update',
  'contact.business_name_updated': 'contacts.update',
  'contact.picture_updated': 'contacts.update',
  'contact.about_updated': 'contacts.update',
  'presence.updated': 'presence.update',
  'chat_presence.updated': 'presence.update',
  'chat.listed': 'chats.set',
  'chat.created': 'chats.upsert',
  'chat.updated': 'chats.update',
  'chat.archived': 'chats.update',
  'chat.pinned': 'chats.update',
  'chat.muted': 'chats.update',
  'chat.marked_read': 'chats.update',
  'chat.deleted': 'chats.delete',
  'group.joined': 'groups.upsert',
  'group.updated': 'groups.update',
  'group.picture_updated': 'groups.update',
  'group.participants_updated': 'group-participants.update',
  'group.left': 'group-participants.update',
  'label.updated': 'labels.edit',
  'label.chat_associated': 'labels.association',
  'label.message_associated': 'labels.association',
  'call.offered': 'call',
  'call.offer_notice': 'call',
  'call.ringing': 'call',
  'call.preaccepted': 'call',
  'call.accepted': 'call',
  'call.rejected': 'call',
  'call.terminated': 'call',
  'call.timeout': 'call',
  'call.transport': 'call',
  'call.relay_latency': 'call',
}

/** Evolution's events that no canonical form covers: `whatsapp.typebot_change_status` → `typebot.change-status`. */
const byFallback = new Map<string, string>(catalogue.map(({ name }) => [fallbackType(name), name]))

/** Evolution's word; the gateway's own name, in snake_case, of what nobody covers; else the type itself. */
export function eventName(type: string): string {
  if (Object.hasOwn(names, type)) return names[type as EventType]!
  const fallback = byFallback.get(type)
  if (fallback !== undefined) return fallback
  if (type.startsWith('whatsapp.')) return type.slice('whatsapp.'.length)
  return readEventName(type) ?? type
}
