// From the schema before migration 12, in which every closed delivery had a row of its own: what waits is delivered,
// what was kept is found, and both are listed beside what came since.
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deliveriesOfMessage, findDelivery } from '../../src/api/history/deliveries/store.ts'
import { deliveriesOfEndpoint } from '../../src/api/history/endpoint-deliveries/store.ts'
import { readIdCursor } from '../../src/api/pagination.ts'
import { uuidFloor } from '../../src/core/id.ts'
import { migrate } from '../../src/db/migrate.ts'
import { migrations } from '../../src/db/migrations.ts'
import { DAY_MS } from '../../src/core/clock.ts'

import { createSeal } from '../../src/db/seal.ts'
import { sealContext } from '../../src/db/reseal.ts'
import { lookAtClosed } from '../../src/queue/reopen/closed/store.ts'
import { reopen } from '../../src/queue/reopen/store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const before = 11
const now = Date.now()
const idAt = (ms: number) => uuidFloor(ms).slice(0, 24) + randomBytes(6).toString('hex')
const goneNode = randomUUID()
const [tenantId, appId, endpointId, orderedId] = [randomUUID(), randomUUID(), idAt(1), idAt(2)]

interface Old {
  messageId: string
  deliveryId: string
  state: 'delivered' | 'exhausted' | 'discarded'
}

let database: TestDatabase
let receiver: Receiver
let node: TestNode
const kept: Old[] = []
const waiting: string[] = []

const query = (sql: string, values: unknown[] = []) => database.pool.query(sql, values)

beforeAll(async () => {
  receiver = await startReceiver()
  database = await createTestDatabase()
  await makeOldSchema()
  await makeEndpoint(endpointId, 'none')
  await makeEndpoint(orderedId, 'key')
  for (let n = 0; n < 90; n++)
    await keep(['delivered', 'exhausted', 'discarded'] as const, n, now - (90 - n) * 3_600_000)
  for (let n = 0; n < 40; n++) await wait(n)
  expect((await migrate(database.pool)).from).toBe(before)
  node = await startNode(database.url)
})

afterAll(async () => {
  await node?.stop()
  await receiver?.close()
  await database?.drop()
})

/** The migrations up to the one before, on an empty schema, with days for what is kept. */
async function makeOldSchema(): Promise<void> {
  await query('drop schema public cascade')
  await query('create schema public')
  await query(`create table pombo_migration (
    version integer primary key, name text not null, hash text not null,
    applied_at timestamptz not null default now(), serves_from integer not null default 0)`)
  for (const { version, name, sql, hash, servesFrom } of migrations()) {
    if (version > before) break
    await query(sql)
    await query(
      'insert into pombo_migration (version, name, hash, serves_from) values ($1, $2, $3, $4)',
      [version, name, hash, servesFrom],
    )
  }
  for (const table of ['message', 'delivery', 'attempt', 'attempt_label', 'message_person'])
    for (let day = -5; day <= 2; day++) {
      const from = Math.floor(now / DAY_MS + day) * DAY_MS
      const name = `${table}_${new Date(from).toISOString().slice(0, 10).replaceAll('-', '')}`
      await query(
        `create table ${name} partition of ${table}
           for values from ('${uuidFloor(from)}') to ('${uuidFloor(from + DAY_MS)}')`,
      )
    }
  await query(
    `insert into node (id, name, version, schema_version, expires_at)
     values ($1, 'gone', '0', $2, now() - interval '1 hour')`,
    [goneNode, before],
  )
  await query(`insert into tenant (id, name) values ($1, 'tenant')`, [tenantId])
  await query(`insert into app (id, tenant_id, name) values ($1, $2, 'app')`, [appId, tenantId])
}

async function makeEndpoint(id: string, ordering: string): Promise<void> {
  await query(
    `insert into endpoint (id, tenant_id, app_id, url, ordering) values ($1, $2, $3, $4, $5)`,
    [id, tenantId, appId, `${receiver.url}/${ordering}`, ordering],
  )
  const secretId = randomUUID()
  const sealed = createSeal([Buffer.alloc(32, 7).toString('base64')]).seal(
    `hmac:whsec_${randomBytes(24).toString('base64')}`,
    sealContext('endpoint_secret', secretId),
  )
  await query(
    'insert into endpoint_secret (id, tenant_id, endpoint_id, sealed) values ($1, $2, $3, $4)',
    [secretId, tenantId, id, sealed],
  )
}

async function message(ms: number, orderingKey: string | null = null): Promise<string> {
  const id = idAt(ms)
  await query(
    `insert into message (
       id, tenant_id, app_id, event_type, payload, payload_bytes, ordering_key, priority, created_at)
     values ($1, $2, $3, 'a', $4, 4, $5, 1, to_timestamp($6))`,
    [id, tenantId, appId, JSON.stringify(id), orderingKey, ms / 1_000],
  )
  return id
}

/** As the code before closed a delivery: a row for it, and one for its attempt. */
async function keep(states: readonly Old['state'][], n: number, ms: number): Promise<void> {
  const one = { messageId: await message(ms), deliveryId: idAt(ms), state: states[n % 3]! }
  kept.push(one)
  await query(
    `insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, attempts, event_type, closed_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'a', to_timestamp($8))`,
    [
      one.deliveryId,
      tenantId,
      appId,
      endpointId,
      one.messageId,
      one.state,
      one.state === 'discarded' ? 0 : 1,
      ms / 1_000,
    ],
  )
  if (one.state === 'discarded') return
  await query(
    `insert into attempt (id, tenant_id, app_id, endpoint_id, message_id, delivery_id, number, outcome, status_code,
       response, duration_ms, trigger, url, event_type, created_at)
     values ($1, $2, $3, $4, $5, $6, 1, $7, $8, '', 5, 0, '', 'a', to_timestamp($9))`,
    [
      idAt(ms + 5),
      tenantId,
      appId,
      endpointId,
      one.messageId,
      one.deliveryId,
      one.state === 'delivered' ? 'delivered' : 'refused',
      one.state === 'delivered' ? 200 : 500,
      ms / 1_000,
    ],
  )
}

