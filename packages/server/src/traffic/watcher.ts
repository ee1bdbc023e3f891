import { causeOf } from '../core/cause.ts'
import type { StoredMessage } from '../ingest/observer.ts'
import type { Unwritten } from '../record/recorded.ts'
import type { Attempt } from './event.ts'
import type { Traffic } from './traffic.ts'

/** Counts what the engine tells of; its own operational events are nobody's traffic. */
export function countTraffic(traffic: Traffic, nowMs: () => number) {
  return {
    stored({ message, discarded, routes }: StoredMessage): void {
      if (routes.app.kind !== 'app') return
      const { tenantId, appId, eventType } = message
      traffic.message({ tenantId, appId, eventType, discarded: discarded.length })
    },
    recorded(entry: Unwritten): void {
      if (entry.claim.app.kind === 'app') traffic.attempt(attemptOf(entry, nowMs()))
    },
  }
}

function attemptOf({ claim, outcome, verdict, attemptId }: Unwritten, nowMs: number): Attempt {
  const { message } = claim
  const failed = outcome !== null && outcome.kind !== 'delivered'
  const first = verdict.kind === 'done' && claim.trigger === 0
  return {
    tenantId: message.tenantId,
    appId: claim.app.id,
    endpointId: claim.endpoint.id,
    eventType: message.eventType,
    messageId: message.id,
    durationMs: outcome?.durationMs ?? null,
    onTheWayMs: first ? Math.max(0, nowMs - message.createdAtMs) : null,
    closed: closedAs[verdict.kind],
    failure: failed ? { cause: causeOf(outcome), attemptId } : null,
  }
}

const closedAs: Record<Unwritten['verdict']['kind'], Attempt['closed']> = {
  done: 'delivered',
  exhausted: 'exhausted',
  // Given up, though it keeps its place until somebody acts.
  hold: 'exhausted',
  discarded: 'discarded',
  retry: null,
  disable: null,
}
