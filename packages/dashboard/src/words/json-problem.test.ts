import { expect, test } from 'vitest'
import { placeOf } from './json-problem.ts'

function messageOf(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch (error) {
    return (error as Error).message
  }
}

test('text that is no JSON is told of by the place where it stops being it, and where its end is missing', () => {
  const of = (text: string) => placeOf(messageOf(text), text)
  expect(of('{\n  "a": 1,\n  b: 2\n}')).toEqual({ line: 3, column: 3 })
  expect(of('{\n  "a": [1, 2')).toBeUndefined()
  expect(
    placeOf('JSON.parse: unexpected character at line 2 column 5 of the JSON data', ''),
  ).toEqual({
    line: 2,
    column: 5,
  })
})
