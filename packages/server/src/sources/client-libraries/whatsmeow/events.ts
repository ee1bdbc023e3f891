/** whatsmeow's event structs, as a Go program marshals them → canonical events. */
import type { EventFields } from '../../../whatsapp/event-fields.ts'
import { chatOf, counterpart, personOf } from '../../../whatsapp/identity/jid.ts'
import { fields, type Fields, list, text, entry } from '../../../core/json-values.ts'
import { toIso, toNumber, word } from '../../../whatsapp/wire/json-shapes.ts'
import type { EventType } from '../../../whatsapp/whatsapp.ts'
import { fallback, make, mapped, type Origin } from '../../gateway/origin.ts'
import type { Mapped } from '../../gateway/gateway.ts'
import { blocklist, contact, groupInfo, joinedGroup, picture, renamed } from './groups.ts'
import {
  readSource,
  whatsmeowMessage,
  whatsmeowReceipt,
  whatsmeowUndecryptable,
} from './message.ts'
import { sessionHandlers } from './session.ts'

type Handler = (origin: Origin, event: Fields) => Mapped

/** An app-state action on a chat: `{JID, Timestamp, Action: {<key>: boolean}}`. */
function switched(
  type: 'chat.archived' | 'chat.pinned' | 'chat.muted' | 'chat.marked_read',
  key: string,
): Handler {
  return (origin, event) => {
    const chat = chatOf(event['JID'])
    const action = fields(event['Action'])
    if (!chat) return mapped(fallback(origin, event, event['Timestamp']))
    const until = type === 'chat.muted' ? { until: toIso(action?.['muteEndTimestamp']) } : {}
    return mapped(
      make(origin, type, event, event['Timestamp'], { chat, on: action?.[key] === true, ...until }),
    )
  }
}

/** An event about one chat and nothing else. */
function ofChat(type: 'chat.cleared' | 'chat.deleted'): Handler {
  return (origin, event) => {
    const chat = chatOf(event['JID'])
    return mapped(
      chat
        ? make(origin, type, event, event['Timestamp'], { chat })
        : fallback(origin, event, event['Timestamp']),
    )
  }
}

/** An event about one person. */
function ofContact<
  Type extends 'contact.about_updated' | 'contact.identity_changed' | 'contact.status_muted',
>(
  type: Type,
  more: (event: Fields, contact: EventFields[Type]['contact']) => EventFields[Type],
): Handler {
  return (origin, event) => {
    const person = personOf(event['JID'])
    return mapped(
      person
        ? make(origin, type, event, event['Timestamp'], more(event, person))
        : fallback(origin, event, event['Timestamp']),
    )
  }
}

/** An event about one message: `{ChatJID, SenderJID, IsFromMe, MessageID}`. */
function ofMessage(
  make_: (
    origin: Origin,
    event: Fields,
    about: { chat: NonNullable<ReturnType<typeof chatOf>>; messageId: string; fromMe: boolean },
  ) => Mapped,
): Handler {
  return (origin, event) => {
    const chat = chatOf(event['ChatJID'] ?? event['ChatID'])
    const messageId = text(event['MessageID'])
    if (!chat || messageId === null) return mapped(fallback(origin, event, event['Timestamp']))
    return make_(origin, event, {
      chat,
      messageId,
      fromMe: (event['IsFromMe'] ?? event['FromMe']) === true,
    })
  }
}

/** `{From, Timestamp, CallCreator, CallCreatorAlt, CallID, GroupJID, …}`. */
function call(type: EventType): Handler {
  return (origin, event) => {
    const sender = personOf(event['CallCreator'] || event['From'], event['CallCreatorAlt'])
    const chat =
      chatOf(event['GroupJID']) ??
      chatOf(
        event['From'],
        counterpart(event['From'], event['CallCreatorAlt'], event['CallCreator']),
      )
    const callId = text(event['CallID'])
    if (!sender || !chat || callId === null)
      return mapped(fallback(origin, event, event['Timestamp'], { chat, sender }))
    const media = text(event['Media'])
    return mapped(
      make(origin, type as 'call.offered', event, event['Timestamp'], {
        chat,
        sender,
        callId,
        video: media === null ? null : media === 'video',
        groupCall: chat.kind === 'group' || event['Type'] === 'group',
        offline: false,
        reason: text(event['Reason']),
        platform: text(event['RemotePlatform']),
      }),
    )
  }
}

