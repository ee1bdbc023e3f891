/** Baileys' event map → canonical events, one by one; for events in process and for gateways that send Baileys' JSON. */
import { chatOf, counterpart, normaliseJid, personOf } from '../../../whatsapp/identity/jid.ts'
import type { Person } from '../../../whatsapp/message/message.ts'
import { fields, type Fields, firstText, list, text, entry } from '../../../core/json-values.ts'
import { toIso, toNumber, word } from '../../../whatsapp/wire/json-shapes.ts'
import type { EventType } from '../../../whatsapp/whatsapp.ts'
import { connectionUpdate } from './connection.ts'
import { chatUpdate, contactOf, groupJoined, groupUpdate, participantsUpdate } from './people.ts'
import {
  deletedForMe,
  history,
  mediaUpdate,
  messageUpdate,
  presence,
  reaction,
  receiptUpdate,
  upsert,
} from './updates.ts'
import { fallback, joined, make, mapped, type Origin, skipped } from '../../gateway/origin.ts'
import type { Mapped } from '../../gateway/gateway.ts'

type Handler = (origin: Origin, data: unknown) => Mapped

/** Each item of a list by itself; what is no list is one item. */
function each(handler: Handler): Handler {
  return (origin, data) =>
    Array.isArray(data)
      ? joined(
          data.map((item) => handler(origin, item)),
          origin.name,
        )
      : handler(origin, data)
}

const calls: Record<string, EventType> = {
  offer: 'call.offered',
  ringing: 'call.ringing',
  preaccept: 'call.preaccepted',
  transport: 'call.transport',
  relaylatency: 'call.relay_latency',
  timeout: 'call.timeout',
  reject: 'call.rejected',
  accept: 'call.accepted',
  terminate: 'call.terminated',
}

function call(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  const type = entry(calls, item?.['status'])
  const sender = personOf(item?.['from'], item?.['callerPn'])
  const chat =
    chatOf(item?.['groupJid']) ??
    chatOf(item?.['chatId'], counterpart(item?.['chatId'], item?.['from'], item?.['callerPn'])) ??
    chatOf(item?.['from'], item?.['callerPn'])
  const callId = text(item?.['id'])
  if (!item || !type || !sender || !chat || callId === null)
    return mapped(fallback(origin, data, item?.['date'], { chat, sender }))
  return mapped(
    make(origin, type as 'call.offered', data, item['date'], {
      chat,
      sender,
      callId,
      video: typeof item['isVideo'] === 'boolean' ? item['isVideo'] : null,
      groupCall: item['isGroup'] === true || chat.kind === 'group',
      offline: item['offline'] === true,
      reason: firstText(item['reason']),
      platform: null,
    }),
  )
}

function contact(type: 'contact.created' | 'contact.updated'): Handler {
  return each((origin, data) => {
    const one = contactOf(data)
    return mapped(
      one ? make(origin, type, data, undefined, { contact: one }) : fallback(origin, data),
    )
  })
}

function blocklist(replaced: boolean): Handler {
  return (origin, data) => {
    const item = fields(data)
    const jids = Array.isArray(data) ? data : list(item?.['blocklist'])
    const changes = jids.flatMap((jid) =>
      normaliseJid(jid) ? [{ id: normaliseJid(jid)!, blocked: item?.['type'] !== 'remove' }] : [],
    )
    return mapped(make(origin, 'contact.blocklist_updated', data, undefined, { replaced, changes }))
  }
}

function labelAssociation(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  // Evolution flattens `association`.
  const association = fields(item?.['association']) ?? item
  const chat = chatOf(association?.['chatId'])
  const labelId = word(association?.['labelId'])
  if (!chat || labelId === null) return mapped(fallback(origin, data))
  const about = { chat, labelId, on: item?.['type'] !== 'remove' }
  const messageId = text(association?.['messageId'])
  return mapped(
    messageId === null
      ? make(origin, 'label.chat_associated', data, undefined, about)
      : make(origin, 'label.message_associated', data, undefined, { ...about, messageId }),
  )
}

function newsletter(type: EventType): Handler {
  return (origin, data) => {
    const item = fields(data)
    const chat = chatOf(item?.['id'])
    if (!chat) return mapped(fallback(origin, data))
    const changes = item?.['update'] ?? item?.['reaction'] ?? item?.['count'] ?? null
    const role = firstText(item?.['new_role'], item?.['role'])
    return mapped(
      make(origin, type as 'newsletter.updated', data, undefined, {
        chat,
        ...(role ? { role } : {}),
        changes,
      }),
    )
  }
}

function joinRequest(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  const chat = chatOf(item?.['id'])
  const participant = personOf(item?.['participant'], item?.['participantPn'])
  if (!chat || !participant) return mapped(fallback(origin, data))
  const by: Person | null = personOf(item?.['author'], item?.['authorPn'])
  return mapped(
    make(origin, 'group.join_requested', data, undefined, {
      chat,
      by,
      participant,
      action: text(item?.['action']) ?? 'created',
      method: text(item?.['method']),
    }),
  )
}

