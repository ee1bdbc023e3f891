/**
 * Exact source text out of JSON. Payloads are delivered as they were sent in (`12345678901234567890`, `1.0`, key
 * order), so they are cut out of the request's text instead of being parsed and written again. The text given here has
 * passed `JSON.parse` before: these functions find boundaries, they do not validate. They do not recurse, so nesting
 * cannot exhaust the stack.
 */

const QUOTE = 34
const BACKSLASH = 92
const COMMA = 44

/** Index after the string that opens at `start`. */
export function skipString(text: string, start: number): number {
  let at = start + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    let slashes = 0
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes += 1
    if (slashes % 2 === 0) return quote + 1
    at = quote + 1
  }
}

export function skipSpace(text: string, start: number): number {
  let at = start
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at
    at += 1
  }
}

/** Index after the value that starts at `start`. */
export function skipValue(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === QUOTE) return skipString(text, start)
  let at = start
  if (first !== 123 && first !== 91) {
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === COMMA || code === 125 || code === 93 || code <= 32) break
    }
    return at
  }
  let depth = 0
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = skipString(text, at)
      continue
    }
    if (code === 123 || code === 91) depth += 1
    else if (code === 125 || code === 93) {
      depth -= 1
      if (depth === 0) return at + 1
    }
    at += 1
  }
}

/**
 * The exact text of a member's value of the object that `text` is; undefined where there is none. Of several members of
 * one name the last counts, as in `JSON.parse`; names may be written with escapes.
 */
export function memberText(text: string, name: string): string | undefined {
  let at = skipSpace(text, 0)
  if (text.charCodeAt(at) !== 123) return undefined
  at = skipSpace(text, at + 1)
  let found: string | undefined
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = skipString(text, at)
    const raw = text.slice(at + 1, keyEnd - 1)
    const key = raw.includes('\\') ? (JSON.parse(text.slice(at, keyEnd)) as string) : raw
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const valueEnd = skipValue(text, valueStart)
    if (key === name) found = text.slice(valueStart, valueEnd)
    at = skipSpace(text, valueEnd)
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1)
  }
  return found
}

/** The exact texts of the elements of the array that `text` is; empty for anything else. */
export function elementTexts(text: string): string[] {
  let at = skipSpace(text, 0)
  if (text.charCodeAt(at) !== 91) return []
  at = skipSpace(text, at + 1)
  const elements: string[] = []
  while (at < text.length && text.charCodeAt(at) !== 93) {
    const end = skipValue(text, at)
    elements.push(text.slice(at, end))
    at = skipSpace(text, end)
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1)
  }
  return elements
}
