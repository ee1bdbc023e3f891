/**
 * Sealing of secrets at rest: AES-256-GCM under a ring of keys, the newest of which seals while all of them open.
 *
 * A sealed value is `version (1) · key id (4) · nonce (12) · ciphertext · tag (16)`. The key id is the beginning of the
 * key's SHA-256, so that rotation can tell, in SQL, what is still under an old key. The context (what the value is, and
 * of which row) is authenticated with it: a value moved to another row or column does not open.
 */
import { say } from '../core/sentences/sentences.ts'
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

const VERSION = 1
const ID_BYTES = 4
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + ID_BYTES + NONCE_BYTES
/** How much longer a sealed value is. */
export const sealedBytes = HEAD_BYTES + TAG_BYTES

export interface Seal {
  /** `context` says what the text is and whose, such as `endpoint_secret/<id>`; the same is needed to open it. */
  seal(text: string, context: string): Buffer
  /** Throws an Error that names the missing key, or says that the value was altered or moved. */
  open(sealed: Buffer, context: string): string
  /** The same for what is no text. */
  sealBytes(bytes: Buffer, context: string): Buffer
  openBytes(sealed: Buffer, context: string): Buffer
  /** True where an older key than the newest sealed it. */
  needsReseal(sealed: Buffer): boolean
  /**
   * Keys of 32 bytes for another purpose, made of the ring's, newest first: what an older one signed is still known by
   * it.
   */
  derived(purpose: string): Buffer[]
  /** The id of the key that seals now, as it stands in sealed values. */
  readonly keyId: Buffer
}

export type KeyRead = { ok: true; key: Buffer } | { ok: false; problem: string }

/** Reads one key: the base64 or hex of 32 bytes. The problem completes "…, key 2: …" and repeats nothing of the key. */
export function readKey(text: string): KeyRead {
  const given = text.trim()
  // 32 bytes of base64 have an odd number of characters or a `=`, so what reads as hex was meant as hex.
  const bytes = /^(?:[0-9a-f]{2})+$/i.test(given) ? Buffer.from(given, 'hex') : decodeBase64(given)
  const right =
    'a key is the base64 or hex of 32 random bytes, such as `openssl rand -base64 32` prints'
  if (given === '') return { ok: false, problem: `it is empty; ${right}` }
  if (bytes === undefined) return { ok: false, problem: `it is neither base64 nor hex; ${right}` }
  if (bytes.length !== 32) return { ok: false, problem: `it holds ${bytes.length} bytes; ${right}` }
  return { ok: true, key: bytes }
}

/** The key's id as it stands in sealed values; undefined: it is no key. */
export function keyIdOf(text: string): Buffer | undefined {
  const read = readKey(text)
  return read.ok ? createHash('sha256').update(read.key).digest().subarray(0, ID_BYTES) : undefined
}

/** Makes a seal of the keys, newest first. Throws an Error that names the first key that cannot be used. */
export function createSeal(keys: readonly string[]): Seal {
  if (keys.length === 0)
    throw new Error(
      'POMBO_ENCRYPTION_KEYS holds no key; give at least one, the base64 or hex of 32 random bytes.',
    )
  // As key objects: of 32 bytes Node makes one at each use, which took 11 of the 15 µs that opening a secret cost.
  const ring = new Map<number, KeyObject>()
  let newest: { id: Buffer; key: KeyObject } | undefined
  for (const [index, text] of keys.entries()) {
    const read = readKey(text)
    if (!read.ok) throw new Error(`POMBO_ENCRYPTION_KEYS, key ${index + 1}: ${read.problem}.`)
    const id = createHash('sha256').update(read.key).digest().subarray(0, ID_BYTES)
    const key = createSecretKey(read.key)
    ring.set(id.readUInt32BE(), key)
    newest ??= { id, key }
  }
  const { id: keyId, key: newestKey } = newest!

  const sealBytes: Seal['sealBytes'] = (bytes, context) => {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', newestKey, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(Buffer.from(context))
    const body = Buffer.concat([cipher.update(bytes), cipher.final()])
    return Buffer.concat([Buffer.from([VERSION]), keyId, nonce, body, cipher.getAuthTag()])
  }
  const openBytes: Seal['openBytes'] = (sealed, context) => {
    if (sealed[0] !== VERSION || sealed.length < HEAD_BYTES + TAG_BYTES) {
      throw new Error(say('sealed_unknown_form', { what: context, version: String(sealed[0]) }))
    }
    const id = sealed.subarray(1, 1 + ID_BYTES)
    const key = ring.get(id.readUInt32BE())
    if (key === undefined) {
      throw new Error(say('sealed_key_missing', { what: context, key: id.toString('hex') }))
    }
    const nonce = sealed.subarray(1 + ID_BYTES, HEAD_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(context))
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    try {
      return Buffer.concat([
        decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES)),
        decipher.final(),
      ])
    } catch (cause) {
      throw new Error(say('sealed_altered', { what: context }), { cause })
    }
  }
  return {
    keyId,
    sealBytes,
    openBytes,
    seal: (text, context) => sealBytes(Buffer.from(text), context),
    open: (sealed, context) => openBytes(sealed, context).toString('utf8'),
    derived: (purpose) =>
      [...ring.values()].map((key) =>
        Buffer.from(hkdfSync('sha256', key, '', `pombo ${purpose}`, 32)),
      ),
    needsReseal(sealed) {
      return sealed[0] !== VERSION || !sealed.subarray(1, 1 + ID_BYTES).equals(keyId)
    },
  }
}

/** Strict where Buffer.from is not: what it would skip is a mistyped key. base64url and missing padding are fine. */
function decodeBase64(text: string): Buffer | undefined {
  const plain = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  const bytes = Buffer.from(plain, 'base64')
  return bytes.toString('base64').replace(/=+$/, '') === plain ? bytes : undefined
}
