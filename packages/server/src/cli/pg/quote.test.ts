import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arrayElements, arrayText, identifier, literal, splitNames } from './quote.ts'

test('a name is quoted whatever it is called', () => {
  expect(identifier('users')).toBe('"users"')
  expect(identifier('My "own"')).toBe('"My ""own"""')
})

test('a text ends where it ends, also where backslashes would be read as escapes', () => {
  expect(literal("it's")).toBe("'it''s'")
  expect(literal("\\'; drop table users; --")).toBe(" E'\\\\''; drop table users; --'")
})

test('a list comes back from an array as it went in', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (values) => {
      expect(arrayElements(arrayText(values))).toEqual(values)
    }),
  )
})

test.each([
  ['users', '.', ['users']],
  ['public.users', '.', ['public', 'users']],
  ['"My ""Shop"""."a.b"', '.', ['My "Shop"', 'a.b']],
  ['id, Email ,"na,me"', ',', ['id', 'Email', 'na,me']],
  ['', ',', undefined],
  ['id,', ',', undefined],
  ['a b.c', '.', undefined],
  ['"open', '.', undefined],
] as const)('%j, split at %j, names %j', (text, separator, names) => {
  expect(splitNames(text, separator)).toEqual(names)
})
