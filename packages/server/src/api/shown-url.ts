import { currentActor } from '../core/acting.ts'
import { withoutKeys } from '../core/hidden-keys.ts'
import { includes } from '../core/role.ts'

/**
 * An endpoint's address for who asks. Some addresses are themselves what opens the receiver, as Slack's and Telegram's
 * are: whoever may not change an endpoint sees where it leads, and not that part.
 */
export function shownUrl(url: string): string {
  return seesAll() ? url : withoutKeys(url, '***')
}

/** The same wherever such an address stands in what was changed. */
export function shownChanges(value: unknown): unknown {
  if (seesAll()) return value
  if (typeof value === 'string') return withoutKeys(value, '***')
  if (Array.isArray(value)) return value.map(shownChanges)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shownChanges(one)]))
}

/** Also Pombo itself, which is no key's holder. */
export function seesAll(): boolean {
  const { role } = currentActor()
  return role === undefined || includes(role, 'administer')
}
