import { expect, test } from 'vitest'
import { plainArray } from './array.ts'

test('an array’s text says null where there is none, and is empty without values', () => {
  expect(plainArray(['018f3c9e-0000-7000-8000-000000000000', null])).toBe(
    '{018f3c9e-0000-7000-8000-000000000000,null}',
  )
  expect(plainArray([1, -2.5, 0])).toBe('{1,-2.5,0}')
  expect(plainArray([true, false])).toBe('{true,false}')
  expect(plainArray([])).toBe('{}')
})
