import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readId, showId, uuidFloor, uuidTimeMs, uuidv7 } from './id.ts'

test('ids made in one process grow, also within a millisecond and when the clock steps back', () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => uuidv7(1_764_000_000_000 - (i % 7)))
  expect(ids).toEqual(ids.toSorted())
  expect(new Set(ids).size).toBe(ids.length)
})

test('a clock that ran a day ahead and is set right is followed, so that its ids fall into days that there are', () => {
  const nowMs = Date.UTC(2031, 0, 1)
  uuidv7(nowMs + 86_400_000)
  expect(uuidTimeMs(uuidv7(nowMs))).toBe(nowMs)
})

test('an id is a UUIDv7 whose time can be read back', () => {
  const id = uuidv7(Date.UTC(2031, 4, 5, 6, 7, 8, 9))
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(uuidTimeMs(id)).toBe(Date.UTC(2031, 4, 5, 6, 7, 8, 9))
  expect(uuidFloor(uuidTimeMs(id)) <= id).toBe(true)
})

test('a shown id reads back to the same uuid, sorts like it, and has no dot', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), (a, b) => {
      expect(readId('message', showId('message', a))).toBe(a)
      expect(showId('message', a) < showId('message', b)).toBe(a < b)
      expect(showId('message', a)).toMatch(/^msg_[0-9a-z]{26}$/)
    }),
  )
})

test.each([
  'msg_',
  'msg_short',
  `ep_${'0'.repeat(26)}`,
  `msg_${'z'.repeat(26)}`,
  `msg_${'i'.repeat(26)}`,
  `msg_7i${'0'.repeat(24)}`,
  `msg_${'0'.repeat(25)}U`,
  `msg_${'0'.repeat(25)}é`,
  `MSG_${'0'.repeat(26)}`,
])('%s is not a message id', (text) => {
  expect(readId('message', text)).toBeUndefined()
})
