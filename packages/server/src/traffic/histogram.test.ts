import { expect, test } from 'vitest'
import { boundsMs, bucketOf, buckets, percentiles } from './histogram.ts'

test('a duration is counted in the first bucket whose bound it does not pass', () => {
  expect(bucketOf(0)).toBe(0)
  for (const [i, bound] of boundsMs.entries()) {
    expect(bucketOf(bound)).toBe(i)
    expect(bucketOf(bound + 0.1)).toBe(i + 1)
  }
  expect(bucketOf(Number.MAX_SAFE_INTEGER)).toBe(buckets - 1)
})

test('percentiles lie in the bucket of the durations that they are of, and nothing has none', () => {
  expect(percentiles([])).toBeNull()
  const counts = Array.from({ length: buckets }, () => 0)
  expect(percentiles(counts)).toBeNull()
  for (let ms = 1; ms <= 1_000; ms++) counts[bucketOf(ms)]! += 1
  const { p50, p95, p99 } = percentiles(counts)!
  expect(p50).toBeGreaterThan(400)
  expect(p50).toBeLessThanOrEqual(600)
  expect(p95).toBeGreaterThan(900)
  expect(p99).toBeGreaterThanOrEqual(p95)
  expect(p99).toBeLessThanOrEqual(1_000)
  counts[buckets - 1] = 1_000_000
  expect(percentiles(counts)!.p99).toBe(3_600_000)
})
