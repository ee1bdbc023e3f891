import { causeOfKept, partsOfCause } from '../../core/cause.ts'
import { iso } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import type { AttemptRow } from '../history/attempts/store.ts'
import { shownUrl } from '../shown-url.ts'
import { showStatus } from './status.ts'
import { showError } from '../coded.ts'

export function showAttempt(row: AttemptRow) {
  const kept = { outcome: row.outcome, statusCode: row.status_code, error: row.error }
  return {
    id: showId('attempt', row.id),
    msgId: showId('message', row.message_id),
    endpointId: showId('endpoint', row.endpoint_id),
    url: shownUrl(row.url),
    // Svix's clients have no other place to learn why there was no answer.
    response: row.status_code === 0 ? row.response || (row.error ?? '') : (row.response ?? ''),
    responseStatusCode: row.status_code,
    responseDurationMs: row.duration_ms,
    ...showStatus(row.outcome === 'delivered' ? 'success' : 'fail'),
    triggerType: row.trigger,
    timestamp: iso(row.created_ms),
    attempt: row.number,
    outcome: row.outcome,
    error: row.error,
    errorCoded: showError(row.error),
    cause: row.outcome === 'delivered' ? null : partsOfCause(causeOfKept(kept)),
    eventType: row.event_type,
  }
}
