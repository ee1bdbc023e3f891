import { createPublicKey, timingSafeEqual, verify as verifyEd25519 } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { parseSecret, type Secret } from '../../core/secret.ts'
import { signStandard } from '../../core/signature.ts'

/** What a receiver verifies with: a secret, or the public half of an Ed25519 pair. */
export type VerificationKey = { kind: 'secret'; secret: Secret } | { kind: 'public'; key: Buffer }

export type ReadKey = { ok: true; key: VerificationKey } | { ok: false; problem: string }

const publicPrefix = 'whpk_'
// Before the 32 bytes of an Ed25519 key: its SPKI wrapping (RFC 8410).
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const TOLERANCE_SECONDS = 300

/** Reads `whsec_…`, `whsk_…` or `whpk_…`. */
export function readVerificationKey(given: string): ReadKey {
  if (!given.startsWith(publicPrefix)) {
    const parsed = parseSecret(given)
    return parsed.ok ? { ok: true, key: { kind: 'secret', secret: parsed.secret } } : parsed
  }
  const key = Buffer.from(given.slice(publicPrefix.length), 'base64')
  if (key.length !== 32)
    return { ok: false, problem: `a public key is "${publicPrefix}" and the base64 of 32 bytes` }
  return { ok: true, key: { kind: 'public', key } }
}

export type Verdict = { ok: true } | { ok: false; reason: string }

/** Undefined: there is nothing to check it by. */
export type Verifier = (
  headers: IncomingHttpHeaders,
  body: Buffer,
  nowMs: number,
) => Verdict | undefined

/** Checks requests by keys that may change; without any, signatures are not checked. */
export function verifierOf(keys: () => readonly VerificationKey[]): Verifier {
  return (headers, body, nowMs) => {
    const current = keys()
    return current.length === 0 ? undefined : verifyRequest(headers, body, current, nowMs)
  }
}

/** Checks a request as Standard Webhooks says, under `webhook-` or `svix-` headers. */
export function verifyRequest(
  headers: IncomingHttpHeaders,
  body: Buffer,
  keys: readonly VerificationKey[],
  nowMs: number,
): Verdict {
  const header = (name: string): string | undefined => {
    const value = headers[`webhook-${name}`] ?? headers[`svix-${name}`]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const id = header('id')
  const timestamp = header('timestamp')
  const signatures = header('signature')
  if (id === undefined || timestamp === undefined || signatures === undefined)
    return { ok: false, reason: 'webhook-id, webhook-timestamp or webhook-signature is missing' }
  if (!/^\d{1,12}$/.test(timestamp))
    return { ok: false, reason: `webhook-timestamp is "${timestamp}"` }
  const ageSeconds = Math.round(nowMs / 1_000) - Number(timestamp)
  if (Math.abs(ageSeconds) > TOLERANCE_SECONDS)
    return {
      ok: false,
      reason: `webhook-timestamp is ${Math.abs(ageSeconds)} s ${ageSeconds > 0 ? 'old' : 'ahead'}`,
    }
  if (id.includes('.')) return { ok: false, reason: 'webhook-id holds a dot' }
  const given = signatures.split(' ')
  const fits = keys.some((key) =>
    given.some((signature) => matches(key, signature, id, Number(timestamp), body)),
  )
  return fits ? { ok: true } : { ok: false, reason: 'no signature fits the secret' }
}

function matches(
  key: VerificationKey,
  signature: string,
  id: string,
  timestampSeconds: number,
  body: Buffer,
): boolean {
  if (key.kind === 'secret') {
    // Ed25519 is deterministic too, so that whoever holds the private half can compare instead of verify.
    const expected = Buffer.from(
      signStandard({ id, timestampSeconds, body, secrets: [key.secret] }),
    )
    const presented = Buffer.from(signature)
    return presented.length === expected.length && timingSafeEqual(presented, expected)
  }
  if (!signature.startsWith('v1a,')) return false
  const publicKey = createPublicKey({
    key: Buffer.concat([spkiPrefix, key.key]),
    format: 'der',
    type: 'spki',
  })
  const content = Buffer.concat([Buffer.from(`${id}.${timestampSeconds}.`), body])
  return verifyEd25519(null, content, publicKey, Buffer.from(signature.slice(4), 'base64'))
}
