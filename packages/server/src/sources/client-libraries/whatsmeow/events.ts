/** whatsmeow's event structs, as a Go program marshals them → canonical events. */
import { entry, type Fields, fields, list, text } from '../../../core/json-values.ts'
import { counterpart, personOf } from '../../../whatsapp/identity/jid.ts'
import type { CallType } from '../../../whatsapp/whatsapp.ts'
import { toNumber } from '../../../whatsapp/wire/json-shapes.ts'
import type { Mapped } from '../../gateway/gateway.ts'
import {
  chatAt,
  event,
  flagAt,
  type Handler,
  type Handlers,
  ifText,
  labelAt,
  numberAt,
  optional,
  personAt,
  required,
  textAt,
  textsAt,
  timeAt,
  valueAt,
  wordAt,
} from '../../gateway/mapping.ts'
import { fallback, mapped, type Origin } from '../../gateway/origin.ts'
import { groupHandlers } from './groups.ts'
import {
  readSource,
  whatsmeowMessage,
  whatsmeowReceipt,
  whatsmeowUndecryptable,
} from './message.ts'
import { sessionHandlers } from './session.ts'

const chat = chatAt('JID')
const contact = required(personAt('JID'))
const at = 'Timestamp'

const message = {
  chat: chatAt(['ChatJID', 'ChatID']),
  messageId: required(textAt('MessageID')),
  fromMe: flagAt(['IsFromMe', 'FromMe']),
}

const label = {
  chat,
  labelId: required(wordAt('LabelID')),
  on: (data: Fields) => fields(data['Action'])?.['labeled'] !== false,
}

const labelled = ifText(
  'MessageID',
  event('label.message_associated', { ...label, messageId: required(textAt('MessageID')) }, at),
  event('label.chat_associated', label, at),
)

const callerChat = chatAt('From', (data) =>
  counterpart(data['From'], data['CallCreatorAlt'], data['CallCreator']),
)

/** `{From, Timestamp, CallCreator, CallCreatorAlt, CallID, GroupJID, …}`. */
function call(type: CallType): Handler {
  return event(
    type,
    {
      chat: (...given) => chatAt('GroupJID')(...given) ?? callerChat(...given),
      sender: (data) =>
        personOf(data['CallCreator'] || data['From'], data['CallCreatorAlt']) ?? undefined,
      callId: required(textAt('CallID')),
      video: (data) => (text(data['Media']) === null ? null : data['Media'] === 'video'),
      groupCall: (data, _, read) => read.chat?.kind === 'group' || data['Type'] === 'group',
      offline: false,
      reason: textAt('Reason'),
      platform: textAt('RemotePlatform'),
    },
    at,
    ['chat', 'sender'],
  )
}

/**
 * Newsletter structs have JSON tags: `{id, thread_metadata, viewer_metadata, role, mute}`; the live update
 * `{JID, Messages}`.
 */
function newsletter(
  type: 'newsletter.joined' | 'newsletter.left' | 'newsletter.mute_changed' | 'newsletter.updated',
): Handler {
  return event(
    type,
    {
      chat: chatAt(['id', 'JID'], [], 'thread_metadata.name.text'),
      role: optional(textAt('role', 'viewer_metadata.role')),
      mute: optional(textAt('mute', 'viewer_metadata.mute')),
      changes: optional(valueAt('Messages')),
    },
    'Time',
  )
}

function conversations(data: Fields): unknown[] {
  const history = fields(data['Data'])
  return list(history?.['conversations'] ?? history?.['Conversations'])
}

const counted = ['Total', 'AppDataChanges', 'Messages', 'Notifications', 'Receipts']

/**
 * Of the 70 event types, those with a canonical form; FBMessage and CATRefreshError (Messenger) pass through as
 * they came.
 */
