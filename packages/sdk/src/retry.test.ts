import fc from 'fast-check'
import { expect, test } from 'vitest'
import { retryAfterMs, retryWaitMs } from './retry.ts'

const now = Date.parse('2026-01-02T03:04:05Z')

test.each([
  ['0', 0],
  ['120', 120_000],
  [' 7 ', 7_000],
  ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
  ['Fri, 02 Jan 2026 03:04:00 GMT', 0],
  ['soon', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['', undefined],
  [null, undefined],
])('Retry-After %j is %j ms', (header, ms) => {
  expect(retryAfterMs(header, now)).toBe(ms)
})

test('what the server asks for is waited in full', () => {
  expect(retryWaitMs(0, 3_600_000, () => 0)).toBe(3_600_000)
})

test('without a word from the server the wait doubles up to 10 s, less a random half', () => {
  const waits = (random: number) =>
    [0, 1, 2, 3, 20].map((retry) => retryWaitMs(retry, undefined, () => random))
  expect(waits(1)).toEqual([250, 500, 1000, 2000, 10_000])
  expect(waits(0)).toEqual([125, 250, 500, 1000, 5_000])
  fc.assert(
    fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (retry, random) => {
      const wait = retryWaitMs(retry, undefined, () => random)
      expect(wait >= 125 && wait <= 10_000).toBe(true)
    }),
  )
})
