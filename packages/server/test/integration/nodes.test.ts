import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Arrivals } from '../../src/api/pollers/arrivals.ts'
import { readMessagesFrom } from '../../src/api/pollers/read.ts'
import { SystemClock } from '../../src/core/clock.ts'
import { showId, uuidFloor } from '../../src/core/id.ts'
import { noteChange } from '../../src/db/changes.ts'
import type { EndpointSettings } from '../../src/registry/endpoints/settings.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let database: TestDatabase
let nodes: TestNode[]
let receiver: Receiver
let tenantId: string
let appId: string

beforeAll(async () => {
  database = await createTestDatabase()
  nodes = await Promise.all([
    startNode(database.url, { leaseMs: 6_000 }),
    startNode(database.url, { leaseMs: 6_000 }),
    startNode(database.url, { leaseMs: 6_000 }),
  ])
  tenantId = (await nodes[0]!.registry.tenants.create({ name: 'tenant' })).id
  await until(() => nodes.every((node) => node.engine.lease.liveNodes === 3))
})
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await database.drop()
})
beforeEach(async () => {
  receiver = await startReceiver()
  appId = (await nodes[0]!.registry.apps.create(tenantId, { name: 'app' })).id
})
afterEach(() => receiver.close())

const endpoint = (settings: Partial<EndpointSettings> = {}) =>
  nodes[0]!.registry.endpoints.create({ tenantId, appId }, { url: receiver.url, ...settings })
const accept = (node: TestNode, payload: string, orderingKey: string | null = null) =>
  node.engine.ingest.accept({ tenantId, appId, eventType: 'a', payload, orderingKey })
const open = async () =>
  (
    await database.pool.query<{ count: number }>(
      'select count(*) as count from work w join endpoint e on e.id = w.endpoint_id where e.app_id = $1',
      [appId],
    )
  ).rows[0]!.count

test('messages sent in at three nodes arrive once each, and the cap in flight holds over all of them', async () => {
  await endpoint({ maxInFlight: 4 })
  let inFlight = 0
  let most = 0
  receiver.answer = () => {
    inFlight += 1
    most = Math.max(most, inFlight)
    setTimeout(() => (inFlight -= 1), 8)
    return { delayMs: 8 }
  }
  await Promise.all(Array.from({ length: 120 }, (_, i) => accept(nodes[i % 3]!, String(i))))
  const got = await receiver.waitFor(120)
  expect(new Set(got.map((request) => request.body)).size).toBe(120)
  expect(got).toHaveLength(120)
  expect(most).toBeLessThanOrEqual(4)
})

test('a rate holds over all nodes', async () => {
  await endpoint({ throttleRate: 20 })
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: 60 }, (_, i) => accept(nodes[i % 3]!, String(i))))
  await receiver.waitFor(60)
  // One second's worth may go at once; the other forty take two more.
  expect(performance.now() - startedAt).toBeGreaterThan(1_800)
})

test('a rate over a longer window is an even stream over all nodes', async () => {
  await endpoint({ throttleRate: 12, throttleWindowMs: 2_000 })
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: 24 }, (_, i) => accept(nodes[i % 3]!, String(i))))
  await receiver.waitFor(24, 30_000)
  // Six a second, of which one second's worth may go at once: three seconds. At twelve a second it would be over
  // after one.
  expect(performance.now() - startedAt).toBeGreaterThan(2_000)
})

test('the work of a node that stopped its heartbeat is taken over and delivered', async () => {
  const made = await endpoint()
  await nodes[0]!.registry.endpoints.pause({ tenantId, appId }, showId('endpoint', made.id))
  const accepted = await accept(nodes[0]!, '1')
  const dead = randomUUID()
  await database.pool.query(
    `insert into node (id, name, version, schema_version, expires_at)
     values ($1, 'dead', '0', 1, now() - interval '1 second')`,
    [dead],
  )
  await database.pool.query('update work set lease_owner = $1 where endpoint_id = $2', [
    dead,
    made.id,
  ])
  await nodes[0]!.registry.endpoints.resume({ tenantId, appId }, showId('endpoint', made.id))
  const [got] = await receiver.waitFor(1)
  expect(got!.body).toBe('1')
  expect(accepted.outcome).toBe('accepted')
})

test('a lease taken over is not used: what is in hand is not sent, and the node goes on under a new one', async () => {
  const node = nodes[2]!
  const before = node.engine.lease.id
  await database.pool.query('delete from node where id = $1', [before])
  await until(() => node.engine.lease.id !== before)
  expect(node.engine.lease.valid()).toBe(true)
  await endpoint()
  await accept(node, '1')
  await receiver.waitFor(1)
})

