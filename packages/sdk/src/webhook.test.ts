import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { describe, expect, test } from 'vitest'
import { sign } from './sign.ts'
import type { WebhookVerificationCode } from './verification-error.ts'
import { Webhook } from './webhook.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const privateKey =
  'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=='
const publicKey = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='
const seconds = 1_614_265_330
const now = () => seconds * 1000
const body = '{"test": 2432232314}'
const v1 = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
const v1a =
  'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=='
const headers = {
  'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  'webhook-timestamp': String(seconds),
  'webhook-signature': v1,
}

const ids = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/)

describe('the vectors of Standard Webhooks', () => {
  test('verify, symmetric and Ed25519, by the public key and by the private one', async () => {
    for (const [key, signature] of [
      [secret, v1],
      [secret.slice('whsec_'.length), v1],
      [publicKey, v1a],
      [privateKey, v1a],
    ] as const)
      expect(
        await new Webhook(key, { now }).verify(body, {
          ...headers,
          'webhook-signature': signature,
        }),
      ).toEqual({ test: 2432232314 })
  })

  test('come out of sign exactly', async () => {
    const input = { body, id: headers['webhook-id'], timestampSeconds: seconds }
    expect(await sign({ ...input, secret })).toEqual(headers)
    expect(await sign({ ...input, secret: [secret, privateKey], headers: 'svix' })).toEqual({
      'svix-id': headers['webhook-id'],
      'svix-timestamp': String(seconds),
      'svix-signature': `${v1} ${v1a}`,
    })
  })
})

describe('a request is accepted', () => {
  const webhook = new Webhook(secret, { now })

  test('with its body as a string, bytes, a slice of a larger buffer, or an ArrayBuffer', async () => {
    const bytes = Buffer.from(body)
    const slice = Buffer.from(`xx${body}yy`).subarray(2, -2)
    for (const form of [body, bytes, new Uint8Array(bytes), slice, new Uint8Array(bytes).buffer])
      expect(await webhook.verify(form, headers)).toEqual({ test: 2432232314 })
  })

  test('with headers as Headers, a Map, node lists, in any case, and under the svix names', async () => {
    const svix = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.replace('webhook', 'svix'), value]),
    )
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    )
    const lists = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value]]),
    )
    const forms = [
      headers,
      svix,
      upper,
      lists,
      new Headers(headers),
      new Headers(svix),
      new Map(Object.entries(headers)),
    ]
    for (const form of forms) await webhook.verifyRaw(body, form)
  })

  test('with several signatures of which one is right, among wrong, partial, unknown and unreadable ones', async () => {
    const wrong = `v1,${randomBytes(32).toString('base64')}`
    for (const signature of [
      `${wrong} ${v1}`,
      `v1, ${v1}`,
      `v9,abcd ${v1a} ${v1}`,
      `nonsense  ${v1} `,
      `v1,*** ${v1}`,
      `${wrong}, ${v1}`,
    ])
      await webhook.verifyRaw(body, { ...headers, 'webhook-signature': signature })
    await webhook.verifyRaw(body, { ...headers, 'webhook-signature': [wrong, v1] })
  })

  test('when any of the secrets is right, of either version', async () => {
    const other = `whsec_${randomBytes(32).toString('base64')}`
    await new Webhook([other, publicKey, secret], { now }).verifyRaw(body, headers)
    await new Webhook([other, publicKey], { now }).verifyRaw(body, {
      ...headers,
      'webhook-signature': `${v1} ${v1a}`,
    })
  })

  test('up to the tolerance away from now, and not a second further', async () => {
    for (const [aside, code] of [
      [300, undefined],
      [-300, undefined],
      [301, 'timestamp_too_old'],
      [-301, 'timestamp_too_new'],
    ] as const)
      expect(await outcome({ now: () => (seconds + aside) * 1000 })).toBe(code)
    expect(await outcome({ now: () => (seconds + 11) * 1000, toleranceSeconds: 10 })).toBe(
      'timestamp_too_old',
    )
    expect(await outcome({ now: () => 4e12, toleranceSeconds: Infinity })).toBeUndefined()
  })

  test('by the clock of the machine where none is given', async () => {
    await new Webhook(secret).verifyRaw(body, await sign({ secret, body }))
    await expect(new Webhook(secret).verifyRaw(body, headers)).rejects.toMatchObject({
      code: 'timestamp_too_old',
    })
  })
})

