import type { EndpointDefaults } from './endpoint-defaults.ts'
import type { Outcome } from './outcome.ts'
import { GONE } from './disabled.ts'
import { say } from './sentences/sentences.ts'

/** How a delivery may be repeated: the dialect's defaults, and over them the endpoint's own settings. */
export interface RetryPolicy {
  /** Milliseconds before each retry; its length is the number of retries. */
  scheduleMs: readonly number[]
  /** 0.2 means ±20 %. */
  jitter: number
  /** Statuses worth a retry; `all`: every non-2xx. Timeouts and network errors always are. */
  retryStatuses: 'all' | readonly number[]
}

/** A receiver may ask for a pause of up to a day; a longer one is held to be a mistake of its. */
export const maxRetryAfterMs = 24 * 3_600_000

/** The endpoint's schedule goes before that of the event type, the tenant's comes behind both, the dialect's last. */
export function scheduleOf(
  {
    endpoint,
    app,
    message,
  }: {
    endpoint: { retryScheduleMs: readonly number[] | null }
    app: {
      tenantRetrySchedules: Record<string, readonly number[]> | null
      tenantDefaults?: EndpointDefaults | null
    }
    message: { eventType: string }
  },
  dialect: { retry: { scheduleMs: readonly number[] } },
): readonly number[] {
  const ofType = app.tenantRetrySchedules
  const { eventType } = message
  return (
    endpoint.retryScheduleMs ??
    (ofType !== null && Object.hasOwn(ofType, eventType) ? ofType[eventType] : undefined) ??
    app.tenantDefaults?.retryScheduleMs ??
    dialect.retry.scheduleMs
  )
}

/** What happens to a delivery after an attempt. */
export type Verdict =
  | { kind: 'done' }
  | { kind: 'retry'; delayMs: number }
  | { kind: 'exhausted'; reason: string }
  /** Given up like `exhausted`, but it stays at the head of its ordering key until someone acts. */
  | { kind: 'hold'; reason: string }
  /** 410 Gone: the receiver wants nothing more. The delivery is kept, for the day it is enabled again. */
  | { kind: 'disable'; reason: string }

/**
 * Decides what follows an attempt. Pure.
 * @param attempt number of the attempt just made, 1 for the first
 * @param random in [0, 1), for the jitter
 */
export function decide(
  outcome: Outcome,
  attempt: number,
  policy: RetryPolicy,
  random: number,
): Verdict {
  if (outcome.kind === 'delivered') return { kind: 'done' }
  if (outcome.kind === 'refused' && outcome.statusCode === 410)
    return { kind: 'disable', reason: GONE }
  if (
    outcome.kind === 'refused' &&
    policy.retryStatuses !== 'all' &&
    !policy.retryStatuses.includes(outcome.statusCode)
  ) {
    return { kind: 'exhausted', reason: say('status_not_retried', { status: outcome.statusCode }) }
  }
  const planned = policy.scheduleMs[attempt - 1]
  if (planned === undefined)
    return { kind: 'exhausted', reason: say('gave_up', { attempts: attempt }) }
  const jittered = planned * (1 + policy.jitter * (2 * random - 1))
  const asked =
    outcome.kind === 'refused' ? Math.min(outcome.retryAfterMs ?? 0, maxRetryAfterMs) : 0
  return { kind: 'retry', delayMs: Math.round(Math.max(jittered, asked)) }
}
