import { randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { countDeliveries } from '../../src/api/endpoints/store.ts'
import { showId, uuidFloor, uuidv7 } from '../../src/core/id.ts'
import { DAY_MS } from '../../src/core/clock.ts'
import { dayOf, listPartitions, makePartitions } from '../../src/db/partitions.ts'
import { openPool } from '../../src/db/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { until } from '../support/receiver.ts'

let database: TestDatabase
let node: TestNode
let tenantId: string
let scope: { tenantId: string; appId: string }
let endpointId: string
const now = Date.now()
const query = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
  (await database.pool.query<Row>(text, values)).rows

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  node = await startNode(database.url, { retentionDays: 30 })
  tenantId = (await node.registry.tenants.create({ name: 'tenant' })).id
  scope = { tenantId, appId: (await node.registry.apps.create(tenantId, { name: 'app' })).id }
  // Nothing is sent in these tests: what is open stays open.
  endpointId = (
    await node.registry.endpoints.create(scope, { url: 'http://127.0.0.1:9/', uid: 'e' })
  ).id
  await node.registry.endpoints.pause(scope, 'e')
})
afterEach(async () => {
  await node.stop()
  await query('truncate work, message, delivery, attempt, attempt_label, endpoint_stat')
  await query('delete from tenant')
})

// Ids of `uuidv7` only grow.
const idAt = (ms: number) => uuidFloor(ms).slice(0, 24) + randomBytes(6).toString('hex')

/** A message of some days ago, delivered, with its attempt; its id. */
async function past(daysAgo: number, of = scope, endpoint = endpointId): Promise<string> {
  const ms = now - daysAgo * DAY_MS
  await makePartitions(database.pool, ms, ms)
  const id = idAt(ms)
  await query(
    `insert into message (id, tenant_id, app_id, event_type, payload, payload_bytes, priority, created_at)
     values ($1, $2, $3, 'a', '1', 1, 1, to_timestamp($4))`,
    [id, of.tenantId, of.appId, ms / 1_000],
  )
  await query(
    `insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, attempts, event_type)
     values ($1, $2, $3, $4, $1, 'delivered', 1, 'a')`,
    [id, of.tenantId, of.appId, endpoint],
  )
  await query(
    `insert into attempt (
       id, tenant_id, app_id, endpoint_id, message_id, delivery_id, number, outcome, status_code, response,
       duration_ms, trigger, url, event_type, created_at)
     values ($1, $2, $3, $4, $1, $1, 1, 'delivered', 200, '', 1, 0, '', 'a', to_timestamp($5))`,
    [id, of.tenantId, of.appId, endpoint, ms / 1_000],
  )
  await query(
    `insert into attempt_label (endpoint_id, label, id, message_id, tenant_id) values ($1, 't:x', $2, $2, $3)`,
    [endpoint, id, of.tenantId],
  )
  return id
}

async function open(messageId: string, of = scope, endpoint = endpointId): Promise<void> {
  await query(
    `insert into work (
       endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, payload_bytes, event_type)
     values ($1, $2, $3, $4, $5, 1, now(), 1, 'a')`,
    [endpoint, messageId, uuidv7(Date.now()), of.tenantId, of.appId],
  )
}

const days = async () => [
  ...new Set(
    (await listPartitions(database.pool)).map(({ dayMs }) =>
      Math.round((dayOf(now) - dayMs) / DAY_MS),
    ),
  ),
]
const kept = async (id: string) =>
  (
    await query<{ name: string }>(
      `select 'message' as name from message where id = $1 union all select 'delivery' from delivery where id = $1
       union all select 'attempt' from attempt where id = $1 union all select 'label' from attempt_label where id = $1`,
      [id],
    )
  ).map(({ name }) => name)
const all = ['message', 'delivery', 'attempt', 'label']

test('drops the days that are past, and only these', async () => {
  const old = await past(32)
  const young = await past(29)
  await node.engine.upkeep.retention()
  expect(await days()).toEqual(expect.arrayContaining([29]))
  expect(await days()).not.toEqual(expect.arrayContaining([32]))
  expect(await kept(old)).toEqual([])
  expect(await kept(young)).toEqual(all)
})

test('keeps a day until the last moment of it is past', async () => {
  await past(30)
  await past(31)
  await node.engine.upkeep.retention()
  const left = await days()
  // 30 days before now lies within that day.
  expect(left).toContain(30)
  expect(left).not.toContain(31)
})

