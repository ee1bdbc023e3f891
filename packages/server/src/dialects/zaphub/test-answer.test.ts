import { expect, test } from 'vitest'
import type { Outcome } from '../../core/outcome.ts'
import { testAnswer } from './test-answer.ts'

const url = 'https://your-app.com/webhook'

test('a redirect and a refusal are answers, and no success', () => {
  const outcome: Outcome = {
    kind: 'refused',
    statusCode: 302,
    response: '',
    responseTruncated: false,
    responseHeaders: { location: 'https://elsewhere.example' },
    durationMs: 12,
    retryAfterMs: null,
  }
  expect(testAnswer(url, outcome, 100)).toEqual({
    success: false,
    data: {
      url,
      statusCode: 302,
      statusText: 'Found',
      ok: false,
      headers: { location: 'https://elsewhere.example' },
      response: '',
      latency: 12,
    },
    message: 'Webhook test failed: the endpoint answered 302 Found',
  })
})

test.each([
  ['dns', 'ENOTFOUND'],
  ['connect-refused', 'ECONNREFUSED'],
  ['reset', 'ECONNRESET'],
  ['no-route', 'EHOSTUNREACH'],
  ['network', null],
] as const)('a connection that fails by %s has networkError %s', (reason, networkError) => {
  const outcome: Outcome = { kind: 'unreachable', reason, detail: 'in words', durationMs: 1 }
  expect(testAnswer(url, outcome, 100)).toMatchObject({
    success: false,
    data: { networkError, timeout: false, errorType: 'TypeError' },
  })
})

test('an answer is cut between two characters', () => {
  const outcome: Outcome = {
    kind: 'delivered',
    statusCode: 200,
    response: 'aã'.repeat(10),
    responseTruncated: false,
    responseHeaders: {},
    durationMs: 1,
  }
  for (const bytes of [0, 1, 2, 3, 4, 30]) {
    const { data } = testAnswer(url, outcome, bytes) as { data: { response: string } }
    expect('aã'.repeat(10).startsWith(data.response)).toBe(true)
    expect(Buffer.byteLength(data.response)).toBeLessThanOrEqual(bytes)
  }
})
