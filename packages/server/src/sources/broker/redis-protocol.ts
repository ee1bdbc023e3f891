/**
 * Redis' protocol, version 2: commands to bytes, bytes to replies. Pure. Replies may come in pieces of any size.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */

export type RedisArgument = string | number | Buffer

/** A bulk string is a Buffer, since keys and elements are bytes; a simple string is text; an error is a value here. */
export type RawReply = Buffer | string | number | null | Error | RawReply[]

/** The same with text for bytes. */
export type Reply = string | number | null | Error | Reply[]

export function encodeCommand(args: readonly RedisArgument[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)]
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg))
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, lineEnd)
  }
  return Buffer.concat(parts)
}

export function asText(reply: RawReply): Reply {
  if (Buffer.isBuffer(reply)) return reply.toString()
  return Array.isArray(reply) ? reply.map(asText) : reply
}

const lineEnd = Buffer.from('\r\n')
const CR = 13

/** Takes what comes over the wire and gives the replies that are complete. */
export class ReplyReader {
  #chunks: Buffer[] = []
  #waitingBytes = 0
  /** Less than this cannot complete the reply that has begun. */
  #neededBytes = 1

  /** @throws Error when it is not Redis that answers */
  read(chunk: Buffer): RawReply[] {
    this.#chunks.push(chunk)
    this.#waitingBytes += chunk.length
    // A large reply comes in many pieces: joined once, not with each.
    if (this.#waitingBytes < this.#neededBytes) return []
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    const replies: RawReply[] = []
    const cursor: Cursor = { bytes, at: 0, neededBytes: 1 }
    let start = 0
    for (;;) {
      const reply = readReply(cursor)
      if (reply === undefined) break
      replies.push(reply)
      start = cursor.at
    }
    const rest = bytes.subarray(start)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#waitingBytes = rest.length
    this.#neededBytes = Math.max(cursor.neededBytes - start, rest.length + 1)
    return replies
  }
}

interface Cursor {
  bytes: Buffer
  at: number
  /** Of all bytes, how many there must be for the reply at hand. */
  neededBytes: number
}

/** Undefined: it is not complete. */
function readReply(cursor: Cursor): RawReply | undefined {
  const line = readLine(cursor)
  if (line === undefined) return undefined
  const rest = line.slice(1)
  switch (line.charAt(0)) {
    case '+':
      return rest
    case '-':
      return new Error(rest)
    case ':':
      return Number(rest)
    case '$':
      return readBulk(cursor, Number(rest))
    case '*':
      return readArray(cursor, Number(rest))
    default:
      throw new Error(`what answers is no Redis: it said ${JSON.stringify(line.slice(0, 40))}`)
  }
}

function readLine(cursor: Cursor): string | undefined {
  const end = cursor.bytes.indexOf(CR, cursor.at)
  // Nothing but the first byte can tell that it is not Redis, whose lines may still be on their way.
  const first = cursor.bytes[cursor.at]
  if (first !== undefined && !'+-:$*'.includes(String.fromCharCode(first)))
    throw new Error('what answers is no Redis')
  if (end < 0 || end + 1 >= cursor.bytes.length) return undefined
  const line = cursor.bytes.toString('utf8', cursor.at, end)
  cursor.at = end + 2
  return line
}

function readBulk(cursor: Cursor, length: number): Buffer | null | undefined {
  if (length < 0) return null
  const end = cursor.at + length
  if (end + 2 > cursor.bytes.length) {
    cursor.neededBytes = end + 2
    return undefined
  }
  const bulk = cursor.bytes.subarray(cursor.at, end)
  cursor.at = end + 2
  return bulk
}

function readArray(cursor: Cursor, length: number): RawReply[] | null | undefined {
  if (length < 0) return null
  const items: RawReply[] = []
  for (let i = 0; i < length; i++) {
    const item = readReply(cursor)
    if (item === undefined) return undefined
    items.push(item)
  }
  return items
}
