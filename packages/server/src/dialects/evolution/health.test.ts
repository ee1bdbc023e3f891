import { expect, test } from 'vitest'
import { errorCategories, errorCategory, isHealthy, rates } from './health.ts'

test.each([
  [{ kind: 'refused', statusCode: 400 }, 'client_error'],
  [{ kind: 'refused', statusCode: 404 }, 'client_error'],
  [{ kind: 'refused', statusCode: 408 }, 'rate_limit_or_timeout'],
  [{ kind: 'refused', statusCode: 429 }, 'rate_limit_or_timeout'],
  [{ kind: 'refused', statusCode: 500 }, 'server_error'],
  [{ kind: 'refused', statusCode: 599 }, 'server_error'],
  [{ kind: 'refused', statusCode: 301 }, 'unknown_error'],
  [{ kind: 'refused', statusCode: null }, 'unknown_error'],
  [{ kind: 'timed-out', statusCode: 200 }, 'timeout'],
  [{ kind: 'unreachable' }, 'network_error'],
  [{ kind: 'blocked' }, 'unknown_error'],
] as const)('%j is a %s', (outcome, category) => {
  expect(errorCategory(outcome)).toBe(category)
  expect(errorCategories).toContain(category)
})

test('a success is no error', () => {
  expect(errorCategory({ kind: 'delivered', statusCode: 200 })).toBeNull()
})

test('the document’s counts give the document’s rates', () => {
  expect(rates({ total: 1500, successful: 1478, failed: 22, retries: 8 })).toEqual({
    successRate: 98.5,
    errorRate: 1.5,
    retryRate: 0.5,
  })
  expect(rates({ total: 0, successful: 0, failed: 0, retries: 0 }).successRate).toBe(100)
})

test.each([
  [{ total: 100, successful: 95, pendingRetries: 99 }, true],
  [{ total: 100, successful: 94, pendingRetries: 0 }, false],
  // 94.96 %, which is shown as 95 %.
  [{ total: 10_000, successful: 9_496, pendingRetries: 0 }, false],
  [{ total: 100, successful: 100, pendingRetries: 100 }, false],
  [{ total: 0, successful: 0, pendingRetries: 0 }, true],
])('%j: healthy is %s', (counts, healthy) => {
  expect(isHealthy(counts)).toBe(healthy)
})
