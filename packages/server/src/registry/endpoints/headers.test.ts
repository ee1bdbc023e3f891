import { expect, test } from 'vitest'
import { isSensitive, mergeHeaders, showHeaders } from './headers.ts'

test.each([
  'authorization',
  'Authorization',
  'Cookie',
  'X-API-Key',
  'apikey',
  'X-Auth-Token',
  'My-Secret-Header',
  'x-password',
])('%s is shown by name only', (name) => {
  expect(isSensitive(name)).toBe(true)
  expect(showHeaders({ [name]: 'v', 'x-plain': '1' })).toEqual({
    headers: { 'x-plain': '1' },
    sensitive: [name],
  })
})

test('merging replaces and removes whatever the case of the names', () => {
  expect(
    mergeHeaders(
      { 'X-A': '1', 'X-B': '2', 'X-C': '3' },
      { 'x-a': '9', 'x-b': null, 'x-d': '4', 'x-e': null },
    ),
  ).toEqual({ 'X-C': '3', 'x-a': '9', 'x-d': '4' })
})