/** Newsletter structs have JSON tags: `{id, thread_metadata, viewer_metadata, role, mute}`; the live update `{JID, Messages}`. */
function newsletter(
  type: 'newsletter.joined' | 'newsletter.left' | 'newsletter.mute_changed' | 'newsletter.updated',
): Handler {
  return (origin, event) => {
    const thread = fields(event['thread_metadata'])
    const viewer = fields(event['viewer_metadata'])
    const chat = chatOf(
      event['id'] ?? event['JID'],
      undefined,
      text(fields(thread?.['name'])?.['text']),
    )
    if (!chat) return mapped(fallback(origin, event))
    const role = text(event['role']) ?? text(viewer?.['role'])
    const mute = text(event['mute']) ?? text(viewer?.['mute'])
    const changes = event['Messages'] === undefined ? {} : { changes: event['Messages'] }
    return mapped(
      make(origin, type, event, event['Time'], {
        chat,
        ...(role ? { role } : {}),
        ...(mute ? { mute } : {}),
        ...changes,
      }),
    )
  }
}

function presence(origin: Origin, event: Fields): Mapped {
  const chat = chatOf(event['From'])
  const sender = personOf(event['From'])
  if (!chat || !sender) return mapped(fallback(origin, event))
  const state = event['Unavailable'] === true ? 'unavailable' : 'available'
  return mapped(
    make(origin, 'presence.updated', event, undefined, {
      chat,
      sender,
      state,
      lastSeenAt: toIso(event['LastSeen']),
    }),
  )
}

function chatPresence(origin: Origin, event: Fields): Mapped {
  const source = readSource(event)
  const state = event['State']
  if (!source?.sender || (state !== 'composing' && state !== 'paused'))
    return mapped(fallback(origin, event))
  const seen = state === 'composing' && event['Media'] === 'audio' ? 'recording' : state
  return mapped(
    make(origin, 'chat_presence.updated', event, undefined, {
      chat: source.chat,
      sender: source.sender,
      state: seen,
    }),
  )
}

function history(origin: Origin, event: Fields): Mapped {
  const data = fields(event['Data'])
  const conversations = list(data?.['conversations'] ?? data?.['Conversations'])
  const messages = conversations.reduce<number>(
    (sum, one) => sum + list(fields(one)?.['messages']).length,
    0,
  )
  const contacts = list(data?.['pushnames'] ?? data?.['Pushnames']).length
  const counts = { messages, chats: conversations.length, contacts }
  return mapped(
    make(origin, 'history.synced', event, undefined, {
      kind: word(data?.['syncType']),
      progress: toNumber(data?.['progress']),
      counts,
    }),
  )
}

function label(origin: Origin, event: Fields): Mapped {
  const action = fields(event['Action'])
  const id = word(event['LabelID'])
  if (id === null) return mapped(fallback(origin, event, event['Timestamp']))
  const one = {
    id,
    name: text(action?.['name']),
    color: word(action?.['color']),
    deleted: action?.['deleted'] === true,
  }
  return mapped(make(origin, 'label.updated', event, event['Timestamp'], { label: one }))
}

function labelled(origin: Origin, event: Fields): Mapped {
  const chat = chatOf(event['JID'])
  const labelId = word(event['LabelID'])
  if (!chat || labelId === null) return mapped(fallback(origin, event, event['Timestamp']))
  const about = { chat, labelId, on: fields(event['Action'])?.['labeled'] !== false }
  const messageId = text(event['MessageID'])
  return mapped(
    messageId === null
      ? make(origin, 'label.chat_associated', event, event['Timestamp'], about)
      : make(origin, 'label.message_associated', event, event['Timestamp'], {
          ...about,
          messageId,
        }),
  )
}

function privacy(origin: Origin, event: Fields): Mapped {
  const changed = Object.keys(event).flatMap((key) =>
    key.endsWith('Changed') && event[key] === true ? [key.slice(0, -'Changed'.length)] : [],
  )
  return mapped(
    make(origin, 'settings.privacy_updated', event, undefined, {
      settings: event['NewSettings'] ?? null,
      changed,
    }),
  )
}

const counted = ['Total', 'AppDataChanges', 'Messages', 'Notifications', 'Receipts']

function offlinePreview(origin: Origin, event: Fields): Mapped {
  const counts = Object.fromEntries(
    counted.flatMap((key) => (toNumber(event[key]) === null ? [] : [[key, toNumber(event[key])!]])),
  )
  return mapped(make(origin, 'sync.offline_preview', event, undefined, { counts }))
}

