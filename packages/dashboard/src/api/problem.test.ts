import { expect, test } from 'vitest'
import { asProblem, problemOf } from './problem.ts'

test('a refused field is named without the part of the request that it was in', () => {
  const body = {
    detail: [
      {
        loc: ['body', 'transform', 'payload'],
        msg: 'bad',
        type: 'value_error',
        code: 'too_long',
        values: { limit: 8 },
      },
    ],
  }
  const problem = problemOf(new Response(null, { status: 422 }), body)
  expect(problem.code).toBe('validation')
  expect(problem.fields).toEqual([
    { field: 'transform.payload', message: 'bad', code: 'too_long', values: { limit: 8 } },
  ])
})

test('a refusal keeps its code, its detail and when to come back', () => {
  const response = new Response(null, { status: 429, headers: { 'retry-after': '7' } })
  const problem = problemOf(response, { code: 'rate_limited', detail: 'Too many.' })
  expect(problem).toMatchObject({ code: 'rate_limited', detail: 'Too many.', retryAfterSeconds: 7 })
})

test('an answer that is no refusal of Pombo, such as a proxy’s page, is still a problem with its status', () => {
  const problem = problemOf(
    new Response(null, { status: 502, statusText: 'Bad Gateway' }),
    '<html>',
  )
  expect(problem).toMatchObject({ status: 502, code: 'http_502', detail: 'Bad Gateway' })
  expect(asProblem(new Error('x')).code).toBe('unknown')
})