test('drops a day while somebody reads all days and others write, and none of them waits', async () => {
  const old = await past(33)
  const reader = await database.pool.connect()
  try {
    await reader.query('begin')
    expect((await reader.query('select id from message where id = $1', [old])).rowCount).toBe(1)
    let done = false
    const retention = node.engine.upkeep.retention().then(() => (done = true))
    await until(
      async () =>
        (
          await query<{ waits: boolean }>(
            `select exists (
               select
                 from pg_stat_activity
                where datname = current_database()
                  and query ~ 'detach partition'
                  and wait_event_type = 'Lock') as waits`,
          )
        )[0]!.waits,
    )
    for (let n = 0; n < 20; n++) {
      const startedAt = performance.now()
      const accepted = await node.engine.ingest.accept({
        ...scope,
        eventType: 'a',
        payload: String(n),
      })
      expect(accepted.outcome).toBe('accepted')
      await reader.query('select count(*) from message')
      await query('select count(*) from attempt')
      await makePartitions(database.pool, now + (40 + n) * DAY_MS, now + (40 + n) * DAY_MS)
      // It would have to wait for the reader, which goes on for as long as this does.
      expect(performance.now() - startedAt).toBeLessThan(30_000)
    }
    expect(done).toBe(false)
    await reader.query('commit')
    await retention
    expect(await days()).not.toContain(33)
  } finally {
    await reader.query('rollback')
    reader.release()
  }
})

test('never drops a day that an open delivery needs, be it of that day or for a message of that day', async () => {
  const forMessage = await past(34)
  await open(forMessage)
  const ofDay = await past(36)
  await open(await past(1))
  await query('update work set id = $1 where message_id <> $2', [ofDay, forMessage])
  await past(35)
  await node.engine.upkeep.retention()
  expect(await days()).toEqual(expect.arrayContaining([34, 36]))
  expect(await days()).not.toContain(35)
  expect(await kept(forMessage)).toEqual(all)
  await query('delete from work')
  await node.engine.upkeep.retention()
  expect((await days()).filter((day) => day > 30)).toEqual([])
})

test('finishes what another node began: a day half detached, and one detached and not dropped', async () => {
  await past(37)
  await past(38)
  const [first, second] = (await listPartitions(database.pool)).filter(
    ({ table, dayMs }) => table === 'message' && dayMs < now - 36 * DAY_MS,
  )
  await query(`alter table message detach partition ${first!.name}`)
  // Somebody reads, so that the detachment has to wait, and its node dies meanwhile.
  const reader = await database.pool.connect()
  const dying = new pg.Client({ connectionString: database.url })
  dying.on('error', () => {})
  await dying.connect()
  await reader.query('begin')
  await reader.query('select count(*) from message')
  const { rows } = await dying.query<{ pid: number }>('select pg_backend_pid() as pid')
  const broken = dying
    .query(`alter table message detach partition ${second!.name} concurrently`)
    .then(
      () => false,
      () => true,
    )
  await until(
    async () => (await query('select from pg_inherits where inhdetachpending')).length === 1,
  )
  await query('select pg_terminate_backend($1)', [rows[0]!.pid])
  expect(await broken).toBe(true)
  await reader.query('rollback')
  reader.release()
  const states = (await listPartitions(database.pool))
    .filter(({ table }) => table === 'message')
    .map(({ state }) => state)
  expect(states).toEqual(expect.arrayContaining(['detached', 'detaching']))
  await node.engine.upkeep.retention()
  expect((await days()).filter((day) => day > 30)).toEqual([])
  expect(
    (await query(`select from pg_class where relname in ($1, $2)`, [first!.name, second!.name]))
      .length,
  ).toBe(0)
})

test('of a tenant that keeps less deletes its rows alone, but for what is open', async () => {
  const brief = await node.registry.tenants.create({ name: 'brief', retentionDays: 3 })
  const other = {
    tenantId: brief.id,
    appId: (await node.registry.apps.create(brief.id, { name: 'app' })).id,
  }
  const endpoint = (
    await node.registry.endpoints.create(other, { url: 'http://127.0.0.1:9/', uid: 'e' })
  ).id
  await node.registry.endpoints.pause(other, 'e')
  const theirs = await past(6, other, endpoint)
  const needed = await past(7, other, endpoint)
  await open(needed, other, endpoint)
  const young = await past(2, other, endpoint)
  const gone = await past(6, other, randomUUID())
  const ours = await past(6)
  await node.engine.upkeep.retention()
  expect(await kept(theirs)).toEqual([])
  // Also of endpoints that are no more.
  expect(await kept(gone)).toEqual([])
  expect(await kept(needed)).toContain('message')
  expect(await kept(young)).toEqual(all)
  expect(await kept(ours)).toEqual(all)
  await query('delete from work')
  await node.engine.upkeep.retention()
  expect(await kept(needed)).toEqual([])
  await node.registry.tenants.update(showId('tenant', tenantId), { retentionDays: 5 })
  await node.engine.upkeep.retention()
  expect(await kept(ours)).toEqual([])
  expect(await kept(young)).toEqual(all)
})

