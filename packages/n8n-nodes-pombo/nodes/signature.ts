import { createHmac, timingSafeEqual } from 'crypto'

/** The one problem that another secret may mend. */
export const mismatch = 'the signature does not match'

/** How far the clocks of Pombo and n8n may be apart: what is older may be a request that someone kept. */
const toleranceSeconds = 5 * 60

export interface Signed {
  id: unknown
  timestamp: unknown
  signature: unknown
  body: Buffer
}

/**
 * Whether a request is Pombo's, by Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`.
 * @returns why it is not; undefined: it is
 */
export function signatureProblem(
  { id, timestamp, signature, body }: Signed,
  secret: string,
  nowMs: number,
): string | undefined {
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string')
    return 'webhook-id, webhook-timestamp and webhook-signature are needed'
  const apartSeconds = Math.abs(nowMs / 1000 - Number(timestamp))
  if (!(/^\d+$/.test(timestamp) && apartSeconds <= toleranceSeconds))
    return 'webhook-timestamp is more than five minutes away from the clock of n8n'
  const expected = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    .update(`${id}.${timestamp}.`)
    .update(body)
    .digest()
  // While a secret is changed over, a request is signed with both.
  const given = signature.split(' ').filter((one) => one.startsWith('v1,'))
  const isOurs = given.some((one) => {
    const bytes = Buffer.from(one.slice('v1,'.length), 'base64')
    return bytes.length === expected.length && timingSafeEqual(bytes, expected)
  })
  return isOurs ? undefined : mismatch
}
