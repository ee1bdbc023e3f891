import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type App, startApp } from '../../src/app.ts'
import { databaseFindings } from '../../src/cli/doctor/database.ts'
import { loadConfig } from '../../src/config/config.ts'
import { uuidFloor } from '../../src/core/id.ts'
import { DAY_MS } from '../../src/core/clock.ts'
import { listPartitions, makePartitions } from '../../src/db/partitions.ts'
import { inTransaction, openPool } from '../../src/db/pool.ts'
import { openLog } from '../../src/observe/log.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type Bouncer, pgbouncerProgram, startBouncer } from '../support/pgbouncer.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const program = pgbouncerProgram()
const apiKey = 'pgbouncer_0123456789abcdef0123456789'
/** Far fewer than the nodes' pools, so that every statement may come to another server than the one before. */
const serverConnections = 3

let database: TestDatabase
let bouncer: Bouncer
let folder: string
let apps: App[]
let receiver: Receiver
const lines: string[] = []

beforeAll(async () => {
  if (program === undefined) return
  database = await createTestDatabase()
  // From nothing: the migrations go through it too, from two nodes at once.
  await database.pool.query('drop schema public cascade')
  await database.pool.query('create schema public')
  bouncer = await startBouncer(program, database.url, serverConnections)
  folder = await mkdtemp(join(tmpdir(), 'pombo-pgbouncer-data-'))
  receiver = await startReceiver()
  apps = await Promise.all([start(), start()])
})