/** Of the 70 event types, those with a canonical form; FBMessage and CATRefreshError (Messenger) pass through as they came. */
export const whatsmeowHandlers: Readonly<Record<string, Handler>> = {
  ...sessionHandlers,
  Message: (origin, event) => whatsmeowMessage(origin, event),
  UndecryptableMessage: whatsmeowUndecryptable,
  Receipt: (origin, event) => whatsmeowReceipt(origin, event),
  MediaRetry: ofMessage((origin, event, about) => {
    const error = fields(event['Error'])
    const reason = error ? `error ${toNumber(error['Code']) ?? ''}`.trim() : null
    return mapped(
      make(origin, 'message.media_retry', event, event['Timestamp'], { ...about, error: reason }),
    )
  }),
  DeleteForMe: ofMessage((origin, event, about) =>
    mapped(make(origin, 'message.deleted_for_me', event, event['Timestamp'], about)),
  ),
  Star: ofMessage((origin, event, about) =>
    mapped(
      make(origin, 'message.starred', event, event['Timestamp'], {
        ...about,
        on: fields(event['Action'])?.['starred'] === true,
      }),
    ),
  ),
  JoinedGroup: joinedGroup,
  GroupInfo: groupInfo,
  Picture: picture,
  Blocklist: blocklist,
  Contact: contact,
  PushName: renamed('contact.push_name_updated'),
  BusinessName: renamed('contact.business_name_updated'),
  HistorySync: history,
  OfflineSyncPreview: offlinePreview,
  OfflineSyncCompleted: (origin, event) =>
    mapped(
      make(origin, 'sync.offline_completed', event, undefined, { count: toNumber(event['Count']) }),
    ),
  AppState: (origin, event) =>
    mapped(
      make(origin, 'sync.app_state', event, undefined, {
        index: list(event['Index']).filter((one): one is string => typeof one === 'string'),
      }),
    ),
  AppStateSyncComplete: (origin, event) =>
    mapped(
      make(origin, 'sync.app_state_completed', event, undefined, { name: text(event['Name']) }),
    ),
  AppStateSyncError: (origin, event) =>
    mapped(
      make(origin, 'sync.app_state_failed', event, undefined, {
        name: text(event['Name']),
        reason: text(event['Error']),
      }),
    ),
  Archive: switched('chat.archived', 'archived'),
  Pin: switched('chat.pinned', 'pinned'),
  Mute: switched('chat.muted', 'muted'),
  MarkChatAsRead: switched('chat.marked_read', 'read'),
  ClearChat: ofChat('chat.cleared'),
  DeleteChat: ofChat('chat.deleted'),
  UnarchiveChatsSetting: (origin, event) =>
    mapped(
      make(origin, 'settings.unarchive_chats_updated', event, event['Timestamp'], {
        on: fields(event['Action'])?.['unarchiveChats'] === true,
      }),
    ),
  LabelEdit: label,
  LabelAssociationChat: labelled,
  LabelAssociationMessage: labelled,
  PrivacySettings: privacy,
  PushNameSetting: (origin, event) =>
    mapped(
      make(origin, 'settings.push_name_updated', event, event['Timestamp'], {
        name: text(fields(event['Action'])?.['name']),
      }),
    ),
  UserAbout: ofContact('contact.about_updated', (event, person) => ({
    contact: { ...person, about: text(event['Status']) },
  })),
  UserStatusMute: ofContact('contact.status_muted', (event, person) => ({
    contact: person,
    on: fields(event['Action'])?.['muted'] === true,
  })),
  IdentityChange: ofContact('contact.identity_changed', (event, person) => ({
    contact: person,
    implicit: event['Implicit'] === true,
  })),
  Presence: presence,
  ChatPresence: chatPresence,
  CallOffer: call('call.offered'),
  CallOfferNotice: call('call.offer_notice'),
  CallAccept: call('call.accepted'),
  CallPreAccept: call('call.preaccepted'),
  CallTransport: call('call.transport'),
  CallRelayLatency: call('call.relay_latency'),
  CallReject: call('call.rejected'),
  CallTerminate: call('call.terminated'),
  UnknownCallEvent: (origin, event) => mapped(make(origin, 'call.unknown', event, undefined, {})),
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

/** `keepalive_timeout`, `KeepAliveTimeout`, `ReadReceipt` → the struct's name; as it was given where there is no such struct. */
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
