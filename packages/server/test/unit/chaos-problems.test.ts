import { expect, test } from 'vitest'
import { problems } from '../../bench/chaos/problems.ts'
import type { Result } from '../../bench/chaos/world.ts'

const well = {
  accepted: 100,
  lost: [],
  orderBroken: [],
  afterTakeOver: 0,
  repeated: 0,
  inFlight: 3,
  backMs: 900,
  gapMs: 900,
  calmP99Ms: 40,
  laterP99Ms: 45,
  unrecorded: 0,
  refused: 0,
  notes: [],
} as unknown as Result
const scenario = {
  clean: false,
  counted: true,
  backWithinMs: 5_000,
  gapWithinMs: 5_000,
  p99BackWithinMs: 3_000,
}

test('a run in which all was well has no problem', () => {
  expect(problems(scenario, well, false)).toEqual([])
})

test.for<[string, Partial<Result>]>([
  ['lost', { lost: ['1 plain'] }],
  ['order broken', { orderBroken: ['key a'] }],
  ['came twice, 3 were in flight', { repeated: 4 }],
  ['back after 5001 ms', { backMs: 5_001 }],
  ['back after null ms', { backMs: null }],
  ['nothing was accepted for 5001 ms', { gapMs: 5_001 }],
  ['after a fault the p99 of answers was 141 ms, and 40 ms before', { laterP99Ms: 141 }],
  ['too few answers', { laterP99Ms: null }],
  ['still refused', { refused: 1 }],
])('a chaos run fails where it says: %s', ([words, wrong]) => {
  expect(problems(scenario, { ...well, ...wrong }, false)).toEqual([expect.stringContaining(words)])
})

test('a quick run is judged by all but the time of answers', () => {
  expect(problems(scenario, { ...well, laterP99Ms: 9_999 }, true)).toEqual([])
  expect(problems(scenario, { ...well, backMs: 5_001 }, true)).toHaveLength(1)
})
