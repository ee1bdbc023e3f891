/**
 * Whether a request was made by someone who knows the secret. Everything is compared in constant time, over the
 * raw bytes.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { jsonObject } from './request.ts'
import type { GatewayRequest, Verdict } from './gateway.ts'

/** Equal without telling by its duration how much is equal; the hashes make both sides one length. */
export function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(
    createHash('sha256').update(given).digest(),
    createHash('sha256').update(expected).digest(),
  )
}

/** The secret itself, as a header or a member of the body holds it. */
export function verifySecret(given: string | null | undefined, secret: string): Verdict {
  if (!given) return 'absent'
  return sameSecret(given, secret) ? 'ok' : 'bad'
}

/**
 * A hex HMAC, with or without a `sha256=` before it, in a header. `signed` is the raw body unless the gateway
 * signs something else.
 */
export function verifyHmac(
  request: GatewayRequest,
  header: string,
  secret: string,
  algorithm: 'sha256' | 'sha512' = 'sha256',
  signed: Buffer | string = request.rawBody,
): Verdict {
  const given = request.headers[header]
  if (given === undefined || given === '') return 'absent'
  const expected = createHmac(algorithm, secret).update(signed).digest('hex')
  const hex = given.startsWith(`${algorithm}=`) ? given.slice(algorithm.length + 1) : given
  return sameSecret(hex.toLowerCase(), expected) ? 'ok' : 'bad'
}

/** A bearer token of the form `header.payload.signature`; undefined where there is none. */
export function bearer(request: GatewayRequest): string | undefined {
  const [scheme, token] = (request.headers['authorization'] ?? '').split(' ')
  return scheme?.toLowerCase() === 'bearer' && token ? token : undefined
}

/** A JWT of HS256 that has not expired and makes all these claims. Clocks may differ by a minute. */
export function verifyJwt(
  token: string,
  secret: string,
  nowMs: number,
  claims: Record<string, string>,
): Verdict {
  const [head, payload, signature, ...rest] = token.split('.')
  if (!head || !payload || signature === undefined || rest.length > 0) return 'bad'
  // The algorithm is ours to choose, never the token's: `none` and RS256 with a public key as the secret are
  // old attacks.
  if (jsonObject(Buffer.from(head, 'base64url'))?.['alg'] !== 'HS256') return 'bad'
  if (
    !sameSecret(
      signature,
      createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url'),
    )
  )
    return 'bad'
  const said = jsonObject(Buffer.from(payload, 'base64url'))
  const expires = said?.['exp']
  if (typeof expires !== 'number' || expires * 1000 + 60_000 < nowMs) return 'bad'
  return Object.entries(claims).every(([name, value]) => said?.[name] === value) ? 'ok' : 'bad'
}
