import type { Outcome } from '../../core/outcome.ts'
import type { FailedAttempt, FailureLine } from '../dialect.ts'
import { deviceHashOf } from './device.ts'

/** The document's two lines: one for each attempt that is followed by another, one when it was the last. */
export function failureLine({
  app,
  outcome,
  attempt,
  retries,
  retryInMs,
}: FailedAttempt): FailureLine {
  if (retryInMs !== null)
    return {
      level: 'warn',
      text: `Webhook falhou (tentativa ${attempt}/${retries}), tentando novamente em ${Math.round(retryInMs)}ms`,
    }
  const hash = deviceHashOf(app.uid ?? app.id)
  return { level: 'error', text: `Erro ao enviar webhook para ${hash}: ${reason(outcome)}` }
}

function reason(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'timed-out':
      return 'timeout'
    case 'delivered':
    case 'refused':
      return `status ${outcome.statusCode}`
    case 'unreachable':
    case 'blocked':
    case 'failed':
      return outcome.detail
  }
}
