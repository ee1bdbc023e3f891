import { expect, test } from 'vitest'
import { newBucket, refill, untilTokenMs } from './token-bucket.ts'

test('a bucket fills with time up to a second of its rate, and says when it has a whole token', () => {
  const bucket = newBucket(0, 0)
  refill(bucket, 4, 125)
  expect(bucket).toMatchObject({ tokens: 0.5, filledAt: 125 })
  expect(untilTokenMs(bucket, 4)).toBe(125)
  refill(bucket, 4, 10_000)
  expect(bucket.tokens).toBe(4)
  expect(untilTokenMs(bucket, 4)).toBe(0)
})

test('a rate below one a second still saves up one', () => {
  const bucket = newBucket(0, 0)
  refill(bucket, 0.5, 60_000)
  expect(bucket.tokens).toBe(1)
})
