/** Bytes that WebCrypto takes: never backed by shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>

/** What a request's body may come as. */
export type RawBody = string | Uint8Array | ArrayBuffer

/** The bytes of a raw body; a string as UTF-8. Refuses a parsed body, the most frequent mistake of receivers. */
export function bodyBytes(body: RawBody): Uint8Array {
  if (typeof body === 'string') return utf8(body)
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  // By its tag, since test runners give each file classes of its own and `instanceof` then fails.
  if (Object.prototype.toString.call(body) === '[object ArrayBuffer]') return new Uint8Array(body)
  throw new TypeError(
    'The body must be the raw request body (string, Uint8Array or ArrayBuffer), not parsed JSON: ' +
      'the signature is over the exact bytes. ' +
      'In Express use express.raw(), in Fastify keep the raw body, with fetch use await request.text().',
  )
}

export function utf8(text: string): Bytes {
  return new Uint8Array(new TextEncoder().encode(text))
}

export function concat(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function encodeBase64(bytes: Uint8Array): string {
  let characters = ''
  for (const byte of bytes) characters += String.fromCharCode(byte)
  return btoa(characters)
}

/**
 * Standard base64, padded or not; undefined for anything else. Blanks and spare bits, which `atob` lets pass, are
 * refused.
 */
export function decodeBase64(text: string): Bytes | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  let characters: string
  try {
    characters = atob(text)
  } catch {
    return undefined
  }
  const bytes = Uint8Array.from(characters, (character) => character.charCodeAt(0))
  const canonical = encodeBase64(bytes)
  return text === canonical || text === canonical.replace(/=+$/, '') ? bytes : undefined
}

/** Takes as long for a difference in the first byte as for one in the last. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}