test('deletes payloads whose own time is over, and keeps the message', async () => {
  const accept = async (payloadRetentionDays?: number) => {
    const accepted = await node.engine.ingest.accept({
      ...scope,
      eventType: 'a',
      payload: '"x"',
      ...(payloadRetentionDays !== undefined && { payloadRetentionDays }),
    })
    if (accepted.outcome !== 'accepted') throw new Error('a repeat')
    return accepted.message.id
  }
  const [over, later, never] = [await accept(5), await accept(5), await accept()]
  const payloadOf = async (id: string) =>
    (await query<{ payload: string | null }>('select payload from message where id = $1', [id]))[0]!
      .payload
  const [{ days: stored } = { days: 0 }] = await query<{ days: number }>(
    `select extract(day from payload_expires_at - created_at)::int as days from message where id = $1`,
    [over],
  )
  expect(stored).toBe(5)
  await query(`update message set payload_expires_at = now() - interval '1 second' where id = $1`, [
    over,
  ])
  await node.engine.upkeep.retention()
  expect(await payloadOf(over)).toBeNull()
  expect(await payloadOf(later)).toBe('"x"')
  expect(await payloadOf(never)).toBe('"x"')
})

test('forgets keys, answers, changes, counts and tasks whose time is over', async () => {
  const [x, y] = [randomUUID(), randomUUID()]
  for (const [id, age] of [
    [x, '1 second'],
    [y, '-1 hour'],
  ])
    await query(
      `insert into dedupe (scope, key, tenant_id, app_id, message_id, expires_at)
       values ($1::uuid, 'k', $1::uuid, $1::uuid, $1::uuid, now() - $2::interval)`,
      [id, age],
    )
  for (const [id, age] of [
    [x, '25 hours'],
    [y, '23 hours'],
  ])
    await query(
      `insert into idempotency (tenant_id, key, request_hash, created_at) values ($1, 'k', '', now() - $2::interval)`,
      [id, age],
    )
  for (const [id, age] of [
    [x, '2 hours'],
    [y, '1 minute'],
  ])
    await query(`insert into change (kind, key, at) values ('tenant', $1, now() - $2::interval)`, [
      id,
      age,
    ])
  for (const [id, status, age] of [
    [x, 'finished', '31 days'],
    [y, 'finished', '29 days'],
    [randomUUID(), 'running', '31 days'],
  ])
    await query(
      `insert into job (id, tenant_id, task, args, status, updated_at, due_at)
       values ($1, $1, 'replay', '{}', $2, now() - $3::interval, now() + interval '1 hour')`,
      [id, status, age],
    )
  const brief = await node.registry.tenants.create({ name: 'brief', retentionDays: 3 })
  for (let n = 0; n < 250; n++)
    await query(
      `insert into endpoint_stat (endpoint_id, minute, shard, tenant_id, delivered)
       select $1, now() - age, 0, $2, 1
         from unnest(array[interval '31 days', interval '29 days', interval '2 days']) as age`,
      [randomUUID(), n % 2 === 0 ? tenantId : brief.id],
    )
  await node.engine.upkeep.retention()
  expect(await query('select scope from dedupe')).toEqual([{ scope: y }])
  expect(await query('select tenant_id from idempotency')).toEqual([{ tenant_id: y }])
  expect(await query('select key from change where key = any($1)', [[x, y]])).toEqual([{ key: y }])
  expect(await query(`select status from job order by status`)).toEqual([
    { status: 'finished' },
    { status: 'running' },
  ])
  expect(
    await query(
      `select tenant_id, count(*) as count, max(extract(day from now() - minute))::int as oldest
         from endpoint_stat
        group by 1
        order by 1`,
    ),
  ).toEqual([
    { tenant_id: tenantId, count: 250, oldest: 29 },
    { tenant_id: brief.id, count: 125, oldest: 2 },
  ])
  await query('delete from job')
})

