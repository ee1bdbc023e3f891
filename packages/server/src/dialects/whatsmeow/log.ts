/** The document's table `webhook_logs`, read from the log of deliveries. */
import { iso } from '../../core/clock.ts'
import type { DeliveryDetail, DeliveryEntry, DeliveryState } from '../contract/delivery-log.ts'
import { eventName } from './names.ts'
import { body } from './payload.ts'

/** `not_sent` is beyond the document: what a disabled webhook, or one that did not subscribe, would have got. */
export const statuses = ['pending', 'retrying', 'success', 'failed', 'not_sent'] as const
export type Status = (typeof statuses)[number]

const states: Record<Status, DeliveryState[]> = {
  pending: ['pending'],
  retrying: ['retrying'],
  success: ['delivered'],
  failed: ['exhausted'],
  not_sent: ['discarded', 'unmatched'],
}

/** Without a status, the document's four. */
export function statesOf(status: Status | undefined): DeliveryState[] {
  if (status !== undefined) return states[status]
  return statuses.filter((one) => one !== 'not_sent').flatMap((one) => states[one])
}

function statusOf(state: DeliveryState): Status {
  return statuses.find((status) => states[status].includes(state))!
}

function time(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : iso(ms)
}

/** Every column but the two that may be long. */
export function showLog(entry: DeliveryEntry) {
  const last = entry.lastAttempt
  return {
    id: entry.id,
    session_id: entry.app.uid ?? entry.app.id,
    event_type: eventName(entry.eventType),
    webhook_url: entry.url,
    response_status: last?.statusCode ?? null,
    attempt: entry.attempts,
    max_attempts: entry.maxAttempts,
    status: statusOf(entry.state),
    error_message: entry.state === 'delivered' ? null : (last?.error ?? entry.reason),
    created_at: iso(entry.createdAtMs),
    sent_at: time(last?.startedAtMs),
    completed_at: time(entry.closedAtMs),
    next_retry_at: entry.state === 'retrying' ? time(entry.nextAttemptAtMs) : null,
  }
}

/** One row as JSON text, with the payload as it was sent, to the digit. */
export function logText(detail: DeliveryDetail): string {
  const row = { ...showLog(detail), response_body: detail.lastAttempt?.response ?? null }
  const payload = detail.event === null ? 'null' : body(detail.event)
  return `${JSON.stringify(row).slice(0, -1)},"payload":${payload}}`
}
