import { expect, test, vi } from 'vitest'
import type { Endpoint } from '../core/endpoint.ts'
import type { Pool } from '../db/pool.ts'
import type { Current } from './held.ts'
import { LeasedDeliveries, type LeasedDeliveriesDeps } from './leased-deliveries.ts'
import type { Claim, NodeLease, Slots } from './queue.ts'

const endpoint = { id: 'e', paused: false, disabled: false, batch: null } as unknown as Endpoint
const goes = { endpoint, open: true }
const paused = { endpoint: { ...endpoint, paused: true }, open: true }
const claim = (deliveryId: string, trigger = 0) =>
  ({
    deliveryId,
    trigger,
    endpoint,
    app: { id: 'a' },
    leasedBy: 'n',
    probe: false,
  }) as unknown as Claim

function oneInFlight(current: () => Promise<Current>): LeasedDeliveries {
  let inFlight = 0
  return leasing(() => inFlight++ === 0, { current })
}

/** Without anything changed, its requests do not end. */
function leasing(begin: () => boolean, changed: Partial<LeasedDeliveriesDeps>): LeasedDeliveries {
  return new LeasedDeliveries({
    pool: {} as Pool,
    lease: { id: 'n', valid: () => true } as NodeLease,
    slots: {
      begin,
      end: () => {},
      release: () => false,
      setBacklog: () => {},
    } as unknown as Slots,
    deliver: () => new Promise(() => {}),
    current: () => new Promise(() => {}),
    wake: () => {},
    log: (_, error) => expect.fail(String(error)),
    ...changed,
  })
}

test('what waits is looked at again where its endpoint was paused while it was looked up', async () => {
  const looks: ((found: Current) => void)[] = []
  const leased = oneInFlight(() => new Promise((resolve) => looks.push(resolve)))
  leased.add([claim('under way'), claim('waits')])
  leased.look('a')
  leased.look('a')
  // It was read before the second change was committed.
  looks[0]!(goes)
  await new Promise((resolve) => setImmediate(resolve))
  looks[1]?.(paused)
  await new Promise((resolve) => setImmediate(resolve))
  expect([leased.size, looks.length]).toEqual([1, 2])
})

test('where one endpoint changed, no other is looked at', async () => {
  const looked: string[] = []
  const leased = leasing(() => false, {
    current: ({ endpoint: of }) => {
      looked.push(of.id)
      return { endpoint: of, open: true }
    },
  })
  const ids = ['e', 'f', 'g']
  leased.add(ids.map((id) => ({ ...claim(`to ${id}`), endpoint: { ...endpoint, id } })))
  looked.length = 0
  leased.look('a', 'f')
  leased.look('a', 'none of this node')
  expect(looked).toEqual(['f'])
  leased.look('a')
  expect(looked).toEqual(['f', ...ids])
})

test('what comes back while its request is under way is left to that request, or put back if it was resent', () => {
  const leased = oneInFlight(() => new Promise(() => {}))
  leased.add([claim('as it was'), claim('resent')])
  leased.add([claim('as it was'), claim('resent', 1)])
  // In hand once, and to be put back.
  expect(leased.ids()).toEqual(['as it was', 'resent', 'resent'])
})

test('requests to many endpoints leave others their turns, and what waits for its turn can be put back', async () => {
  const sent: string[] = []
  const leased = leasing(() => true, {
    deliver: (claims) => {
      const until = performance.now() + 1
      while (performance.now() < until);
      sent.push(...claims.map((one) => one.deliveryId))
      return Promise.resolve([])
    },
    current: ({ endpoint: of }) => ({ endpoint: of, open: true }),
  })
  const ids = Array.from({ length: 100 }, (_, i) => String(i))
  leased.add(ids.map((id) => ({ ...claim(id), endpoint: { ...endpoint, id } })))
  expect(sent.length).toBeLessThan(50)
  const atTurns: number[] = []
  while (sent.length < 90) {
    await new Promise((resolve) => setImmediate(resolve))
    atTurns.push(sent.length)
    leased.releaseEndpoint('99')
  }
  await vi.waitFor(() => expect(leased.size).toBe(0))
  expect(sent).toEqual(ids.slice(0, -1))
  expect(leased.ids()).toEqual(['99'])
  expect(atTurns.length).toBeGreaterThan(5)
})
