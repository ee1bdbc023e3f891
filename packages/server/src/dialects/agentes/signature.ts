import type { Secret } from '../../core/secret.ts'
import { hmacHeader } from '../contract/hex-hmac.ts'

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
  return hmacHeader('X-Webhook-Signature', 'sha256=', secrets, timestamp, '.', body)
}
