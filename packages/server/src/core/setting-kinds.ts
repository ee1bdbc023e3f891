import { isIP } from 'node:net'
import { z } from 'zod'
import type { JsonForm, Kind } from './setting.ts'

type Read<T> = { value: T } | { problem: string }

/** A kind of one's own, from a reader that says either the value or what is wrong with the text. */
export function kind<T>(
  allowed: string,
  example: string,
  read: (text: string) => Read<T>,
  show: (value: T) => string = String,
  json: JsonForm = { type: 'string' },
): Kind<T> {
  const schema = z.string().transform((text, context): T => {
    const result = read(text)
    if ('value' in result) return result.value
    context.addIssue({ code: 'custom', message: result.problem })
    return z.NEVER
  })
  return { schema, allowed, example, show, json }
}

export function integer(min: number, max: number, unit = '', example = '10'): Kind<number> {
  const allowed = `a whole number from ${min} to ${max}${unit && ` (${unit})`}`
  const read = (text: string): Read<number> => {
    if (!/^[+-]?\d+$/.test(text)) return { problem: 'it is not a whole number' }
    const value = Number(text)
    if (value < min) return { problem: `it is less than ${min}` }
    if (value > max) return { problem: `it is more than ${max}` }
    return { value }
  }
  return kind(allowed, example, read, String, { type: 'integer', minimum: min, maximum: max })
}

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A length of time, in milliseconds. Written as in Go (`300ms`, `5s`, `1h30m`, `168h`), with `d` for days
 * besides; a bare number counts in `bareUnit`, and is refused where there is none.
 */
export function duration(
  minMs: number,
  maxMs: number,
  options: { bareUnit?: 'ms' | 's'; example?: string } = {},
): Kind<number> {
  const { bareUnit, example = '30s' } = options
  const bare = bareUnit ? `, or a number of ${bareUnit === 's' ? 'seconds' : 'milliseconds'}` : ''
  const allowed = `a duration from ${showDuration(minMs)} to ${showDuration(maxMs)}, such as 300ms, 5s or 1h30m${bare}`
  return kind(
    allowed,
    example,
    (text) => {
      const value = readDurationMs(text, bareUnit)
      if (value === undefined) return { problem: 'it is not a duration' }
      if (value < minMs) return { problem: `it is shorter than ${showDuration(minMs)}` }
      if (value > maxMs) return { problem: `it is longer than ${showDuration(maxMs)}` }
      return { value }
    },
    showDuration,
    { type: bareUnit === undefined ? 'string' : ['string', 'integer'] },
  )
}

function readDurationMs(text: string, bareUnit: 'ms' | 's' | undefined): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) {
    if (Number(text) === 0) return 0
    return bareUnit && Math.round(Number(text) * unitMs[bareUnit]!)
  }
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined
  let totalMs = 0
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    totalMs += Number(count) * unitMs[unit!]!
  return Math.round(totalMs)
}

/** `90000` → `1m30s`. */
export function showDuration(ms: number): string {
  if (ms === 0) return '0s'
  let rest = ms
  let text = ''
  for (const unit of ['h', 'm', 's', 'ms']) {
    const count = Math.floor(rest / unitMs[unit]!)
    rest -= count * unitMs[unit]!
    if (count > 0) text += `${count}${unit}`
  }
  return text
}

export function boolean(): Kind<boolean> {
  const read = (text: string): Read<boolean> => {
    if (/^(true|1|yes|on)$/i.test(text)) return { value: true }
    if (/^(false|0|no|off)$/i.test(text)) return { value: false }
    return { problem: 'it is neither true nor false' }
  }
  return kind('true or false', 'true', read, String, { type: 'boolean' })
}

export function oneOf<const Word extends string>(...words: readonly Word[]): Kind<Word> {
  const read = (text: string): Read<Word> => {
    const word = words.find((known) => known === text.toLowerCase())
    return word === undefined ? { problem: 'it is none of them' } : { value: word }
  }
  // YAML and JSON read `1.2` as a number.
  const numbers = words.map(Number).filter((number) => !Number.isNaN(number))
  return kind(`one of ${words.join(', ')}`, words[0]!, read, String, {
    enum: [...words, ...numbers],
  })
}

