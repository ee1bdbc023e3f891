import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  generateSecret,
  hmacBytes,
  parseOpaqueSecret,
  parseSecret,
  type Secret,
  verificationText,
} from './secret.ts'

const privateKey =
  '6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=='

test('a symmetric secret reads back to its bytes, with its prefix and without', () => {
  for (const text of [
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  ]) {
    const secret = read(text)
    expect(secret).toMatchObject({
      kind: 'v1',
      text: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    })
    expect(secret.kind === 'v1' && hmacBytes(secret).toString('hex')).toBe(
      '31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0',
    )
  }
})

test('24 to 75 bytes make a symmetric secret, fewer or more are refused with their number', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
      const parsed = parseSecret(`whsec_${Buffer.from(bytes).toString('base64')}`)
      expect(parsed.ok).toBe(bytes.length >= 24 && bytes.length <= 75)
      if (!parsed.ok) expect(parsed.problem).toContain(`this one holds ${bytes.length} bytes`)
    }),
  )
})

test('missing padding is added, because receivers insist on it', () => {
  const key = Buffer.alloc(25, 7)
  expect(read(`whsec_${key.toString('base64').replaceAll('=', '')}`).text).toBe(
    `whsec_${key.toString('base64')}`,
  )
})

test('an Ed25519 private key gives the public key that receivers verify with', () => {
  const secret = read(`whsk_${privateKey}`)
  expect(secret).toMatchObject({ kind: 'v1a', text: `whsk_${privateKey}` })
  expect(verificationText(secret)).toBe('whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=')
})

test.each([
  ['', 'this one is empty'],
  ['whsec_', 'this one is empty'],
  ['whsk_', 'this one holds 0 bytes'],
  ['whpk_', 'give the private one'],
  ['whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=', 'give the private one'],
  ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!', 'not base64'],
  ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw ', 'not base64'],
  ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwa', 'not base64'],
  ['my-very-own-secret-that-is-not-base64', 'not base64'],
  ['WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'not base64'],
  [`whsk_${Buffer.alloc(32).toString('base64')}`, 'this one holds 32 bytes'],
  [`whsk_${Buffer.alloc(64).toString('base64')}`, 'do not belong together'],
])('%j is refused, and the answer says what would be right', (text, problem) => {
  const parsed = parseSecret(text)
  expect(parsed).toMatchObject({ ok: false, problem: expect.stringContaining(problem) })
  expect(parsed).toMatchObject({ problem: expect.stringMatching(/base64 of|private one/) })
})

test('a refusal never repeats the secret', () => {
  for (const secret of ['whsec_abcdefgh', 'whsk_abcdefgh', 'whpk_abcdefgh', 'abcd~efgh'])
    expect(JSON.stringify(parseSecret(secret))).not.toContain(secret.slice(-4))
})

test('an opaque secret is any text but the empty one, kept to the letter', () => {
  for (const text of [' my-secret-key ', 'whsec_', 'ção', '1']) {
    const parsed = parseOpaqueSecret(text)
    expect(parsed).toEqual({ ok: true, secret: { kind: 'opaque', text } })
  }
  expect(parseOpaqueSecret('')).toMatchObject({ ok: false })
})

test('a generated secret reads back to itself and is never the same twice', () => {
  for (const kind of ['v1', 'v1a'] as const) {
    const secret = generateSecret(kind)
    expect(read(secret.text)).toEqual(secret)
    expect(generateSecret(kind).text).not.toBe(secret.text)
  }
})

test('a generated symmetric secret fits the pattern of the Svix API', () => {
  expect(generateSecret('v1').text).toMatch(/^(whsec_)?[a-zA-Z0-9+/=]{32,100}$/)
})

function read(text: string): Secret {
  const parsed = parseSecret(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.secret
}
