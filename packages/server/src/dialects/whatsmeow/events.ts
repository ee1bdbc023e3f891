/** The event types of whatsmeow: the catalogue, its spellings, and reading a subscription. */
import { readNames, type UnknownName } from '../contract/catalogue.ts'
import { nearest } from '../../core/nearest.ts'
import type { CatalogueEvent } from '../contract/dialect.ts'

interface WhatsmeowEvent extends CatalogueEvent {
  /** The name of the Go struct, which programs use in CamelCase. */
  struct: string
}

type Row = readonly [name: string, struct: string, description: string]

const rows: Record<string, readonly Row[]> = {
  messages: [
    ['message', 'Message', 'A message came in or was sent, edited, revoked or reacted to'],
    [
      'undecryptable_message',
      'UndecryptableMessage',
      'A message came in that cannot be decrypted (yet)',
    ],
    ['receipt', 'Receipt', 'A message was delivered, read or played, or its sending failed'],
    ['media_retry', 'MediaRetry', 'The phone answered a request to upload media again'],
    ['delete_for_me', 'DeleteForMe', 'A message was deleted for the account only'],
  ],
  groups_contacts: [
    ['group_info', 'GroupInfo', 'A group’s data, settings or members changed'],
    ['joined_group', 'JoinedGroup', 'The account joined a group or was added to it'],
    ['picture', 'Picture', 'The picture of a contact or a group changed'],
    ['blocklist', 'Blocklist', 'The list of blocked contacts changed'],
    ['contact', 'Contact', 'A contact was added or edited on another device'],
    ['push_name', 'PushName', 'Someone changed the name that they show'],
    ['business_name', 'BusinessName', 'A business changed its verified name'],
  ],
  connection: [
    ['connected', 'Connected', 'The session is connected and authenticated'],
    ['disconnected', 'Disconnected', 'The connection was closed; the client reconnects by itself'],
    ['connect_failure', 'ConnectFailure', 'WhatsApp refused the connection'],
    ['keepalive_restored', 'KeepAliveRestored', 'WhatsApp answers pings again'],
    ['keepalive_timeout', 'KeepAliveTimeout', 'WhatsApp does not answer pings'],
    ['logged_out', 'LoggedOut', 'The session was unlinked and must be paired again'],
    ['client_outdated', 'ClientOutdated', 'WhatsApp refused the client’s version'],
    ['temporary_ban', 'TemporaryBan', 'The account is banned for a time'],
    ['stream_error', 'StreamError', 'WhatsApp ended the stream with an unknown error'],
    ['stream_replaced', 'StreamReplaced', 'Another client took over the connection'],
    ['pair_success', 'PairSuccess', 'A phone was paired; a reconnection follows'],
    ['pair_error', 'PairError', 'Pairing failed'],
    ['qr', 'QR', 'QR codes to pair a phone with'],
    [
      'qr_scanned_without_multidevice',
      'QRScannedWithoutMultidevice',
      'A phone without multi-device support scanned the code',
    ],
    [
      'manual_login_reconnect',
      'ManualLoginReconnect',
      'Paired, and waiting to be reconnected by hand',
    ],
    ['pair_passkey_request', 'PairPasskeyRequest', 'Pairing needs a passkey'],
    [
      'pair_passkey_confirmation',
      'PairPasskeyConfirmation',
      'A passkey was answered and waits for confirmation',
    ],
    ['pair_passkey_error', 'PairPasskeyError', 'The passkey could not be used'],
    [
      'notify_account_reachout_timelock',
      'NotifyAccountReachoutTimelock',
      'WhatsApp restricts whom the account may write to',
    ],
  ],
  privacy: [
    ['privacy_settings', 'PrivacySettings', 'The account’s privacy settings changed'],
    ['push_name_setting', 'PushNameSetting', 'The account’s own name changed'],
    ['user_about', 'UserAbout', 'Someone’s about text changed'],
    ['user_status_mute', 'UserStatusMute', 'Someone’s status updates were muted or unmuted'],
  ],
  sync: [
    ['app_state', 'AppState', 'An app-state entry arrived from another device'],
    ['app_state_sync_complete', 'AppStateSyncComplete', 'An app-state synchronisation completed'],
    ['app_state_sync_error', 'AppStateSyncError', 'An app-state synchronisation failed'],
    ['history_sync', 'HistorySync', 'Message history arrived from the phone'],
    [
      'offline_sync_completed',
      'OfflineSyncCompleted',
      'Everything that waited for the session has arrived',
    ],
    ['offline_sync_preview', 'OfflineSyncPreview', 'The server told what waits for the session'],
    ['archive', 'Archive', 'A chat was archived or brought back'],
    ['pin', 'Pin', 'A chat was pinned or unpinned'],
    ['mute', 'Mute', 'A chat was muted or unmuted'],
    ['mark_chat_as_read', 'MarkChatAsRead', 'A chat was marked as read or unread'],
    ['delete_chat', 'DeleteChat', 'A chat was deleted on another device'],
    ['clear_chat', 'ClearChat', 'A chat was cleared on another device'],
    ['star', 'Star', 'A message was starred or unstarred'],
    [
      'unarchive_chats_setting',
      'UnarchiveChatsSetting',
      'The setting that brings archived chats back changed',
    ],
    ['label_edit', 'LabelEdit', 'A label was created, changed or deleted'],
    ['label_association_chat', 'LabelAssociationChat', 'A label was put on a chat or taken off it'],
    [
      'label_association_message',
      'LabelAssociationMessage',
      'A label was put on a message or taken off it',
    ],
  ],
  calls: [
    ['call_offer', 'CallOffer', 'A call came in'],
    ['call_accept', 'CallAccept', 'A call was accepted'],
    ['call_terminate', 'CallTerminate', 'A call ended'],
    ['call_offer_notice', 'CallOfferNotice', 'A group call was announced'],
    ['call_relay_latency', 'CallRelayLatency', 'Relay latencies of a call arrived'],
    ['call_pre_accept', 'CallPreAccept', 'A call is about to be accepted'],
    ['call_reject', 'CallReject', 'A call was rejected'],
    ['call_transport', 'CallTransport', 'Transport data of a call arrived'],
    ['unknown_call_event', 'UnknownCallEvent', 'A call event of unknown kind arrived'],
  ],
  presence: [
    ['presence', 'Presence', 'Someone came online or went offline'],
    ['chat_presence', 'ChatPresence', 'Someone is typing or recording, or stopped'],
  ],
  identity: [
    ['identity_change', 'IdentityChange', 'Someone’s encryption identity changed'],
    ['cat_refresh_error', 'CATRefreshError', 'The Messenger token could not be refreshed'],
  ],
  newsletter: [
    ['newsletter_join', 'NewsletterJoin', 'The account followed a channel'],
    ['newsletter_leave', 'NewsletterLeave', 'The account left a channel'],
    ['newsletter_mute_change', 'NewsletterMuteChange', 'A channel was muted or unmuted'],
    [
      'newsletter_live_update',
      'NewsletterLiveUpdate',
      'Messages, reactions or views of a channel changed',
    ],
  ],
  facebook: [['fb_message', 'FBMessage', 'A message of Messenger or Instagram came in']],
}

/** The 70 event types that whatsmeow dispatches (types/events at 33cfac51). */
export const catalogue: readonly WhatsmeowEvent[] = Object.entries(rows).flatMap(
  ([category, events]) =>
    events.map(([name, struct, description]) => ({ name, struct, category, description })),
)

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
