/** The event types of whatsmeow: the catalogue, its spellings, and reading a subscription. */
import { catalogueOf, readNames, type UnknownName } from '../contract/catalogue.ts'
import { nearest } from '../../core/nearest.ts'
import type { CatalogueEvent } from '../contract/dialect.ts'

interface WhatsmeowEvent extends CatalogueEvent {
  /** The name of the Go struct, which programs use in CamelCase. */
  struct: string
}

const events = catalogueOf({
  messages: [
    ['message', 'A message came in or was sent, edited, revoked or reacted to'],
    ['undecryptable_message', 'A message came in that cannot be decrypted (yet)'],
    ['receipt', 'A message was delivered, read or played, or its sending failed'],
    ['media_retry', 'The phone answered a request to upload media again'],
    ['delete_for_me', 'A message was deleted for the account only'],
  ],
  groups_contacts: [
    ['group_info', 'A group’s data, settings or members changed'],
    ['joined_group', 'The account joined a group or was added to it'],
    ['picture', 'The picture of a contact or a group changed'],
    ['blocklist', 'The list of blocked contacts changed'],
    ['contact', 'A contact was added or edited on another device'],
    ['push_name', 'Someone changed the name that they show'],
    ['business_name', 'A business changed its verified name'],
  ],
  connection: [
    ['connected', 'The session is connected and authenticated'],
    ['disconnected', 'The connection was closed; the client reconnects by itself'],
    ['connect_failure', 'WhatsApp refused the connection'],
    ['keepalive_restored', 'WhatsApp answers pings again'],
    ['keepalive_timeout', 'WhatsApp does not answer pings'],
    ['logged_out', 'The session was unlinked and must be paired again'],
    ['client_outdated', 'WhatsApp refused the client’s version'],
    ['temporary_ban', 'The account is banned for a time'],
    ['stream_error', 'WhatsApp ended the stream with an unknown error'],
    ['stream_replaced', 'Another client took over the connection'],
    ['pair_success', 'A phone was paired; a reconnection follows'],
    ['pair_error', 'Pairing failed'],
    ['qr', 'QR codes to pair a phone with'],
    ['qr_scanned_without_multidevice', 'A phone without multi-device support scanned the code'],
    ['manual_login_reconnect', 'Paired, and waiting to be reconnected by hand'],
    ['pair_passkey_request', 'Pairing needs a passkey'],
    ['pair_passkey_confirmation', 'A passkey was answered and waits for confirmation'],
    ['pair_passkey_error', 'The passkey could not be used'],
    ['notify_account_reachout_timelock', 'WhatsApp restricts whom the account may write to'],
  ],
  privacy: [
    ['privacy_settings', 'The account’s privacy settings changed'],
    ['push_name_setting', 'The account’s own name changed'],
    ['user_about', 'Someone’s about text changed'],
    ['user_status_mute', 'Someone’s status updates were muted or unmuted'],
  ],
  sync: [
    ['app_state', 'An app-state entry arrived from another device'],
    ['app_state_sync_complete', 'An app-state synchronisation completed'],
    ['app_state_sync_error', 'An app-state synchronisation failed'],
    ['history_sync', 'Message history arrived from the phone'],
    ['offline_sync_completed', 'Everything that waited for the session has arrived'],
    ['offline_sync_preview', 'The server told what waits for the session'],
    ['archive', 'A chat was archived or brought back'],
    ['pin', 'A chat was pinned or unpinned'],
    ['mute', 'A chat was muted or unmuted'],
    ['mark_chat_as_read', 'A chat was marked as read or unread'],
    ['delete_chat', 'A chat was deleted on another device'],
    ['clear_chat', 'A chat was cleared on another device'],
    ['star', 'A message was starred or unstarred'],
    ['unarchive_chats_setting', 'The setting that brings archived chats back changed'],
    ['label_edit', 'A label was created, changed or deleted'],
    ['label_association_chat', 'A label was put on a chat or taken off it'],
    ['label_association_message', 'A label was put on a message or taken off it'],
  ],
  calls: [
    ['call_offer', 'A call came in'],
    ['call_accept', 'A call was accepted'],
    ['call_terminate', 'A call ended'],
    ['call_offer_notice', 'A group call was announced'],
    ['call_relay_latency', 'Relay latencies of a call arrived'],
    ['call_pre_accept', 'A call is about to be accepted'],
    ['call_reject', 'A call was rejected'],
    ['call_transport', 'Transport data of a call arrived'],
    ['unknown_call_event', 'A call event of unknown kind arrived'],
  ],
  presence: [
    ['presence', 'Someone came online or went offline'],
    ['chat_presence', 'Someone is typing or recording, or stopped'],
  ],
  identity: [
    ['identity_change', 'Someone’s encryption identity changed'],
    ['cat_refresh_error', 'The Messenger token could not be refreshed'],
  ],
  newsletter: [
    ['newsletter_join', 'The account followed a channel'],
    ['newsletter_leave', 'The account left a channel'],
    ['newsletter_mute_change', 'A channel was muted or unmuted'],
    ['newsletter_live_update', 'Messages, reactions or views of a channel changed'],
  ],
  facebook: [['fb_message', 'A message of Messenger or Instagram came in']],
})

/** Those whose Go struct is not the name in CamelCase. */
const structs: Readonly<Record<string, string>> = {
  keepalive_restored: 'KeepAliveRestored',
  keepalive_timeout: 'KeepAliveTimeout',
  qr: 'QR',
  qr_scanned_without_multidevice: 'QRScannedWithoutMultidevice',
  cat_refresh_error: 'CATRefreshError',
  fb_message: 'FBMessage',
}

/** The 70 event types that whatsmeow dispatches (types/events at 33cfac51). */
export const catalogue: readonly WhatsmeowEvent[] = events.map((event) => ({
  ...event,
  struct: structs[event.name] ?? structOf(event.name),
}))

/** `push_name` → `PushName` */
function structOf(name: string): string {
  return name.replaceAll(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** Subscribes to everything. */
export const wildcard = 'all'

const byName = new Set(catalogue.map(({ name }) => name))

/** Spellings without separators, so that `KeepAliveTimeout`, `keep_alive_timeout` and `keepalive_timeout` are one. */
const bySpelling = new Map([
  ...catalogue.flatMap(({ name, struct }) =>
    [name, struct].map((spelling) => [squash(spelling), name] as const),
  ),
  // What other public lists of whatsmeow's events call them.
  ['readreceipt', 'receipt'],
  ['blocklistchange', 'blocklist'],
  ['all', wildcard],
])

function squash(text: string): string {
  return text.toLowerCase().replaceAll('_', '')
}

export function isEvent(name: string): boolean {
  return byName.has(name)
}

/** The catalogue's name, or `all`, from CamelCase or snake_case; undefined for what is neither. */
export function readEventName(text: string): string | undefined {
  return bySpelling.get(squash(text.trim()))
}

export type Subscription = { ok: true; events: string[] } | { ok: false; unknown: UnknownName[] }

/** Reads the list of events of a session's webhook: either spelling, each once, in the order given. */
export function readSubscription(names: readonly string[]): Subscription {
  const { events, unknown } = readNames(names, readEventName, (name) => nearest(name, [...byName]))
  return unknown.length === 0 ? { ok: true, events: [...events] } : { ok: false, unknown }
}