test('in order, per key, on three nodes, through failures: the next goes when the one before is done', async () => {
  await endpoint({
    ordering: 'key',
    retryScheduleMs: Array.from({ length: 30 }, () => 5),
    circuit: { failuresToOpen: 1_000 },
  })
  const delivered = new Map<string, number[]>()
  const underWay = new Set<string>()
  let overlaps = 0
  let seed = 7
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648
  receiver.answer = ({ body }) => {
    const { key, n } = JSON.parse(body) as { key: string; n: number }
    if (underWay.has(key)) overlaps += 1
    underWay.add(key)
    const delayMs = Math.floor(random() * 6)
    setTimeout(() => underWay.delete(key), delayMs)
    if (random() < 0.3) return { status: 500, delayMs }
    delivered.set(key, [...(delivered.get(key) ?? []), n])
    return { delayMs }
  }
  const keys = ['a', 'b', 'c', 'd', 'e']
  // Within a key each is sent in after the one before was accepted, at whichever node: that is the order that is
  // promised.
  await Promise.all(
    keys.map(async (key) => {
      for (let n = 0; n < 30; n++)
        await accept(nodes[Math.floor(random() * 3)]!, JSON.stringify({ key, n }), key)
    }),
  )
  await until(async () => (await open()) === 0)
  for (const key of keys)
    expect(delivered.get(key)).toEqual(Array.from({ length: 30 }, (_, n) => n))
  expect(overlaps).toBe(0)
})

test('while a circuit is not closed, one probe at a time goes out, whichever of the nodes sends it', async () => {
  await endpoint({
    retryScheduleMs: Array.from({ length: 50 }, () => 10),
    circuit: { failuresToOpen: 1, pauseMs: 100, maxPauseMs: 200 },
  })
  receiver.answer = () => ({ status: 500 })
  await accept(nodes[0]!, '0')
  await until(async () => {
    const { rows } = await database.pool.query(
      `select
         from endpoint_health h
         join endpoint e on e.id = h.endpoint_id
        where e.app_id = $1 and h.circuit <> 'closed'`,
      [appId],
    )
    return rows.length === 1
  })
  const before = receiver.received.length
  let underWay = 0
  let most = 0
  receiver.answer = () => {
    underWay += 1
    most = Math.max(most, underWay)
    setTimeout(() => (underWay -= 1), 100)
    return { status: 500, delayMs: 100 }
  }
  await Promise.all(Array.from({ length: 30 }, (_, i) => accept(nodes[i % 3]!, String(i + 1))))
  await receiver.waitFor(before + 4)
  expect(most).toBe(1)
  receiver.answer = () => ({})
  await until(async () => (await open()) === 0)
})

test('a key that waits for its retry does not hold up the other keys', async () => {
  await endpoint({ ordering: 'key', retryScheduleMs: [60_000] })
  receiver.answer = ({ body }) => ({ status: body.includes('"bad"') ? 500 : 200 })
  await accept(nodes[0]!, '{"key":"bad","n":0}', 'bad')
  await accept(nodes[0]!, '{"key":"bad","n":1}', 'bad')
  await accept(nodes[1]!, '{"key":"good","n":2}', 'good')
  await until(() => receiver.received.some(({ body }) => body.includes('good')))
  expect(receiver.received.filter(({ body }) => body.includes('"n":1'))).toHaveLength(0)
})

test('a high priority is served before a flood of low, and low is not starved', async () => {
  const made = await endpoint({ maxInFlight: 2 })
  const { endpoints } = nodes[0]!.registry
  const scope = { tenantId, appId }
  // Paused until all wait: else the low ones are gone before a busy machine has taken the high ones.
  await endpoints.pause(scope, showId('endpoint', made.id))
  const order: string[] = []
  receiver.answer = ({ body }) => {
    order.push(body)
    return { delayMs: 2 }
  }
  const send = (payload: string, priority: 'high' | 'low') =>
    nodes[0]!.engine.ingest.accept({ tenantId, appId, eventType: 'a', payload, priority })
  await Promise.all(Array.from({ length: 400 }, () => send('"low"', 'low')))
  await Promise.all(Array.from({ length: 100 }, () => send('"high"', 'high')))
  await endpoints.resume(scope, showId('endpoint', made.id))
  await until(() => order.filter((body) => body === '"high"').length === 100)
  const lastHigh = order.lastIndexOf('"high"')
  const lowBefore = order.slice(0, lastHigh).filter((body) => body === '"low"').length
  expect(lowBefore).toBeLessThan(300)
  expect(lowBefore).toBeGreaterThan(0)
  expect(made.maxInFlight).toBe(2)
})

test('a node that stops gives its lease back', async () => {
  const extra = await startNode(database.url, { leaseMs: 60_000 })
  await extra.stop()
  const { rows } = await database.pool.query('select 1 from node where id = any($1::uuid[])', [
    extra.engine.lease.ids,
  ])
  expect(rows).toEqual([])
})

