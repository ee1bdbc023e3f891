/**
 * A body's bytes as UTF-8, whatever its sender wrote it in: for all doors alike. What cannot be read is refused, and
 * nothing is replaced.
 */
import { isUtf8 } from 'node:buffer'
import { PomboError } from './error.ts'

/**
 * The same bytes as UTF-8 and without a byte order mark; the buffer itself where it is that already.
 * @throws PomboError `bad_encoding` with the byte at fault, `unsupported_media_type` for a charset that is not read
 */
export function utf8Bytes(bytes: Buffer, contentType: string | undefined): Buffer {
  const charset = charsetOf(contentType)
  switch (charset) {
    case 'utf-8':
    case 'utf8':
    case 'us-ascii':
    case 'ascii':
      return utf8(bytes)
    case 'iso-8859-1':
    case 'iso8859-1':
    case 'iso_8859-1':
    case 'latin1':
    case 'latin-1':
      return Buffer.from(bytes.toString('latin1'))
    case 'windows-1252':
    case 'cp1252':
      return Buffer.from(new TextDecoder('windows-1252').decode(bytes))
    case 'utf-16':
    case 'utf16':
      return utf16(bytes, isBigEndian(bytes))
    case 'utf-16le':
      return utf16(bytes, false)
    case 'utf-16be':
      return utf16(bytes, true)
    default:
      throw new PomboError('unsupported_media_type', {
        expected: 'text in UTF-8, UTF-16, ISO-8859-1 or windows-1252',
        given: `charset "${charset.slice(0, 40)}"`,
      })
  }
}

export function charsetOf(contentType: string | undefined): string {
  if (contentType === undefined || !contentType.includes(';')) return 'utf-8'
  const [, quoted, plain] = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(contentType) ?? []
  return (quoted ?? plain ?? 'utf-8')
    .trim()
    .replace(/^'(.*)'$/, '$1')
    .toLowerCase()
}

function utf8(bytes: Buffer): Buffer {
  if (!isUtf8(bytes)) {
    const at = firstNotUtf8(bytes)
    throw new PomboError('bad_encoding', {
      encoding: 'UTF-8',
      at,
      hint: looksLikeUtf16(bytes)
        ? ' It looks like UTF-16: say so by "charset=utf-16".'
        : ' Where it is in another encoding, say which by "charset=" in Content-Type.',
    })
  }
  // More than one where each of those who handed it on has put one before it.
  let from = 0
  while (bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf) from += 3
  return from === 0 ? bytes : bytes.subarray(from)
}

/** By halves: a prefix is whole UTF-8, or ends within a character, up to the byte that is wrong. */
export function firstNotUtf8(bytes: Buffer): number {
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (isUtf8(bytes.subarray(0, startOfCharacter(bytes, middle)))) good = middle
    else bad = middle
  }
  return startOfCharacter(bytes, good)
}

/** The last byte at or before `at` that does not continue a character. */
function startOfCharacter(bytes: Buffer, at: number): number {
  let start = at
  while (start > 0 && at - start < 3 && (bytes[start]! & 0xc0) === 0x80) start -= 1
  return (bytes[start]! & 0xc0) === 0x80 ? at : start
}

function looksLikeUtf16(bytes: Buffer): boolean {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0
  return mark === 0xfffe || mark === 0xfeff
}

/** By its mark, else by where the first character, which is ASCII in JSON and in forms, has its zero. */
function isBigEndian(bytes: Buffer): boolean {
  if (looksLikeUtf16(bytes)) return bytes[0] === 0xfe
  return bytes[0] === 0
}

function utf16(bytes: Buffer, bigEndian: boolean): Buffer {
  const even = bytes.length - (bytes.length % 2)
  const little = Buffer.from(bytes.subarray(0, even))
  if (bigEndian) little.swap16()
  const text = little.toString('utf16le')
  const wrong = even < bytes.length ? even : text.isWellFormed() ? -1 : 2 * loneSurrogateIn(text)
  if (wrong !== -1) throw new PomboError('bad_encoding', { encoding: 'UTF-16', at: wrong })
  return Buffer.from(text.replace(/^\ufeff+/, ''))
}

function loneSurrogateIn(text: string): number {
  return text.search(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/)
}
