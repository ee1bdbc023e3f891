import { expect, test } from 'vitest'
import { failureLine } from './log-line.ts'

const app = { id: 'app_1', uid: 'a1b2c3d4e5f67890' }
const outcome = {
  kind: 'timed-out',
  phase: 'headers',
  statusCode: null,
  response: '',
  responseTruncated: false,
  durationMs: 10_000,
} as const

test('the lines of the log are the document’s, to the letter', () => {
  expect(failureLine({ app, outcome, attempt: 1, retries: 3, retryInMs: 1_000 })).toEqual({
    level: 'warn',
    text: 'Webhook falhou (tentativa 1/3), tentando novamente em 1000ms',
  })
  expect(failureLine({ app, outcome, attempt: 4, retries: 3, retryInMs: null })).toEqual({
    level: 'error',
    text: 'Erro ao enviar webhook para a1b2c3d4e5f67890: timeout',
  })
})
