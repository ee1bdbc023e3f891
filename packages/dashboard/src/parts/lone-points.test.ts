import { expect, test } from 'vitest'
import { lonePoints } from './lone-points.ts'

test('a figure between gaps is drawn, and those that make a line are not drawn twice', () => {
  expect(lonePoints([1, null, 2, 3, null, 0])).toEqual([0, 5])
  expect(lonePoints([null, 7, undefined])).toEqual([1])
  expect(lonePoints([])).toEqual([])
})
