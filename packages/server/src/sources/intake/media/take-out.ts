import { Buffer } from 'node:buffer'

/** A file that stands in a payload as base64, and where. */
export interface FoundFile {
  bytes: Buffer
  mimetype: string
  /** Puts the reference in its place. */
  replace(by: unknown): void
}

/** What stands in the payload in a file's place. */
export interface FileReference {
  url: string
  mimetype: string
  sizeBytes: number
  sha256: string
}

type Members = Record<string, unknown>

const dataUrl = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,/
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/
/** Of WhatsApp's own reference to the encrypted file; to be passed on as they are, whatever their length. */
const untouched = new Set([
  'raw_media',
  'mediaKey',
  'directPath',
  'url',
  'fileSha256',
  'fileEncSha256',
])
const typeNames = ['mimetype', 'mimeType', 'mime_type', 'Mimetype', 'contentType', 'content_type']

/**
 * The base64 members of at least `minBytes`, at any depth. Told by their form, since gateways call them by a dozen
 * names; a text of that length without a blank is nothing that a person wrote. The value is changed when a file is
 * replaced.
 */
export function findFiles(value: unknown, minBytes: number): FoundFile[] {
  const found: FoundFile[] = []
  const minCharacters = Math.ceil((minBytes * 4) / 3)
  const waiting: object[] = typeof value === 'object' && value !== null ? [value] : []
  // With a list of its own instead of recursion, so that nesting cannot exhaust the stack.
  for (let holder = waiting.pop(); holder !== undefined; holder = waiting.pop()) {
    const members = holder as Members
    for (const [name, member] of Object.entries(members)) {
      if (untouched.has(name)) continue
      if (typeof member === 'object' && member !== null) waiting.push(member)
      else if (typeof member === 'string' && member.length >= minCharacters) {
        const file = readFile(member, minBytes)
        if (file)
          found.push({
            bytes: file.bytes,
            mimetype: file.mimetype ?? typeOf(members) ?? 'application/octet-stream',
            replace: (by) => {
              members[name] = by
            },
          })
      }
    }
  }
  return found
}

/**
 * The bytes of base64 text, with or without a data URL's head; undefined for any other text, and for fewer bytes than
 * asked for.
 */
export function readFile(
  text: string,
  minBytes: number,
): { bytes: Buffer; mimetype: string | null } | undefined {
  const [head = '', type = null] = dataUrl.exec(text) ?? []
  const body = head === '' ? text : text.slice(head.length)
  if (!base64.test(body)) return undefined
  const bytes = Buffer.from(body, 'base64')
  return bytes.length >= minBytes ? { bytes, mimetype: mimetypeOf(type) } : undefined
}

/** A type that can stand in a header: what comes from outside may be anything. */
export function mimetypeOf(given: unknown): string | null {
  if (typeof given !== 'string') return null
  const [type = ''] = given.split(';')
  return /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/.test(type.trim()) ? type.trim().toLowerCase() : null
}

function typeOf(members: Members): string | null {
  for (const name of typeNames) {
    const type = mimetypeOf(members[name])
    if (type) return type
  }
  return null
}
