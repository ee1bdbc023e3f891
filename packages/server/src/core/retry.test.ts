import { expect, test } from 'vitest'
import type { Outcome } from './outcome.ts'
import { decide, type RetryPolicy } from './retry.ts'

const scheduleMs = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000].map((seconds) => seconds * 1000)
const policy: RetryPolicy = { scheduleMs, jitter: 0.2, retryStatuses: 'all' }
const refused = (statusCode: number, retryAfterMs: number | null = null) =>
  ({
    kind: 'refused',
    statusCode,
    retryAfterMs,
    response: '',
    responseTruncated: false,
    responseHeaders: {},
    durationMs: 1,
  }) as Outcome

test('a failure is retried after the schedule, within twenty per cent', () => {
  expect(decide(refused(500), 1, policy, 0.5)).toEqual({ kind: 'retry', delayMs: 5_000 })
  expect(decide(refused(500), 1, policy, 0)).toEqual({ kind: 'retry', delayMs: 4_000 })
  expect(decide(refused(404), 7, policy, 0.5)).toEqual({ kind: 'retry', delayMs: 36_000_000 })
})

test('after the last retry the delivery is given up', () => {
  expect(decide(refused(500), 8, policy, 0.5)).toMatchObject({ kind: 'exhausted' })
})

test('Retry-After is honoured in full, up to a day, and never shortens the schedule', () => {
  expect(decide(refused(429, 60_000), 1, policy, 0.5)).toEqual({ kind: 'retry', delayMs: 60_000 })
  expect(decide(refused(503, 1_000), 1, policy, 0.5)).toEqual({ kind: 'retry', delayMs: 5_000 })
  expect(decide(refused(503, 90_000_000), 1, policy, 0.5)).toEqual({
    kind: 'retry',
    delayMs: 86_400_000,
  })
})

test('410 disables the endpoint; a status outside the list is final; a timeout is always retried', () => {
  expect(decide(refused(410), 1, policy, 0.5)).toMatchObject({ kind: 'disable' })
  const some = { ...policy, retryStatuses: [503] }
  expect(decide(refused(400), 1, some, 0.5)).toMatchObject({ kind: 'exhausted' })
  expect(
    decide(
      {
        kind: 'timed-out',
        phase: 'headers',
        statusCode: null,
        response: '',
        durationMs: 1,
      } as Outcome,
      1,
      some,
      0.5,
    ),
  ).toMatchObject({ kind: 'retry' })
})
