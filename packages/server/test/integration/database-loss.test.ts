// What happens between Pombo and its database when connections break: under a statement, between two, and without a
// word.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { showId } from '../../src/core/id.ts'
import { dropConnections, inTransaction, isAway, openPool } from '../../src/db/pool.ts'
import type { Claim } from '../../src/queue/queue.ts'
import type { EndpointSettings } from '../../src/registry/endpoints/settings.ts'
import type { Recorded } from '../../src/record/recorded.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type DatabaseLine, openLine } from '../support/database-line.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { startPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let database: TestDatabase
let receiver: Receiver
const nodes: TestNode[] = []
const lines: DatabaseLine[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  receiver = await startReceiver()
})
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
  await Promise.all(lines.splice(0).map((line) => line.cut()))
  await receiver.close()
  await database.drop()
})

const said = (node: TestNode) => node.lines.map((line) => String(line['msg']))

/** A node that misses a short lease breaks its connections, whatever they are doing: short only where that is meant. */
const shortMs = 2_000

async function start(url = database.url, leaseMs = 15_000): Promise<TestNode> {
  const node = await startNode(url, { leaseMs })
  nodes.push(node)
  return node
}

async function makeApp(
  { registry }: TestNode,
  paused = false,
  settings: Partial<EndpointSettings> = {},
) {
  const tenantId = (await registry.tenants.create({ name: 'tenant' })).id
  const appId = (await registry.apps.create(tenantId, { name: 'app' })).id
  const made = await registry.endpoints.create(
    { tenantId, appId },
    { url: receiver.url, ...settings },
  )
  if (paused) await registry.endpoints.pause({ tenantId, appId }, showId('endpoint', made.id))
  const endpoint = (await registry.cache.endpoints([made.id])).get(made.id)!.endpoint
  const accept = (node: TestNode, n: number) =>
    node.engine.ingest.accept({ tenantId, appId, eventType: 'a', payload: `{"n":${n}}` })
  return { tenantId, appId, endpoint, accept }
}

const open = async () =>
  (await database.pool.query<{ count: number }>('select count(*) as count from work')).rows[0]!
    .count

test('a connection broken between statements of a transaction fails the next one, and not the process', async () => {
  const work = inTransaction(database.pool, async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    // Not events.once, which would itself listen for the error.
    const gone = new Promise<void>((resolve) => void client.once('end', resolve))
    await database.pool.query('select pg_terminate_backend($1)', [rows[0]!.pid])
    await gone
    await client.query('select 1')
  })
  await expect(work).rejects.toSatisfy(isAway)
  await expect(database.pool.query('select 1')).resolves.toMatchObject({ rowCount: 1 })
})

test('a delivery leased to a node without its hearing of it is sent once the node has cause to look', async () => {
  const node = await start()
  const { tenantId, appId, endpoint, accept } = await makeApp(node, true)
  await accept(node, 1)
  // As a claim leaves it whose connection broke before the answer came.
  await database.pool.query('update work set lease_owner = $1', [node.engine.lease.id])
  await node.registry.endpoints.resume({ tenantId, appId }, showId('endpoint', endpoint.id))
  node.engine.dispatcher.lookForStrays()
  await receiver.waitFor(1)
  await until(async () => (await open()) === 0)
})

test('what a node is sending is no stray, however often it looks', async () => {
  const node = await start()
  const { accept } = await makeApp(node)
  receiver.answer = () => ({ delayMs: 800 })
  await accept(node, 1)
  await receiver.waitFor(1)
  node.engine.dispatcher.lookForStrays()
  await until(async () => (await open()) === 0)
  expect(receiver.received).toHaveLength(1)
  expect(said(node)).not.toContain('freed deliveries that no node had in hand')
})

