import type { Outcome } from '../../core/outcome.ts'
import type { DialectLine, FinishedAttempt } from '../contract/delivery.ts'
import { deviceHashOf } from './device.ts'

/**
 * The document's two lines: one for each attempt that is followed by another, one when it was the last. Of what
 * was delivered it says nothing.
 */
export function attemptLine({
  app,
  outcome,
  attempt,
  retries,
  retryInMs,
}: FinishedAttempt): DialectLine | undefined {
  if (outcome.kind === 'delivered') return undefined
  if (retryInMs !== null)
    return {
      level: 'warn',
      text: `Webhook falhou (tentativa ${attempt}/${retries}), tentando novamente em ${Math.round(retryInMs)}ms`,
    }
  const hash = deviceHashOf(app.uid ?? app.id)
  return { level: 'error', text: `Erro ao enviar webhook para ${hash}: ${reason(outcome)}` }
}

function reason(outcome: Exclude<Outcome, { kind: 'delivered' }>): string {
  switch (outcome.kind) {
    case 'timed-out':
      return 'timeout'
    case 'refused':
      return `status ${outcome.statusCode}`
    case 'unreachable':
    case 'blocked':
    case 'failed':
      return outcome.detail
  }
}
