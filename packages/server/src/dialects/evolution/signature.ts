import { createHmac } from 'node:crypto'
import type { Endpoint } from '../../core/endpoint.ts'
import type { Secret } from '../../core/secret.ts'
import type { OutgoingEvent, SignatureWords } from '../contract/delivery.ts'
import { hexWords, hmacHeader } from '../contract/hex-hmac.ts'
import { optionsOf } from './options.ts'

/** Seconds that a token is good for, as in Evolution. */
const tokenSeconds = 600

/**
 * Nothing without a secret, as in the document. With one: `X-Webhook-Signature: sha256=<hex>` over exactly the
 * body; or, where the endpoint asks for it, what Evolution itself makes of a `jwt_key`: `Authorization: Bearer
 * <JWT>` (HS256; `iat`, `exp`, `app`, `action`).
 */
export function sign(
  { nowMs }: OutgoingEvent,
  endpoint: Endpoint,
  body: string,
  secrets: readonly Secret[],
): Record<string, string> {
  if (optionsOf(endpoint.dialectOptions).signature !== 'jwt')
    return hmacHeader('X-Webhook-Signature', 'sha256=', secrets, body)
  const secret = secrets.find(({ kind }) => kind !== 'v1a')
  if (secret === undefined) return {}
  const issuedAt = Math.floor(nowMs / 1000)
  const claims = {
    iat: issuedAt,
    exp: issuedAt + tokenSeconds,
    app: 'evolution',
    action: 'webhook',
  }
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  const mac = createHmac('sha256', secret.text).update(signed).digest('base64url')
  return { Authorization: `Bearer ${signed}.${mac}` }
}

export function signatureWords(endpoint: Endpoint): SignatureWords {
  return optionsOf(endpoint.dialectOptions).signature === 'jwt'
    ? { header: 'authorization', prefix: 'Bearer ', encoding: 'jwt', content: '', key: 'text' }
    : hexWords('x-webhook-signature', 'sha256=', '{body}')
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
