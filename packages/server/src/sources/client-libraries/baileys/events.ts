/**
 * Baileys' event map → canonical events, one by one; for events in process and for gateways that send Baileys'
 * JSON.
 */
import { entry, fields, list, text } from '../../../core/json-values.ts'
import { chatOf, counterpart, normaliseJid } from '../../../whatsapp/identity/jid.ts'
import type { CallType } from '../../../whatsapp/whatsapp.ts'
import { toNumber } from '../../../whatsapp/wire/json-shapes.ts'
import type { Mapped } from '../../gateway/gateway.ts'
import {
  booleanAt,
  byWord,
  chatAt,
  countAt,
  each,
  event,
  flagAt,
  type Handler,
  type Handlers,
  ifText,
  labelAt,
  numberAt,
  optional,
  passOn,
  personAt,
  type Reader,
  required,
  textAt,
  timeAt,
  wordAt,
} from '../../gateway/mapping.ts'
import { fallback, mapped, type Origin, skipped, without } from '../../gateway/origin.ts'
import { connectionUpdate } from './connection.ts'
import {
  chatPaths,
  chatUpdate,
  contactOf,
  groupChanges,
  joinedMembers,
  memberOf,
} from './people.ts'
import {
  deletedForMe,
  mediaUpdate,
  messageUpdate,
  presence,
  reaction,
  receiptUpdate,
  upsert,
} from './updates.ts'

const caller = personAt('from', 'callerPn')

const callChat: Reader<ReturnType<typeof chatOf>> = (data) =>
  chatOf(data['groupJid']) ??
  chatOf(data['chatId'], counterpart(data['chatId'], data['from'], data['callerPn'])) ??
  chatOf(data['from'], data['callerPn'])

function call(type: CallType): Handler {
  return event(
    type,
    {
      chat: required(callChat),
      sender: required(caller),
      callId: required(textAt('id')),
      video: booleanAt('isVideo'),
      groupCall: (data, _, read) => data['isGroup'] === true || read.chat?.kind === 'group',
      offline: flagAt('offline'),
      reason: textAt('reason'),
      platform: null,
    },
    'date',
    ['chat', 'sender'],
  )
}

const calls = {
  offer: call('call.offered'),
  ringing: call('call.ringing'),
  preaccept: call('call.preaccepted'),
  transport: call('call.transport'),
  relaylatency: call('call.relay_latency'),
  timeout: call('call.timeout'),
  reject: call('call.rejected'),
  accept: call('call.accepted'),
  terminate: call('call.terminated'),
}

const unknownCall: Handler = (origin, raw) => {
  const data = fields(raw) ?? {}
  const about = { chat: callChat(data, origin, {}), sender: caller(data, origin, {}) }
  return mapped(fallback(origin, raw, data['date'], about))
}

const contact: Reader<ReturnType<typeof contactOf>> = contactOf

/** The list, or `{blocklist, type}`. */
function blocklist(replaced: boolean): Handler {
  return (origin, raw) => {
    const item = fields(raw)
    const jids = Array.isArray(raw) ? raw : list(item?.['blocklist'])
    const blocked = item?.['type'] !== 'remove'
    const ids = jids.flatMap((jid) => normaliseJid(jid) ?? [])
    const changes = ids.map((id) => ({ id, blocked }))
    return event('contact.blocklist_updated', { replaced, changes })(origin, raw)
  }
}

// Evolution flattens `association`.
const labelled = {
  chat: chatAt(['association.chatId', 'chatId']),
  labelId: required(wordAt(['association.labelId', 'labelId'])),
  on: ({ type }: Record<string, unknown>) => type !== 'remove',
}
const labelledMessage = textAt(['association.messageId', 'messageId'])

function newsletter(
  type:
    | 'newsletter.reaction'
    | 'newsletter.view'
    | 'newsletter.participants_updated'
    | 'newsletter.settings_updated',
): Handler {
  return event(type, {
    chat: chatAt('id'),
    role: optional(textAt('new_role', 'role')),
    changes: (data) => data['update'] ?? data['reaction'] ?? data['count'] ?? null,
  })
}

