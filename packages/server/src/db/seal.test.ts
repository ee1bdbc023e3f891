import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { loadOrMakeKeys } from './seal-keys.ts'
import { createSeal, readKey } from './seal.ts'

const fresh = (): string => randomBytes(32).toString('base64')

test('whatever is sealed opens again, in the same context only', () => {
  const seal = createSeal([fresh()])
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.uuid(), fc.uuid(), (text, row, other) => {
      fc.pre(row !== other)
      const sealed = seal.seal(text, `endpoint_secret/${row}`)
      expect(seal.open(sealed, `endpoint_secret/${row}`)).toBe(text)
      expect(() => seal.open(sealed, `endpoint_secret/${other}`)).toThrow(
        'was altered, or belongs to another row',
      )
      expect(() => seal.open(sealed, `endpoint_headers/${row}`)).toThrow(
        'was altered, or belongs to another row',
      )
    }),
  )
})

test('a sealed value holds nothing of its text, is never the same twice, tells when any of its bytes changed', () => {
  const seal = createSeal([fresh()])
  const text = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const sealed = seal.seal(text, 'x')
  expect(sealed.includes(text)).toBe(false)
  expect(seal.seal(text, 'x').equals(sealed)).toBe(false)
  expect(sealed[0]).toBe(1)
  for (let at = 0; at < sealed.length; at++) {
    const altered = Buffer.from(sealed)
    altered[at]! ^= 1
    expect(() => seal.open(altered, 'x')).toThrow()
  }
  expect(() => seal.open(sealed.subarray(0, -1), 'x')).toThrow()
  expect(() => seal.open(Buffer.alloc(0), 'x')).toThrow('is not one that this Pombo can read')
})

test('the newest key seals, the older ones still open, and a missing one is named', () => {
  const [older, newer] = [fresh(), fresh()]
  const sealed = createSeal([older]).seal('text', 'x')
  const both = createSeal([newer, older])
  expect(both.open(sealed, 'x')).toBe('text')
  expect(both.needsReseal(sealed)).toBe(true)
  expect(both.needsReseal(both.seal('text', 'x'))).toBe(false)
  const id = createSeal([older]).keyId.toString('hex')
  expect(() => createSeal([newer]).open(sealed, 'endpoint_secret/7')).toThrow(
    `endpoint_secret/7 is sealed under the encryption key with id ${id}`,
  )
})

test('a key is the base64, base64url or hex of 32 bytes', () => {
  const key = Buffer.from('fb'.repeat(32), 'hex')
  for (const form of ['base64', 'base64url', 'hex'] as const)
    expect(readKey(` ${key.toString(form)}\n`)).toEqual({ ok: true, key })
})

test.each([
  ['', 'it is empty'],
  [randomBytes(16).toString('base64'), 'it holds 16 bytes'],
  [randomBytes(31).toString('hex'), 'it holds 31 bytes'],
  ['correct horse battery staple', 'it is neither base64 nor hex'],
  [`${randomBytes(32).toString('base64').slice(0, -2)}*=`, 'it is neither base64 nor hex'],
])('%j is not a key, and the refusal says which and why without repeating it', (text, problem) => {
  const refused = (): unknown => createSeal([fresh(), text])
  expect(refused).toThrow(`POMBO_ENCRYPTION_KEYS, key 2: ${problem}`)
  if (text !== '') expect(refused).not.toThrow(text)
})

test('without a key there is no seal', () => {
  expect(() => createSeal([])).toThrow('POMBO_ENCRYPTION_KEYS holds no key')
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'pombo-keys-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test('a data folder’s keys are made once, for their owner alone, also by processes that start together', async () => {
  const dataDir = join(folder(), 'data')
  const made = await Promise.all(
    Array.from({ length: 8 }, async () => await loadOrMakeKeys(dataDir)),
  )
  expect(new Set(made.map((keys) => keys.join())).size).toBe(1)
  expect(made[0]).toHaveLength(1)
  expect(readKey(made[0]![0]!).ok).toBe(true)
  expect(readdirSync(dataDir)).toEqual(['encryption-keys'])
  expect(statSync(join(dataDir, 'encryption-keys')).mode & 0o777).toBe(0o600)
  expect(await loadOrMakeKeys(dataDir)).toEqual(made[0])
})

test('a key file that others could read is made private again, and its keys are taken newest first', async () => {
  const dataDir = folder()
  const [newer, older] = [fresh(), fresh()]
  writeFileSync(join(dataDir, 'encryption-keys'), `# note\n${newer}\n\n  ${older}\n`)
  chmodSync(join(dataDir, 'encryption-keys'), 0o644)
  expect(await loadOrMakeKeys(dataDir)).toEqual([newer, older])
  expect(statSync(join(dataDir, 'encryption-keys')).mode & 0o777).toBe(0o600)
})

test('an emptied key file is refused, not replaced: a new key would open nothing', async () => {
  const dataDir = folder()
  writeFileSync(join(dataDir, 'encryption-keys'), '# gone\n')
  await expect(loadOrMakeKeys(dataDir)).rejects.toThrow('holds no key')
  expect(existsSync(join(dataDir, 'encryption-keys'))).toBe(true)
})
