import { type EventBuffer, fitting, type Limit, type OnLost } from './buffer.ts'
import type { BufferedEvent } from './record.ts'

/** Waiting events in memory: gone with the process. */
export function createMemoryBuffer(bound: Limit, onLost: OnLost): EventBuffer {
  // Removed from the front by moving `first`, and cut now and then: a shift of a long array costs its length.
  let events: BufferedEvent[] = []
  let first = 0
  let bytes = 0
  let taken = 0

  const size = (): number => events.length - first

  /** `count` events, beginning `skip` after the first. */
  function remove(skip: number, count: number): void {
    for (let i = first + skip; i < first + skip + count; i++) bytes -= events[i]!.bytes
    if (skip > 0) events.splice(first + skip, count)
    else first += count
    if (first > 1_000 && first > events.length / 2) {
      events = events.slice(first)
      first = 0
    }
  }

  function makeRoom(): void {
    let lost = 0
    let lostBytes = 0
    while (
      lost < size() - taken - 1 &&
      (size() - lost > bound.events || bytes - lostBytes > bound.bytes)
    ) {
      lostBytes += events[first + taken + lost]!.bytes
      lost += 1
    }
    if (lost === 0) return
    remove(taken, lost)
    onLost('overflow', lost)
  }

  return {
    append(event) {
      events.push(event)
      bytes += event.bytes
      makeRoom()
    },
    take(limit) {
      if (taken > 0) throw new Error('The last events taken are not done.')
      if (size() === 0) return undefined
      taken = fitting(events.slice(first, first + limit.events), limit)
      return events.slice(first, first + taken)
    },
    done() {
      remove(0, taken)
      taken = 0
    },
    putBack() {
      taken = 0
    },
    waiting: () => ({ events: size(), bytes, oldestAtMs: events[first]?.atMs ?? null }),
    close: () => ({ lost: size() }),
  }
}
