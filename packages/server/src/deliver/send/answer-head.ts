// Heads of answers as they are, not as the grammar wants them: lines that end in LF alone, a blank before a colon or
// behind a length, two lengths, a length beside chunks, a control byte in a value. curl and Python read each of them;
// a strict parser (undici's, Node's) calls them errors, though the receiver has done its work, and it would get the
// event again at every retry. But a proxy on the way may see the end of such an answer elsewhere, and what it sends
// next would be taken for the answer to the next request, which may be another tenant's: only an exact head keeps its
// connection.
import { clean, fieldOf } from './lenient-field.ts'

const CR = 13
const LF = 10

export interface AnswerHead {
  statusCode: number
  /** Names in lower case; repeated ones joined by a comma and a blank. */
  headers: Readonly<Record<string, string>>
  /** Where the body ends: after so many bytes, with the last chunk, or with the connection. */
  body: number | 'chunked' | 'until close'
  /** Whether the connection takes another request after the body. */
  keepsAlive: boolean
  /** How long the receiver says that it waits for one. */
  keepAliveSeconds: number | undefined
}

/** An exact head, as RFC 9112 has it. */
const exactHead =
  /^HTTP\/1\.\d \d{3}[^\r\n]*\r\n(?:[!#$%&'*+\-.^_`|~\w]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/

/** Index after the blank line that ends the head; -1 while it is incomplete. `from`: no line ends before it. */
export function headEnd(bytes: Buffer, from = 0): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3
  }
  return -1
}

/** What does not begin like an answer is not waited for. */
export function mayBecomeHead(bytes: Buffer): boolean {
  return 'HTTP/'.startsWith(bytes.toString('latin1', 0, 5).toUpperCase())
}

/** Undefined where it does not begin like an answer. */
export function readHead(head: Buffer): AnswerHead | undefined {
  const text = head.toString('latin1')
  const [first = '', ...lines] = text.split(/\r\n|\n|\r/)
  const [, major, minor, status] =
    /^HTTP\/(\d)(?:\.(\d))?[ \t]+([1-9]\d\d)(?!\d)/i.exec(first) ?? []
  if (status === undefined) return undefined
  // `constructor` is a name like any other.
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of fieldsOf(lines)) {
    const known = headers[name]
    headers[name] = known === undefined ? value : `${known}, ${value}`
  }
  const statusCode = Number(status)
  const body = bodyOf(statusCode, headers)
  const isOld = major === '0' || (major === '1' && minor === '0')
  const wishes = listOf(headers['connection'])
  const wantsToStay =
    !wishes.includes('close') &&
    (!isOld || (wishes.includes('keep-alive') && headers['transfer-encoding'] === undefined))
  return {
    statusCode,
    headers,
    body,
    keepsAlive: wantsToStay && isEndClear(body, statusCode, headers) && exactHead.test(text),
    keepAliveSeconds: seconds(headers['keep-alive']),
  }
}

function fieldsOf(lines: readonly string[]): [string, string][] {
  const fields: [string, string][] = []
  for (const line of lines) {
    // Folded over several lines, as RFC 9112 has it of old senders.
    const last = fields.at(-1)
    if (last && /^[ \t]/.test(line)) last[1] = `${last[1]} ${clean(line)}`
    else {
      const field = fieldOf(line)
      if (field) fields.push([field[0].toLowerCase(), field[1]])
    }
  }
  return fields
}

/**
 * Chunks go before a length (RFC 9112, 6.3); of several lengths the first that is one counts, as browsers, curl and
 * Python read it; where there is none, the body ends with the connection.
 */
function bodyOf(statusCode: number, headers: Record<string, string>): AnswerHead['body'] {
  if (isBodiless(statusCode)) return 0
  if (listOf(headers['transfer-encoding']).at(-1) === 'chunked') return 'chunked'
  for (const value of listOf(headers['content-length'])) {
    const [, length] = /^\+?(\d{1,15})$/.exec(value) ?? []
    if (length !== undefined) return Number(length)
  }
  return 'until close'
}

function isBodiless(statusCode: number): boolean {
  return statusCode < 200 || statusCode === 204 || statusCode === 304
}

/** Whether everybody reads the same end: no body announced where there is none, either chunks or one length. */
function isEndClear(
  body: AnswerHead['body'],
  statusCode: number,
  headers: Record<string, string>,
): boolean {
  if (body === 'until close') return false
  const encoding = headers['transfer-encoding']?.toLowerCase()
  const length = headers['content-length']
  if (encoding !== undefined)
    return encoding === 'chunked' && length === undefined && !isBodiless(statusCode)
  if (length === undefined) return isBodiless(statusCode)
  return /^\d+$/.test(length) && Number(length) === body
}

function listOf(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(',').map((one) => one.trim().toLowerCase())
}

function seconds(keepAlive: string | undefined): number | undefined {
  const [, timeout] = /(?:^|[,\s])timeout=(\d{1,9})/i.exec(keepAlive ?? '') ?? []
  return timeout === undefined ? undefined : Number(timeout)
}
