/** Baileys' contacts, chats and groups → canonical events. */
import type { EventFields } from '../../../whatsapp/event-fields.ts'
import { isLid, normaliseJid, personOf } from '../../../whatsapp/identity/jid.ts'
import type { Person } from '../../../whatsapp/message/message.ts'
import { fields, type Fields, firstText, text } from '../../../core/json-values.ts'
import { toIso, toNumber } from '../../../whatsapp/wire/json-shapes.ts'
import type { WhatsAppEvent } from '../../../whatsapp/whatsapp.ts'
import { changesOf, chatAt, type Handler, type Path, roleOf } from '../../gateway/mapping.ts'
import { fallback, make, mapped, without } from '../../gateway/origin.ts'

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

/** null where the group comes without its members. */
export function joinedMembers({ participants }: Fields) {
  if (!Array.isArray(participants)) return null
  return participants.flatMap((one) => {
    const member = memberOf(one)
    return member ? [{ ...member, role: roleOf(fields(one)?.['admin']) }] : []
  })
}

const settings = {
  name: ['subject', 'string'],
  description: ['desc', 'string'],
  locked: ['restrict', 'boolean'],
  announce: ['announce', 'boolean'],
} as const
const laterSettings = {
  approvalRequired: ['joinApprovalMode', 'boolean'],
  inviteCode: ['inviteCode', 'string'],
} as const
const settingKeys = [...Object.values(settings), ...Object.values(laterSettings)].map(
  ([key]) => key,
)

/** `groups.update`: only what changed. */
export function groupChanges(group: Fields): EventFields['group.updated']['changes'] {
  const other = without(group, 'id', 'author', 'authorPn', 'ephemeralDuration', ...settingKeys)
  const ephemeralSeconds = toNumber(group['ephemeralDuration'])
  return {
    ...changesOf(group, settings),
    ...(ephemeralSeconds === null ? {} : { ephemeralSeconds }),
    ...changesOf(group, laterSettings),
    ...(Object.keys(other).length > 0 ? { other } : {}),
  }
}

/** Where a chat's id, other identity and name stand. */
export const chatPaths: [Path, Path, Path] = [['id', 'remoteJid'], ['lidJid', 'pnJid'], 'name']

/** What Baileys tells of a chat with every message; the rest of an update is left in `changes`. */
export const chatUpdate: Handler = (origin, data) => {
  const item = fields(data) ?? {}
  const chat = chatAt(...chatPaths)(item, origin, {})
  if (!chat) return mapped(fallback(origin, data))
  const { archived, pinned, muteEndTime, ...rest } = item
  const events: WhatsAppEvent[] = []
  const add = (type: 'chat.archived' | 'chat.pinned' | 'chat.muted', on: boolean, more = {}) =>
    events.push(make(origin, type, data, undefined, { chat, on, ...more }))
  if (typeof archived === 'boolean') add('chat.archived', archived)
  if ('pinned' in item) add('chat.pinned', Boolean(toNumber(pinned)))
  if ('muteEndTime' in item) {
    const until = toNumber(muteEndTime)
    // -1: for ever.
    add('chat.muted', until !== null && until !== 0, { until: toIso(until) })
  }
  const changes = without(rest, 'id')
  if (events.length === 0 || Object.keys(changes).length > 0)
    events.push(make(origin, 'chat.updated', data, undefined, { chat, changes }))
  return mapped(...events)
}
