import type { Outcome } from '../core/outcome.ts'
import type { Verdict } from '../core/retry.ts'
import { whereTo } from '../core/where-to.ts'
import type { Claim } from '../queue/queue.ts'
import type { Settled } from './store.ts'
import { say } from '../core/sentences/sentences.ts'

/** One attempt, or a delivery that is closed without one (`outcome` null). */
export interface Recorded {
  claim: Claim
  outcome: Outcome | null
  verdict: Verdict | { kind: 'discarded'; reason: string }
  startedAtMs: number
}

/** An outcome with its attempt's id, which it has from the first try to write it to the last. */
export interface Unwritten extends Recorded {
  attemptId: string
}

/** The next of its ordering key waits until it is written; a failure counts for the endpoint's circuit. */
export function isAwaited({ claim, outcome }: Recorded): boolean {
  return claim.ordered || outcome?.kind !== 'delivered'
}

const states = {
  done: 'delivered',
  retry: 'pending',
  exhausted: 'exhausted',
  hold: 'pending',
  disable: 'pending',
  discarded: 'discarded',
} as const

/**
 * A delivery that holds its ordering key is due in a hundred years; acting on it makes it due at once, or closes it.
 */
const heldMs = 100 * 365 * 86_400_000

/**
 * Every node hears within a second that an endpoint is disabled; until then its work must not be claimed, and from
 * then on it is passed over.
 */
const disablingMs = 1_500

function delayOf(verdict: Recorded['verdict']): number {
  switch (verdict.kind) {
    case 'retry':
      return verdict.delayMs
    case 'hold':
      return heldMs
    case 'disable':
      return disablingMs
    case 'done':
    case 'exhausted':
    case 'discarded':
      return 0
  }
}

/** An outcome as the row that settles it. */
export function toSettled({ claim, outcome, verdict, startedAtMs, attemptId }: Unwritten): Settled {
  const number = claim.attempt + 1
  return {
    endpointId: claim.endpoint.id,
    messageId: claim.message.id,
    deliveryId: claim.deliveryId,
    leasedBy: claim.leasedBy,
    tenantId: claim.message.tenantId,
    appId: claim.message.appId,
    eventType: claim.message.eventType,
    channels: claim.message.channels,
    tags: claim.message.tags,
    attempt: outcome && {
      id: attemptId,
      number,
      outcome: outcome.kind,
      statusCode: 'statusCode' in outcome ? (outcome.statusCode ?? 0) : 0,
      response: 'response' in outcome ? outcome.response : '',
      error: describe(outcome),
      durationMs: Math.round(outcome.durationMs),
      trigger: claim.trigger,
      url: claim.endpoint.url,
      startedAtMs,
    },
    state: states[verdict.kind],
    reason: 'reason' in verdict ? verdict.reason : null,
    attempts: outcome ? number : claim.attempt,
    delayMs: delayOf(verdict),
  }
}

/** What went wrong, for people; null when nothing did. */
export function describe(outcome: Outcome): string | null {
  switch (outcome.kind) {
    case 'delivered':
      return null
    case 'refused':
      return `status ${outcome.statusCode}${outcome.detail === undefined ? whereTo(outcome) : `: ${outcome.detail}`}`
    case 'timed-out': {
      const awaited = outcome.phase === 'connect' ? 'the connection' : `the ${outcome.phase}`
      return say('timed_out', { what: awaited })
    }
    case 'unreachable':
    case 'blocked':
    case 'failed':
      return `${outcome.reason}: ${outcome.detail}`
  }
}
