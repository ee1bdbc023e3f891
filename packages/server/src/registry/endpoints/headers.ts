/** The extra request headers of an endpoint: which may be set, and which are shown by name only. */

/** What GET answers: the values that are no secrets, and the names of those that are. */
export interface ShownHeaders {
  headers: Record<string, string>
  sensitive: string[]
}

// Set by Pombo or by HTTP itself: overriding them would break the exchange, or the signature that receivers rely on.
const reserved = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'http2-settings',
  'accept-encoding',
  'date',
  'via',
  'forwarded',
  'proxy-authorization',
  'proxy-authenticate',
])
const reservedPrefixes = ['webhook-', 'svix-', 'x-forwarded-', 'sec-', 'access-control-']

const sensitiveNames = new Set(['authorization', 'cookie', 'x-api-key', 'apikey', 'api-key'])
const sensitiveWords = /token|secret|password/i

const MAX_HEADERS = 50
const MAX_CHARACTERS = 16_384

/** The first thing wrong with a header that is to be set, naming it; undefined: nothing. Never repeats a value. */
export function headerProblem(name: string, value: string): string | undefined {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/.test(name))
    return `"${name.slice(0, 64)}" is not a header name: 1 to 256 letters, digits and !#$%&'*+-.^_\`|~`
  const lower = name.toLowerCase()
  if (reserved.has(lower) || reservedPrefixes.some((prefix) => lower.startsWith(prefix)))
    return `"${name}" is set by Pombo or by HTTP itself and cannot be set here`
  if (typeof value !== 'string') return `the value of "${name}" must be text`
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    return `the value of "${name}" holds a line break, a control character, or one beyond Latin-1`
  if (value !== value.trim())
    return `the value of "${name}" begins or ends with a blank, which HTTP removes`
  return undefined
}

/** What is wrong with a whole set of headers. */
export function headersProblem(headers: Record<string, string>): string | undefined {
  const seen = new Set<string>()
  let characters = 0
  for (const [name, value] of Object.entries(headers)) {
    const problem = headerProblem(name, value)
    if (problem) return problem
    if (seen.has(name.toLowerCase()))
      return `"${name}" is given twice; header names do not differ by case`
    seen.add(name.toLowerCase())
    characters += name.length + value.length
  }
  if (seen.size > MAX_HEADERS) return `there are ${seen.size}, at most ${MAX_HEADERS} can be set`
  return characters > MAX_CHARACTERS
    ? `together they are longer than ${MAX_CHARACTERS} characters`
    : undefined
}

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