/** All 34 events of Baileys 7. */
export const baileysHandlers: Handlers = {
  'connection.update': connectionUpdate,
  'creds.update': (origin) => skipped(origin.name, 'key material'),
  // The history itself is left to the raw event: it may be hundreds of megabytes.
  'messaging-history.set': event('history.synced', {
    kind: wordAt('syncType'),
    progress: numberAt('progress'),
    counts: (...given) => ({
      messages: countAt('messages')(...given),
      chats: countAt('chats')(...given),
      contacts: countAt('contacts')(...given),
    }),
  }),
  'messaging-history.status': event('history.status', {
    kind: wordAt('syncType'),
    status: textAt('status'),
  }),
  'chats.upsert': each(
    event('chat.created', { chat: chatAt(...chatPaths), changes: (data) => without(data, 'id') }),
  ),
  'chats.update': each(chatUpdate),
  // An id, or an object with one.
  'chats.delete': each((origin, raw) =>
    event('chat.deleted', { chat: () => chatOf(raw) ?? chatOf(fields(raw)?.['id']) ?? undefined })(
      origin,
      raw,
    ),
  ),
  'chats.lock': event('chat.locked', { chat: chatAt('id'), on: flagAt('locked') }),
  'lid-mapping.update': each(
    event('contact.lid_mapped', { contact: required(personAt('pn', 'lid')) }),
  ),
  'presence.update': presence,
  'contacts.upsert': each(event('contact.created', { contact: required(contact) })),
  'contacts.update': each(event('contact.updated', { contact: required(contact) })),
  'messages.upsert': upsert,
  'messages.update': each(messageUpdate),
  'messages.delete': deletedForMe,
  'messages.reaction': each(reaction),
  'messages.media-update': each(mediaUpdate),
  'message-receipt.update': each(receiptUpdate),
  // A group that the account is in now, with its data.
  'groups.upsert': each(
    event('group.joined', {
      chat: chatAt('id', [], 'subject', 'pictureUrl'),
      by: personAt('author', 'authorPn'),
      reason: null,
      description: textAt('desc'),
      owner: personAt('owner', 'ownerPn'),
      createdAt: timeAt('creation'),
      participants: joinedMembers,
    }),
  ),
  'groups.update': each(
    event('group.updated', {
      chat: chatAt('id', [], 'subject'),
      by: personAt('author', 'authorPn'),
      changes: groupChanges,
    }),
  ),
  'group-participants.update': event(
    'group.participants_updated',
    {
      chat: chatAt('id'),
      by: personAt('author', 'authorPn'),
      action: ({ action }) =>
        (['add', 'remove', 'promote', 'demote', 'modify'] as const).find((one) => one === action),
      participants: (data) => list(data['participants']).flatMap((one) => memberOf(one) ?? []),
      reason: null,
    },
    [],
    ['chat'],
  ),
  'group.join-request': event('group.join_requested', {
    chat: chatAt('id'),
    by: personAt('author', 'authorPn'),
    participant: required(personAt('participant', 'participantPn')),
    action: (data) => text(data['action']) ?? 'created',
    method: textAt('method'),
  }),
  'group.member-tag.update': event(
    'group.member_tag_updated',
    {
      chat: chatAt('groupId'),
      by: personAt('participant', 'participantAlt'),
      participant: required(personAt('participant', 'participantAlt')),
      tag: textAt('label'),
    },
    'messageTimestamp',
  ),
  'blocklist.set': blocklist(true),
  'blocklist.update': blocklist(false),
  call: each(byWord('status', calls, unknownCall)),
  'labels.edit': each(event('label.updated', { label: labelAt('id', 'name', 'color', 'deleted') })),
  'labels.association': ifText(
    labelledMessage,
    event('label.message_associated', { ...labelled, messageId: required(labelledMessage) }),
    event('label.chat_associated', labelled),
  ),
  'newsletter.reaction': newsletter('newsletter.reaction'),
  'newsletter.view': newsletter('newsletter.view'),
  'newsletter-participants.update': newsletter('newsletter.participants_updated'),
  'newsletter-settings.update': newsletter('newsletter.settings_updated'),
  'message-capping.update': event('session.restricted', {
    active: (data) => {
      const used = toNumber(data['used_quota'] ?? data['usedQuota'])
      const total = toNumber(data['total_quota'] ?? data['totalQuota'])
      return used !== null && total !== null && total > 0 && used >= total
    },
    until: timeAt(['cycle_end_timestamp', 'cycleEndTimestamp']),
    kind: 'message-capping',
  }),
  'settings.update': event('settings.updated', {
    setting: (data) => text(data['setting']) ?? '',
    value: (data) => data['value'] ?? null,
  }),
}

/** An event by its name; one that this program does not know passes through. */
export function baileysEvents(origin: Origin, data: unknown): Mapped {
  return (entry(baileysHandlers, origin.name) ?? passOn)(origin, data)
}
