import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { say } from './sentences/sentences.ts'

/**
 * What an endpoint's requests are signed with. `text` is the canonical form: what is stored (encrypted) and shown to
 * its owner. `v1` and `v1a` are Standard Webhooks (HMAC-SHA256, Ed25519); `opaque` is a key that a dialect uses as it
 * stands, to the letter.
 */
export type Secret =
  | { readonly kind: 'v1'; readonly text: string }
  | {
      readonly kind: 'v1a'
      readonly seed: Buffer
      readonly publicKey: Buffer
      readonly text: string
    }
  | { readonly kind: 'opaque'; readonly text: string }

/** `problem` says what is wrong and what would be right; it never repeats the secret. */
export type ParsedSecret = { ok: true; secret: Secret } | { ok: false; problem: string }

const symmetricPrefix = 'whsec_'
const privatePrefix = 'whsk_'
const publicPrefix = 'whpk_'
const keptSymmetric = `v1:${symmetricPrefix}`
const minKeyBytes = 24
/** As Svix has it; Standard Webhooks says 64. */
const maxKeyBytes = 75

// Before the 32 bytes of a key: PKCS#8 and SPKI wrappings of Ed25519 (RFC 8410), which node:crypto takes and gives.
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const spkiPrefixBytes = 12

/**
 * Reads a Standard Webhooks signing secret: `whsec_…`, the same without its prefix (the Svix API takes both), or
 * `whsk_…`. Missing base64 padding is added to `text`, because the receivers' libraries insist on it.
 */
export function parseSecret(text: string): ParsedSecret {
  if (text.startsWith(publicPrefix)) return refuse(say('secret_public'))
  if (text.startsWith(privatePrefix)) return parsePrivate(text.slice(privatePrefix.length))
  const key = decodeBase64(
    text.startsWith(symmetricPrefix) ? text.slice(symmetricPrefix.length) : text,
  )
  if (key === undefined) return refuse(say('secret_not_base64'))
  if (key.length === 0) return refuse(say('secret_empty'))
  if (key.length < minKeyBytes || key.length > maxKeyBytes)
    return refuse(say('secret_bytes', { bytes: key.length }))
  return { ok: true, secret: symmetric(key) }
}

/**
 * A dialect's own kind of secret: any text but the empty one, used as an HMAC key exactly as it is, blanks included.
 */
export function parseOpaqueSecret(text: string): ParsedSecret {
  if (text === '') return refuse(say('secret_opaque_empty'))
  return { ok: true, secret: { kind: 'opaque', text } }
}

/**
 * A new secret: `v1` from 32 random bytes, as strong as the HMAC-SHA256 it feeds, or `v1a` from a new Ed25519 key pair.
 */
export function generateSecret(kind: 'v1' | 'v1a'): Secret {
  if (kind === 'v1') return symmetric(randomBytes(32))
  const { privateKey } = generateKeyPairSync('ed25519')
  return asymmetric(
    privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(pkcs8Prefix.length),
  )
}

/** What the receiver verifies with: the secret itself, or of an Ed25519 pair only the public half, `whpk_…`. */
export function verificationText(secret: Secret): string {
  return secret.kind === 'v1a' ? publicPrefix + secret.publicKey.toString('base64') : secret.text
}

/** How a secret is written to be kept: its kind before it, since an opaque one may look like any other. */
export function secretText(secret: Secret): string {
  return `${secret.kind}:${secret.text}`
}

/** What `secretText` has written. */
export function readSecret(text: string): Secret {
  // Most are of this kind, and were checked before they were written.
  if (text.startsWith(keptSymmetric)) return { kind: 'v1', text: text.slice(3) }
  const parsed = text.startsWith('opaque:')
    ? parseOpaqueSecret(text.slice(7))
    : parseSecret(text.slice(text.indexOf(':') + 1))
  if (!parsed.ok) throw new Error(`A stored secret cannot be read: ${parsed.problem}`)
  return parsed.secret
}

/** What HMACs are made with. */
export function hmacBytes(secret: Exclude<Secret, { kind: 'v1a' }>): Buffer {
  return secret.kind === 'v1'
    ? Buffer.from(secret.text.slice(symmetricPrefix.length), 'base64')
    : Buffer.from(secret.text)
}

/** The private key as PKCS#8, DER. */
export function pkcs8(secret: Extract<Secret, { kind: 'v1a' }>): Buffer {
  return Buffer.concat([pkcs8Prefix, secret.seed])
}

function parsePrivate(base64: string): ParsedSecret {
  const bytes = decodeBase64(base64)
  if (bytes === undefined) return refuse(say('private_not_base64'))
  if (bytes.length !== 64) return refuse(say('private_bytes', { bytes: bytes.length }))
  const secret = asymmetric(bytes.subarray(0, 32))
  // Halves that do not belong together would sign what no receiver can verify.
  if (!secret.publicKey.equals(bytes.subarray(32))) return refuse(say('private_halves'))
  return { ok: true, secret }
}

function symmetric(key: Buffer): Secret {
  return { kind: 'v1', text: symmetricPrefix + key.toString('base64') }
}

function asymmetric(seedBytes: Buffer): Extract<Secret, { kind: 'v1a' }> {
  const seed = Buffer.from(seedBytes)
  const privateKey = createPrivateKey({
    key: Buffer.concat([pkcs8Prefix, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const publicKey = createPublicKey(privateKey)
    .export({ format: 'der', type: 'spki' })
    .subarray(spkiPrefixBytes)
  return {
    kind: 'v1a',
    seed,
    publicKey,
    text: privatePrefix + Buffer.concat([seed, publicKey]).toString('base64'),
  }
}

/** Strict, unlike Buffer.from, which skips what it does not know and so makes another key of a mistyped one. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  const canonical = bytes.toString('base64')
  return canonical === text || canonical.replace(/=+$/, '') === text ? bytes : undefined
}

function refuse(problem: string): ParsedSecret {
  return { ok: false, problem }
}
