import type { Chat, ChatKind, Person } from '../message/message.ts'

/** `5511…:12@s.whatsapp.net` in its parts. */
export interface Jid {
  user: string
  device: number | null
  server: string
}

/** Servers that mean the same: whatsapp-web.js says `c.us`, legacy group ids had `@g.us` all along. */
const sameServer = new Map([['c.us', 's.whatsapp.net']])

/** undefined: not a JID. The agent (`user_1:2@…`, `user.1:2@…`) is dropped: it never tells two people apart. */
export function parseJid(text: unknown): Jid | undefined {
  if (typeof text !== 'string') return undefined
  const at = text.lastIndexOf('@')
  if (at < 0 || at === text.length - 1) return undefined
  const server = text.slice(at + 1).toLowerCase()
  const local = text.slice(0, at)
  const [userAndAgent = '', device] = local.split(':', 2)
  const named = sameServer.get(server) ?? server
  const personal = named === 's.whatsapp.net' || named === 'lid' || named.startsWith('hosted')
  return {
    user: personal ? userAndAgent.replace(/^\+/, '').replace(/[._]\d+$/, '') : userAndAgent,
    device: device !== undefined && /^\d+$/.test(device) ? Number(device) : null,
    server: named,
  }
}

/** Without device, with today's server; null for what is not a JID. */
export function normaliseJid(text: unknown): string | null {
  const jid = parseJid(text)
  if (!jid) return null
  return jid.user === '' ? jid.server : `${jid.user}@${jid.server}`
}

/**
 * For gateways that give the user part only: group ids are told by their form (`120363…` of 18 digits,
 * `<number>-<time>`).
 */
export function jidOfUser(user: unknown): string | null {
  if (typeof user !== 'string' && typeof user !== 'number') return null
  const text = String(user).trim()
  if (text === '') return null
  if (text.includes('@')) return normaliseJid(text)
  if (/^120363\d{12,}$/.test(text) || /^\d+-\d+$/.test(text)) return `${text}@g.us`
  return text === 'status' ? 'status@broadcast' : normaliseJid(`${text}@s.whatsapp.net`)
}

export function isLid(jid: string | null): boolean {
  return jid !== null && /@(hosted\.)?lid$/.test(jid)
}

/** Digits of the phone number; null for a LID, a group, a channel. */
export function phoneOf(jid: string | null): string | null {
  const parsed = parseJid(jid)
  return parsed &&
    (parsed.server === 's.whatsapp.net' || parsed.server === 'hosted') &&
    /^\d+$/.test(parsed.user)
    ? parsed.user
    : null
}

export function chatKindOf(jid: string): ChatKind {
  if (jid === 'status@broadcast') return 'status'
  const server = parseJid(jid)?.server
  if (server === 'g.us') return 'group'
  if (server === 'newsletter') return 'channel'
  return server === 'broadcast' ? 'broadcast' : 'person'
}

/** The second of two identities, normalised; null when it is missing or the same. */
function other(id: string, alt: unknown): string | null {
  const normal = normaliseJid(alt)
  return normal === id || normal === null || normal.startsWith('@') || !normal.includes('@')
    ? null
    : normal
}

/**
 * Of several identities the first that is the other kind than `id`: the LID of a phone number, the phone number
 * of a LID.
 */
export function counterpart(id: unknown, ...candidates: unknown[]): string | null {
  const own = normaliseJid(id)
  const others = candidates
    .map(normaliseJid)
    .filter((jid) => jid !== null && chatKindOf(jid) === 'person')
  return others.find((jid) => isLid(jid) !== isLid(own)) ?? null
}

/** null when `id` is no JID. `alt` is the LID of a phone number or the other way round. */
export function chatOf(
  id: unknown,
  alt?: unknown,
  name: string | null = null,
  imageUrl: string | null = null,
): Chat | null {
  const normal = normaliseJid(id)
  if (normal === null || !normal.includes('@')) return null
  const kind = chatKindOf(normal)
  return {
    id: normal,
    altId: kind === 'person' ? other(normal, alt) : null,
    kind,
    name: name || null,
    imageUrl: imageUrl || null,
  }
}

export function personOf(
  id: unknown,
  alt?: unknown,
  name: string | null = null,
  imageUrl: string | null = null,
): Person | null {
  const normal = normaliseJid(id)
  if (normal === null || !normal.includes('@')) return null
  const altId = other(normal, alt)
  return {
    id: normal,
    altId,
    phone: phoneOf(normal) ?? phoneOf(altId),
    name: name || null,
    imageUrl: imageUrl || null,
  }
}
