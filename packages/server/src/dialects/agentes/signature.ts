import type { Secret } from '../../core/secret.ts'
import { hexHmac } from '../contract/hex-hmac.ts'

/** Whole seconds since the epoch, as the document's header has it. */
export function timestampOf(nowMs: number): string {
  return String(Math.floor(nowMs / 1000))
}

/** `X-Webhook-Signature: sha256=<hex>` over `{timestamp}.{body}`; nothing without a secret. */
export function signTimed(
  timestamp: string,
  body: string,
  secrets: readonly Secret[],
): Record<string, string> {
  const hex = hexHmac(secrets, timestamp, '.', body)
  return hex === undefined ? {} : { 'X-Webhook-Signature': `sha256=${hex}` }
}
