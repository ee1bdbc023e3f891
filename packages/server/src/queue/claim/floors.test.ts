import { expect, test } from 'vitest'
import { ClaimFloors, fromTheStart } from './floors.ts'

const row = (priority: number, due_ms: number) => ({ priority, due_ms })

test('a claim begins a little before where the last one of the same priority ended', () => {
  const floors = new ClaimFloors()
  expect(floors.of('a', 0)).toBe(fromTheStart)
  floors.note('a', [row(1, 5_000), row(1, 7_000), row(2, 3_000)], { tookMs: 5 }, 0)
  expect(floors.of('a', 10)).toEqual([0, 6_900, 2_900])
  floors.note('a', [row(1, 6_950)], undefined, 20)
  expect(floors.of('a', 20)).toEqual([0, 6_900, 2_900])
  expect(floors.of('b', 20)).toBe(fromTheStart)
})

test('every two seconds, and after something was put back, it looks from the start; seldom where that is slow', () => {
  const floors = new ClaimFloors()
  floors.note('a', [row(1, 5_000)], { tookMs: 5 }, 0)
  expect(floors.of('a', 1_999)).toEqual([0, 4_900, 0])
  expect(floors.of('a', 2_000)).toBe(fromTheStart)
  floors.note('a', [row(1, 1_000)], { tookMs: 500 }, 2_000)
  expect(floors.of('a', 11_999)).toEqual([0, 900, 0])
  expect(floors.of('a', 12_000)).toBe(fromTheStart)
  floors.note('a', [row(1, 1_000)], { tookMs: 5 }, 12_000)
  floors.forget('a')
  expect(floors.of('a', 12_001)).toBe(fromTheStart)
})
