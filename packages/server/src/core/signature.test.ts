import { createHmac, verify } from 'node:crypto'
import fc from 'fast-check'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { expect, test } from 'vitest'
import { generateSecret, parseOpaqueSecret, parseSecret, type Secret } from './secret.ts'
import { hmacKey, signStandard } from './signature.ts'

const symmetric = read('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
const asymmetric = read(
  'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==',
)
const vector = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampSeconds: 1_614_265_330,
  body: '{"test": 2432232314}',
}
const v1 = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
const v1a =
  'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=='

// Ids that a header can carry; a dot would make the signed text ambiguous.
const ids = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/)
const bodies = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constant('{"olá":"ação 😀"}'))

test('the vectors of Standard Webhooks come out exactly, whatever the type of the body', () => {
  for (const body of [vector.body, Buffer.from(vector.body)]) {
    expect(signStandard({ ...vector, body, secrets: [symmetric] })).toBe(v1)
    expect(signStandard({ ...vector, body, secrets: [asymmetric] })).toBe(v1a)
  }
})

test('every secret given signs, in the order given, so that a rotation overlaps', () => {
  const newest = generateSecret('v1')
  const all = signStandard({ ...vector, secrets: [newest, symmetric, asymmetric] })
  expect(all.split(' ')).toEqual([signStandard({ ...vector, secrets: [newest] }), v1, v1a])
})

test('an opaque secret signs with its bytes as they are, as receivers verify in the raw format', () => {
  const text = 'minha chave secreta, ção'
  const signature = signStandard({ ...vector, secrets: [opaque(text)] })
  const digest = createHmac('sha256', text)
    .update(`${vector.id}.${vector.timestampSeconds}.${vector.body}`)
    .digest('base64')
  expect(signature).toBe(`v1,${digest}`)
})

test('what is signed is verified by the libraries standardwebhooks and svix, with any body and id', () => {
  const now = Math.floor(Date.now() / 1000)
  fc.assert(
    fc.property(bodies, ids, fc.uint8Array({ minLength: 24, maxLength: 64 }), (body, id, key) => {
      const secret = read(`whsec_${Buffer.from(key).toString('base64')}`)
      const signature = signStandard({
        id,
        timestampSeconds: now,
        body,
        secrets: [generateSecret('v1'), secret],
      })
      for (const name of ['webhook', 'svix']) {
        const headers = {
          [`${name}-id`]: id,
          [`${name}-timestamp`]: String(now),
          [`${name}-signature`]: signature,
        }
        if (name === 'webhook')
          new StandardWebhook(secret.text).verify(body, headers, { jsonParse: false })
        new SvixWebhook(secret.text).verify(body, headers)
      }
    }),
  )
})

test('another byte in the body, another id, time or secret gives a signature that the libraries refuse', () => {
  const now = Math.floor(Date.now() / 1000)
  const ascii = fc.string({ unit: 'binary-ascii', minLength: 1 })
  fc.assert(
    fc.property(ascii, fc.nat(), fc.integer({ min: 1, max: 127 }), ids, (body, at, flip, id) => {
      const secret = generateSecret('v1')
      const flipped = Buffer.from(body)
      flipped[at % flipped.length]! ^= flip
      const honest = { id, timestampSeconds: now, body, secrets: [secret] }
      const accepted = (signature: string) => {
        const headers = {
          'webhook-id': id,
          'webhook-timestamp': String(now),
          'webhook-signature': signature,
        }
        try {
          new StandardWebhook(secret.text).verify(body, headers, { jsonParse: false })
          return true
        } catch {
          return false
        }
      }
      expect(accepted(signStandard(honest))).toBe(true)
      expect(accepted(signStandard({ ...honest, body: flipped }))).toBe(false)
      expect(accepted(signStandard({ ...honest, id: `${id}x` }))).toBe(false)
      expect(accepted(signStandard({ ...honest, timestampSeconds: now - 1 }))).toBe(false)
      expect(accepted(signStandard({ ...honest, secrets: [generateSecret('v1')] }))).toBe(false)
    }),
  )
})

test('an Ed25519 signature verifies with the public key and only over exactly these bytes', () => {
  const secret = generateSecret('v1a')
  if (secret.kind !== 'v1a') throw new Error('not an Ed25519 secret')
  const publicKey = {
    key: { kty: 'OKP', crv: 'Ed25519', x: secret.publicKey.toString('base64url') },
    format: 'jwk',
  } as const
  fc.assert(
    fc.property(fc.uint8Array(), ids, (bytes, id) => {
      const body = Buffer.from(bytes)
      const text = signStandard({ id, timestampSeconds: 1, body, secrets: [secret] })
      const signature = Buffer.from(text.slice('v1a,'.length), 'base64')
      const content = Buffer.concat([Buffer.from(`${id}.1.`), body])
      expect(verify(null, content, publicKey, signature)).toBe(true)
      expect(verify(null, Buffer.concat([content, Buffer.from('x')]), publicKey, signature)).toBe(
        false,
      )
    }),
  )
})

test('text and its UTF-8 bytes give the same signature', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), ids, (body, id) => {
      const input = { id, timestampSeconds: 7, secrets: [symmetric, asymmetric] }
      expect(signStandard({ ...input, body })).toBe(
        signStandard({ ...input, body: Buffer.from(body) }),
      )
    }),
  )
})

test.each(['', 'a.b', '.', 'msg_1.'])('the id %j is refused', (id) => {
  expect(() => signStandard({ ...vector, id, secrets: [symmetric] })).toThrow('without a dot')
})

test.each([-1, 1.5, Number.NaN, Infinity, 1e300])('the time %d is refused', (timestampSeconds) => {
  expect(() => signStandard({ ...vector, timestampSeconds, secrets: [symmetric] })).toThrow(
    'whole seconds',
  )
})

test('signing without any secret is refused rather than sent unsigned', () => {
  expect(() => signStandard({ ...vector, secrets: [] })).toThrow('at least one secret')
})

test('the key of a secret is made once', () => {
  expect(hmacKey(opaque('one'))).not.toBe(hmacKey(opaque('one')))
  const secret = opaque('one')
  expect(hmacKey(secret)).toBe(hmacKey(secret))
})

function read(text: string): Secret {
  const parsed = parseSecret(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.secret
}

function opaque(text: string): Extract<Secret, { kind: 'opaque' }> {
  const parsed = parseOpaqueSecret(text)
  if (!parsed.ok || parsed.secret.kind !== 'opaque') throw new Error('not an opaque secret')
  return parsed.secret
}
