import type { Circuit } from '../core/circuit.ts'
import { iso, isoOrNull } from '../core/clock.ts'
import { showId } from '../core/id.ts'
import type { Signal } from '../db/signals.ts'
import type { Claim } from '../queue/queue.ts'
import type { Recorded } from './recorded.ts'
import type { Settled } from './store.ts'

/** Failed attempts after which `message.attempt.failing` is sent. */
const failingAt = 4
/** Whether the outcome is one of which an operational event tells. */
export function raisesSignal({ claim, outcome, verdict }: Recorded): boolean {
  if (claim.app.kind === 'operational' || !outcome) return false
  const number = claim.attempt + 1
  return (
    verdict.kind === 'exhausted' ||
    verdict.kind === 'hold' ||
    (verdict.kind === 'retry' && number === failingAt) ||
    (verdict.kind === 'done' && number > failingAt)
  )
}

/** Svix's operational events about a message; never about the delivery of operational events themselves. */
export function attemptSignals(entry: Recorded, settled: Settled): Signal[] {
  if (!raisesSignal(entry)) return []
  const { claim, verdict } = entry
  const type =
    verdict.kind === 'exhausted' || verdict.kind === 'hold'
      ? 'message.attempt.exhausted'
      : verdict.kind === 'done'
        ? 'message.attempt.recovered'
        : 'message.attempt.failing'
  return [
    {
      tenantId: claim.message.tenantId,
      type,
      data: {
        appId: showId('app', claim.app.id),
        appUid: claim.app.uid,
        endpointId: showId('endpoint', claim.endpoint.id),
        msgId: showId('message', claim.message.id),
        msgEventId: claim.message.eventId,
        lastAttempt: {
          id: showId('attempt', settled.attempt!.id),
          timestamp: iso(settled.attempt!.startedAtMs),
          responseStatusCode: settled.attempt!.statusCode,
        },
      },
    },
  ]
}

/** The operational event of a circuit that opened or closed. */
export function circuitSignal(
  claim: Claim,
  circuit: Circuit,
  change: 'opened' | 'closed',
): Signal[] {
  if (claim.app.kind === 'operational') return []
  return [
    {
      tenantId: claim.message.tenantId,
      type: `endpoint.circuit.${change}`,
      data: {
        appId: showId('app', claim.app.id),
        appUid: claim.app.uid,
        endpointId: showId('endpoint', claim.endpoint.id),
        endpointUid: claim.endpoint.uid,
        consecutiveFailures: circuit.consecutiveFailures,
        failSince: isoOrNull(circuit.failingSinceMs),
        nextProbeAt: isoOrNull(circuit.openUntilMs),
      },
    },
  ]
}
