import { fieldOf } from './lenient-field.ts'

const LF = 10
const sizeLine = /^([\da-f]{1,12})[ \t]*(?:;.*)?$/i
/** What may still become one. */
const sizeBegun = /^[ \t]*(?:[\da-f]{0,12}|[\da-f]{1,12}[ \t]*(?:;.*)?)\r?$/i

/**
 * The chunks of a body, written anew as a strict parser takes them: lines that end in LF alone, blanks behind a size,
 * trailers that are not quite fields. What cannot be read at all is passed on as it came, for the parser to refuse.
 */
export class LenientChunks {
  readonly #lineCapBytes: number
  #state: 'size' | 'data' | 'end of data' | 'trailers' | 'as it came' = 'size'
  #line: Buffer = Buffer.alloc(0)
  /** Bytes of the chunk that are still to come. */
  #due = 0

  constructor(lineCapBytes: number) {
    this.#lineCapBytes = lineCapBytes
  }

  read(given: Buffer): Buffer {
    const ready: Buffer[] = []
    let bytes = given
    while (bytes.length > 0) {
      if (this.#state === 'as it came') {
        ready.push(bytes)
        break
      }
      bytes = this.#state === 'data' ? this.#takeData(bytes, ready) : this.#takeLine(bytes, ready)
    }
    return Buffer.concat(ready)
  }

  /** Each piece becomes a chunk of its own: the bytes of a large one are not waited for. */
  #takeData(bytes: Buffer, ready: Buffer[]): Buffer {
    const piece = bytes.subarray(0, this.#due)
    this.#due -= piece.length
    if (this.#due === 0) this.#state = 'end of data'
    ready.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
    return bytes.subarray(piece.length)
  }

  #takeLine(bytes: Buffer, ready: Buffer[]): Buffer {
    const end = bytes.indexOf(LF)
    this.#line = Buffer.concat([this.#line, end < 0 ? bytes : bytes.subarray(0, end + 1)])
    if (end < 0 && this.#mayBecomeLine()) return Buffer.alloc(0)
    const line = this.#line
    this.#line = Buffer.alloc(0)
    const written = end < 0 ? undefined : this.#readLine(line.toString('latin1').trim())
    if (written === undefined) this.#state = 'as it came'
    ready.push(written === undefined ? line : Buffer.from(written, 'latin1'))
    return end < 0 ? Buffer.alloc(0) : bytes.subarray(end + 1)
  }

  #mayBecomeLine(): boolean {
    if (this.#line.length > this.#lineCapBytes) return false
    const text = this.#line.toString('latin1')
    return this.#state === 'size'
      ? sizeBegun.test(text)
      : this.#state === 'trailers' || text === '\r'
  }

  /** What is written for a line; undefined: it cannot be read. */
  #readLine(line: string): string | undefined {
    switch (this.#state) {
      case 'size': {
        const [, size] = sizeLine.exec(line) ?? []
        if (size === undefined) return undefined
        this.#due = Number.parseInt(size, 16)
        this.#state = this.#due === 0 ? 'trailers' : 'data'
        return this.#due === 0 ? '0\r\n' : ''
      }
      case 'end of data':
        if (line !== '') return undefined
        this.#state = 'size'
        return ''
      case 'trailers': {
        if (line === '') this.#state = 'as it came'
        const field = fieldOf(line)
        return line === '' ? '\r\n' : field === undefined ? '' : `${field.join(': ')}\r\n`
      }
      default:
        return undefined
    }
  }
}
