import { bodyBytes, concat, encodeBase64, type RawBody } from './encoding.ts'
import { readSecrets, signedHead, type WebhookSecret } from './secret.ts'

export interface SignInput {
  secret: WebhookSecret | readonly WebhookSecret[]
  body: RawBody
  /** Default: a new one. Not empty, no dot. */
  id?: string
  /** Default: now. */
  timestampSeconds?: number
  /** The family of header names. Default `webhook`. */
  headers?: 'webhook' | 'svix'
}

/**
 * The headers Pombo would send with this body: `webhook-id`, `webhook-timestamp`, `webhook-signature` (or `svix-…`).
 * For a receiver's own tests and simulations. Throws a TypeError on a secret that cannot sign, or an id with a dot.
 */
export async function sign(input: SignInput): Promise<Record<string, string>> {
  const {
    id = newId(),
    timestampSeconds = Math.floor(Date.now() / 1000),
    headers = 'webhook',
  } = input
  if (id === '' || id.includes('.'))
    throw new TypeError(
      'The id must be non-empty and without a dot, since dots separate what is signed.',
    )
  if (!Number.isSafeInteger(timestampSeconds) || timestampSeconds < 0)
    throw new TypeError('timestampSeconds must be whole seconds since 1970.')
  const content = concat(signedHead(id, String(timestampSeconds)), bodyBytes(input.body))
  const signatures = await Promise.all(
    readSecrets(input.secret).map(async (key) => {
      if (key.version === 'v1') return `v1,${encodeBase64(await key.hmac(content))}`
      if (!key.sign)
        throw new TypeError('A public key (whpk_) cannot sign; give the private one (whsk_).')
      return `v1a,${encodeBase64(await key.sign(content))}`
    }),
  )
  return {
    [`${headers}-id`]: id,
    [`${headers}-timestamp`]: String(timestampSeconds),
    [`${headers}-signature`]: signatures.join(' '),
  }
}

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `msg_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
