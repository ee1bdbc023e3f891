/**
 * The queue: deliveries that are open, who has them in hand, and how much of them may be sent.
 *
 * It promises that an open delivery is a row until its outcome is recorded, that at most one live node has it in
 * hand, that a claim takes a few of each endpoint that has work and room, and that for one ordering key only the
 * oldest open delivery is ever in hand.
 */
import type { EndpointDefaults } from '../core/endpoint-defaults.ts'
import type { Endpoint } from '../core/endpoint.ts'
import type { Message, Priority } from '../core/message.ts'

export { NodeLease } from './lease.ts'
export type { SharedRate } from './shared-rates.ts'
export { Slots } from './slots.ts'

/** The priorities as the database sorts them. */
export const priorityRank: Record<Priority, 0 | 1 | 2> = { high: 0, normal: 1, low: 2 }
export const priorityOfRank: readonly Priority[] = ['high', 'normal', 'low']

/** One delivery in this node's hand: everything needed to send it. */
export interface Claim {
  deliveryId: string
  endpoint: Endpoint
  app: {
    id: string
    uid: string | null
    name: string
    kind: 'app' | 'operational'
    /** By event type, in milliseconds; null: no type has one. */
    tenantRetrySchedules: Record<string, number[]> | null
    tenantDefaults?: EndpointDefaults | null
  }
  message: Message
  payloadBytes: number
  /** Attempts made before. */
  attempt: number
  /** Since when it could have been sent, where that is known. */
  dueAtMs?: number
  /** By schedule or by hand. */
  trigger: 0 | 1
  ordered: boolean
  /** The lease under which it was taken. */
  leasedBy: string
  /** It is to show whether the endpoint's circuit may close. */
  probe?: true
}

/**
 * The order in which a claim serves the priorities: the first is drawn by weight, 75 : 20 : 5, so that a flood of one
 * cannot shut out another, and an idle one leaves its share to the rest.
 */
export function drawOrder(random: number): readonly [number, number, number] {
  if (random < 0.75) return [0, 1, 2]
  if (random < 0.95) return [1, 0, 2]
  return [2, 0, 1]
}

/** Wakes the loop that claims: work came in that nobody has in hand. */
export interface Waker {
  wake(endpointId: string): void
}
