import type { Secret } from '../../core/secret.ts'
import { hexHmac } from '../contract/hex-hmac.ts'

/** `X-ZapHub-Signature: sha256=<hex>` over exactly the body. The document has none (it is on its list of things to come): nothing without a secret. */
export function signBody(body: string, secrets: readonly Secret[]): Record<string, string> {
  const hex = hexHmac(secrets, body)
  return hex === undefined ? {} : { 'X-ZapHub-Signature': `sha256=${hex}` }
}
