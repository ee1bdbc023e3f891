import { expect, test } from 'vitest'
import { z } from 'zod'
import { PomboError } from './error.ts'
import { MOST_TOLD, read } from './read.ts'

const item = z.object({ color: z.enum(['red', 'green']).optional() })
const schema = z.object({ items: z.array(item).optional(), size: z.number().optional() })

function problemsOf(value: unknown) {
  try {
    read(schema, value, 'body')
  } catch (error) {
    if (error instanceof PomboError) return error.problems
    throw error
  }
  return []
}

const many = Array.from({ length: 20_000 }, (_, index) => index)

test.each([
  ['unknown members', Object.fromEntries(many.map((index) => [`sizze${index}`, index]))],
  ['unknown members of many objects', { items: many.map(() => ({ colour: 'red' })) }],
  ['values of none that there are', { items: many.map(() => ({ color: 'gren' })) }],
])('of twenty thousand %s some are named, and how many are left is said', (_, value) => {
  const problems = problemsOf(value)
  expect(problems).toHaveLength(MOST_TOLD + 1)
  expect(problems[0]!.msg).toContain('did you mean')
  expect(problems.at(-1)).toMatchObject({
    loc: ['body'],
    code: 'more_problems',
    values: { count: `${many.length - MOST_TOLD}` },
  })
})

test('a name that no record can keep is refused, and not dropped', () => {
  const named = z.object({ metadata: z.record(z.string(), z.string()) })
  const value: unknown = JSON.parse('{"metadata":{"__proto__":"v","a":"1"}}')
  expect(() => read(named, value, 'body')).toThrow(
    /metadata\.__proto__: is a name that cannot be kept/,
  )
  expect(read(named, JSON.parse('{"metadata":{"constructor":"v"}}'), 'body')).toEqual({
    metadata: { constructor: 'v' },
  })
})
