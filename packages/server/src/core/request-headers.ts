/**
 * Which headers a request may carry that Pombo did not make: the extra headers of an endpoint, and those of a
 * transformation. The one list of what nobody may set, and of what is no header at all.
 */

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
  if (typeof value !== 'string') return `the value of "${name}" must be text`
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    return `the value of "${name}" holds a line break, a control character, or one beyond Latin-1`
  if (value !== value.trim())
    return `the value of "${name}" begins or ends with a blank, which HTTP removes`
  if (value.length > MAX_CHARACTERS)
    return `the value of "${name}" is longer than ${MAX_CHARACTERS} characters`
  return undefined
}

export function headerNameProblem(name: string): string | undefined {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/.test(name))
    return `"${name.slice(0, 64)}" is not a header name: 1 to 256 letters, digits and !#$%&'*+-.^_\`|~`
  return isReservedHeader(name)
    ? `"${name}" is set by Pombo or by HTTP itself and cannot be set here`
    : undefined
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
    if (seen.has(name.toLowerCase()))
      return { name, problem: `"${name}" is given twice; header names do not differ by case` }
    seen.add(name.toLowerCase())
    characters += name.length + value.length
  }
  if (seen.size > MAX_HEADERS)
    return { problem: `there are ${seen.size}, at most ${MAX_HEADERS} can be set` }
  return characters > MAX_CHARACTERS
    ? { problem: `together they are longer than ${MAX_CHARACTERS} characters` }
    : undefined
}

export function headersProblem(headers: Record<string, string>): string | undefined {
  return wrongHeader(headers)?.problem
}
