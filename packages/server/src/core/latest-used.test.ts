import { expect, test } from 'vitest'
import { latestUsed } from './latest-used.ts'

test('what was used last stays, as many as are allowed', () => {
  const cache = latestUsed<string, object>(3)
  for (const key of ['a', 'b', 'c']) cache.set(key, {})
  cache.get('a')
  cache.set('d', {})
  cache.set('d', {})
  expect([...cache.keys()].toSorted()).toEqual(['a', 'c', 'd'])
})
