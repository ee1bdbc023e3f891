import { errorOf, protocolCode } from './request-client.ts'

const LF = 10
const sizeLine = /^[ \t]*([\da-f]{1,12})[ \t]*(?:;|\r?\n$)/i
/** What may still become one. */
const sizeBegun = /^[ \t]*(?:[\da-f]{0,12}|[\da-f]{1,12}[ \t]*(?:;[^]*)?)\r?$/i
const exactSizeLine = /^[\da-f]+\r\n$/i
/**
 * What says something of a line stands in so many characters; the rest, an extension, is counted only. Held as a whole,
 * 64 KiB of one in single bytes took 1.2 s of CPU; they take 0.04.
 */
const heldCharacters = 64

/**
 * Takes a body out of its chunks, and is no stricter than curl: lines may end in LF alone, blanks stand behind a size,
 * trailers be not quite fields.
 */
export class ChunkedBody {
  readonly #lineCapBytes: number
  readonly #onBody: (bytes: Buffer) => void
  #state: 'size' | 'data' | 'end of data' | 'trailers' = 'size'
  #line = ''
  #lineBytes = 0
  /** Bytes of the chunk that are still to come. */
  #due = 0
  /** Of lines that are not exact: extensions and trailers, which are thrown away. */
  #passedBytes = 0

  constructor(lineCapBytes: number, onBody: (bytes: Buffer) => void) {
    this.#lineCapBytes = lineCapBytes
    this.#onBody = onBody
  }

  /** Nothing but sizes and data, as the grammar wants them: everybody reads the same end. */
  get isExact(): boolean {
    return this.#passedBytes === 0
  }

  /** Whether its last chunk has come: behind it are trailers alone. */
  get isWhole(): boolean {
    return this.#state === 'trailers'
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
        bytes = bytes.subarray(piece.length)
        this.#takeLine(piece)
        if (end < 0) this.#waitForLine()
        else if (this.#readLine()) return bytes
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

  #takeLine(piece: Buffer): void {
    this.#lineBytes += piece.length
    if (this.#passedBytes + this.#lineBytes > this.#lineCapBytes) throw unreadable()
    if (this.#line.length < heldCharacters)
      this.#line += piece.toString('latin1', 0, heldCharacters - this.#line.length)
  }

  #waitForLine(): void {
    const mayBecomeLine =
      this.#state === 'size'
        ? sizeBegun.test(this.#line)
        : this.#state === 'trailers' || this.#line === '\r'
    if (!mayBecomeLine) throw unreadable()
  }

  /** Whether it was the last. */
  #readLine(): boolean {
    const line = this.#line
    const isSize = this.#state === 'size'
    const isExact = isSize ? exactSizeLine.test(line) : line === '\r\n'
    if (!isExact) this.#passedBytes += this.#lineBytes
    this.#line = ''
    this.#lineBytes = 0
    if (isSize) {
      const [, size] = sizeLine.exec(line) ?? []
      if (size === undefined) throw unreadable()
      this.#due = Number.parseInt(size, 16)
      this.#state = this.#due === 0 ? 'trailers' : 'data'
      return false
    }
    const isBlank = line === '\r\n' || line === '\n'
    if (this.#state === 'trailers') return isBlank
    if (!isBlank) throw unreadable()
    this.#state = 'size'
    return false
  }
}

function unreadable(): Error {
  return errorOf(protocolCode, 'its chunks cannot be read')
}
