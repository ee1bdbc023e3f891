import { expect, test } from 'vitest'
import { backoffMs, retryAfterMs } from './backoff.ts'

test('waits double from 250 ms to 30 s, less a random half', () => {
  const waits = (random: number) =>
    [0, 1, 2, 7, 500].map((n) => backoffMs(n, undefined, () => random))
  expect(waits(1)).toEqual([250, 500, 1_000, 30_000, 30_000])
  expect(waits(0)).toEqual([125, 250, 500, 15_000, 15_000])
})

test('as long as Pombo asked, but ten minutes at most', () => {
  expect(backoffMs(9, 1_234, () => 1)).toBe(1_234)
  expect(backoffMs(0, 86_400_000, () => 1)).toBe(600_000)
})

test('Retry-After is seconds or a date', () => {
  expect(retryAfterMs('3', 0)).toBe(3_000)
  expect(retryAfterMs('Thu, 01 Jan 1970 00:00:09 GMT', 4_000)).toBe(5_000)
  expect(retryAfterMs('Thu, 01 Jan 1970 00:00:01 GMT', 4_000)).toBe(0)
  for (const odd of [null, '', '-1', 'soon', '1.5']) expect(retryAfterMs(odd, 0)).toBeUndefined()
})
