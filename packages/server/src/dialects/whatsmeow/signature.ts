import type { Secret } from '../../core/secret.ts'
import { hexHmac } from '../contract/hex-hmac.ts'

/** `X-Webhook-Signature: sha256=<hex>` over exactly the body; nothing without a secret. */
export function signBody(body: string, secrets: readonly Secret[]): Record<string, string> {
  const hex = hexHmac(secrets, body)
  return hex === undefined ? {} : { 'X-Webhook-Signature': `sha256=${hex}` }
}
