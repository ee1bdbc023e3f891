import { randomFillSync } from 'node:crypto'

/**
 * Ids are UUIDv7 (RFC 9562) in the database and `prefix_` + 26 characters of Crockford base 32 outside: they sort by time, hold no
 * dot (they are signed as `id.timestamp.body`), and match the pattern `[a-zA-Z0-9\-_.]+` that the Svix clients expect.
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
} as const

export type IdKind = keyof typeof prefixes

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const valueOf = new Map(Array.from(alphabet).map((character, value) => [character, BigInt(value)]))
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

// Random bytes are drawn 4 KiB at a time: one draw per id cost 1.1 µs of the 1.5 µs an id takes.
const pool = Buffer.alloc(4096)
let used = pool.length
let lastMs = 0
let sequence = 0

/** A UUIDv7 as PostgreSQL prints it. Within one process ids of one millisecond grow, by the 12 bits after the time. */
export function uuidv7(nowMs: number): string {
  if (used + 10 > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const at = used
  used += 10
  let ms = Math.floor(nowMs)
  if (ms > lastMs) {
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
  return (
    hex[(high >>> 24) & 255]! +
    hex[(high >>> 16) & 255]! +
    hex[(high >>> 8) & 255]! +
    hex[high & 255]! +
    '-' +
    hex[low >> 8]! +
    hex[low & 255]! +
    '-' +
    hex[0x70 | (sequence >> 8)]! +
    hex[sequence & 255]! +
    '-' +
    hex[0x80 | (pool[at + 2]! & 0x3f)]! +
    hex[pool[at + 3]!]! +
    '-' +
    hex[pool[at + 4]!]! +
    hex[pool[at + 5]!]! +
    hex[pool[at + 6]!]! +
    hex[pool[at + 7]!]! +
    hex[pool[at + 8]!]! +
    hex[pool[at + 9]!]!
  )
}

/** The smallest UUIDv7 of an instant: the boundary between partitions, and the cursor of a time filter. */
export function uuidFloor(ms: number): string {
  const time = Math.floor(ms).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`
}

/** Milliseconds since the epoch at which a UUIDv7 was made. */
export function uuidTimeMs(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)
}

// A shown id is 26 characters of 5 bits, the first of which holds 3: 8 bits and six times 20 make the 128. Read in blocks of 5 hex digits (20 bits, 4
// characters) it needs no big integers, which cost 2.5 µs an id; this costs 0.25 µs, and an event shows seven.
const quads = Array.from(
  { length: 1024 },
  (_, value) => alphabet[value >> 5]! + alphabet[value & 31]!,
)

function show20(text: string, at: number): string {
  const value = Number.parseInt(text.slice(at, at + 5), 16)
  return quads[value >> 10]! + quads[value & 1023]!
}

/** `018f…` → `msg_…`. */
export function showId(kind: IdKind, uuid: string): string {
  const digits = `${uuid.slice(0, 8)}${uuid.slice(9, 13)}${uuid.slice(14, 18)}${uuid.slice(19, 23)}${uuid.slice(24)}`
  // The leading 8 bits make the first two characters: 3 + 5.
  const first = Number.parseInt(digits.slice(0, 2), 16)
  return `${prefixes[kind]}_${alphabet[first >> 5]!}${alphabet[first & 31]!}${show20(digits, 2)}${show20(digits, 7)}${show20(digits, 12)}${show20(digits, 17)}${show20(digits, 22)}${show20(digits, 27)}`
}

/** `msg_…` → `018f…`; undefined when it is not an id of that kind (it may then be a `uid`). */
export function readId(kind: IdKind, shown: string): string | undefined {
  const prefix = `${prefixes[kind]}_`
  if (!shown.startsWith(prefix) || shown.length !== prefix.length + 26) return undefined
  let bits = 0n
  for (const character of shown.slice(prefix.length)) {
    const value = valueOf.get(character)
    if (value === undefined) return undefined
    bits = (bits << 5n) | value
  }
  if (bits >> 128n) return undefined
  const text = bits.toString(16).padStart(32, '0')
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`
}
