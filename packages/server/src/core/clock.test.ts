import { expect, test } from 'vitest'
import { iso, SystemClock } from './clock.ts'

const wall = 1_700_000_000_000

test.each([
  ['by the middle of the question', 60_000, 10, 60_000],
  ['not for less than 100 ms', 99, 10, 0],
  ['not for what the way of a slow question explains', -240, 500, 0],
  ['for more than a slow question explains', -260, 500, -260],
])('takes over the database’s time %s', (_, differsMs, tookMs, shiftedMs) => {
  const clock = new SystemClock(() => wall)
  clock.align(wall + differsMs, wall - tookMs / 2, wall + tookMs / 2)
  expect(clock.now() - wall).toBe(shiftedMs)
})

test('a difference once found stays, until it is seen to be another', () => {
  const clock = new SystemClock(() => wall)
  const seen = (differsMs: number, tookMs: number) => {
    clock.align(wall + differsMs, wall - tookMs / 2, wall + tookMs / 2)
    return clock.now() - wall
  }
  expect(seen(60_000, 10)).toBe(60_000)
  expect(seen(60_090, 10)).toBe(60_000)
  expect(seen(60_800, 2_000)).toBe(60_000)
  expect(seen(0, 10)).toBe(0)
})

test('a time is written as Date writes it, whichever was written before', () => {
  const times = [
    0,
    999,
    1_000,
    0.4,
    -0.4,
    -1,
    -1_000,
    -1_001,
    wall + 7.9,
    wall + 999,
    wall,
    8.64e15,
  ]
  for (const before of times)
    for (const ms of times) {
      iso(before)
      expect(iso(ms)).toBe(new Date(ms).toISOString())
    }
  expect(() => iso(Number.NaN)).toThrow(RangeError)
})
