import type { BufferedEvent } from './record.ts'

export interface Waiting {
  events: number
  bytes: number
  /** When the oldest of them came. */
  oldestAtMs: number | null
}

export interface Limit {
  events: number
  bytes: number
}

/** Events that were lost from a buffer. `damaged`: unreadable on the disk after a power cut. */
export type OnLost = (reason: 'overflow' | 'damaged', events: number) => void

/**
 * First in, first out, bounded by count and bytes. What would go beyond the bound makes room by losing the oldest,
 * never those that are taken. One taker: what was taken stays until `done`, and comes again after `putBack`.
 */
export interface EventBuffer {
  append(event: BufferedEvent): void
  /** The oldest, of one account, at least one and then as many as the limit allows; undefined when there are none. */
  take(limit: Limit): BufferedEvent[] | undefined
  done(): void
  putBack(): void
  /** What is taken included. */
  waiting(): Waiting
  /** What is kept beyond it, and what goes with it. */
  close(): { lost: number }
}

/** How many of the events, from the first, are of one account and within the limit; at least one where there is one. */
export function fitting(events: Iterable<BufferedEvent>, limit: Limit): number {
  let count = 0
  let bytes = 0
  let me: string | undefined
  for (const event of events) {
    bytes += event.bytes
    me ??= event.me
    if (count > 0 && (count >= limit.events || bytes > limit.bytes || event.me !== me)) break
    count += 1
  }
  return count
}
