// Answers as they are, not as the grammar wants them. undici's parser is strict: a head with lines that end in LF
// alone, a blank before a colon, a control byte in a value, or a `100 Continue` that nobody asked for is an error to
// it. The receiver has done its work all the same, and would get the event again at every retry. So the head of each
// answer is brought into order before the parser sees it. Costs one look at each byte of a head (about 1 µs for 300
// bytes); a head that is in order is passed on as it came.
import type { Socket } from 'node:net'

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

/** Whether a strict parser takes the head. May say no to some that it would take: those are rewritten to the same. */
export function isRegular(head: Buffer): boolean {
  let inName = false
  for (let at = 0; at < head.length; at++) {
    const byte = head[at]!
    if (byte === LF) {
      if (head[at - 1] !== CR) return false
      inName = true
    } else if (byte === CR) {
      if (head[at + 1] !== LF) return false
    } else if (byte === 58) inName = false
    else if (byte < 32 ? byte !== 9 || inName : byte === 127 || (inName && byte === 32))
      return false
  }
  return true
}

/**
 * The head with the same status and fields as a strict parser takes it; undefined where it does not begin like an
 * answer.
 */
export function rewrittenHead(head: Buffer): Buffer | undefined {
  const [first = '', ...lines] = head.toString('latin1').split(/\r\n|\n|\r/)
  const [, minor = '1', status, reason = ''] =
    /^HTTP\/1(?:\.([01]))?[ \t]+(\d{3})(?:[ \t]+(.*))?$/i.exec(first) ?? []
  if (status === undefined) return undefined
  const fields: string[] = []
  for (const line of lines) {
    // Folded over several lines, as RFC 9112 has it of old senders.
    if (/^[ \t]/.test(line) && fields.length > 0) {
      fields[fields.length - 1] += ` ${clean(line)}`
      continue
    }
    const [, name, value] = /^([!#$%&'*+\-.^_`|~\w]+)[ \t]*:(.*)$/.exec(line) ?? []
    if (name !== undefined) fields.push(`${name}: ${clean(value!)}`)
  }
  const text = [`HTTP/1.${minor} ${status} ${clean(reason)}`, ...fields, '', ''].join('\r\n')
  return Buffer.from(text, 'latin1')
}

// oxlint-disable-next-line no-control-regex -- they are what is taken out
const controls = /[\x00-\x1f\x7f]+/g

function clean(text: string): string {
  return text.replace(controls, ' ').trim()
}

/** What does not begin like an answer is not waited for: the parser says at once that it is none. */
function mayBecomeHead(bytes: Buffer): boolean {
  return 'HTTP/1.'.startsWith(bytes.toString('latin1', 0, 7).toUpperCase())
}

function isInterim(head: Buffer): boolean {
  // 101 would hand the connection over to another protocol; there nothing follows.
  return /^HTTP\/1\.[01] +1(?!01)\d\d\b/i.test(head.toString('latin1', 0, 16))
}

function isContinue(head: Buffer): boolean {
  return /^HTTP\/1\.[01] +100\b/i.test(head.toString('latin1', 0, 16))
}

/** `100 Continue` that nobody asked for, before one answer; more are left to the parser, which ends the exchange. */
const maxContinues = 16

/**
 * Makes the socket give answers whose heads are in order. A request begins with each text written: undici writes
 * bodies as bytes. A head of more than `headCapBytes` is left to the parser, which ends the exchange.
 */
export function readLeniently(socket: Socket, headCapBytes: number): void {
  let isHeadDue = false
  let held: Buffer | null = null
  let continues = 0
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null

  socket.write = (...args: unknown[]): boolean => {
    if (typeof args[0] === 'string') {
      isHeadDue = true
      continues = 0
    }
    return write(...args)
  }

  socket.read = (size?: number): Buffer | null => {
    const chunk = read(size)
    if (chunk === null || !isHeadDue) return chunk
    let bytes = held ? Buffer.concat([held, chunk]) : chunk
    held = null
    const ready: Buffer[] = []
    while (isHeadDue) {
      const end = headEnd(bytes)
      if (end < 0) break
      const head = bytes.subarray(0, end)
      bytes = bytes.subarray(end)
      // After an interim answer (103) comes another head.
      isHeadDue = isInterim(head)
      if (isContinue(head) && continues < maxContinues) continues += 1
      else ready.push(isRegular(head) ? head : (rewrittenHead(head) ?? head))
    }
    if (isHeadDue && bytes.length <= headCapBytes && mayBecomeHead(bytes)) {
      if (bytes.length > 0) held = bytes
    } else {
      isHeadDue = false
      ready.push(bytes)
    }
    return ready.length === 0 ? null : ready.length === 1 ? ready[0]! : Buffer.concat(ready)
  }
}
