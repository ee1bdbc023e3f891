import { expect, test } from 'vitest'
import { generateSecret, verificationText, type Secret } from '../../core/secret.ts'
import { signStandard } from '../../core/signature.ts'
import { readVerificationKey, verifyRequest, type VerificationKey } from './verify.ts'

const nowMs = 1_614_265_330_000
const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
const body = Buffer.from('{"test": 2432232314}')
const published = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}

function keyOf(text: string): VerificationKey {
  const read = readVerificationKey(text)
  if (!read.ok) throw new Error(read.problem)
  return read.key
}

function headersFor(secrets: readonly Secret[], prefix = 'webhook') {
  const timestampSeconds = nowMs / 1_000
  return {
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(timestampSeconds),
    [`${prefix}-signature`]: signStandard({ id, timestampSeconds, body, secrets }),
  }
}

test('the published vector verifies, under both header names', () => {
  for (const prefix of ['webhook', 'svix']) {
    const headers = {
      [`${prefix}-id`]: id,
      [`${prefix}-timestamp`]: '1614265330',
      [`${prefix}-signature`]: published.signature,
    }
    expect(verifyRequest(headers, body, [keyOf(published.secret)], nowMs)).toEqual({ ok: true })
  }
})

test('an Ed25519 signature verifies with the public key and with the private one', () => {
  const secret = generateSecret('v1a')
  const headers = headersFor([secret])
  expect(verifyRequest(headers, body, [keyOf(verificationText(secret))], nowMs)).toEqual({
    ok: true,
  })
  expect(verifyRequest(headers, body, [keyOf(secret.text)], nowMs)).toEqual({ ok: true })
  const other = keyOf(verificationText(generateSecret('v1a')))
  expect(verifyRequest(headers, body, [other], nowMs).ok).toBe(false)
})

test('during a rotation either secret is enough', () => {
  const [old, fresh] = [generateSecret('v1'), generateSecret('v1')]
  const headers = headersFor([fresh, old])
  for (const secret of [old, fresh])
    expect(verifyRequest(headers, body, [keyOf(secret.text)], nowMs)).toEqual({ ok: true })
})

test('anything that was changed is refused, with the reason', () => {
  const key = [keyOf(published.secret)]
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': published.signature,
  }
  const reason = (changed: Record<string, string>, content = body, at = nowMs) => {
    const verdict = verifyRequest({ ...headers, ...changed }, content, key, at)
    return verdict.ok ? 'ok' : verdict.reason
  }
  expect(reason({})).toBe('ok')
  expect(reason({}, Buffer.from('{"test":2432232314}'))).toBe('no signature fits the secret')
  expect(reason({ 'webhook-id': 'msg_other' })).toBe('no signature fits the secret')
  expect(reason({ 'webhook-signature': 'v1,' })).toBe('no signature fits the secret')
  expect(reason({ 'webhook-signature': '' })).toMatch(/missing/)
  expect(reason({ 'webhook-timestamp': 'soon' })).toMatch(/"soon"/)
  expect(reason({}, body, nowMs + 301_000)).toBe('webhook-timestamp is 301 s old')
  expect(reason({}, body, nowMs - 400_000)).toBe('webhook-timestamp is 400 s ahead')
})

test('keys that cannot verify anything are refused', () => {
  for (const text of ['whsec_', 'whpk_abc', 'whsec_short', ''])
    expect(readVerificationKey(text), text).toMatchObject({ ok: false })
})
