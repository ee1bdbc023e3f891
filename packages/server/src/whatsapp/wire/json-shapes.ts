/**
 * One value, many JSON shapes. Depending on whether a gateway spread, cloned, or serialised a protobuf object,
 * the same timestamp is a number, a decimal string, or `{low, high, unsigned}`; the same key is base64, a
 * Buffer's JSON, or an object of indexed bytes.
 */
import { entry, type Fields, fields } from '../../core/json-values.ts'
import { type MessageStatus, messageStatuses } from '../message/message.ts'

/** Ids, colours, kinds: text or a number of any shape, as text. */
export function word(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value
  const number = toNumber(value)
  return number === null ? null : String(number)
}

/**
 * A Long by its halves. Beyond 2^53 the last digits are lost: only hashes and ids get there, and none is read
 * as a number.
 */
function longToNumber(value: Fields): number | null {
  const { low, high, unsigned } = value
  if (typeof low !== 'number' || typeof high !== 'number') return null
  const upper = unsigned === true ? high >>> 0 : high | 0
  return upper * 0x1_0000_0000 + (low >>> 0)
}

/** A finite number of any shape: number, bigint, decimal string, Long. */
export function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'string') return /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : null
  const long = fields(value)
  return long ? longToNumber(long) : null
}

// Seconds, milliseconds, micro- and nanoseconds since 1970 do not overlap between 1973 and the year 5138.
const powers: [number, number][] = [
  [1e17, 1e6],
  [1e14, 1e3],
  [1e11, 1],
]

/**
 * Milliseconds since the epoch, from seconds, ms, µs or ns (by size) of any shape, an RFC 3339 text, or a Date.
 * Go's zero time is null.
 */
export function toMs(value: unknown): number | null {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.getTime()
  const number = toNumber(value)
  if (number !== null) {
    if (number <= 0) return null
    for (const [from, divisor] of powers)
      if (number >= from) return inRange(Math.round(number / divisor))
    return inRange(Math.round(number * 1000))
  }
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(value)) return null
  const parsed = Date.parse(value.replace(' ', 'T'))
  return Number.isNaN(parsed) || parsed <= 0 ? null : parsed
}

function inRange(ms: number): number | null {
  return ms <= 8.64e15 ? ms : null
}

/** ISO 8601 with milliseconds, or null. */
export function toIso(value: unknown): string | null {
  const ms = toMs(value)
  return ms === null ? null : new Date(ms).toISOString()
}

/** The bytes of an object like `{"0":12,"1":34}`; undefined when its keys are not 0…n-1 or a value is no byte. */
function indexedBytes(value: Fields): Buffer | undefined {
  const keys = Object.keys(value)
  if (keys.length === 0 || keys[0] !== '0') return undefined
  const bytes = Buffer.alloc(keys.length)
  for (let i = 0; i < keys.length; i++) {
    const byte = value[i]
    // Integer keys come in ascending order, so the i-th key of a gapless object is i.
    if (
      keys[i] !== String(i) ||
      typeof byte !== 'number' ||
      byte < 0 ||
      byte > 255 ||
      !Number.isInteger(byte)
    )
      return undefined
    bytes[i] = byte
  }
  return bytes
}

function isBytes(value: unknown[]): value is number[] {
  return (
    value.length > 0 &&
    value.every(
      (byte) => typeof byte === 'number' && Number.isInteger(byte) && byte >= 0 && byte <= 255,
    )
  )
}

/** Bytes of any shape as standard base64; text is taken to be base64 already. */
export function toBase64(value: unknown): string | null {
  if (typeof value === 'string')
    return value === '' ? null : value.replaceAll('-', '+').replaceAll('_', '/')
  if (value instanceof Uint8Array)
    return value.length === 0 ? null : Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return isBytes(value) ? Buffer.from(value).toString('base64') : null
  const object = fields(value)
  if (!object) return null
  if (object['type'] === 'Buffer') return toBase64(object['data'])
  return indexedBytes(object)?.toString('base64') ?? null
}

/**
 * WhatsApp's status numbers are positions in `messageStatuses`: ERROR 0, PENDING 1, SERVER_ACK 2, DELIVERY_ACK
 * 3, READ 4, PLAYED 5.
 */
const statusNames: Record<string, MessageStatus> = {
  ERROR: 'failed',
  PENDING: 'pending',
  SERVER_ACK: 'server_ack',
  DELIVERY_ACK: 'delivered',
  READ: 'read',
  PLAYED: 'played',
}

/** Baileys' status, by number or by name. WAHA's numbers are one lower: add one first. */
export function toStatus(value: unknown): MessageStatus | null {
  const named = typeof value === 'string' ? entry(statusNames, value.toUpperCase()) : undefined
  if (named) return named
  const number = toNumber(value)
  return number === null ? null : (messageStatuses[number] ?? null)
}

/** A deep copy in one shape: Longs as numbers (as decimal text where a number would lose digits), bytes as base64. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return toBase64(value)
  if (value instanceof Date) return toIso(value)
  if (Array.isArray(value)) return value.map(plain)
  const object = value as Fields
  if (
    typeof object['low'] === 'number' &&
    typeof object['high'] === 'number' &&
    typeof object['unsigned'] === 'boolean'
  ) {
    const number = longToNumber(object)
    if (number !== null && Number.isSafeInteger(number)) return number
    const wide = (BigInt(object['high']) << 32n) | BigInt(object['low'] >>> 0)
    return String(object['unsigned'] ? BigInt.asUintN(64, wide) : BigInt.asIntN(64, wide))
  }
  if (object['type'] === 'Buffer' && 'data' in object) return toBase64(object['data'])
  const bytes = indexedBytes(object)
  if (bytes) return bytes.toString('base64')
  const copy: Fields = {}
  for (const key of Object.keys(object)) if (key !== '__proto__') copy[key] = plain(object[key])
  return copy
}
