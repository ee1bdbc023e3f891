import { randomFillSync } from 'node:crypto'

/**
 * Ids are UUIDv7 (RFC 9562) in the database and `prefix_` + 26 characters of Crockford base 32 outside: they sort by
 * time, hold no dot (they are signed as `id.timestamp.body`), and match the pattern `[a-zA-Z0-9\-_.]+` that the Svix
 * clients expect.
 */
export const prefixes = {
  tenant: 'org',
  key: 'key',
  app: 'app',
  endpoint: 'ep',
  message: 'msg',
  attempt: 'atmpt',
  delivery: 'dlv',
  job: 'qtask',
  node: 'node',
  signal: 'sig',
  source: 'src',
  media: 'file',
  audit: 'aud',
  poller: 'poll',
  integration: 'integ',
} as const

export type IdKind = keyof typeof prefixes

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const highDigit = Uint8Array.from(hex, (pair) => pair.charCodeAt(0))
const lowDigit = Uint8Array.from(hex, (pair) => pair.charCodeAt(1))

// Random bytes are drawn 4 KiB at a time: one draw per id cost 1.1 µs of the 1.5 µs an id takes.
const pool = Buffer.alloc(4096)
let used = pool.length
let lastMs = 0
let sequence = 0

/** A clock that is set back by more is followed; corrections up to it are waited out, so that ids keep growing. */
const followBackMs = 10_000

/**
 * A UUIDv7 as PostgreSQL prints it. Within one process ids of one millisecond grow, by the 12 bits after the time. A
 * clock that ran hours ahead and was set right must not leave ids in a day that has no partition.
 */
export function uuidv7(nowMs: number): string {
  if (used + 10 > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const at = used
  used += 10
  let ms = Math.floor(nowMs)
  if (ms > lastMs || ms < lastMs - followBackMs) {
    lastMs = ms
    // Starts in the lower half, so that 2,048 more fit before the time has to be borrowed from.
    sequence = ((pool[at]! << 8) | pool[at + 1]!) & 0x7ff
  } else {
    sequence += 1
    if (sequence > 0xfff) {
      lastMs += 1
      sequence = 0
    }
    ms = lastMs
  }
  const high = Math.floor(ms / 0x10000)
  const low = ms % 0x10000
  put(0, high >>> 24)
  put(2, high >>> 16)
  put(4, high >>> 8)
  put(6, high)
  put(9, low >> 8)
  put(11, low)
  put(14, 0x70 | (sequence >> 8))
  put(16, sequence)
  put(19, 0x80 | (pool[at + 2]! & 0x3f))
  for (let i = 0; i < 7; i++) put(i === 0 ? 21 : 22 + 2 * i, pool[at + 3 + i]!)
  return uuidText.toString('latin1')
}

/**
 * The text of the id that is being made or read. Out of one piece: one of 24 pieces is put together again when it is
 * first looked into, and takes three times as long.
 */
const uuidText = Buffer.alloc(36, '-')

function put(at: number, byte: number): void {
  uuidText[at] = highDigit[byte & 255]!
  uuidText[at + 1] = lowDigit[byte & 255]!
}

/** The smallest UUIDv7 of an instant: the boundary between partitions, and the cursor of a time filter. */
export function uuidFloor(ms: number): string {
  const time = Math.floor(ms).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`
}

/** Below and above every id, for walks from an end. */
export const lowestId = '00000000-0000-0000-0000-000000000000'
export const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Milliseconds since the epoch at which a UUIDv7 was made. */
export function uuidTimeMs(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)
}

// A shown id is 26 characters of 5 bits, the first of which holds 3: 8 bits and six times 20 make the 128. Blocks of 20
// bits are 5 hex digits here and 4 characters there, so that no big integers are needed: those took three times as
// long, and an event shows seven ids.
const firstOfTen = Uint8Array.from({ length: 1024 }, (_, value) => alphabet.charCodeAt(value >> 5))
const secondOfTen = Uint8Array.from({ length: 1024 }, (_, value) => alphabet.charCodeAt(value & 31))
/** Where the five digits of each block stand in a UUID's text, past the first two digits and over the dashes. */
const digitPlaces = [2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 19, 20, 21, 22].concat([
  24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
])
/** The value of what is no digit and no character. */
const notOne = 255
const digitValues = valuesOf('0123456789abcdef')
const characterValues = valuesOf(alphabet)

function valuesOf(characters: string): Uint8Array {
  const values = new Uint8Array(128).fill(notOne)
  for (const [value, character] of Array.from(characters).entries())
    values[character.charCodeAt(0)] = value
  return values
}

function digitAt(uuid: string, place: number): number {
  return digitValues[uuid.charCodeAt(place)]!
}

/** `018f…` → `msg_…`. */
export function showId(kind: IdKind, uuid: string): string {
  // The leading 8 bits make the first two characters: 3 + 5.
  show(0, (digitAt(uuid, 0) << 4) | digitAt(uuid, 1))
  for (let at = 0, to = 2; at < 30; at += 5, to += 4) {
    let value = 0
    for (let i = at; i < at + 5; i++) value = (value << 4) | digitAt(uuid, digitPlaces[i]!)
    show(to, value >> 10)
    show(to + 2, value & 1023)
  }
  return `${prefixes[kind]}_${shown.toString('latin1')}`
}

/** The characters of the id that is being shown. */
const shown = Buffer.alloc(26)

function show(at: number, ten: number): void {
  shown[at] = firstOfTen[ten]!
  shown[at + 1] = secondOfTen[ten]!
}

/** `msg_…` → `018f…`; undefined when it is not an id of that kind (it may then be a `uid`). */
export function readId(kind: IdKind, shown: string): string | undefined {
  const start = prefixes[kind].length + 1
  if (shown.length !== start + 26 || !shown.startsWith(`${prefixes[kind]}_`)) return undefined
  const three = characterAt(shown, start)
  const five = characterAt(shown, start + 1)
  if (three > 7 || five === notOne) return undefined
  put(0, (three << 5) | five)
  for (let at = start + 2, place = 0; at < shown.length; at += 4, place += 5) {
    let value = 0
    for (let i = at; i < at + 4; i++) {
      const bits = characterAt(shown, i)
      if (bits === notOne) return undefined
      value = (value << 5) | bits
    }
    for (let i = place + 4; i >= place; i--, value >>= 4)
      uuidText[digitPlaces[i]!] = lowDigit[value & 15]!
  }
  return uuidText.toString('latin1')
}

/** The 5 bits of a character of the alphabet; `notOne` for every other. */
function characterAt(shown: string, at: number): number {
  return characterValues[shown.charCodeAt(at)] ?? notOne
}
