import { beforeEach, expect, test } from 'vitest'
import { endpointOf } from '../../test/support/dialect-samples.ts'
import type { NodeLease } from './lease.ts'
import { Slots } from './slots.ts'

const endpoint = {
  ...endpointOf('evolution', {}),
  maxInFlight: 10,
  throttleRate: null,
  batch: null,
}
let nowMs: number
let slots: Slots

beforeEach(() => {
  nowMs = 1_000
  const lease = { liveNodes: 1, share: (total: number) => total } as unknown as NodeLease
  slots = new Slots(lease, { now: () => nowMs, monotonic: () => nowMs }, () => undefined)
})

/** So many are sent and answered, one each millisecond. */
function serve(count: number, tookMs: number): void {
  for (let n = 0; n < count; n++) {
    nowMs += 1
    slots.lease(endpoint, 700)
    slots.begin(endpoint)
    slots.end(endpoint.id, tookMs)
    slots.release(endpoint, 700)
  }
}

/** So many are sent in; answers how many stay in memory. */
function handOff(count: number): number {
  let kept = 0
  for (let n = 0; n < count; n++) if (slots.leaseNew(endpoint, 700)) kept += 1
  for (let n = 0; n < 10; n++) slots.begin(endpoint)
  return kept
}

test('a quick endpoint has 0.3 s of its pace in memory, one that finishes nothing only what is under way', () => {
  expect(slots.free(endpoint)).toBe(10)
  serve(250, 2)
  expect(slots.free(endpoint)).toBe(10 + 300)
  nowMs += 1_000
  expect(slots.free(endpoint)).toBe(10)
})

test('what waits in memory ahead of a quick endpoint is bounded in bytes', () => {
  for (let n = 0; n < 100; n++) {
    slots.lease(endpoint, 1024 * 1024)
    slots.release(endpoint, 1024 * 1024)
  }
  for (let n = 0; n < 150; n++) {
    nowMs += 1
    slots.lease(endpoint, 1024 * 1024)
    slots.begin(endpoint)
    slots.end(endpoint.id, 2)
    slots.release(endpoint, 1024 * 1024)
  }
  expect(slots.free(endpoint)).toBe(10 + 8)
})

test('accepting yields while more waits for a quick endpoint than it takes at once', () => {
  serve(150, 2)
  expect(slots.behind).toBe(false)
  handOff(20)
  expect(slots.behind).toBe(false)
  handOff(30)
  expect(slots.behind).toBe(true)
})

test('accepting never yields to an endpoint that takes as much as it can, or that has stopped answering', () => {
  // Ten at a time, ten milliseconds each: one a millisecond is all it takes.
  serve(150, 10)
  expect(handOff(200)).toBe(200)
  expect(slots.behind).toBe(false)
  serve(150, 2)
  expect(slots.behind).toBe(true)
  nowMs += 1_000
  expect(slots.behind).toBe(false)
})

test('a backlog does not hold up what is new, as long as it does not grow by it', () => {
  serve(150, 2)
  slots.setBacklog(endpoint, true)
  for (let n = 0; n < 100; n++) slots.lease(endpoint, 700)
  expect(slots.behind).toBe(false)
  handOff(20)
  expect(slots.behind).toBe(false)
  handOff(20)
  expect(slots.behind).toBe(true)
  serve(40, 2)
  expect(slots.behind).toBe(false)
})

test('a rate of less than one a second is kept to by an endpoint that gets a message now and then', () => {
  const slow = { ...endpoint, throttleRate: 6, throttleWindowMs: 60_000 }
  let sent = 0
  for (let second = 0; second < 60; second++) {
    if (slots.leaseNew(slow, 700)) {
      sent += 1
      slots.release(slow, 700)
    }
    nowMs += 1_000
    slots.sweep()
    nowMs += 1
    slots.sweep()
  }
  expect(sent).toBeLessThanOrEqual(7)
  expect(sent).toBeGreaterThan(4)
})
