/** How an event stands: the document's `webhook_events` and `webhook_deliveries`, read from the log. */
import { iso, isoOrNull } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import type { Accepted } from '../../core/message.ts'
import { payloadValue } from '../../core/raw-payload.ts'
import type { Caller } from '../contract/caller.ts'
import type { DialectPorts } from '../contract/ports.ts'
import type { DeliveryDetail, DeliveryEntry, MessageEntry } from '../contract/delivery-log.ts'
import { eventName } from './events.ts'
import { subjectOf, told } from './payload.ts'
import type { AgentesValues } from './settings.ts'

export type EventStatus = 'pending' | 'processing' | 'completed' | 'failed'

/** What a caller is told of an event that was taken; durable by then. */
export function acceptedAnswer(
  accepted: Accepted,
  { apiBaseUrl }: AgentesValues,
  ports: DialectPorts,
) {
  const id = accepted.outcome === 'accepted' ? accepted.message.id : accepted.of
  const sent = accepted.outcome !== 'accepted' || accepted.deliveries > 0
  const status: EventStatus = sent ? 'pending' : 'completed'
  return {
    event_id: id,
    status,
    deliveries: accepted.outcome === 'accepted' ? accepted.deliveries : 0,
    status_url: `${apiBaseUrl ?? ports.serverUrl()}/api/webhooks/events/${id}/status`,
  }
}

/**
 * `processing` once something was tried and is not over; `failed` where one of its deliveries was given up and
 * none is open.
 */
export function statusOf(deliveries: readonly DeliveryEntry[]): EventStatus {
  const open = deliveries.filter(({ state }) => state === 'pending' || state === 'retrying')
  if (open.length > 0)
    return deliveries.some(({ attempts }) => attempts > 0) ? 'processing' : 'pending'
  return deliveries.some(({ state }) => state === 'exhausted') ? 'failed' : 'completed'
}

/** Deliveries that are shown with what was answered; an event has one for each endpoint that it was for. */
const mostShown = 100

export async function showEvent(
  ports: DialectPorts,
  caller: Caller,
  { message, app, unmatched, deliveries }: MessageEntry & { deliveries: DeliveryEntry[] },
) {
  const details: (DeliveryEntry | DeliveryDetail)[] = []
  for (const entry of deliveries.slice(0, mostShown))
    details.push(
      entry.lastAttempt ? ((await ports.deliveries.find(caller, entry.id)) ?? entry) : entry,
    )
  const status = statusOf(deliveries)
  const isOver = status === 'completed' || status === 'failed'
  const closedAtMs = Math.max(...deliveries.map((one) => one.closedAtMs ?? 0), message.createdAtMs)
  const failed = deliveries.find(({ state }) => state === 'exhausted' || state === 'retrying')
  const payload = message.form === null ? message.payload : null
  const value = message.form === null ? payloadValue(message) : null
  const subject =
    value === undefined ? subjectOf(null, 'null') : subjectOf(value, payload ?? 'null')
  return {
    id: message.id,
    event_id: message.id,
    event_type: eventName(message.eventType),
    ...told(subject, message.tags),
    organization_id: app.uid ?? app.id,
    status,
    created_at: iso(message.createdAtMs),
    processed_at: isOver ? iso(closedAtMs) : null,
    retry_count: Math.max(0, ...deliveries.map(({ attempts }) => attempts - 1)),
    error_message: failed ? (failed.lastAttempt?.error ?? failed.reason) : null,
    not_sent: unmatched,
    deliveries: details.map((entry) => showDelivery(entry, message.id)),
  }
}

function showDelivery(entry: DeliveryEntry, eventId: string) {
  const last = entry.lastAttempt
  return {
    id: entry.id,
    webhook_event_id: eventId,
    webhook_endpoint_id: entry.endpointId,
    message_id: showId('message', eventId),
    url: entry.url,
    status: entry.state,
    status_code: last?.statusCode ?? null,
    response_body: last?.response ?? null,
    error_message: entry.state === 'delivered' ? null : (last?.error ?? entry.reason),
    delivery_duration_ms: last?.durationMs ?? null,
    attempt_number: entry.attempts,
    next_attempt_at: isoOrNull(entry.nextAttemptAtMs),
    delivered_at: isoOrNull(entry.closedAtMs),
  }
}
