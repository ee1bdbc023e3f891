import { skipSpace, skipString, skipValue } from './json.ts'

/** A value inside a JSON text: where it stands, and its JSON Pointer (RFC 6901). */
export interface Member {
  pointer: string
  start: number
  end: number
}

/** What stands where a member was too large: its size, its JSON type, and where to fetch it. */
export interface Marker {
  omitted: true
  sizeBytes: number
  type: 'string' | 'object' | 'array' | 'number' | 'boolean' | 'null'
  url: string
}

/** A name as it stands in a JSON Pointer. */
export const escapePointer = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** The members of an object or elements of an array that is written at `start`. */
function* membersAt(text: string, start: number, pointer: string): Generator<Member> {
  const open = text.charCodeAt(start)
  if (open !== 123 && open !== 91) return
  let at = skipSpace(text, start + 1)
  for (let index = 0; text.charCodeAt(at) !== (open === 123 ? 125 : 93); index++) {
    let name = String(index)
    if (open === 123) {
      const nameEnd = skipString(text, at)
      name = JSON.parse(text.slice(at, nameEnd)) as string
      at = skipSpace(text, skipSpace(text, nameEnd) + 1)
    }
    const end = skipValue(text, at)
    yield { pointer: `${pointer}/${escapePointer(name)}`, start: at, end }
    at = skipSpace(text, end)
    if (text.charCodeAt(at) === 44) at = skipSpace(text, at + 1)
  }
}

/**
 * Values that are worth taking out: texts of a kilobyte and more, wherever they stand. An explicit stack: nesting
 * cannot exhaust ours.
 */
function largeTexts(text: string, minChars: number): Member[] {
  const found: Member[] = []
  const stack: Member[] = [{ pointer: '', start: skipSpace(text, 0), end: text.length }]
  for (let member = stack.pop(); member; member = stack.pop()) {
    if (member.end - member.start < minChars) continue
    if (text.charCodeAt(member.start) === 34) found.push(member)
    else stack.push(...membersAt(text, member.start, member.pointer))
  }
  return found
}

function typeOf(text: string, start: number): Marker['type'] {
  const first = text[start]
  if (first === '"') return 'string'
  if (first === '{') return 'object'
  if (first === '[') return 'array'
  if (first === 't' || first === 'f') return 'boolean'
  return first === 'n' ? 'null' : 'number'
}

/**
 * Replaces members of a JSON text by markers until it has at most `maxBytes`: the largest texts first (that is where
 * files are), then whole top-level members, at last the whole. What stays is to the byte as it was. Pure.
 * @param link where a member can be fetched, by its JSON Pointer
 */
export function omitLarge(
  text: string,
  maxBytes: number,
  link: (pointer: string) => string,
): string {
  if (Buffer.byteLength(text) <= maxBytes) return text
  const top = [...membersAt(text, skipSpace(text, 0), '')]
  for (const candidates of [largeTexts(text, 1_024), top]) {
    const shrunk = replaceLargest(text, candidates, maxBytes, link)
    if (shrunk !== undefined) return shrunk
  }
  return marker(text, { pointer: '', start: skipSpace(text, 0), end: text.trimEnd().length }, link)
}

function replaceLargest(
  text: string,
  candidates: Member[],
  maxBytes: number,
  link: (pointer: string) => string,
): string | undefined {
  let bytes = Buffer.byteLength(text)
  const chosen: (Member & { by: string })[] = []
  for (const member of candidates.toSorted((a, b) => b.end - b.start - (a.end - a.start))) {
    if (bytes <= maxBytes || member.pointer === '') break
    const by = marker(text, member, link)
    bytes += Buffer.byteLength(by) - Buffer.byteLength(text.slice(member.start, member.end))
    chosen.push({ ...member, by })
  }
  if (bytes > maxBytes) return undefined
  let result = ''
  let at = 0
  for (const { start, end, by } of chosen.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(at, start) + by
    at = end
  }
  return result + text.slice(at)
}

function marker(
  text: string,
  { pointer, start, end }: Member,
  link: (pointer: string) => string,
): string {
  const value: Marker = {
    omitted: true,
    sizeBytes: Buffer.byteLength(text.slice(start, end)),
    type: typeOf(text, start),
    url: link(pointer),
  }
  return JSON.stringify(value)
}

/** The exact text of the value that a JSON Pointer names; undefined where there is none. */
export function textAt(text: string, pointer: string): string | undefined {
  const start = skipSpace(text, 0)
  let here: Member | undefined = { pointer: '', start, end: skipValue(text, start) }
  let walked = ''
  for (const part of pointer.split('/').slice(1)) {
    walked += `/${part}`
    let next: Member | undefined
    // Of two members of one name the last counts, as in JSON.parse.
    for (const member of membersAt(text, here.start, walked.slice(0, -part.length - 1)))
      if (member.pointer === walked) next = member
    if (!next) return undefined
    here = next
  }
  return text.slice(here.start, here.end)
}
