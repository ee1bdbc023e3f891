import { expect, test } from 'vitest'
import { attemptLine } from './log-line.ts'

const about = {
  app: { id: 'app_1', uid: 'a1b2c3d4e5f67890' },
  eventType: 'connected',
  url: 'https://meusite.com/webhook/status',
}
const outcome = {
  kind: 'timed-out',
  phase: 'headers',
  statusCode: null,
  response: '',
  responseTruncated: false,
  durationMs: 10_000,
} as const

test('the lines of the log are the document’s, to the letter', () => {
  expect(attemptLine({ ...about, outcome, attempt: 1, retries: 3, retryInMs: 1_000 })).toEqual({
    level: 'warn',
    text: 'Webhook falhou (tentativa 1/3), tentando novamente em 1000ms',
  })
  expect(attemptLine({ ...about, outcome, attempt: 4, retries: 3, retryInMs: null })).toEqual({
    level: 'error',
    text: 'Erro ao enviar webhook para a1b2c3d4e5f67890: timeout',
  })
  const delivered = { ...outcome, kind: 'delivered', statusCode: 200, responseHeaders: {} } as const
  expect(
    attemptLine({ ...about, outcome: delivered, attempt: 1, retries: 3, retryInMs: null }),
  ).toBeUndefined()
})
