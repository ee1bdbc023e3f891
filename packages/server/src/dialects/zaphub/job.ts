/**
 * Jobs of ZapHub's queue `webhook-delivery`: a job's id is its delivery's id, in the body and in
 * `X-ZapHub-Delivery`.
 */
import type { OutgoingEvent } from '../contract/delivery.ts'

/** On messages whose `eventId` is such an id. Another producer's `eventId` says nothing about a delivery. */
export const jobTag = 'zaphub.job'

/** `webhook-<session>-<event>-<seconds>-<random>`, in characters that a header can hold. */
export function newJobId(session: string, event: string, nowMs: number, random: number): string {
  const suffix = random.toString(36).slice(2, 11).padEnd(9, '0')
  const id = `webhook-${session}-${event}-${Math.floor(nowMs / 1000)}-${suffix}`
  return encodeURI(id.toWellFormed())
}

export function deliveryIdOf({ message, deliveryId }: OutgoingEvent): string {
  return (message.tags?.includes(jobTag) ? message.eventId : null) ?? deliveryId
}
