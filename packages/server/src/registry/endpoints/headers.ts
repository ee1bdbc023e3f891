/** The extra request headers of endpoints: how they are changed, and which are shown by name only. */
import { includes, type Role } from '../../core/role.ts'

/** What GET answers: the values that are no secrets, and the names of those that are. */
export interface ShownHeaders {
  headers: Record<string, string>
  sensitive: string[]
}

const sensitiveNames = new Set(['authorization', 'cookie', 'x-api-key', 'apikey', 'api-key'])
const sensitiveWords = /token|secret|password/i

/** `patch` over `headers`: a null removes; names are the same whatever their case. */
export function mergeHeaders(
  headers: Record<string, string>,
  patch: Record<string, string | null>,
): Record<string, string> {
  const touched = new Set(Object.keys(patch).map((name) => name.toLowerCase()))
  const kept = Object.entries(headers).filter(([name]) => !touched.has(name.toLowerCase()))
  const set = Object.entries(patch).flatMap(([name, value]) =>
    value === null ? [] : [[name, value] as const],
  )
  return Object.fromEntries([...kept, ...set])
}

export function isSensitive(name: string): boolean {
  return sensitiveNames.has(name.toLowerCase()) || sensitiveWords.test(name)
}

export function showHeaders(headers: Record<string, string>): ShownHeaders {
  const entries = Object.entries(headers)
  return {
    headers: Object.fromEntries(entries.filter(([name]) => !isSensitive(name))),
    sensitive: entries.flatMap(([name]) => (isSensitive(name) ? [name] : [])),
  }
}

/** Whoever may not change them sees that they are there and not what they say: any of them may be a credential. */
export function headersFor(role: Role, shown: ShownHeaders): ShownHeaders {
  if (includes(role, 'administer')) return shown
  const { headers, sensitive } = shown
  return { headers: {}, sensitive: [...Object.keys(headers), ...sensitive].toSorted() }
}
