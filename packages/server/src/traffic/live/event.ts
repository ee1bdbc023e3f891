import { causeOf, partsOfCause } from '../../core/cause.ts'
import { iso } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import { statusCodeOf } from '../../core/outcome.ts'
import type { StoredMessage } from '../../ingest/observer.ts'
import { describe, type Unwritten } from '../../record/recorded.ts'
import { codeOfError } from '../../core/sentences/sentences.ts'

export const liveStates = ['accepted', 'delivered', 'failed', 'exhausted', 'discarded'] as const

/** Something that happened, as it is told to who watches: never with a payload. Ids are uuids. */
export interface LiveEvent {
  /** The same wherever it is told, and no other's. */
  id: string
  kind: 'message' | 'attempt'
  atMs: number
  tenantId: string
  appId: string
  messageId: string
  eventType: string
  eventId: string | null
  channels: string[] | null
  tags: string[] | null
  /** The gateway that the message came from, where one did. */
  source: string | null
  state: (typeof liveStates)[number]
  payloadBytes: number
  endpointId: string | null
  attempt: number | null
  statusCode: number | null
  durationMs: number | null
  error: string | null
  /** Of a failed attempt, its code. */
  cause: string | null
  deliveries: number | null
  unmatched: string | null
}

const ERROR_CHARACTERS = 300

export function messageEvent(stored: StoredMessage): LiveEvent {
  const { message, payloadBytes, deliveries, unmatched, source } = stored
  return {
    id: message.id,
    kind: 'message',
    atMs: message.createdAtMs,
    tenantId: message.tenantId,
    appId: message.appId,
    messageId: message.id,
    eventType: message.eventType,
    eventId: message.eventId,
    channels: message.channels,
    tags: message.tags,
    source,
    state: 'accepted',
    payloadBytes,
    endpointId: null,
    attempt: null,
    statusCode: null,
    durationMs: null,
    error: null,
    cause: null,
    deliveries: deliveries.length,
    unmatched,
  }
}

const states: Record<Unwritten['verdict']['kind'], LiveEvent['state']> = {
  done: 'delivered',
  retry: 'failed',
  disable: 'failed',
  exhausted: 'exhausted',
  hold: 'exhausted',
  discarded: 'discarded',
}

export function attemptEvent(entry: Unwritten, nowMs: number): LiveEvent {
  const { claim, outcome, verdict, attemptId } = entry
  const { message } = claim
  const reason = 'reason' in verdict ? verdict.reason : null
  const error = (outcome && describe(outcome)) ?? reason
  return {
    id: attemptId,
    kind: 'attempt',
    atMs: nowMs,
    tenantId: message.tenantId,
    appId: claim.app.id,
    messageId: message.id,
    eventType: message.eventType,
    eventId: message.eventId,
    channels: message.channels,
    tags: message.tags,
    source: null,
    state: states[verdict.kind],
    payloadBytes: claim.payloadBytes,
    endpointId: claim.endpoint.id,
    attempt: outcome ? claim.attempt + 1 : null,
    statusCode: outcome && statusCodeOf(outcome),
    durationMs: outcome && Math.round(outcome.durationMs),
    error: error?.slice(0, ERROR_CHARACTERS).toWellFormed() ?? null,
    cause: outcome && outcome.kind !== 'delivered' ? causeOf(outcome) : null,
    deliveries: null,
    unmatched: null,
  }
}

/** As it goes out. */
export function showEvent(one: LiveEvent) {
  const { tenantId: _, atMs, cause, ...event } = one
  return {
    ...event,
    // A node of an earlier version tells of none.
    cause: cause ? partsOfCause(cause) : null,
    errorCoded: codeOfError(event.error ?? '') ?? null,
    at: iso(atMs),
    appId: showId('app', event.appId),
    messageId: showId('message', event.messageId),
    endpointId: event.endpointId && showId('endpoint', event.endpointId),
  }
}