/** New, tried before, in the hand of a node that is gone, and in order. */
async function wait(n: number): Promise<void> {
  const ordered = n % 4 === 3
  const id = await message(now - (40 - n) * 60_000, ordered ? 'k' : null)
  waiting.push(id)
  await query(
    `insert into work (endpoint_id, message_id, id, tenant_id, app_id, attempt, priority, next_attempt_at, lease_owner,
       ordering_key, seq, payload_bytes, event_type)
     values ($1, $2, $3, $4, $5, $6, 1, now(), $7, $8, $9, 4, 'a')`,
    [
      ordered ? orderedId : endpointId,
      id,
      idAt(now - (40 - n) * 60_000),
      tenantId,
      appId,
      n % 4 === 1 ? 2 : 0,
      n % 4 === 2 ? goneNode : null,
      ordered ? 'k' : null,
      ordered ? n : null,
    ],
  )
}

async function listed(status?: 'success' | 'fail' | 'canceled'): Promise<string[]> {
  const found = await deliveriesOfEndpoint(
    database.pool,
    appId,
    endpointId,
    { expanded: true, ...(status && { status }) },
    readIdCursor({ limit: 250 }, 'descending', 'message'),
  )
  return found.map((row) => row.message_id)
}
const newestFirst = (ids: string[]) => ids.toSorted().toReversed()
const keptAs = (...states: Old['state'][]) =>
  kept.filter(({ state }) => states.includes(state)).map(({ messageId }) => messageId)

test('what waited is delivered, each once, and in the order it had', async () => {
  await until(async () => (await query('select 1 from work')).rowCount === 0)
  const bodies = receiver.received.map(({ body }) => JSON.parse(body) as string)
  expect(bodies.toSorted()).toEqual(waiting.toSorted())
  const ordered = receiver.received.filter(({ path }) => path === '/key')
  expect(ordered.map(({ body }) => JSON.parse(body) as string)).toEqual(
    waiting.filter((_, n) => n % 4 === 3),
  )
  const { rows } = await query(
    'select count(*) as count, sum(attempts) as attempts from history where message_id = any($1) and state is not null',
    [waiting],
  )
  expect(rows).toEqual([{ count: 40, attempts: 40 + 2 * 10 }])
})

test('what was kept and what came since is listed together, by state', async () => {
  const since = waiting.filter((_, n) => n % 4 !== 3)
  expect(await listed()).toEqual(
    newestFirst([...keptAs('delivered', 'exhausted', 'discarded'), ...since]),
  )
  expect(await listed('success')).toEqual(newestFirst([...keptAs('delivered'), ...since]))
  expect(await listed('fail')).toEqual(newestFirst(keptAs('exhausted')))
  expect(await listed('canceled')).toEqual(newestFirst(keptAs('discarded')))
})

test('a delivery is found by its id and by its message, whichever shape it has', async () => {
  const { rows } = await query('select delivery_id from attempt where message_id = $1', [
    waiting[0],
  ])
  const deliveryId = (rows[0] as { delivery_id: string }).delivery_id
  for (const { id, messageId, state } of [
    ...kept.slice(0, 3).map((one) => ({ ...one, id: one.deliveryId })),
    { id: deliveryId, messageId: waiting[0]!, state: 'delivered' },
  ]) {
    const expected = { id, message_id: messageId, state }
    expect(await findDelivery(database.pool, [endpointId], id)).toMatchObject(expected)
    for (const word of ['sending', 'retrying'] as const)
      expect(await deliveriesOfMessage(database.pool, [endpointId], messageId, word)).toMatchObject(
        [expected],
      )
  }
})

test('what was given up before is opened again, delivered, and listed by how it ended last', async () => {
  const { found } = await lookAtClosed(
    database.pool,
    {
      tenantId,
      appId,
      endpointId,
      states: ['exhausted'],
      eventTypes: null,
      sinceMs: 0,
      untilMs: now,
    },
    undefined,
    500,
  )
  expect(found.map(({ messageId }) => messageId)).toEqual(keptAs('exhausted').toSorted())
  await reopen(database.pool, found, 1)
  await until(async () => (await query('select 1 from work')).rowCount === 0)
  expect(await listed('fail')).toEqual([])
  expect((await listed('success')).length).toBe(30 + 30 + 30)
})

test('closed deliveries of both shapes are walked by indexes, in the order of a list', async () => {
  const { rows } = await query(
    `explain select message_id from history
      where endpoint_id = $1 and state = 'delivered' order by message_id desc limit 10`,
    [endpointId],
  )
  const plan = rows.map((row) => Object.values(row as object).join('')).join('\n')
  const today = `attempt_${new Date(now).toISOString().slice(0, 10).replaceAll('-', '')}`
  expect(plan).toMatch(new RegExp(`Index Only Scan.* using ${today}\\w* on ${today}`))
  expect(plan).not.toMatch(/Seq Scan|->  Sort/)
})
