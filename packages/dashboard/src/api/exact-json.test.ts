import { expect, test } from 'vitest'
import { layOut, parseExact } from './exact-json.ts'

test('numbers are shown as they were written', () => {
  const text = '{"a":12345678901234567890,"b":1.0,"c":[1e2]}'
  expect(layOut(text)).toBe(
    '{\n  "a": 12345678901234567890,\n  "b": 1.0,\n  "c": [\n    1e2\n  ]\n}',
  )
  expect(JSON.stringify(parseExact(text))).toBe(text)
})

test('what is no JSON is shown as it came', () => {
  expect(layOut('<b>hi</b>')).toBe('<b>hi</b>')
  expect(layOut('')).toBe('')
})
