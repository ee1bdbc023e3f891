import { expect, test } from 'vitest'
import type { Outcome } from '../../core/outcome.ts'
import { attemptLine } from './log-line.ts'

const answer = {
  statusCode: 200,
  responseHeaders: {},
  response: '',
  responseTruncated: false,
  durationMs: 3,
}
const line = (outcome: Outcome, url = 'https://your-app.com/webhook') =>
  attemptLine({
    app: { id: 'app_1', uid: 'abc-123' },
    eventType: 'message.received',
    url,
    outcome,
    attempt: 3,
    retries: 3,
    retryInMs: null,
  })

const about = {
  sessionId: 'abc-123',
  webhookUrl: 'https://your-app.com/webhook',
  event: 'message.received',
}

test('an attempt is logged in the document’s words, with its members', () => {
  expect(line({ ...answer, kind: 'delivered' })).toEqual({
    level: 'info',
    text: '[WebhookWorker] Webhook delivered successfully',
    fields: { ...about, status: 200 },
  })
  expect(line({ ...answer, kind: 'refused', statusCode: 500, retryAfterMs: null })).toEqual({
    level: 'error',
    text: '[WebhookWorker] Webhook delivery failed',
    fields: { ...about, error: 'Webhook returned status 500', attempt: 3 },
  })
})

test('no answer is an error that says why, and a password in the URL stays out of the log', () => {
  expect(line({ ...answer, kind: 'timed-out', phase: 'headers' }).fields).toMatchObject({
    error: expect.stringContaining('deadline') as unknown,
  })
  expect(
    line({ kind: 'unreachable', reason: 'dns', detail: 'ENOTFOUND', durationMs: 1 }).fields,
  ).toMatchObject({ error: 'ENOTFOUND' })
  const secret = line({ ...answer, kind: 'delivered' }, 'https://me:hunter2@your-app.com/webhook')
  expect(JSON.stringify(secret)).not.toContain('hunter2')
})