test('two outcomes of one delivery in one batch are both recorded, close it once, and hold up nothing', async () => {
  const node = await start()
  const { tenantId, appId, endpoint, accept } = await makeApp(node, true)
  const accepted = await accept(node, 1)
  if (accepted.outcome !== 'accepted') throw new Error('a new message was taken for a repeat')
  const { rows } = await database.pool.query<{ id: string }>('select id from work')
  const claim: Claim = {
    deliveryId: rows[0]!.id,
    endpoint,
    app: { id: appId, uid: null, name: 'app', kind: 'app', tenantRetrySchedules: null },
    message: { ...accepted.message, tenantId },
    payloadBytes: 7,
    attempt: 0,
    trigger: 0,
    ordered: false,
    leasedBy: node.engine.lease.id,
  }
  const delivered: Recorded = {
    claim,
    outcome: {
      kind: 'delivered',
      statusCode: 200,
      response: '',
      responseTruncated: false,
      responseHeaders: {},
      durationMs: 1,
    },
    verdict: { kind: 'done' },
    startedAtMs: Date.now(),
  }
  node.engine.recorder.record(delivered)
  node.engine.recorder.record({ ...delivered })
  await until(() => node.engine.recorder.backlog === 0)
  expect(said(node)).not.toContain('outcomes could not be written; trying again')
  const count = async (table: string) =>
    (await database.pool.query<{ count: number }>(`select count(*) as count from ${table}`))
      .rows[0]!.count
  expect([
    await count('work'),
    await count('history where state is not null'),
    await count('attempt'),
  ]).toEqual([0, 1, 2])
})

test('after an outage beyond the lease nothing under way is sent again, whichever node comes back first', async () => {
  const opened = [await openLine(database.url), await openLine(database.url)] as const
  lines.push(...opened)
  const one = await start(opened[0].url, 4_000)
  const two = await start(opened[1].url, 4_000)
  const { accept } = await makeApp(one)
  await until(() => nodes.every((node) => node.engine.lease.liveNodes === 2))
  receiver.answer = () => ({ delayMs: 9_000 })
  await Promise.all(Array.from({ length: 8 }, (_, n) => accept(n % 2 === 0 ? one : two, n)))
  await receiver.waitFor(8)
  await Promise.all(opened.map((line) => line.cut()))
  // Until nobody's row is valid any more: the database counts from when it heard, a node from when it asked.
  await until(async () => {
    const { rows } = await database.pool.query('select from node where expires_at > now()')
    return rows.length === 0
  })
  await opened[0].mend()
  const alone = performance.now() + 1_200
  await until(() => one.engine.lease.valid())
  await until(() => performance.now() > alone)
  await opened[1].mend()
  receiver.answer = () => ({})
  await until(async () => (await open()) === 0)
  expect(receiver.received).toHaveLength(8)
})

test('the heartbeat is on time while every connection of the pool is busy', async () => {
  const node = await start(database.url, 2 * shortMs)
  const { accept } = await makeApp(node)
  const id = node.engine.lease.id
  // Longer than the lease twice over. A late heartbeat would also break them.
  const busy = Promise.all(Array.from({ length: 10 }, () => node.pool.query('select pg_sleep(8)')))
  await expect(busy).resolves.toHaveLength(10)
  expect(node.engine.lease.valid()).toBe(true)
  expect(node.engine.lease.id).toBe(id)
  await accept(node, 1)
  await receiver.waitFor(1)
})

async function history() {
  const { rows } = await database.pool.query<Record<string, unknown>>(
    `select array(select number from attempt order by number) as numbers,
            (select count(*) from history where state = 'delivered') as delivered,
            (select sum(attempts) from endpoint_stat)::int as attempts,
            (select sum(failed_attempts) from endpoint_stat)::int as failed,
            (select sum(delivered) from endpoint_stat)::int as "deliveredCount"`,
  )
  return rows[0]
}

test('an attempt whose record was committed and the answer lost is recorded and counted once', async () => {
  const line = await openLine(database.url)
  lines.push(line)
  const node = await start(line.url)
  const { accept } = await makeApp(node)
  const lost = line.loseAnswer('insert into attempt (')
  await accept(node, 1)
  await lost
  await until(() => node.engine.recorder.backlog === 0)
  expect(await history()).toEqual({
    numbers: [1],
    delivered: 1,
    attempts: 1,
    failed: 0,
    deliveredCount: 1,
  })
  expect(receiver.received).toHaveLength(1)
  expect(said(node)).not.toContain('outcomes could not be written; trying again')
})