export function text(allowed: string, example: string, pattern = /[^]/): Kind<string> {
  return kind(allowed, example, (given) =>
    pattern.test(given) ? { value: given } : { problem: 'it does not have that form' },
  )
}

/** Several values between commas; blanks around them do not count. The first bad one is named, unless it is alone. */
export function list<T>(item: Kind<T>): Kind<T[]> {
  return kind(
    `${item.allowed}, or several between commas`,
    item.example,
    (given) => {
      const values: T[] = []
      const parts = given.split(',').map((piece) => piece.trim())
      for (const part of parts.filter((piece) => piece !== '')) {
        const result = item.schema.safeParse(part)
        const named = parts.length > 1 ? `of "${part}", ` : ''
        if (!result.success) return { problem: `${named}${result.error.issues[0]!.message}` }
        values.push(result.data)
      }
      return { value: values }
    },
    (values) => values.map((value) => item.show(value)).join(','),
    { anyOf: [{ type: 'array', items: item.json }, item.json, { type: 'string' }] },
  )
}

/** A range of addresses, IPv4 or IPv6. A bare address is refused: `/32` or `/128` says that only one is meant. */
export function cidr(): Kind<string> {
  return kind('an address range in CIDR form', '10.1.0.0/16', (given) => {
    const slash = given.indexOf('/')
    const address = slash < 0 ? given : given.slice(0, slash)
    const family = isIP(address)
    if (family === 0) return { problem: `"${address}" is not an IP address` }
    const bits = family === 4 ? 32 : 128
    if (slash < 0)
      return { problem: `it lacks the prefix length (${given}/${bits} is that one address)` }
    const prefix = given.slice(slash + 1)
    if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits)
      return { problem: `the prefix length "/${prefix}" is not from /0 to /${bits}` }
    return { value: given }
  })
}

export interface ListenAddress {
  host: string
  /** 0: any free port. */
  port: number
}

export function listenAddress(): Kind<ListenAddress> {
  return kind(
    'host:port, an IPv6 host in brackets, port 0 for any free one',
    '0.0.0.0:8071',
    (given) => {
      const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(given)
      if (!match) {
        if (/^:?\d+$/.test(given))
          return { problem: `it names no host (all addresses: 0.0.0.0:${given.replace(':', '')})` }
        return { problem: 'it is not host:port' }
      }
      const [, ipv6, host, port] = match
      if (ipv6 !== undefined && isIP(ipv6) !== 6)
        return { problem: `"${ipv6}" is not an IPv6 address` }
      if (Number(port) > 65_535) return { problem: 'the port is above 65535' }
      return { value: { host: ipv6 ?? host!, port: Number(port) } }
    },
    ({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`),
  )
}

/** A Unix socket, by its path. */
export interface ListenSocket {
  socket: string
}

/** `sockaddr_un` has room for 107 bytes. */
const MAX_SOCKET_BYTES = 107

/** Where a server listens: an address, or `unix:` and the path of a socket. */
export function listenPlace(): Kind<ListenAddress | ListenSocket> {
  const address = listenAddress()
  return kind<ListenAddress | ListenSocket>(
    `${address.allowed}, or unix: and the path of a socket`,
    address.example,
    (given) => {
      if (!given.startsWith('unix:')) {
        const read = address.schema.safeParse(given)
        return read.success ? { value: read.data } : { problem: read.error.issues[0]!.message }
      }
      const socket = given.slice('unix:'.length)
      if (!socket.startsWith('/')) return { problem: 'the path does not begin with /' }
      if (Buffer.byteLength(socket) > MAX_SOCKET_BYTES)
        return { problem: `the path is longer than ${MAX_SOCKET_BYTES} bytes` }
      return { value: { socket } }
    },
    (place) => ('socket' in place ? `unix:${place.socket}` : address.show(place)),
  )
}

/** An absolute URL of one of the schemes (`http:`), as text without a slash at its end. */
export function url(schemes: readonly string[], example: string): Kind<string> {
  return kind(
    `a URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`,
    example,
    (given) => {
      const parsed = URL.canParse(given) ? new URL(given) : undefined
      if (!parsed) return { problem: 'it is not a URL' }
      if (!schemes.includes(parsed.protocol))
        return { problem: `it starts with ${parsed.protocol}` }
      return { value: given.replace(/\/+$/, '') }
    },
  )
}