export const whatsmeowHandlers: Handlers = {
  ...sessionHandlers,
  ...groupHandlers,
  Message: (origin, data) => whatsmeowMessage(origin, fields(data) ?? {}),
  UndecryptableMessage: (origin, data) => whatsmeowUndecryptable(origin, fields(data) ?? {}),
  Receipt: (origin, data) => whatsmeowReceipt(origin, fields(data) ?? {}),
  MediaRetry: event(
    'message.media_retry',
    {
      ...message,
      error: (data) => {
        const error = fields(data['Error'])
        return error ? `error ${toNumber(error['Code']) ?? ''}`.trim() : null
      },
    },
    at,
  ),
  DeleteForMe: event('message.deleted_for_me', message, at),
  Star: event('message.starred', { ...message, on: flagAt('Action.starred') }, at),
  HistorySync: event('history.synced', {
    kind: wordAt('Data.syncType'),
    progress: numberAt('Data.progress'),
    counts: (data) => {
      const chats = conversations(data)
      const ofChats = chats.map((one) => list(fields(one)?.['messages']).length)
      const messages = ofChats.reduce((sum, count) => sum + count, 0)
      const history = fields(data['Data'])
      const contacts = list(history?.['pushnames'] ?? history?.['Pushnames']).length
      return { messages, chats: chats.length, contacts }
    },
  }),
  OfflineSyncPreview: event('sync.offline_preview', {
    counts: (data) => {
      const numbers = counted.map((key) => [key, toNumber(data[key])] as const)
      return Object.fromEntries(numbers.flatMap(([key, n]) => (n === null ? [] : [[key, n]])))
    },
  }),
  OfflineSyncCompleted: event('sync.offline_completed', { count: numberAt('Count') }),
  AppState: event('sync.app_state', { index: textsAt('Index') }),
  AppStateSyncComplete: event('sync.app_state_completed', { name: textAt('Name') }),
  AppStateSyncError: event('sync.app_state_failed', {
    name: textAt('Name'),
    reason: textAt('Error'),
  }),
  Archive: event('chat.archived', { chat, on: flagAt('Action.archived') }, at),
  Pin: event('chat.pinned', { chat, on: flagAt('Action.pinned') }, at),
  Mute: event(
    'chat.muted',
    { chat, on: flagAt('Action.muted'), until: timeAt('Action.muteEndTimestamp') },
    at,
  ),
  MarkChatAsRead: event('chat.marked_read', { chat, on: flagAt('Action.read') }, at),
  ClearChat: event('chat.cleared', { chat }, at),
  DeleteChat: event('chat.deleted', { chat }, at),
  UnarchiveChatsSetting: event(
    'settings.unarchive_chats_updated',
    { on: flagAt('Action.unarchiveChats') },
    at,
  ),
  LabelEdit: event(
    'label.updated',
    {
      label: labelAt('LabelID', 'Action.name', 'Action.color', 'Action.deleted'),
    },
    at,
  ),
  LabelAssociationChat: labelled,
  LabelAssociationMessage: labelled,
  PrivacySettings: event('settings.privacy_updated', {
    settings: (data) => data['NewSettings'] ?? null,
    changed: (data) =>
      Object.keys(data).flatMap((key) =>
        key.endsWith('Changed') && data[key] === true ? [key.slice(0, -'Changed'.length)] : [],
      ),
  }),
  PushNameSetting: event('settings.push_name_updated', { name: textAt('Action.name') }, at),
  UserAbout: event(
    'contact.about_updated',
    {
      contact: (data) => {
        const person = personOf(data['JID'])
        return person ? { ...person, about: text(data['Status']) } : undefined
      },
    },
    at,
  ),
  UserStatusMute: event('contact.status_muted', { contact, on: flagAt('Action.muted') }, at),
  IdentityChange: event('contact.identity_changed', { contact, implicit: flagAt('Implicit') }, at),
  Presence: event('presence.updated', {
    chat: chatAt('From'),
    sender: required(personAt('From')),
    state: (data) => (data['Unavailable'] === true ? 'unavailable' : 'available'),
    lastSeenAt: timeAt('LastSeen'),
  }),
  ChatPresence: event('chat_presence.updated', (data) => {
    const source = readSource(data)
    const state = data['State']
    if (!source?.sender || (state !== 'composing' && state !== 'paused')) return null
    const recording = state === 'composing' && data['Media'] === 'audio'
    return { chat: source.chat, sender: source.sender, state: recording ? 'recording' : state }
  }),
  CallOffer: call('call.offered'),
  CallOfferNotice: call('call.offer_notice'),
  CallAccept: call('call.accepted'),
  CallPreAccept: call('call.preaccepted'),
  CallTransport: call('call.transport'),
  CallRelayLatency: call('call.relay_latency'),
  CallReject: call('call.rejected'),
  CallTerminate: call('call.terminated'),
  UnknownCallEvent: event('call.unknown', {}),
  NewsletterJoin: newsletter('newsletter.joined'),
  NewsletterLeave: newsletter('newsletter.left'),
  NewsletterMuteChange: newsletter('newsletter.mute_changed'),
  NewsletterLiveUpdate: newsletter('newsletter.updated'),
}

/** Names that a plain conversion of CamelCase does not give, and those that gateways made up. */
const spellings: Record<string, string> = {
  keepalivetimeout: 'KeepAliveTimeout',
  keepaliverestored: 'KeepAliveRestored',
  readreceipt: 'Receipt',
  blocklistchange: 'Blocklist',
  qrcode: 'QR',
  sendmessage: 'Message',
  messageedit: 'Message',
  messagerevoke: 'Message',
}

const byLetters = new Map(Object.keys(whatsmeowHandlers).map((name) => [name.toLowerCase(), name]))

/**
 * `keepalive_timeout`, `KeepAliveTimeout`, `ReadReceipt` → the struct's name; as it was given where there is no
 * such struct.
 */
export function structName(given: string): string {
  const letters = given.replace(/[^a-z0-9]/gi, '').toLowerCase()
  return entry(spellings, letters) ?? byLetters.get(letters) ?? given
}

/** An event by its struct's name, in CamelCase or snake_case; one that this program does not know passes through. */
export function whatsmeowEvents(origin: Origin, data: unknown): Mapped {
  const name = structName(origin.name)
  const handler = entry(whatsmeowHandlers, name)
  // Events without fields are marshalled as {}, or left out altogether.
  return handler ? handler(origin, fields(data) ?? {}) : mapped(fallback(origin, data ?? {}))
}