test('a failed one likewise: its retry comes by schedule, and the circuit counts one failure', async () => {
  const line = await openLine(database.url)
  lines.push(line)
  const node = await start(line.url)
  const { accept, endpoint } = await makeApp(node, false, { retryScheduleMs: [3_000] })
  receiver.answer = (_, index) => ({ status: index === 0 ? 500 : 200 })
  const lost = line.loseAnswer('insert into attempt (', 'commit')
  await accept(node, 1)
  await lost
  await until(() => node.engine.recorder.backlog === 0)
  const { rows } = await database.pool.query(
    'select consecutive_failures from endpoint_health where endpoint_id = $1',
    [endpoint.id],
  )
  expect(rows).toEqual([{ consecutive_failures: 1 }])
  await until(async () => (await open()) === 0)
  expect(await history()).toEqual({
    numbers: [1, 2],
    delivered: 1,
    attempts: 2,
    failed: 1,
    deliveredCount: 1,
  })
  // The success that followed made it healthy again.
  await until(async () => {
    const health = await database.pool.query('select from endpoint_health')
    return health.rowCount === 0
  })
})

test('an outage of the database is said once when it begins, and once when it is over', async () => {
  const line = await openLine(database.url)
  lines.push(line)
  const pombo = await startPombo(
    { POMBO_LEASE_MS: '6s', POMBO_LOG_LEVEL: 'info' },
    { ...database, url: line.url },
  )
  try {
    const ready = async () => (await fetch(`${pombo.url}/readyz`)).status
    await until(async () => (await ready()) === 200)
    const before = pombo.errors.length
    await line.cut()
    // Long enough for every part of it to have asked several times.
    await until(() => !pombo.app.engine.lease.valid())
    const over = performance.now() + 3_000
    await until(() => performance.now() > over)
    await line.mend()
    const said = () => pombo.errors.slice(before).map(({ msg }) => String(msg))
    await until(() => said().some((text) => text.endsWith('are read again')))
    await until(async () => (await ready()) === 200)
    const bad = pombo.errors
      .slice(before)
      .filter(({ level }) => level === 'error' || level === 'warn')
    expect(bad).toEqual([
      expect.objectContaining({ msg: expect.stringContaining('cannot be read') }),
    ])
    expect(said().filter((text) => text.endsWith('are read again'))).toHaveLength(1)
  } finally {
    await pombo.stop()
  }
})

test('connections that nobody answers are given up with the lease', async () => {
  const node = await start(database.url, shortMs)
  const { accept } = await makeApp(node)
  // On a busy machine a short lease may run out by itself; then nothing is accepted for a moment.
  const accepted = (n: number) => until(() => accept(node, n).catch(() => undefined))
  await accepted(1)
  await receiver.waitFor(1)
  const pool = openPool(database.url, 5)
  await Promise.all(Array.from({ length: 5 }, () => pool.query('select pg_sleep(0.05)')))
  dropConnections(pool)
  await until(() => pool.totalCount === 0)
  await expect(
    Promise.all(Array.from({ length: 5 }, () => pool.query('select 1'))),
  ).resolves.toHaveLength(5)
  await pool.end()
  const holder = openPool(database.url, 1)
  try {
    await inTransaction(holder, async (client) => {
      // Every statement of the node waits behind this, as for a network that swallows it.
      await client.query('lock table node, work in access exclusive mode')
      const refused = accept(node, 2)
      await expect(refused).rejects.toMatchObject({ code: 'database_away' })
    })
    await until(() => node.engine.lease.valid())
    await accepted(3)
    await until(() => receiver.received.some(({ body }) => body === '{"n":3}'))
    // Nothing broke but connections: no statement may fail for any other reason, and none of the broken may be used
    // again.
    const failed = node.lines.filter((line) => line['level'] === 'error')
    expect(
      failed.filter((line) => /closed and is not queryable/.test(JSON.stringify(line))),
    ).toEqual([])
  } finally {
    await holder.end()
  }
})
