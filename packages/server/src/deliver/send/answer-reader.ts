// Reads the answers of one HTTP/1.1 connection, a request's at a time.
import { type AnswerHead, headEnd, mayBecomeHead, readHead } from './answer-head.ts'
import { ChunkedBody } from './chunked-body.ts'
import { type AnswerHandler, closedCode, errorOf, protocolCode } from './request-client.ts'

const CR = 13
const LF = 10

/** `100 Continue` that nobody asked for, before one answer; from then on each is told of. */
const maxContinues = 16

/**
 * The last head of all connections, by its bytes: a busy receiver's answers differ in their date alone, which is the
 * same for a second. Saves reading it, 3 µs an answer.
 */
let lastHead: { bytes: Buffer; head: AnswerHead } | undefined

const lastChunk = Buffer.from('0\r\n\r\n')

/** What became of what was read: the answer goes on, has ended, or broke off with an error that was told. */
export type Progress = 'going on' | 'ended' | 'failed'

export class AnswerReader {
  readonly #headCapBytes: number
  #handler: AnswerHandler
  #held: Buffer | null = null
  /** Of blank lines and interim heads, which are thrown away: some send nothing else. */
  #passedBytes = 0
  #head: AnswerHead | null = null
  #chunks: ChunkedBody | null = null
  /** Bytes of the body that are still to come. */
  #due = 0
  #continues = 0
  #rest: Buffer | undefined

  constructor(handler: AnswerHandler, headCapBytes: number) {
    this.#handler = handler
    this.#headCapBytes = headCapBytes
  }

  /** Of the answer, once it has come. */
  get head(): AnswerHead | null {
    return this.#head
  }

  /** Whether something that belongs to no answer came behind this one. */
  get isFollowed(): boolean {
    return this.#rest !== undefined && withoutBlankLines(this.#rest).length > 0
  }

  /** Whether the next thing that comes is the next answer for certain: this one's end is clear, and nothing follows. */
  get keepsAlive(): boolean {
    if (this.isFollowed) return false
    return this.#head !== null && this.#head.keepsAlive && this.#chunks?.isExact !== false
  }

  /** Calls the handler with what the bytes bring, but for the end of the answer, which is for the caller to tell. */
  read(bytes: Buffer): Progress {
    let body = bytes
    if (this.#head === null) {
      const rest = this.#readHeads(bytes)
      if (!Buffer.isBuffer(rest)) return rest
      body = rest
    }
    return this.#readBody(body)
  }

  /** The connection was closed by the receiver. The blank line that ends an answer without a body may be missing. */
  close(): Progress {
    const held = this.#held
    if (this.#head === null && held?.at(-1) === LF) {
      const head = readHead(Buffer.concat([held, Buffer.from('\r\n')]))
      if (head !== undefined && head.statusCode >= 200 && head.body === 0) this.#begin(head)
    }
    const body = this.#head?.body
    if (body === 'until close' || body === 0 || this.#chunks?.isWhole) return 'ended'
    return this.#fail(closedCode, 'the other side closed')
  }

  /** The bytes behind the answer's own head. */
  #readHeads(given: Buffer): Buffer | Progress {
    const held = this.#held
    let bytes = held === null ? given : Buffer.concat([held, given])
    // What was looked through is not again: 64 KiB in single bytes took 9.8 s of CPU, and take 0.5.
    let from = held === null ? 0 : Math.max(0, held.length - 2)
    this.#held = null
    for (;;) {
      const untrimmedBytes = bytes.length
      bytes = withoutBlankLines(bytes)
      this.#passedBytes += untrimmedBytes - bytes.length
      const known = lastHead
      const isKnown =
        known !== undefined &&
        bytes.length >= known.bytes.length &&
        known.bytes.compare(bytes, 0, known.bytes.length) === 0
      const end = isKnown ? known.bytes.length : headEnd(bytes, from)
      from = 0
      if (this.#passedBytes + (end < 0 ? bytes.length : end) > this.#headCapBytes)
        return this.#fail(protocolCode, 'its headers are too large')
      if (end < 0) {
        if (!mayBecomeHead(bytes))
          return this.#fail(protocolCode, 'it does not begin like an answer')
        // What was just read is a view of a read buffer, which is read into again.
        this.#held = held === null ? Buffer.from(bytes) : bytes
        return 'going on'
      }
      const head = isKnown ? known.head : readHead(bytes.subarray(0, end))
      if (head === undefined) return this.#fail(protocolCode, 'it does not begin like an answer')
      // 101 would hand the connection over to another protocol.
      if (head.statusCode === 101) return this.#fail(protocolCode, 'a bad upgrade (101)')
      if (head.statusCode >= 200) {
        if (!isKnown) lastHead = { bytes: Buffer.from(bytes.subarray(0, end)), head }
        this.#begin(head)
        return bytes.subarray(end)
      }
      bytes = bytes.subarray(end)
      this.#passedBytes += end
      if (head.statusCode === 100 && this.#continues < maxContinues) this.#continues += 1
      else this.#handler.onHead(head.statusCode, head.headers)
    }
  }

  #begin(head: AnswerHead): void {
    this.#head = head
    if (typeof head.body === 'number') this.#due = head.body
    this.#handler.onHead(head.statusCode, head.headers)
  }

  #readBody(bytes: Buffer): Progress {
    if (this.#head!.body === 'chunked') return this.#readChunks(bytes)
    if (this.#head!.body === 'until close') {
      if (bytes.length > 0) this.#handler.onBody(bytes)
      return 'going on'
    }
    const piece = bytes.length > this.#due ? bytes.subarray(0, this.#due) : bytes
    this.#due -= piece.length
    if (piece.length > 0) this.#handler.onBody(piece)
    if (this.#due > 0) return 'going on'
    if (bytes.length > piece.length) this.#rest = bytes.subarray(piece.length)
    return 'ended'
  }

  #readChunks(bytes: Buffer): Progress {
    // An empty body, as Node's servers write it.
    if (this.#chunks === null && bytes.equals(lastChunk)) return 'ended'
    this.#chunks ??= new ChunkedBody(this.#headCapBytes, (piece) => this.#handler.onBody(piece))
    try {
      this.#rest = this.#chunks.read(bytes)
      return this.#rest === undefined ? 'going on' : 'ended'
    } catch (error) {
      this.#handler.onError(error as Error)
      return 'failed'
    }
  }

  #fail(code: string, message: string): 'failed' {
    this.#handler.onError(errorOf(code, message))
    return 'failed'
  }
}

/** Blank lines before a head, or left over behind the answer before. */
function withoutBlankLines(bytes: Buffer): Buffer {
  let from = 0
  while (bytes[from] === CR || bytes[from] === LF) from += 1
  return from === 0 ? bytes : bytes.subarray(from)
}
