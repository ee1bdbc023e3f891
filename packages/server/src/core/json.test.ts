import fc from 'fast-check'
import { expect, test } from 'vitest'
import { elementTexts, memberText } from './json.ts'

test('a payload comes out to the byte as it was sent', () => {
  const payload = '{"n": 12345678901234567890, "x": 1.0 ,"z":[1 , 2],"a":"}\\"{"}'
  expect(
    memberText(`{ "eventType":"a", "payload" : ${payload} , "channels":null}`, 'payload'),
  ).toBe(payload)
})

test.each([
  '0',
  '-1.50e+10',
  'true',
  'null',
  '"text with \\\\\\" and ] } ,"',
  '[]',
  '{}',
  '[[[[{"a":[]}]]]]',
  '"\\u0000"',
])('the value %s keeps its text', (value) => {
  expect(memberText(`{"payload":${value}}`, 'payload')).toBe(value)
  expect(memberText(`{"payload":${value},"b":1}`, 'payload')).toBe(value)
  expect(elementTexts(`[${value},${value} , 1]`)).toEqual([value, value, '1'])
})

test('of two members of one name the last counts, and names may hold escapes', () => {
  expect(memberText('{"payload":1,"pay\\u006coad":2.0}', 'payload')).toBe('2.0')
  expect(memberText('{"x":{"payload":1}}', 'payload')).toBeUndefined()
  expect(memberText('[1]', 'payload')).toBeUndefined()
})

test('any JSON value is found between any others, in any spacing', () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.json(),
      fc.constantFrom('', ' ', '\n\t', '\r\n  '),
      (value, other, space) => {
        const parts = ['', '{', '"a"', ':', other, ',', '"payload"', ':', value, '}', '']
        const text = parts.join(space)
        expect(memberText(text, 'payload')).toBe(value)
        expect(elementTexts(`${space}[${space}${value}${space},${space}${other}${space}]`)).toEqual(
          [value, other],
        )
      },
    ),
  )
})

test('a million levels of nesting do not exhaust the stack', () => {
  const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000)
  expect(memberText(`{"payload":${deep}}`, 'payload')).toBe(deep)
})
