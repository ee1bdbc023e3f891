// Answers as they are, not as the grammar wants them. undici's parser is strict: a head with lines that end in LF
// alone, a blank before a colon or behind a length, two lengths, a length beside chunks, a control byte in a value, or
// a `100 Continue` that nobody asked for is an error to it, though curl and Python read each of them. The receiver has
// done its work all the same, and would get the event again at every retry. So the head of each answer is brought into
// order before the parser sees it. A head that is in order is passed on as it came.
import type { Socket } from 'node:net'
import { clean, fieldOf } from './lenient-field.ts'
import { LenientChunks } from './lenient-chunks.ts'

const CR = 13
const LF = 10

/** Index after the blank line that ends the head; -1 while it is incomplete. */
export function headEnd(bytes: Buffer): number {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3
  }
  return -1
}

const strictHead =
  /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+\-.^_`|~\w]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/
const framing = /\r\n(content-length|transfer-encoding):[ \t]*([^\r]*)/gi

/** Whether a strict parser takes the head. May say no to some that it would take: those are rewritten to the same. */
export function isRegular(head: Buffer): boolean {
  const text = head.toString('latin1')
  if (!strictHead.test(text)) return false
  const said = [...text.matchAll(framing)]
  const [, name = '', value = ''] = said[0] ?? []
  if (said.length < 2 && name === '') return true
  return said.length === 1 && (/^c/i.test(name) ? /^\d{1,15}$/ : /^chunked$/i).test(value)
}

/**
 * The head with the same status and fields as a strict parser takes it; undefined where it does not begin like an
 * answer.
 */
export function rewrittenHead(head: Buffer): Buffer | undefined {
  const [first = '', ...lines] = head.toString('latin1').split(/\r\n|\n|\r/)
  const [, major, minor, status, reason = ''] =
    /^HTTP\/(\d)(?:\.(\d))?[ \t]+([1-9]\d\d)(?!\d)[ \t]*(.*)$/i.exec(first) ?? []
  if (status === undefined) return undefined
  const isOld = major === '0' || (major === '1' && minor === '0')
  const fields: [string, string][] = []
  for (const line of lines) {
    // Folded over several lines, as RFC 9112 has it of old senders.
    const last = fields.at(-1)
    if (last && /^[ \t]/.test(line)) last[1] += ` ${clean(line)}`
    else {
      const field = fieldOf(line)
      if (field) fields.push(field)
    }
  }
  const shown = framed(fields).map(([name, value]) => `${name}: ${value}`)
  const statusLine = `HTTP/1.${isOld ? 0 : 1} ${status} ${clean(reason)}`
  return Buffer.from([statusLine, ...shown, '', ''].join('\r\n'), 'latin1')
}

/**
 * One way of telling where the body ends. Chunks go before a length (RFC 9112, 6.3); of several lengths the first that
 * is one counts, as browsers, curl and Python read it; where there is none, the body ends with the connection.
 */
function framed(fields: [string, string][]): [string, string][] {
  const valuesOf = (wanted: string): string[] =>
    fields
      .filter(([name]) => name.toLowerCase() === wanted)
      .flatMap(([, value]) => value.split(',').map((one) => one.trim()))
  const others = fields.filter(([name]) => !/^(?:content-length|transfer-encoding)$/i.test(name))
  if (valuesOf('transfer-encoding').at(-1)?.toLowerCase() === 'chunked')
    return [...others, ['Transfer-Encoding', 'chunked']]
  const [length] = valuesOf('content-length').flatMap(
    (value) => /^\+?(\d{1,15})$/.exec(value)?.[1] ?? [],
  )
  return length === undefined ? others : [...others, ['Content-Length', length]]
}

/** What does not begin like an answer is not waited for: the parser says at once that it is none. */
function mayBecomeHead(bytes: Buffer): boolean {
  return 'HTTP/'.startsWith(bytes.toString('latin1', 0, 5).toUpperCase())
}

function isInterim(head: Buffer): boolean {
  // 101 would hand the connection over to another protocol; there nothing follows.
  return /^HTTP\/1\.[01] 1(?!01)\d\d\b/.test(head.toString('latin1', 0, 16))
}

function isContinue(head: Buffer): boolean {
  return /^HTTP\/1\.[01] 100\b/.test(head.toString('latin1', 0, 16))
}

function isChunked(head: Buffer): boolean {
  return /\r\ntransfer-encoding:/i.test(head.toString('latin1'))
}

/** Blank lines before a head, or left over behind the answer before. */
function withoutBlankLines(bytes: Buffer): Buffer {
  let from = 0
  while (bytes[from] === CR || bytes[from] === LF) from += 1
  return bytes.subarray(from)
}

/** `100 Continue` that nobody asked for, before one answer; more are left to the parser, which ends the exchange. */
const maxContinues = 16

/**
 * Makes the socket give answers whose heads, and whose chunks, are in order. A request begins with each text written:
 * undici writes bodies as bytes. A head of more than `headCapBytes` is left to the parser, which ends the exchange.
 */
export function readLeniently(socket: Socket, headCapBytes: number): void {
  let isHeadDue = false
  let held: Buffer | null = null
  let chunks: LenientChunks | null = null
  let continues = 0
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null

  socket.write = (...args: unknown[]): boolean => {
    if (typeof args[0] === 'string') {
      isHeadDue = true
      chunks = null
      continues = 0
    }
    return write(...args)
  }

  /** Heads, as far as they are whole, onto `ready`; the answer is what comes behind them. */
  function takeHeads(given: Buffer, ready: Buffer[]): Buffer {
    let bytes = given
    while (isHeadDue) {
      bytes = withoutBlankLines(bytes)
      const end = headEnd(bytes)
      if (end < 0) break
      const raw = bytes.subarray(0, end)
      const head = isRegular(raw) ? raw : (rewrittenHead(raw) ?? raw)
      bytes = bytes.subarray(end)
      // After an interim answer (103) comes another head.
      isHeadDue = isInterim(head)
      if (!isHeadDue && isChunked(head)) chunks = new LenientChunks(headCapBytes)
      if (isContinue(head) && continues < maxContinues) continues += 1
      else ready.push(head)
    }
    return bytes
  }

  socket.read = (size?: number): Buffer | null => {
    const chunk = read(size)
    if (chunk === null) return chunk
    if (!isHeadDue) return chunks === null ? chunk : some([chunks.read(chunk)])
    const ready: Buffer[] = []
    const rest = takeHeads(held ? Buffer.concat([held, chunk]) : chunk, ready)
    held = null
    if (isHeadDue && rest.length <= headCapBytes && mayBecomeHead(rest)) {
      if (rest.length > 0) held = rest
    } else {
      isHeadDue = false
      ready.push(chunks === null ? rest : (chunks as LenientChunks).read(rest))
    }
    return some(ready)
  }
}

function some(ready: Buffer[]): Buffer | null {
  const bytes = ready.length === 1 ? ready[0]! : Buffer.concat(ready)
  return bytes.length === 0 ? null : bytes
}
