import { getHeapSpaceStatistics } from 'node:v8'
import { expect, test } from 'vitest'
import { compactHeap } from './compact-heap.ts'

const youngBytes = () =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')!.space_size

test('what a start made V8 lay out for young objects is given back, and nothing else is left of it', () => {
  let kept: object[] = []
  while (youngBytes() < 16 << 20 && kept.length < 2_000_000) kept.push({ of: kept.length })
  const before = youngBytes()
  kept = []
  compactHeap()
  expect(youngBytes()).toBeLessThan(before / 2)
  expect(globalThis).not.toHaveProperty('gc')
})
