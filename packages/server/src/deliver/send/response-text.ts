// The beginning of a response body, as text that can be stored.

/** Collects up to `keptBytes` of a body, and never holds more than that, however the body is cut into chunks. */
export class ResponseText {
  readonly #keptBytes: number
  #bytes: Buffer | null = null
  #used = 0
  #isTruncated = false

  constructor(keptBytes: number) {
    this.#keptBytes = keptBytes
  }

  // Chunks are copied: each is a view of a 64 KiB read buffer, which one kept byte would keep whole.
  add(chunk: Buffer): void {
    const room = this.#keptBytes - this.#used
    const piece = chunk.length > room ? chunk.subarray(0, room) : chunk
    if (piece.length < chunk.length) this.#isTruncated = true
    if (this.#bytes === null) {
      // Nearly every answer is one chunk.
      this.#bytes = Buffer.from(piece)
    } else {
      if (this.#used + piece.length > this.#bytes.length) this.#grow()
      piece.copy(this.#bytes, this.#used)
    }
    this.#used += piece.length
  }

  take(): { text: string; isTruncated: boolean } {
    if (this.#bytes === null) return { text: '', isTruncated: false }
    const kept = this.#bytes.subarray(0, this.#used)
    this.#bytes = null
    return { text: storableText(kept, this.#isTruncated), isTruncated: this.#isTruncated }
  }

  #grow(): void {
    const whole = Buffer.allocUnsafeSlow(this.#keptBytes)
    this.#bytes!.copy(whole, 0, 0, this.#used)
    this.#bytes = whole
  }
}

/** UTF-8, leniently; U+0000, which PostgreSQL text cannot hold, becomes U+FFFD. A character cut by us is left out. */
export function storableText(bytes: Buffer, isCut: boolean): string {
  const text = (isCut ? withoutPartialCharacter(bytes) : bytes).toString('utf8')
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text
}

function withoutPartialCharacter(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!
    if ((byte & 0xc0) === 0x80) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return needed > back ? bytes.subarray(0, bytes.length - back) : bytes
  }
  return bytes
}
