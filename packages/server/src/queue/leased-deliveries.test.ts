import { expect, test } from 'vitest'
import type { Endpoint } from '../core/endpoint.ts'
import type { Pool } from '../db/pool.ts'
import type { Current } from './held.ts'
import { LeasedDeliveries } from './leased-deliveries.ts'
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
  return new LeasedDeliveries({
    pool: {} as Pool,
    lease: { id: 'n', valid: () => true } as NodeLease,
    slots: {
      begin: () => inFlight++ === 0,
      end: () => (inFlight -= 1),
      release: () => false,
      setBacklog: () => {},
    } as unknown as Slots,
    deliver: () => new Promise(() => {}),
    current,
    wake: () => {},
    log: (_, error) => expect.fail(String(error)),
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

test('what comes back while its request is under way is left to that request, or put back if it was resent', () => {
  const leased = oneInFlight(() => new Promise(() => {}))
  leased.add([claim('as it was'), claim('resent')])
  leased.add([claim('as it was'), claim('resent', 1)])
  // In hand once, and to be put back.
  expect(leased.ids()).toEqual(['as it was', 'resent', 'resent'])
})
