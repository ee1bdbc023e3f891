import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { samplesOf } from './verify-samples.ts'

test('the secret is shown with a sample of each language, out of the guide whose test runs them', () => {
  const guide = readFileSync(
    new URL('../../../../../docs/guides/verify.md', import.meta.url),
    'utf8',
  )
  const samples = samplesOf(guide)
  expect(samples.map(({ language }) => language)).toContain('PHP')
  for (const { code } of samples) expect(code).toMatch(/verify/i)
  // Receivers on Node need no package for it.
  expect(samples[0]!.code).toContain("from 'node:crypto'")
})
