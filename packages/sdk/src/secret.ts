import { type Bytes, concat, decodeBase64, utf8 } from './encoding.ts'

/**
 * `whsec_…` (or its base64 alone): symmetric. `whpk_…`: an Ed25519 public key, which verifies. `whsk_…`: the private
 * one, which also signs. A Uint8Array: the bytes of a symmetric key as they are, such as `new
 * TextEncoder().encode('my secret')`.
 */
export type WebhookSecret = string | Uint8Array

/** A secret, read. Keys are imported on first use and kept. */
export type Key =
  | { version: 'v1'; hmac: (content: Bytes) => Promise<Bytes> }
  | {
      version: 'v1a'
      verify: (content: Bytes, signature: Bytes) => Promise<boolean>
      /** Undefined with a public key alone. */
      sign: ((content: Bytes) => Promise<Bytes>) | undefined
    }

/**
 * Throws a TypeError that says what is wrong and never repeats the secret: a bad secret is a mistake in the
 * receiver's configuration.
 */
export function readSecrets(secrets: WebhookSecret | readonly WebhookSecret[]): Key[] {
  const list: readonly WebhookSecret[] = isList(secrets) ? secrets : [secrets]
  if (list.length === 0) throw new TypeError('Give at least one webhook secret.')
  return list.map(readSecret)
}

function isList(
  secrets: WebhookSecret | readonly WebhookSecret[],
): secrets is readonly WebhookSecret[] {
  return Array.isArray(secrets)
}

function readSecret(secret: WebhookSecret): Key {
  if (typeof secret !== 'string') {
    if (!ArrayBuffer.isView(secret))
      throw new TypeError(
        'A webhook secret is a string (whsec_…, whpk_…) or a Uint8Array; is the variable that holds it set?',
      )
    return symmetric(new Uint8Array(secret))
  }
  if (secret.startsWith('whpk_')) return asymmetric(read(secret, 'whpk_', 32))
  if (secret.startsWith('whsk_')) {
    const bytes = read(secret, 'whsk_', 64)
    return asymmetric(bytes.slice(32), bytes.slice(0, 32))
  }
  return symmetric(read(secret, 'whsec_'))
}

function read(secret: string, prefix: string, bytesExpected?: number): Bytes {
  const bytes = decodeBase64(secret.startsWith(prefix) ? secret.slice(prefix.length) : secret)
  if (bytes === undefined)
    throw new TypeError(
      `The webhook secret is not "${prefix}" and base64; for a key that is plain text give its bytes: ` +
        'new TextEncoder().encode(secret).',
    )
  if (bytesExpected !== undefined && bytes.length !== bytesExpected)
    throw new TypeError(
      `A "${prefix}" key holds ${bytesExpected} bytes in base64; this one holds ${bytes.length}.`,
    )
  return bytes
}

function symmetric(bytes: Bytes): Key {
  // An empty key would make every forger's HMAC right.
  if (bytes.length === 0)
    throw new TypeError(
      'The webhook secret is empty; copy the whole of it from the endpoint: "whsec_" and base64.',
    )
  const key = once(() =>
    crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']),
  )
  return {
    version: 'v1',
    hmac: async (content) => new Uint8Array(await crypto.subtle.sign('HMAC', await key(), content)),
  }
}

// Before the 32 bytes of a seed: the PKCS#8 wrapping of Ed25519 (RFC 8410).
const pkcs8Prefix = [
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]

function asymmetric(publicBytes: Bytes, seed?: Bytes): Key {
  const publicKey = once(() =>
    crypto.subtle.importKey('raw', publicBytes, { name: 'Ed25519' }, false, ['verify']),
  )
  const privateKey =
    seed &&
    once(() =>
      crypto.subtle.importKey(
        'pkcs8',
        concat(Uint8Array.from(pkcs8Prefix), seed),
        { name: 'Ed25519' },
        false,
        ['sign'],
      ),
    )
  return {
    version: 'v1a',
    verify: async (content, signature) =>
      crypto.subtle.verify('Ed25519', await publicKey(), signature, content),
    sign:
      privateKey &&
      (async (content) =>
        new Uint8Array(await crypto.subtle.sign('Ed25519', await privateKey(), content))),
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/** What Standard Webhooks signs before the body. */
export function signedHead(id: string, timestamp: string): Bytes {
  return utf8(`${id}.${timestamp}.`)
}
