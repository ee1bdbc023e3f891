/** The lines of the document's webhook worker, one for each attempt. */
import type { Outcome } from '../../core/outcome.ts'
import { withoutPassword } from '../../core/masked-url.ts'
import type { DialectLine, FinishedAttempt } from '../contract/delivery.ts'
import { eventName } from './events.ts'

export function attemptLine({
  app,
  eventType,
  url,
  outcome,
  attempt,
}: FinishedAttempt): DialectLine {
  const about = {
    sessionId: app.uid ?? app.id,
    webhookUrl: maskedUrl(url),
    event: eventName(eventType),
  }
  if (outcome.kind === 'delivered')
    return {
      level: 'info',
      text: '[WebhookWorker] Webhook delivered successfully',
      fields: { ...about, status: outcome.statusCode },
    }
  return {
    level: 'error',
    text: '[WebhookWorker] Webhook delivery failed',
    fields: { ...about, error: errorOf(outcome), attempt },
  }
}

function errorOf(outcome: Exclude<Outcome, { kind: 'delivered' }>): string {
  switch (outcome.kind) {
    case 'refused':
      return `Webhook returned status ${outcome.statusCode}`
    case 'timed-out':
      return `Webhook gave no complete answer within the deadline (${outcome.phase})`
    case 'unreachable':
    case 'blocked':
    case 'failed':
      return outcome.detail
  }
}

/** A URL without a password is logged as it was written. */
function maskedUrl(url: string): string {
  return new URL(url).password === '' ? url : withoutPassword(url)
}
