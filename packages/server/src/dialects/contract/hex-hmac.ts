import { createHmac } from 'node:crypto'
import type { Secret } from '../../core/secret.ts'
import type { SignatureWords } from './delivery.ts'
import { hmacKey } from '../../core/signature.ts'

/**
 * HMAC-SHA256 in lower-case hex over the parts in a row, by the newest secret that can: the documents' headers
 * hold one signature, so a rotation takes effect at once. undefined without such a secret (an Ed25519 pair signs
 * no HMAC). The key is the secret's text as its owner sees it. `whsec_…` too, since the documents' receivers take
 * the text to the letter and know nothing of base64.
 */
export function hexHmac(
  secrets: readonly Secret[],
  ...parts: readonly string[]
): string | undefined {
  const secret = secrets.find(({ kind }) => kind !== 'v1a')
  if (secret === undefined) return undefined
  const hmac = createHmac('sha256', secret.kind === 'opaque' ? hmacKey(secret) : secret.text)
  for (const part of parts) hmac.update(part)
  return hmac.digest('hex')
}

/** The header of such a signature, `{[name]: "<prefix><hex>"}`; none without a secret. */
export function hmacHeader(
  name: string,
  prefix: 'sha256=' | '',
  secrets: readonly Secret[],
  ...parts: readonly string[]
): Record<string, string> {
  const hex = hexHmac(secrets, ...parts)
  return hex === undefined ? {} : { [name]: `${prefix}${hex}` }
}

/** How a receiver checks it. */
export function hexWords(header: string, prefix: 'sha256=' | '', content: string): SignatureWords {
  return { header, prefix, encoding: 'hex', content, key: 'text' }
}