describe('a request is refused', () => {
  test.each<[string, Record<string, string | string[] | undefined>, WebhookVerificationCode]>([
    ['without an id', { 'webhook-id': undefined }, 'missing_header'],
    ['with an empty id', { 'webhook-id': '' }, 'missing_header'],
    ['without a time', { 'webhook-timestamp': undefined }, 'missing_header'],
    ['without a signature', { 'webhook-signature': undefined }, 'missing_header'],
    [
      'with part of its headers under the other name',
      { 'webhook-id': undefined, 'svix-id': headers['webhook-id'] },
      'missing_header',
    ],
    ['with two ids', { 'webhook-id': ['a', 'b'] }, 'duplicate_header'],
    ['with two ids in different case', { 'Webhook-Id': 'b' }, 'duplicate_header'],
    ['with a dot in its id', { 'webhook-id': 'msg_1.2' }, 'invalid_id'],
    [
      'with a time that only begins as a number',
      { 'webhook-timestamp': `${seconds}abc` },
      'invalid_timestamp',
    ],
    [
      'with a time of another notation',
      { 'webhook-timestamp': '1.614265330e9' },
      'invalid_timestamp',
    ],
    ['with a time below zero', { 'webhook-timestamp': `-${seconds}` }, 'invalid_timestamp'],
    ['with milliseconds for a time', { 'webhook-timestamp': `${seconds}000` }, 'invalid_timestamp'],
    ['with another time', { 'webhook-timestamp': String(seconds - 1) }, 'signature_mismatch'],
    [
      'with its time written another way',
      { 'webhook-timestamp': `0${seconds}` },
      'signature_mismatch',
    ],
    ['with another id', { 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJel' }, 'signature_mismatch'],
    ['with a partial signature', { 'webhook-signature': 'v1,' }, 'malformed_signature'],
    ['with a bare signature', { 'webhook-signature': v1.slice(3) }, 'malformed_signature'],
    [
      'with the first half of the signature',
      { 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKg==' },
      'signature_mismatch',
    ],
    [
      'with an unknown version alone',
      { 'webhook-signature': v1.replace('v1', 'v2') },
      'unsupported_version',
    ],
    ['with a version there is no secret for', { 'webhook-signature': v1a }, 'unsupported_version'],
  ])('%s', async (_, change, code) => {
    expect(await outcome({ now }, { ...headers, ...change })).toBe(code)
  })

  test('with a message that names what is missing, and what was expected', async () => {
    const webhook = new Webhook(publicKey, { now })
    await expect(webhook.verify(body, {})).rejects.toThrow(
      'The request has no webhook-id, no webhook-timestamp, no webhook-signature header.',
    )
    await expect(webhook.verify(body, { 'svix-id': 'a' })).rejects.toThrow(
      'The request has no svix-timestamp, no svix-signature header.',
    )
    await expect(webhook.verify(body, headers)).rejects.toThrow(
      'signed with v1; the secrets given are for v1a',
    )
  })

  test('signed by a private key but with one of its 64 bytes changed', async () => {
    const signature = Buffer.from(v1a.slice(4), 'base64')
    for (const at of [0, 31, 32, 63]) {
      const changed = Buffer.from(signature)
      changed[at]! ^= 1
      const claimed = { ...headers, 'webhook-signature': `v1a,${changed.toString('base64')}` }
      await expect(new Webhook(publicKey, { now }).verify(body, claimed)).rejects.toMatchObject({
        code: 'signature_mismatch',
      })
    }
  })

  test('by verify alone when it is signed but not JSON', async () => {
    for (const raw of ['', 'plain text', '{"a":', new Uint8Array([0x22, 0xff, 0x22])]) {
      const signed = await sign({ secret, body: raw })
      await new Webhook(secret).verifyRaw(raw, signed)
      await expect(new Webhook(secret).verify(raw, signed)).rejects.toMatchObject({
        name: 'WebhookVerificationError',
        code: 'not_json',
      })
    }
  })
})

describe('a mistake of the receiver is told apart from a bad request', () => {
  test.each([
    ['', 'empty'],
    ['whsec_', 'empty'],
    ['whpk_', '32 bytes'],
    ['whsk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=', '64 bytes'],
    [`${secret}\n`, 'not "whsec_" and base64'],
    ['not base64 at all', 'not "whsec_" and base64'],
    ['whsec_QR==', 'not "whsec_" and base64'],
    [new Uint8Array(), 'empty'],
    [[], 'at least one'],
    [['whsec_', secret], 'empty'],
    [undefined as unknown as string, 'is the variable that holds it set?'],
  ])('the secret %j is refused at once', (bad, message) => {
    expect(() => new Webhook(bad)).toThrow(TypeError)
    expect(() => new Webhook(bad)).toThrow(message)
  })

  test('a parsed body is refused with the way out', async () => {
    const parsed = JSON.parse(body) as string
    await expect(new Webhook(secret, { now }).verify(parsed, headers)).rejects.toThrow(
      'not parsed JSON',
    )
  })

  test('a tolerance that would turn the check off by accident is refused', () => {
    for (const toleranceSeconds of [Number.NaN, -1])
      expect(() => new Webhook(secret, { toleranceSeconds })).toThrow('toleranceSeconds')
  })

  test('signing is refused with a public key, a dot in the id, or a broken time', async () => {
    await expect(sign({ secret: publicKey, body })).rejects.toThrow('cannot sign')
    await expect(sign({ secret, body, id: 'a.b' })).rejects.toThrow('without a dot')
    await expect(sign({ secret, body, timestampSeconds: 1.5 })).rejects.toThrow('whole seconds')
    await expect(sign({ secret: [], body })).rejects.toThrow('at least one')
  })
})

describe('with any body and id', () => {
  test('what standardwebhooks and svix sign, Webhook verifies', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }),
        ids,
        fc.uint8Array({ minLength: 1 }),
        async (text, id, key) => {
          const base64 = `whsec_${Buffer.from(key).toString('base64')}`
          const webhook = new Webhook(base64, { now })
          for (const oracle of [new StandardWebhook(base64), new SvixWebhook(base64)]) {
            const signature = oracle.sign(id, new Date(now()), text)
            const claimed = { ...headers, 'webhook-id': id, 'webhook-signature': signature }
            await webhook.verifyRaw(text, claimed)
            await webhook.verifyRaw(Buffer.from(text), claimed)
          }
        },
      ),
    )
  })

  test('what sign signs, standardwebhooks and svix verify', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), ids, async (text, id) => {
        const signed = await sign({ secret, body: text, id })
        new StandardWebhook(secret).verify(text, signed, { jsonParse: false })
        new SvixWebhook(secret).verify(
          text,
          await sign({ secret, body: text, id, headers: 'svix' }),
        )
      }),
    )
  })

  test('a flipped byte, another id, another time or another secret is refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        ids,
        fc.constantFrom(secret, privateKey),
        async (bytes, at, flip, id, key) => {
          const signed = await sign({ secret: key, body: bytes, id, timestampSeconds: seconds })
          const webhook = new Webhook(key, { now })
          await webhook.verifyRaw(bytes, signed)
          const flipped = Uint8Array.from(bytes)
          flipped[at % bytes.length]! ^= flip
          const other =
            key === secret
              ? `whsec_${randomBytes(24).toString('base64')}`
              : `whpk_${randomBytes(32).toString('base64')}`
          for (const attempt of [
            () => webhook.verifyRaw(flipped, signed),
            () => webhook.verifyRaw(bytes, { ...signed, 'webhook-id': `${id}x` }),
            () => webhook.verifyRaw(bytes, { ...signed, 'webhook-timestamp': String(seconds + 1) }),
            () => new Webhook(other, { now }).verifyRaw(bytes, signed),
          ])
            await expect(attempt()).rejects.toMatchObject({ code: 'signature_mismatch' })
        },
      ),
    )
  })

  test('JSON comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (json) => {
        const signed = await sign({ secret: privateKey, body: json })
        expect(await new Webhook(publicKey).verify(json, signed)).toEqual(JSON.parse(json))
      }),
    )
  })
})

test('a key that is plain text verifies by its bytes', async () => {
  const key = 'minha chave secreta'
  const digest = createHmac('sha256', key).update(`a.${seconds}.${body}`).digest('base64')
  const signed = {
    'webhook-id': 'a',
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${digest}`,
  }
  await new Webhook(new TextEncoder().encode(key), { now }).verifyRaw(body, signed)
})

test('what is parsed is what was verified, even if the caller reuses the buffer meanwhile', async () => {
  const buffer = Buffer.from(body)
  const pending = new Webhook(secret, { now }).verify(buffer, headers)
  buffer.fill('7')
  expect(await pending).toEqual({ test: 2432232314 })
})

/** The code a request is refused with; undefined when it is accepted. */
async function outcome(
  options: { now?: () => number; toleranceSeconds?: number },
  given: Record<string, string | string[] | undefined> = headers,
): Promise<string | undefined> {
  try {
    await new Webhook(secret, options).verify(body, given)
    return undefined
  } catch (error) {
    expect(error).toMatchObject({ name: 'WebhookVerificationError' })
    return (error as { code: string }).code
  }
}
