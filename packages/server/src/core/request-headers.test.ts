import { expect, test } from 'vitest'
import { headersProblem } from './request-headers.ts'

test.each([
  'Host',
  'content-length',
  'Content-Type',
  'Connection',
  'Transfer-Encoding',
  'TE',
  'Upgrade',
  'Expect',
  'webhook-id',
  'Webhook-Signature',
  'svix-timestamp',
  'X-Forwarded-For',
  'proxy-authorization',
  'Proxy-Anything',
  'Keep-Alive',
  'Trailer',
  'content-encoding',
  'Content-MD5',
  'x-svix-a',
  'X-Svix-Signature',
  'X-Amzn-Trace-Id',
])('%s cannot be set', (name) => {
  expect(headersProblem({ [name]: 'x' })).toContain(`"${name}" is set by Pombo or by HTTP itself`)
})

test.each([
  ['', 'x'],
  ['a b', 'x'],
  ['a:b', 'x'],
  ['some:thing', 'x'],
  [':path', 'x'],
  ['naïve', 'x'],
  ['a\r\nb', 'x'],
  ['a'.repeat(257), 'x'],
  ['x-a', 'one\r\ntwo: three'],
  ['x-a', 'one\ntwo'],
  ['x-a', 'nul\0'],
  ['x-a', 'escape\x1b'],
  ['x-a', 'delete\x7f'],
  ['x-a', 'snow ☃'],
  ['x-a', ' padded'],
])('%j: %j is not a header', (name, value) => {
  expect(headersProblem({ [name]: value })).toBeDefined()
})

test('a refusal never repeats a value', () => {
  expect(headersProblem({ authorization: 'Bearer s3cr3t\n' })).not.toContain('s3cr3t')
})

test('ordinary headers are fine, names that differ by case only are not, nor too many', () => {
  expect(
    headersProblem({
      Authorization: 'Bearer abc',
      'X-Api-Key': 'k',
      'user-agent': 'mine/1.0',
      "x!#$%&'*+-.^_`|~": 'tab\there é',
    }),
  ).toBeUndefined()
  expect(headersProblem({ 'X-A': '1', 'x-a': '2' })).toContain('twice')
  expect(
    headersProblem(Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`x-${i}`, '1']))),
  ).toContain('at most 50')
  expect(headersProblem({ 'x-a': 'x'.repeat(17_000) })).toContain('longer than')
})
