/** Baileys' contacts, chats and groups → canonical events. */
import type { EventFields } from '../../../whatsapp/event-fields.ts'
import { chatOf, isLid, normaliseJid, personOf } from '../../../whatsapp/identity/jid.ts'
import type { Person } from '../../../whatsapp/message/message.ts'
import { fields, type Fields, firstText, list, text } from '../../../core/json-values.ts'
import { toIso, toNumber } from '../../../whatsapp/wire/json-shapes.ts'
import type { WhatsAppEvent } from '../../../whatsapp/whatsapp.ts'
import { fallback, make, mapped, type Origin, without } from '../../gateway/origin.ts'
import type { Mapped } from '../../gateway/gateway.ts'

type Contact = EventFields['contact.updated']['contact']

/** `{id, lid?, phoneNumber?, name?, notify?, verifiedName?, imgUrl?, status?, username?}`; null without an id. */
export function contactOf(data: unknown): Contact | null {
  const item = fields(data)
  const id = item?.['id'] ?? item?.['remoteJid'] ?? item?.['jid']
  const alt = isLid(normaliseJid(id)) ? (item?.['phoneNumber'] ?? item?.['jid']) : item?.['lid']
  const image = text(item?.['imgUrl']) ?? text(item?.['profilePicUrl'])
  const person = personOf(
    id,
    phoneJid(alt),
    firstText(item?.['name'], item?.['notify'], item?.['pushName']),
    image?.startsWith('http') ? image : null,
  )
  if (!person || !item) return null
  return {
    ...person,
    ...('verifiedName' in item ? { businessName: text(item['verifiedName']) } : {}),
    ...('username' in item ? { username: text(item['username']) } : {}),
    ...('status' in item ? { about: text(item['status']) } : {}),
    ...(item['imgUrl'] === 'changed' || item['imgUrl'] === null ? { imageChanged: true } : {}),
  }
}

function phoneJid(value: unknown): unknown {
  return typeof value === 'string' && /^\+?\d+$/.test(value) ? `${value}@s.whatsapp.net` : value
}

/** A member as an object (Baileys 7) or as a bare JID (6). */
export function memberOf(value: unknown): Person | null {
  if (typeof value === 'string') return personOf(value)
  const item = fields(value)
  const id = item?.['id'] ?? item?.['jid']
  const alt = isLid(normaliseJid(id))
    ? (item?.['phoneNumber'] ?? item?.['jid'])
    : (item?.['lid'] ?? item?.['phoneNumber'])
  return personOf(id, phoneJid(alt), firstText(item?.['name'], item?.['notify']))
}

function roleOf(value: unknown): 'member' | 'admin' | 'superadmin' {
  const admin = fields(value)?.['admin']
  return admin === 'superadmin' || admin === 'admin' ? admin : 'member'
}

/** `groups.upsert`: a group that the account is in now, with its data. */
export function groupJoined(origin: Origin, data: unknown): Mapped {
  const group = fields(data)
  const chat = chatOf(
    group?.['id'],
    undefined,
    text(group?.['subject']),
    text(group?.['pictureUrl']),
  )
  if (!group || !chat) return mapped(fallback(origin, data))
  const participants = Array.isArray(group['participants'])
    ? group['participants'].flatMap((one) =>
        memberOf(one) ? [{ ...memberOf(one)!, role: roleOf(one) }] : [],
      )
    : null
  return mapped(
    make(origin, 'group.joined', data, undefined, {
      chat,
      by: personOf(group['author'], group['authorPn']),
      reason: null,
      description: text(group['desc']),
      owner: personOf(group['owner'], group['ownerPn']),
      createdAt: toIso(group['creation']),
      participants,
    }),
  )
}

/** `groups.update`: only what changed. */
export function groupUpdate(origin: Origin, data: unknown): Mapped {
  const group = fields(data)
  const chat = chatOf(group?.['id'], undefined, text(group?.['subject']))
  if (!group || !chat) return mapped(fallback(origin, data))
  const other = without(
    group,
    'id',
    'author',
    'authorPn',
    'subject',
    'desc',
    'restrict',
    'announce',
    'ephemeralDuration',
    'joinApprovalMode',
    'inviteCode',
  )
  const changes: EventFields['group.updated']['changes'] = {
    ...(typeof group['subject'] === 'string' ? { name: group['subject'] } : {}),
    ...(typeof group['desc'] === 'string' ? { description: group['desc'] } : {}),
    ...(typeof group['restrict'] === 'boolean' ? { locked: group['restrict'] } : {}),
    ...(typeof group['announce'] === 'boolean' ? { announce: group['announce'] } : {}),
    ...(toNumber(group['ephemeralDuration']) !== null
      ? { ephemeralSeconds: toNumber(group['ephemeralDuration'])! }
      : {}),
    ...(typeof group['joinApprovalMode'] === 'boolean'
      ? { approvalRequired: group['joinApprovalMode'] }
      : {}),
    ...(typeof group['inviteCode'] === 'string' ? { inviteCode: group['inviteCode'] } : {}),
    ...(Object.keys(other).length > 0 ? { other } : {}),
  }
  return mapped(
    make(origin, 'group.updated', data, undefined, {
      chat,
      by: personOf(group['author'], group['authorPn']),
      changes,
    }),
  )
}

const actions = new Set(['add', 'remove', 'promote', 'demote', 'modify'])

/** `group-participants.update`: `{id, author, participants, action}`. */
export function participantsUpdate(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  const chat = chatOf(item?.['id'])
  const action = item?.['action']
  if (!item || !chat || typeof action !== 'string' || !actions.has(action))
    return mapped(fallback(origin, data, undefined, { chat }))
  return mapped(
    make(origin, 'group.participants_updated', data, undefined, {
      chat,
      by: personOf(item['author'], item['authorPn']),
      action: action as 'add',
      participants: list(item['participants']).flatMap((one) => memberOf(one) ?? []),
      reason: null,
    }),
  )
}

/** What Baileys tells of a chat with every message; the rest of an update is left in `changes`. */
export function chatUpdate(type: 'chat.created' | 'chat.updated') {
  return (origin: Origin, data: unknown): Mapped => {
    const item: Fields = fields(data) ?? {}
    const chat = chatOf(
      item['id'] ?? item['remoteJid'],
      item['lidJid'] ?? item['pnJid'],
      text(item['name']),
    )
    if (!chat) return mapped(fallback(origin, data))
    if (type === 'chat.created')
      return mapped(make(origin, type, data, undefined, { chat, changes: without(item, 'id') }))
    const events: WhatsAppEvent[] = []
    if (typeof item['archived'] === 'boolean')
      events.push(make(origin, 'chat.archived', data, undefined, { chat, on: item['archived'] }))
    if ('pinned' in item)
      events.push(
        make(origin, 'chat.pinned', data, undefined, {
          chat,
          on: Boolean(toNumber(item['pinned'])),
        }),
      )
    if ('muteEndTime' in item) {
      const until = toNumber(item['muteEndTime'])
      // -1: for ever.
      events.push(
        make(origin, 'chat.muted', data, undefined, {
          chat,
          on: until !== null && until !== 0,
          until: toIso(until),
        }),
      )
    }
    const changes = without(item, 'id', 'archived', 'pinned', 'muteEndTime')
    if (events.length === 0 || Object.keys(changes).length > 0)
      events.push(make(origin, type, data, undefined, { chat, changes }))
    return mapped(...events)
  }
}
