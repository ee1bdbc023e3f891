import { expect, test } from 'vitest'
import { describe } from '../record/recorded.ts'
import { causeForm, causeOf, causeOfKept } from './cause.ts'
import type { Outcome } from './outcome.ts'

const answer = { response: '', responseTruncated: false, responseHeaders: {}, durationMs: 1 }

test.each<Outcome>([
  { kind: 'refused', statusCode: 503, retryAfterMs: null, ...answer },
  ...(['connect', 'headers', 'body'] as const).map(
    (phase): Outcome => ({
      kind: 'timed-out',
      phase,
      statusCode: null,
      response: '',
      responseTruncated: false,
      durationMs: 1,
    }),
  ),
  {
    kind: 'unreachable',
    reason: 'connect-refused',
    detail: 'nothing listens: there',
    durationMs: 1,
  },
  { kind: 'blocked', reason: 'address', detail: 'private', durationMs: 1 },
  { kind: 'failed', reason: 'transform', detail: 'x', durationMs: 1 },
])('a kept attempt has the cause that it had when it was made: %j', (outcome) => {
  const statusCode = 'statusCode' in outcome ? (outcome.statusCode ?? 0) : 0
  const kept = { outcome: outcome.kind, statusCode, error: describe(outcome) }
  expect(causeOfKept(kept)).toBe(causeOf(outcome))
  expect(causeOf(outcome)).toMatch(causeForm)
})
