import { expect, test } from 'vitest'
import { retryAfterMs } from './retry-after.ts'

const nowMs = Date.UTC(2026, 6, 1, 12, 0, 0)
const dayMs = 24 * 60 * 60 * 1000

test.each([
  ['0', 0],
  ['1', 1000],
  ['120', 120_000],
  [' 120 ', 120_000],
  ['0120', 120_000],
  ['86400', dayMs],
])('seconds %j are honoured in full', (value, expected) => {
  expect(retryAfterMs(value, nowMs)).toBe(expected)
})

test.each([['86401'], ['9999999999999999999999999'], ['Fri, 03 Jul 2026 12:00:00 GMT']])(
  '%j is bounded to 24 hours',
  (value) => {
    expect(retryAfterMs(value, nowMs)).toBe(dayMs)
  },
)

test.each([
  ['IMF-fixdate', 'Wed, 01 Jul 2026 12:01:30 GMT', 90_000],
  ['RFC 850', 'Wednesday, 01-Jul-26 12:01:30 GMT', 90_000],
  ['asctime', 'Wed Jul  1 12:01:30 2026', 90_000],
  ['a date in the past', 'Wed, 01 Jul 2026 11:00:00 GMT', 0],
  ['RFC 850 of the past century', 'Wednesday, 01-Jul-98 12:01:30 GMT', 0],
])('an HTTP date counts from now: %s', (_form, value, expected) => {
  expect(retryAfterMs(value, nowMs)).toBe(expected)
})

test.each([
  [undefined],
  [null],
  [''],
  ['-5'],
  ['1.5'],
  ['soon'],
  ['5 apples'],
  ['1e3'],
  ['2026-07-01T12:01:30Z'],
  ['Wed, 31 Feb 2027 12:00:00 GMT'],
  ['Wed, 01 Jul 2026 12:01:30 +0200'],
])('%j names no time', (value) => {
  expect(retryAfterMs(value, nowMs)).toBeNull()
})
