import { type Circuit, type CircuitChange, healthy, step } from '../../core/circuit.ts'
import type { Queryable } from '../../db/pool.ts'
import type { Signal } from '../../db/signals.ts'
import type { Claim } from '../../queue/queue.ts'
import type { Recorded } from '../recorded.ts'
import { circuitSignal } from '../signals.ts'
import { deliveredSince } from './store.ts'

/** By endpoint, what moved last. */
export type Changes = ReadonlyMap<string, { claim: Claim; change: CircuitChange }>

/**
 * Steps the circuits of a batch, outcome by outcome; `circuits` has them as they become.
 * @param unhealthy whether this node knows of failures, which are forgotten where they are over
 */
export async function stepCircuits(
  db: Queryable,
  entries: readonly Recorded[],
  circuits: Map<string, Circuit>,
  nowMs: number,
  unhealthy: (claim: Claim) => boolean,
): Promise<{ changes: Changes; signals: Signal[] }> {
  const changes = new Map<string, { claim: Claim; change: CircuitChange }>()
  const signals: Signal[] = []
  for (const { claim, outcome } of entries) {
    const { endpoint } = claim
    const before = circuits.get(endpoint.id)
    if (!before) continue
    let { circuit, change } = step(before, outcome!.kind === 'delivered', endpoint.circuit, nowMs)
    // A node that has seen no failure does not look at the circuit: its successes count when it would open.
    if (change === 'opened' && (await deliveredSince(db, endpoint.id, circuit))) {
      circuit = { ...healthy, consecutiveFailures: 1, failingSinceMs: nowMs }
      change = null
    }
    circuits.set(endpoint.id, circuit)
    if (change) {
      changes.set(endpoint.id, { claim, change })
      if (change !== 'reopened') signals.push(...circuitSignal(claim, circuit, change))
    } else if (circuit === healthy && unhealthy(claim) && !changes.has(endpoint.id))
      changes.set(endpoint.id, { claim, change })
  }
  return { changes, signals }
}
