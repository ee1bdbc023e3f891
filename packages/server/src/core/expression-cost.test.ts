import { expect, test } from 'vitest'
import { compileExpression } from './expression.ts'

const problem = (text: string) => {
  const compiled = compileExpression(text, 'bool')
  return compiled.ok ? undefined : compiled.problem
}

test.each([
  'payload.list.all(a, !((-1.0 - a) in payload.list))',
  'payload.list.exists(a, payload.text.contains(a))',
  'payload.list.exists(a, (a > 1 ? payload.list : payload.other) == payload.third)',
  'payload.list.exists(a, (payload.list + [a]) == [a])',
  'payload.list.exists(a, a in [payload.list, payload.list][0])',
  'payload.list.exists(a, size(payload.text) > a)',
  'payload.list.exists(a, payload.text.size() > a)',
  'payload.list.exists(a, payload["list"].contains(a) || true)',
  'payload.list.exists(a, a in payload.?list.orValue([]))',
  'payload.list.exists(a, {"k": payload.list}.k == payload.list)',
])('a filter whose cost would grow with the square of the payload is refused: %s', (text) => {
  expect(problem(text)).toMatch(/cost would grow with the square of the payload/)
})

test.each([
  'payload.list.exists(a, a.sku == payload.featured)',
  'payload.list.exists(a, a.price * 2.0 > payload.limit)',
  'payload.list.exists(a, a in ["x", "y"])',
  'payload.list.exists(a, a in tags)',
  'payload.list.exists(a, a.contains(payload.word) && a.startsWith(eventType))',
  'payload.list.exists(a, payload.text.startsWith(a))',
  'payload.list.exists(a, has(payload.wanted) && "x" in a.labels)',
  'payload.list.filter(a, a.ok).size() > 2',
  '"x" in payload.list && payload.text.contains("y") && payload.list + payload.list == payload.other',
])('what costs no more than the payload is long is taken: %s', (text) => {
  expect(problem(text)).toBeUndefined()
})

test('a filter over a large payload takes no longer than reading it', () => {
  const compiled = compileExpression('payload.list.all(a, a != payload.wanted)', 'bool')
  if (!compiled.ok) throw new Error(compiled.problem)
  const list = Array.from({ length: 150_000 }, (_, n) => n)
  const input = { eventType: 'a', channels: [], tags: [], messageId: 'm', timestamp: 't' }
  expect(compiled.evaluate({ ...input, payload: { list, wanted: -1 } })).toBe(true)
})