test('folds counts by the minute into hours after two days, and the sums stay the same', async () => {
  await query(
    `insert into endpoint_stat (
       endpoint_id, minute, shard, tenant_id, delivered, exhausted, discarded, attempts, failed_attempts,
       duration_ms)
     select $1, date_trunc('hour', now() - age) + minute * interval '1 minute', shard, $2, 1, 2, 3, 4, 5, 6
       from unnest(array[interval '3 days', interval '5 days', interval '1 hour']) as age,
            generate_series(0, 59) as minute,
            generate_series(0, 2) as shard`,
    [endpointId, tenantId],
  )
  const counted = async (sinceDaysAgo: number) =>
    await countDeliveries(database.pool, endpointId, Date.now() - sinceDaysAgo * DAY_MS, Date.now())
  const before = await counted(6)
  expect(before).toMatchObject({ success: 540, fail: 1080, canceled: 1620 })
  await node.engine.upkeep.retention()
  const rows = await query<{ shard: number; delivered: number; minutes: number }>(
    `select least(shard, 0) as shard, sum(delivered) as delivered, count(*) as minutes
       from endpoint_stat
      where endpoint_id = $1
      group by 1
      order by 1`,
    [endpointId],
  )
  expect(rows).toEqual([
    { shard: -1, delivered: 360, minutes: 2 },
    { shard: 0, delivered: 180, minutes: 180 },
  ])
  expect(await counted(6)).toEqual(before)
  expect(await counted(4)).toMatchObject({ success: 360 })
  // What comes late is added.
  await query(
    `insert into endpoint_stat (endpoint_id, minute, shard, tenant_id, delivered)
     values ($1, date_trunc('hour', now() - interval '3 days') + interval '7 minutes', 1, $2, 10)`,
    [endpointId, tenantId],
  )
  await node.engine.upkeep.retention()
  expect(await counted(4)).toMatchObject({ success: 370 })
  expect(
    await query('select from endpoint_stat where endpoint_id = $1 and shard = -1', [endpointId]),
  ).toHaveLength(2)
})

test('closes what waits for an endpoint disabled for longer than that, so that its days can go', async () => {
  const { registry } = node
  const made = async (uid: string) =>
    (await registry.endpoints.create(scope, { url: 'http://127.0.0.1:9/', uid })).id
  const [long, lately] = [await made('long'), await made('lately')]
  for (const id of [long, lately])
    await registry.endpoints.disable(scope, id, { reason: 'test', failingSinceMs: null })
  const [first, second, third] = [
    await past(33, scope, long),
    await past(34, scope, lately),
    await past(1, scope, long),
  ]
  await open(first, scope, long)
  await open(second, scope, lately)
  await open(third, scope, long)
  await query(`update endpoint set updated_at = now() - interval '31 days' where id = $1`, [long])
  await node.engine.upkeep.retention()
  expect(await query('select endpoint_id, message_id from work order by message_id')).toEqual([
    { endpoint_id: lately, message_id: second },
    { endpoint_id: long, message_id: third },
  ])
  expect(
    await query(
      `select state, reason, event_type from history where message_id = $1 and state <> 'delivered'`,
      [first],
    ),
  ).toEqual([
    {
      state: 'discarded',
      reason: 'not sent: endpoint disabled for more than 30 days',
      event_type: 'a',
    },
  ])
  expect(await days()).not.toContain(33)
  expect(await days()).toContain(34)
})

test('is done by one of several nodes, and by another when that one dies', async () => {
  const nodes = await Promise.all([startNode(database.url), startNode(database.url)])
  try {
    await past(39)
    await Promise.all([node, ...nodes].map((one) => one.engine.upkeep.retention()))
    expect((await days()).filter((day) => day > 30)).toEqual([])
    expect(await query('select from duty')).toHaveLength(0)
    await past(40)
    const alive = await query<{ id: string }>('select id from node where id = $1', [
      nodes[0]!.engine.lease.id,
    ])
    await query(`insert into duty (name, node_id) values ('retention', $1)`, [alive[0]!.id])
    await nodes[1]!.engine.upkeep.retention()
    expect(await days()).toContain(40)
    // It died, and its lease has run out.
    await nodes[0]!.stop()
    await nodes[1]!.engine.upkeep.retention()
    expect(await days()).not.toContain(40)
  } finally {
    await Promise.all(nodes.slice(1).map((one) => one.stop()))
  }
})

test('is done again by a node that could not say that it was done: the database was away just then', async () => {
  await past(42)
  await query(`insert into duty (name, node_id) values ('retention', $1)`, [node.engine.lease.id])
  await node.engine.upkeep.retention()
  expect(await days()).not.toContain(42)
  expect(await query('select from duty')).toHaveLength(0)
})

test('gets along with a single connection', async () => {
  const old = await past(41)
  await node.stop()
  const pool = openPool(database.url, 1)
  node = await startNode(database.url, { pool })
  await node.engine.upkeep.retention()
  expect(await kept(old)).toEqual([])
  await node.engine.stop(0)
  await pool.end()
})
