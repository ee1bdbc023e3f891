/**
 * Which headers a request may carry that Pombo did not make: the extra headers of an endpoint, and those of a
 * transformation. The one list of what nobody may set, and of what is no header at all.
 */
import { say } from './sentences/sentences.ts'

/** Set by Pombo or by HTTP: overriding them would break the exchange, or the signature that receivers rely on. */
const reserved = new Set([
  'accept-encoding',
  'connection',
  'date',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
  'via',
])

const reservedPrefixes = [
  'access-control-',
  'content-',
  'proxy-',
  'sec-',
  'svix-',
  'webhook-',
  'x-amzn-',
  'x-forwarded-',
  'x-svix-',
]

const MAX_HEADERS = 50
const MAX_CHARACTERS = 16_384

/** Whether a name is Pombo's or HTTP's own, whatever its case. */
export function isReservedHeader(name: string): boolean {
  const lower = name.toLowerCase()
  return reserved.has(lower) || reservedPrefixes.some((prefix) => lower.startsWith(prefix))
}

/** The first thing wrong with a header that is to be set, naming it; undefined: nothing. Never repeats a value. */
export function headerProblem(name: string, value: string): string | undefined {
  const problem = headerNameProblem(name)
  if (problem !== undefined) return problem
  if (typeof value !== 'string') return say('header_text', { name })
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return say('header_characters', { name })
  if (value !== value.trim()) return say('header_blank', { name })
  if (value.length > MAX_CHARACTERS) return say('header_long', { name, limit: MAX_CHARACTERS })
  return undefined
}

export function headerNameProblem(name: string): string | undefined {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/.test(name))
    return say('header_name', { name: name.slice(0, 64) })
  return isReservedHeader(name) ? say('header_reserved', { name }) : undefined
}

/** What is wrong with a whole set of headers, and which of them it is where it is one. */
export function wrongHeader(
  headers: Record<string, string>,
): { name?: string; problem: string } | undefined {
  const seen = new Set<string>()
  let characters = 0
  for (const [name, value] of Object.entries(headers)) {
    const problem = headerProblem(name, value)
    if (problem) return { name, problem }
    if (seen.has(name.toLowerCase())) return { name, problem: say('header_twice', { name }) }
    seen.add(name.toLowerCase())
    characters += name.length + value.length
  }
  if (seen.size > MAX_HEADERS)
    return { problem: say('headers_many', { count: seen.size, limit: MAX_HEADERS }) }
  return characters > MAX_CHARACTERS
    ? { problem: say('headers_long', { limit: MAX_CHARACTERS }) }
    : undefined
}

export function headersProblem(headers: Record<string, string>): string | undefined {
  return wrongHeader(headers)?.problem
}
