import { expect, test } from 'vitest'
import type { LiveEvent } from './event.ts'
import { Ring } from './ring.ts'

const event = (id: string, tenantId = 't', appId = 'a'): LiveEvent =>
  ({
    id,
    tenantId,
    appId,
    messageId: id,
    eventType: 'x',
    atMs: Number(id),
    endpointId: null,
  }) as LiveEvent
const all = () => true
const ids = (page: { events: string[] }) =>
  page.events.map((text) => (JSON.parse(text) as { id: string }).id)
const uuid = (n: number) => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`

function ringOf(capacity: number) {
  const ring = new Ring(capacity)
  const push = (n: number, tenantId = uuid(1), appId = uuid(2)) =>
    ring.push({ ...event(uuid(n), tenantId, appId), atMs: n })
  return { ring, push }
}

test('a viewer gets what comes after it came, in order, and only of its tenant and app', () => {
  const { ring, push } = ringOf(10)
  push(1)
  const tenant = { tenantId: uuid(1), appId: null }
  const app = { tenantId: uuid(1), appId: uuid(3) }
  const places = [ring.end(tenant), ring.end(app)]
  push(2)
  push(3, uuid(9))
  push(4, uuid(1), uuid(3))
  expect(ids(ring.read(places[0]!, tenant, all, 10))).toEqual([uuid(2), uuid(4)])
  expect(ring.read(places[1]!, app, all, 10)).toMatchObject({
    dropped: 0,
    events: [expect.any(String)],
  })
  expect(ring.read(places[0]!, tenant, all, 10)).toEqual({ events: [], dropped: 0 })
})

test('who is overtaken is told how many went by of its own, and of nobody else’s', () => {
  const { ring, push } = ringOf(5)
  const own = { tenantId: uuid(1), appId: null }
  const place = ring.end(own)
  for (let n = 0; n < 20; n++) push(n, n % 2 === 0 ? uuid(1) : uuid(9))
  const page = ring.read(place, own, all, 100)
  expect(page.events.length + page.dropped).toBe(10)
  expect(page.events.length).toBeLessThanOrEqual(3)
  for (let n = 0; n < 30; n++) push(n, uuid(9))
  expect(ring.read(place, own, all, 100)).toEqual({ events: [], dropped: 0 })
  push(50)
  for (let n = 0; n < 30; n++) push(n, uuid(9))
  expect(ring.read(place, own, all, 100)).toEqual({ events: [], dropped: 1 })
})

test('who comes back goes on behind what it had, as far as that is kept', () => {
  const { ring, push } = ringOf(5)
  const own = { tenantId: uuid(1), appId: null }
  for (let n = 0; n < 8; n++) push(n)
  const back = ring.placeAfter(own, { number: 5 })!
  expect(ids(ring.read(back, own, all, 10))).toEqual([uuid(6), uuid(7)])
  expect(ring.placeAfter(own, { number: 1 })).toBeUndefined()
  expect(ring.placeAfter(own, { number: 8 })).toBeUndefined()
  const byTime = ring.placeAfter(own, { ms: 6 })!
  expect(ids(ring.read(byTime, own, all, 10))).toEqual([uuid(6), uuid(7)])
  expect(ring.read(byTime, own, all, 10)).toEqual({ events: [], dropped: 0 })
})
