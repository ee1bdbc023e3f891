import { expect, test } from 'vitest'
import { compileExpression, problemWith } from './expression.ts'

const secret = 'segredo-pessoal'
const input = {
  payload: { x: secret, list: [1], map: { a: 1 } },
  eventType: 'a.b',
  channels: [],
  tags: [],
  messageId: 'msg_1',
  timestamp: '2026-01-01T00:00:00.000Z',
}

function problemOf(expression: string): string | undefined {
  const compiled = compileExpression(expression, 'any')
  if (!compiled.ok) throw new Error(compiled.problem)
  try {
    compiled.evaluate(input)
    return undefined
  } catch (error) {
    return problemWith(error, expression)
  }
}

test.each([
  'int(payload.x)',
  'uint(payload.x)',
  'double(payload.x)',
  'bool(payload.x)',
  'timestamp(payload.x)',
  'duration(payload.x)',
  'payload.x + 1',
  'payload.x - payload.x',
  '-payload.x',
  '!payload.x',
  'payload.x > 1',
  'payload.x[0]',
  'payload.x.y',
  'payload.list[payload.x]',
  'payload.map[payload.x]',
  'payload.x ? 1 : 2',
  'payload.x in payload.x',
  'payload.list.map(one, payload.map[payload.x])',
  'payload.x.exists(one, one == 1)',
])('what went wrong with %s says nothing of the payload', (expression) => {
  const problem = problemOf(expression)
  expect(problem).toBeDefined()
  // Some leave out a character at an end.
  expect(problem).not.toContain(secret.slice(1, -1))
})

test('what stands in the expression is said', () => {
  expect(problemOf('payload.total > 100')).toBe('No such key: total')
  expect(problemOf('bool("maybe" + "")')).toContain('"maybe"')
})