function memberTag(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  const chat = chatOf(item?.['groupId'])
  const participant = personOf(item?.['participant'], item?.['participantAlt'])
  if (!chat || !participant) return mapped(fallback(origin, data))
  return mapped(
    make(origin, 'group.member_tag_updated', data, item?.['messageTimestamp'], {
      chat,
      by: participant,
      participant,
      tag: text(item?.['label']),
    }),
  )
}

function lidMapped(origin: Origin, data: unknown): Mapped {
  const person = personOf(fields(data)?.['pn'], fields(data)?.['lid'])
  return mapped(
    person
      ? make(origin, 'contact.lid_mapped', data, undefined, { contact: person })
      : fallback(origin, data),
  )
}

function labelEdit(origin: Origin, data: unknown): Mapped {
  const item: Fields = fields(data) ?? {}
  const id = word(item['id'])
  if (id === null) return mapped(fallback(origin, data))
  const label = {
    id,
    name: text(item['name']),
    color: word(item['color']),
    deleted: item['deleted'] === true,
  }
  return mapped(make(origin, 'label.updated', data, undefined, { label }))
}

function capped(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  const used = toNumber(item?.['used_quota'] ?? item?.['usedQuota'])
  const total = toNumber(item?.['total_quota'] ?? item?.['totalQuota'])
  const active = used !== null && total !== null && total > 0 && used >= total
  return mapped(
    make(origin, 'session.restricted', data, undefined, {
      active,
      until: toIso(item?.['cycle_end_timestamp'] ?? item?.['cycleEndTimestamp']),
      kind: 'message-capping',
    }),
  )
}

function deletedChat(origin: Origin, data: unknown): Mapped {
  const chat = chatOf(data) ?? chatOf(fields(data)?.['id'])
  return mapped(
    chat ? make(origin, 'chat.deleted', data, undefined, { chat }) : fallback(origin, data),
  )
}

function lockedChat(origin: Origin, data: unknown): Mapped {
  const chat = chatOf(fields(data)?.['id'])
  return mapped(
    chat
      ? make(origin, 'chat.locked', data, undefined, {
          chat,
          on: fields(data)?.['locked'] === true,
        })
      : fallback(origin, data),
  )
}

/** All 34 events of Baileys 7. */
export const baileysHandlers: Readonly<Record<string, Handler>> = {
  'connection.update': connectionUpdate,
  'creds.update': (origin) => skipped(origin.name, 'key material'),
  'messaging-history.set': history,
  'messaging-history.status': (origin, data) =>
    mapped(
      make(origin, 'history.status', data, undefined, {
        kind: kindOf(data),
        status: text(fields(data)?.['status']),
      }),
    ),
  'chats.upsert': each(chatUpdate('chat.created')),
  'chats.update': each(chatUpdate('chat.updated')),
  'chats.delete': each(deletedChat),
  'chats.lock': lockedChat,
  'lid-mapping.update': each(lidMapped),
  'presence.update': presence,
  'contacts.upsert': contact('contact.created'),
  'contacts.update': contact('contact.updated'),
  'messages.upsert': upsert,
  'messages.update': each(messageUpdate),
  'messages.delete': deletedForMe,
  'messages.reaction': each(reaction),
  'messages.media-update': each(mediaUpdate),
  'message-receipt.update': each(receiptUpdate),
  'groups.upsert': each(groupJoined),
  'groups.update': each(groupUpdate),
  'group-participants.update': participantsUpdate,
  'group.join-request': joinRequest,
  'group.member-tag.update': memberTag,
  'blocklist.set': blocklist(true),
  'blocklist.update': blocklist(false),
  call: each(call),
  'labels.edit': each(labelEdit),
  'labels.association': labelAssociation,
  'newsletter.reaction': newsletter('newsletter.reaction'),
  'newsletter.view': newsletter('newsletter.view'),
  'newsletter-participants.update': newsletter('newsletter.participants_updated'),
  'newsletter-settings.update': newsletter('newsletter.settings_updated'),
  'message-capping.update': capped,
  'settings.update': (origin, data) =>
    mapped(
      make(origin, 'settings.updated', data, undefined, {
        setting: text(fields(data)?.['setting']) ?? '',
        value: fields(data)?.['value'] ?? null,
      }),
    ),
}

function kindOf(data: unknown): string | null {
  return word(fields(data)?.['syncType'])
}

/** An event by its name; one that this program does not know passes through. */
export function baileysEvents(origin: Origin, data: unknown): Mapped {
  const handler = entry(baileysHandlers, origin.name)
  return handler ? handler(origin, data) : mapped(fallback(origin, data))
}
