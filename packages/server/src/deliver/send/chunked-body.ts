import { errorOf, protocolCode } from './request-client.ts'

const LF = 10
const sizeLine = /^([\da-f]{1,12})[ \t]*(?:;.*)?$/i
/** What may still become one. */
const sizeBegun = /^[ \t]*(?:[\da-f]{0,12}|[\da-f]{1,12}[ \t]*(?:;.*)?)\r?$/i

/**
 * Takes a body out of its chunks, and is no stricter than curl: lines may end in LF alone, blanks stand behind a size,
 * trailers be not quite fields.
 */
export class ChunkedBody {
  readonly #lineCapBytes: number
  readonly #onBody: (bytes: Buffer) => void
  #state: 'size' | 'data' | 'end of data' | 'trailers' = 'size'
  #line: Buffer = Buffer.alloc(0)
  /** Bytes of the chunk that are still to come. */
  #due = 0
  #trailerBytes = 0

  constructor(lineCapBytes: number, onBody: (bytes: Buffer) => void) {
    this.#lineCapBytes = lineCapBytes
    this.#onBody = onBody
  }

  /**
   * @returns what comes behind the last chunk; undefined while it has not come
   * @throws what cannot be read as chunks
   */
  read(given: Buffer): Buffer | undefined {
    let bytes = given
    while (bytes.length > 0) {
      if (this.#state === 'data') bytes = this.#takeData(bytes)
      else {
        const end = bytes.indexOf(LF)
        const piece = end < 0 ? bytes : bytes.subarray(0, end + 1)
        this.#line = this.#line.length === 0 ? piece : Buffer.concat([this.#line, piece])
        bytes = bytes.subarray(piece.length)
        if (end < 0) this.#waitForLine()
        else if (this.#readLine(this.#takeLine())) return bytes
      }
    }
    return undefined
  }

  #takeData(bytes: Buffer): Buffer {
    const piece = bytes.subarray(0, this.#due)
    this.#due -= piece.length
    if (this.#due === 0) this.#state = 'end of data'
    this.#onBody(piece)
    return bytes.subarray(piece.length)
  }

  #takeLine(): string {
    const line = this.#line.toString('latin1').trim()
    if (this.#state === 'trailers') this.#trailerBytes += this.#line.length
    this.#line = Buffer.alloc(0)
    return line
  }

  #waitForLine(): void {
    const text = this.#line.toString('latin1')
    const mayBecomeLine =
      this.#line.length <= this.#lineCapBytes &&
      (this.#state === 'size' ? sizeBegun.test(text) : this.#state === 'trailers' || text === '\r')
    if (!mayBecomeLine) throw unreadable()
    // A view of a read buffer, which is read into again.
    this.#line = Buffer.from(this.#line)
  }

  /** Whether it was the last. */
  #readLine(line: string): boolean {
    if (this.#state === 'trailers') {
      if (this.#trailerBytes > this.#lineCapBytes) throw unreadable()
      return line === ''
    }
    if (this.#state === 'end of data') {
      if (line !== '') throw unreadable()
      this.#state = 'size'
      return false
    }
    const [, size] = sizeLine.exec(line) ?? []
    if (size === undefined) throw unreadable()
    this.#due = Number.parseInt(size, 16)
    this.#state = this.#due === 0 ? 'trailers' : 'data'
    return false
  }
}

function unreadable(): Error {
  return errorOf(protocolCode, 'its chunks cannot be read')
}