test.each([
  ['ahead', 600_000],
  ['behind', -600_000],
])(
  'a node whose clock is ten minutes %s makes the same times, retries and leases as the others',
  async (_, offMs) => {
    const wall = () => Date.now() + offMs
    const ahead = await startNode(database.url, { clock: new SystemClock(wall), leaseMs: 6_000 })
    try {
      await endpoint({ retryScheduleMs: [50] })
      receiver.answer = (_, index) => ({ status: index === 0 ? 500 : 200 })
      const accepted = await accept(ahead, '1')
      if (accepted.outcome !== 'accepted') throw new Error(accepted.outcome)
      // Off by ten minutes would be the fault; a busy machine is off by seconds.
      expect(Math.abs(accepted.message.createdAtMs - Date.now())).toBeLessThan(60_000)
      const [first, second] = await receiver.waitFor(2)
      expect(second!.at - first!.at).toBeLessThan(60_000)
      const { rows } = await database.pool.query<{ apart: number }>(
        'select max(abs(extract(epoch from expires_at - now())))::float8 as apart from node',
      )
      expect(rows[0]!.apart).toBeLessThan(60)
    } finally {
      await ahead.stop()
    }
  },
)

const circuit = async () =>
  (
    await database.pool.query<{ circuit: string }>(
      `select h.circuit from endpoint_health h join endpoint e on e.id = h.endpoint_id where e.app_id = $1`,
      [appId],
    )
  ).rows[0]?.circuit

/** The node has heard of all that was changed so far. */
async function heard({ registry }: TestNode): Promise<void> {
  const mark = randomUUID()
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = registry.cache.onChange(({ key }) => {
    if (key === mark) resolve()
  })
  await noteChange(database.pool, 'app', mark)
  await promise
  stop()
}

test('a circuit opens after failures in a row, between which no other node has delivered', async () => {
  await endpoint({
    retryScheduleMs: [],
    circuit: { failuresToOpen: 5, pauseMs: 60_000, maxPauseMs: 60_000 },
  })
  receiver.answer = ({ body }) => ({ status: body === '"bad"' ? 500 : 200 })
  // What this one knows of the endpoint is from before the first failure.
  await heard(nodes[1]!)
  await accept(nodes[1]!, '"good"')
  for (let round = 0; round < 12; round++)
    for (const payload of ['"bad"', '"good"']) {
      await accept(nodes[payload === '"bad"' ? 0 : 1]!, payload)
      await until(async () => (await open()) === 0)
      expect(await circuit()).not.toBe('open')
    }
  for (let n = 0; n < 6; n++) await accept(nodes[n % 3]!, '"bad"')
  await until(async () => (await circuit()) === 'open')
})

test('what a node knows of failures that are over it forgets with the first success', async () => {
  const { cache } = nodes[0]!.registry
  const health = async () => (await cache.routes(tenantId, appId))!.health.size
  await endpoint({ retryScheduleMs: [60_000] })
  await heard(nodes[0]!)
  receiver.answer = () => ({ status: 500 })
  await accept(nodes[0]!, '1')
  await until(async () => (await circuit()) === 'closed')
  cache.invalidate('app', appId)
  expect(await health()).toBe(1)
  receiver.answer = () => ({})
  await accept(nodes[0]!, '2')
  await until(async () => (await health()) === 0)
})

test.each(['stops', 'dies'])(
  'a node that %s while it probes leaves the next probe to the others at once',
  async (how) => {
    const { id } = await endpoint()
    const prober = how === 'stops' ? await startNode(database.url, { leaseMs: 6_000 }) : undefined
    const proberId = prober?.engine.lease.id ?? randomUUID()
    await database.pool.query(
      `insert into endpoint_health (
         endpoint_id, tenant_id, circuit, consecutive_failures, opened_at, open_until, pause_ms, probe_node,
         probe_until)
       values ($1, $2, 'half-open', 10, now(), now(), 5000, $3, now() + interval '1 hour')`,
      [id, tenantId, proberId],
    )
    for (const node of nodes) node.registry.cache.invalidate('app', appId)
    await accept(nodes[0]!, '1')
    if (prober) await prober.stop()
    else
      await database.pool.query(
        `insert into node (id, name, version, schema_version, expires_at)
         values ($1, 'dead', '0', 1, now() - interval '1 second')`,
        [proberId],
      )
    await receiver.waitFor(1)
    await until(async () => (await circuit()) === undefined)
  },
)

test('who reads messages in their order passes over none that another node has stored late', async () => {
  const [late, quick] = nodes as [TestNode, TestNode]
  await accept(late, '0')
  const wanted = { tenantId, appId, eventTypes: null, channels: null, filter: null }
  const got: unknown[] = []
  let at = uuidFloor(0)
  const deps = {
    db: database.pool,
    payloads: quick.payloads,
    arrivals: new Arrivals(database.pool),
  }
  const read = async () => {
    const page = await readMessagesFrom(deps, wanted, at, 50)
    at = page.after
    for (const text of page.data) got.push((JSON.parse(text) as { payload: unknown }).payload)
    return got
  }
  const busy = await Promise.all(Array.from({ length: 10 }, () => late.pool.connect()))
  const stored = accept(late, '1')
  try {
    await accept(quick, '2')
    await until(async () => (await read()).includes(2))
  } finally {
    for (const client of busy) client.release()
  }
  await stored
  await until(async () => (await read()).includes(1))
  expect(got).toEqual([0, 2, 1])
})
