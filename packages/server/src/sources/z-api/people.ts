/** Z-API's numbers: digits for a person, `…-group` for a group, `…-broadcast` for a list, a JID for all others. */
import { text } from '../../core/json-values.ts'
import { jidOfUser, normaliseJid } from '../../whatsapp/identity/jid.ts'

/** Somebody's JID; null for what is no number and no JID. */
export function phoneJid(value: unknown): string | null {
  const given = text(value)
  if (given === null) return null
  if (given.includes('@')) return normaliseJid(given)
  return /^\+?\d+$/.test(given) ? jidOfUser(given) : null
}

export function chatJid(value: unknown, group = false): string | null {
  const given = text(value)
  if (given === null) return null
  const [, user, kind] = /^(.+)-(group|broadcast)$/.exec(given) ?? []
  if (user !== undefined) return `${user}@${kind === 'group' ? 'g.us' : 'broadcast'}`
  if (given === 'status') return 'status@broadcast'
  // Before multi-device, a group was its creator's number and a time: `5544…-1623281429`.
  if (group && !given.includes('@')) return `${given}@g.us`
  return given.includes('@') ? normaliseJid(given) : jidOfUser(given)
}
