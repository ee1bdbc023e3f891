import type { Endpoint } from '../core/endpoint.ts'
import type { Claim } from './queue.ts'

/** A leased delivery, and whether its payload is still to be read. */
export interface Held {
  claim: Claim
  payloadLeftOut: boolean
}

/** An endpoint as it is by now; undefined: it cannot be known. */
export type Current = { endpoint: Endpoint; open: boolean } | 'gone' | undefined

/**
 * Whether it may go in one request as things stand. What was gathered for a request and is too much for one now must
 * not be parted here: of an ordering key, one would be sent beside the other.
 */
export function mayGo(group: readonly Held[], now: Exclude<Current, undefined>): boolean {
  if (now === 'gone' || !maySend(group, now)) return false
  return group.length <= (now.endpoint.batch?.maxEvents ?? 1)
}

export function maySend(group: readonly Held[], now: Exclude<Current, undefined>): boolean {
  if (now === 'gone' || now.endpoint.paused || now.endpoint.disabled) return false
  return now.open || group.some(({ claim }) => claim.probe)
}