afterAll(async () => {
  if (program === undefined) return
  for (const app of apps ?? []) await app.stop()
  await receiver?.close()
  await bouncer?.close()
  await database?.drop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

beforeEach((context) => {
  const reason =
    'PgBouncer is not installed (apt-get install pgbouncer); nothing behind it was tried'
  if (program === undefined && process.env.CI === 'true') throw new Error(reason)
  if (program === undefined) context.skip(reason)
  receiver.received.length = 0
  receiver.answer = () => ({})
})

async function start(): Promise<App> {
  const loaded = loadConfig({
    env: {},
    overrides: {
      DATABASE_URL: bouncer.url,
      POMBO_DATA_DIR: folder,
      POMBO_API_KEY: apiKey,
      POMBO_LISTEN: '127.0.0.1:0',
      POMBO_ALLOW_SUBNETS: '127.0.0.0/8',
    },
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return await startApp(loaded.config, {
    log: openLog({ level: 'warn', format: 'line', write: (line) => lines.push(line) }),
  })
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of all shapes
async function call(node: number, method: string, path: string, body?: unknown): Promise<any> {
  const answer = await fetch(`${apps[node]!.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

const make = async (endpoint: object = {}) => {
  const { id } = await call(0, 'POST', '/app', { name: 'app' })
  const made = await call(0, 'POST', `/app/${id}/endpoint`, { url: receiver.url, ...endpoint })
  return { app: `/app/${id}`, appId: id as string, endpoint: `/app/${id}/endpoint/${made.id}` }
}
const send = (app: string, count: number, fields: object = {}) =>
  Promise.all(
    Array.from({ length: count }, (_, n) =>
      call(n % 2, 'POST', `${app}/msg`, { eventType: 'a', payload: { n }, ...fields }),
    ),
  )
const sent = () => receiver.received.map(({ body }) => (JSON.parse(body) as { n: number }).n)

test('two nodes take in and deliver each message once', async () => {
  const { app } = await make()
  await send(app, 400)
  await receiver.waitFor(400)
  expect(new Set(sent()).size).toBe(400)
  await until(async () => (await call(0, 'GET', `${app}/msg?limit=1`)).data.length === 1)
  expect(receiver.received).toHaveLength(400)
})

test('a change made at one node reaches the other within a second, whose cache knew the old', async () => {
  const { app, endpoint } = await make()
  await call(1, 'POST', `${app}/msg`, { eventType: 'a', payload: { n: 1 } })
  await receiver.waitFor(1)
  await call(0, 'PATCH', endpoint, { eventTypes: ['b'] })
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  await call(1, 'POST', `${app}/msg`, { eventType: 'a', payload: { n: 2 } })
  await call(1, 'POST', `${app}/msg`, { eventType: 'b', payload: { n: 3 } })
  await receiver.waitFor(2)
  expect(sent()).toEqual([1, 3])
})

test('order is kept, through failures', async () => {
  const { app } = await make({ ordering: 'key', retrySchedule: [0.05, 0.05, 0.05, 0.05] })
  receiver.answer = (_, index) => ({ status: index % 3 === 0 ? 500 : 200 })
  for (let n = 0; n < 15; n++)
    await call(n % 2, 'POST', `${app}/msg`, { eventType: 'a', payload: { n }, orderingKey: 'k' })
  const seen = await until(() => {
    const done = sent().filter((_, index) => index % 3 !== 0)
    return done.length >= 15 && done
  }, 20_000)
  expect(seen.slice(0, 15)).toEqual(Array.from({ length: 15 }, (_, n) => n))
})

test('an idempotency key gives one answer at both nodes, an event id one message', async () => {
  const { app } = await make()
  const body = { eventType: 'a', payload: { n: 1 } }
  const once = (node: number) =>
    fetch(`${apps[node]!.url}/api/v1${app}/msg`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': app,
      },
      body: JSON.stringify(body),
    })
  const ids = await Promise.all(
    [0, 1, 0, 1].map(async (node) => ((await (await once(node)).json()) as { id: string }).id),
  )
  expect(new Set(ids).size).toBe(1)
  await receiver.waitFor(1)
})

test('a replay runs to its end', async () => {
  const { app, appId, endpoint } = await make({ disabled: true })
  await send(app, 120)
  await call(0, 'POST', `${endpoint}/enable`)
  const since = new Date(Date.now() - 60_000).toISOString()
  const { id } = await call(1, 'POST', '/replay', {
    appId,
    since,
    payloadFilter: 'payload.n >= 20',
  })
  const task = await until(async () => {
    const one = await call(0, 'GET', `/background-task/${id}`)
    return one.status !== 'running' && one
  }, 15_000)
  expect(task).toMatchObject({ status: 'finished', data: { total: 100, done: 100 } })
  await receiver.waitFor(100)
})

test('retention drops a day, though it takes more than one statement and no transaction', async () => {
  const old = Date.now() - 40 * DAY_MS
  await makePartitions(apps[0]!.pool, old, old)
  await apps[0]!.pool.query(
    `insert into message (id, tenant_id, app_id, event_type, payload, payload_bytes, priority, created_at)
     values ($1, $1, $1, 'a', '1', 1, 1, now())`,
    [uuidFloor(old)],
  )
  await Promise.all(apps.map((app) => app.engine.upkeep.retention()))
  expect((await listPartitions(database.pool)).filter(({ dayMs }) => dayMs < old + DAY_MS)).toEqual(
    [],
  )
})

test('the work that a node had in hand when it gave its lease back is taken over', async () => {
  const third = await start()
  apps.push(third)
  await until(() => apps.every((app) => app.engine.lease.liveNodes === 3))
  // What hangs on the living nodes holds their only slots until its deadline.
  const { app } = await make({ maxInFlight: 3, timeoutMs: 2_000 })
  receiver.answer = (_, index) => (index < 9 ? { hang: true } : {})
  await send(app, 30)
  apps.pop()
  // What it asks for last is done before: a claim after it would be nobody's until the next look for strays.
  await third.engine.dispatcher.stop()
  await third.engine.lease.stop()
  receiver.answer = () => ({})
  await until(() => new Set(sent()).size === 30)
  await third.stop()
})

test('nothing of a session stays behind: neither limits, nor locks, nor prepared statements', async () => {
  const client = new pg.Client({ connectionString: bouncer.url })
  await client.connect()
  try {
    for (let n = 0; n < serverConnections * 4; n++) {
      const { rows } = await client.query<{ timeout: string; statements: number }>(
        `select current_setting('statement_timeout') as timeout,
                (select count(*)::int from pg_prepared_statements where name <> '') as statements`,
      )
      expect(rows[0]).toEqual({ timeout: '0', statements: 0 })
    }
  } finally {
    await client.end()
  }
  const { rows } = await database.pool.query(
    `select
       from pg_locks l
       join pg_database d on d.oid = l.database
      where l.locktype = 'advisory' and d.datname = current_database()`,
  )
  expect(rows).toHaveLength(0)
})

test('a transaction has its limits all the same, and a connection of its own has them for good', async () => {
  const limits = `
    select current_setting('statement_timeout') as statement,
           current_setting('idle_in_transaction_session_timeout') as idle`
  const expected = [{ statement: '1min', idle: '5s' }]
  const behind = openPool(bouncer.url, 1)
  const direct = openPool(database.url, 1)
  try {
    expect(
      await inTransaction(behind, async (client) => (await client.query(limits)).rows),
    ).toEqual(expected)
    expect((await direct.query(limits)).rows).toEqual(expected)
    // A statement that stands alone has them, too: it gets a transaction of its own.
    expect((await behind.query(limits)).rows).toEqual(expected)
  } finally {
    await behind.end()
    await direct.end()
  }
})

test('every statement is planned under the settings, of a role without superuser rights too', async () => {
  const role = `pombo_bouncer_${process.pid}`
  await database.pool.query(`create role ${role} login nosuperuser`)
  const url = new URL(database.url)
  url.username = role
  const own = await startBouncer(program!, url.href, 2)
  const pool = openPool(own.url, 6)
  const settings = `
    select current_setting('enable_seqscan') as seqscan, current_setting('jit') as jit,
           (select rolsuper from pg_roles where rolname = current_user) as super, $1::int as n`
  try {
    const alone = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => (await pool.query(settings, [n])).rows[0]),
    )
    const within = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        inTransaction(pool, async (client) => (await client.query(settings, [n])).rows[0]),
      ),
    )
    for (const rows of [alone, within])
      expect(rows).toEqual(rows.map((_, n) => ({ seqscan: 'off', jit: 'off', super: false, n })))
  } finally {
    await pool.end()
    await own.close()
    await database.pool.query(`drop role ${role}`)
  }
})

test('pombo doctor sees that there is one, and finds nothing wrong with it', async () => {
  const pool = openPool(bouncer.url, 3)
  const loaded = loadConfig({
    env: {},
    overrides: { DATABASE_URL: bouncer.url, POMBO_DATABASE_CONNECTIONS: '5' },
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  try {
    const findings = await databaseFindings(pool, loaded.config, undefined)
    // The test's server has no fsync, and this doctor no keys.
    for (const name of ['database', 'pooler', 'partitions', 'tables'])
      expect(findings.find((one) => one.name === name) ?? { name, level: 'ok' }).toMatchObject({
        level: 'ok',
      })
    expect(findings.find(({ name }) => name === 'pooler')!.detail).toContain('a pooler')
  } finally {
    await pool.end()
  }
})

test('nothing went wrong beside all this', () => {
  expect(lines.filter((line) => !/live nodes changed|took over/.test(line))).toEqual([])
})
