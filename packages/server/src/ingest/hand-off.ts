/**
 * What leaves from memory: a delivery takes a slot before the write, which stores it as leased to this node, and is
 * sent after it. All others are told to the queue.
 */
import type { Claim, NodeLease, Slots, Waker } from '../queue/queue.ts'
import { newClaim, type Prepared } from './prepared.ts'

export interface HandOffDeps {
  lease: NodeLease
  slots: Slots
  waker: Waker
  /** Sends what was stored already leased. */
  deliver: (claims: Claim[]) => void
  /** True while outcomes pile up unrecorded: then nothing is sent from memory. */
  congested: () => boolean
}

/**
 * Takes slots for what can leave at once. Done right before the write, so that nothing holds a slot while it waits
 * for its batch.
 */
export function takeSlots(
  prepared: Prepared,
  { slots, lease, congested }: Pick<HandOffDeps, 'slots' | 'lease' | 'congested'>,
): void {
  if (congested() || !lease.valid()) return
  prepared.route.targets.forEach((endpoint, i) => {
    const delivery = prepared.deliveries[i]!
    const health = prepared.routes.health.get(endpoint.id)
    if (delivery.ordered || endpoint.paused || (health && health.circuit !== 'closed')) return
    if (!slots.leaseNew(endpoint, prepared.payloadBytes)) return
    delivery.leased = true
  })
}

/** Sends what was stored, and gives back the slots of what was there already. */
export function dispatch(
  batch: readonly Prepared[],
  fresh: readonly boolean[],
  node: string,
  { slots, waker, deliver }: Pick<HandOffDeps, 'slots' | 'waker' | 'deliver'>,
): void {
  const claims: Claim[] = []
  for (const [i, prepared] of batch.entries())
    for (const [j, delivery] of prepared.deliveries.entries()) {
      const endpoint = prepared.route.targets[j]!
      if (fresh[i] && delivery.leased) claims.push(newClaim(prepared, endpoint, delivery.id, node))
      else if (fresh[i]) {
        slots.setBacklog(endpoint, true)
        waker.wake(endpoint.id)
      } else if (delivery.leased) slots.release(endpoint, prepared.payloadBytes)
    }
  if (claims.length > 0) deliver(claims)
}

/** Gives back all slots of a batch that was not written. */
export function giveBackSlots(batch: readonly Prepared[], slots: Slots): void {
  for (const { deliveries, route, payloadBytes } of batch)
    for (const [i, delivery] of deliveries.entries()) {
      if (delivery.leased) slots.release(route.targets[i]!, payloadBytes)
      delivery.leased = false
    }
}
