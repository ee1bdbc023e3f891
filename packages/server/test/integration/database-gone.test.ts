import pg from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { until } from '../support/receiver.ts'

interface Place {
  api: TestApi
  name: string
  /** As the database server's owner, elsewhere than in the database. */
  admin: pg.Client
  /** Requests that read and that write, of which each is refused for the reason. */
  refused: (reason: string, requests?: readonly Request[]) => Promise<void>
  requests: readonly Request[]
  cutOff: () => Promise<unknown>
}
type Request = readonly ['GET' | 'POST', string, unknown?]

async function start(): Promise<Place> {
  const api = await startApi()
  onTestFinished(async () => await api.stop().catch(() => {}))
  const made = await api.call('POST', '/api/v1/app', { body: { name: 'before' } })
  expect(made.status).toBe(201)
  const source = await api.call('POST', `/api/v1/app/${made.body.id}/source`, {
    body: { gateway: 'baileys' },
  })
  const admin = new pg.Client({ connectionString: inject('postgres').adminUrl })
  await admin.connect()
  onTestFinished(async () => await admin.end())
  const all: readonly Request[] = [
    ['GET', '/api/v1/app'],
    ['POST', '/api/v1/app', { name: 'after' }],
    ['POST', `/api/v1/app/${made.body.id}/msg`, { eventType: 'a.b', payload: {} }],
    ['POST', `/ingest/baileys/x?token=${source.body.token}`, { event: 'x' }],
  ]
  const name = new URL(api.database.url).pathname.slice(1)
  return {
    api,
    name,
    admin,
    requests: all,
    cutOff: async () =>
      await admin.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
        [name],
      ),
    async refused(reason, requests = all) {
      for (const request of requests) {
        const response = await ask(api, request)
        const answer = (await response.json()) as { detail: string }
        expect([request[1], response.status, answer]).toMatchObject([
          request[1],
          503,
          { code: 'database_away' },
        ])
        expect(answer.detail).toContain(reason)
        expect(response.headers.get('retry-after')).not.toBeNull()
      }
    },
  }
}

async function ask(api: TestApi, [method, path, body]: Request): Promise<Response> {
  return await fetch(api.url + path, {
    method,
    headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

test('a database that is dropped or replaced under a running Pombo is 503, with the reason', async () => {
  const { name, admin, refused } = await start()
  await admin.query(`drop database ${name} with (force)`)
  await refused('does not exist')
  // Another one in its place, without anything that was in it.
  await admin.query(`create database ${name}`)
  await refused("has lost Pombo's tables")
})

test('a database that takes no connections is 503, with the reason, and all is well once it does', async () => {
  const { api, name, admin, refused, cutOff, requests } = await start()
  await admin.query(`alter database ${name} allow_connections false`)
  await cutOff()
  await until(async () => (await (await ask(api, requests[0]!)).text()).includes('takes no'))
  await refused('takes no connections')
  await admin.query(`alter database ${name} allow_connections true`)
  for (const request of requests.slice(0, 3)) expect((await ask(api, request)).ok).toBe(true)
})

test.each([
  ['0A000', 'has changed its tables'],
  ['25P04', 'took too long'],
  ['40001', "held up by another's work"],
  ['42501', "denies Pombo's role a right"],
  ['53200', 'has no memory left'],
  ['53400', 'cannot do it now'],
  ['55000', 'takes no connections'],
  ['55006', 'is in use'],
  ['55P03', 'is locked by somebody else'],
  ['57014', 'took too long or was cancelled'],
  ['58030', 'cannot read or write its files'],
  ['XX001', 'has damaged data'],
])('a statement that the database refuses with %s is 503: it %s', async (code, reason) => {
  const { api, refused, requests } = await start()
  const { pool } = api.database
  await pool.query(/* sql */ `
    create function fail() returns trigger language plpgsql
    as $$ begin raise exception 'made up' using errcode = '${code}'; end $$`)
  for (const table of ['app', 'message'])
    await pool.query(
      `create trigger fails before insert on ${table} for each row execute function fail()`,
    )
  const writes = requests.slice(1, 3)
  await refused(reason, writes)
  for (const table of ['app', 'message']) await pool.query(`drop trigger fails on ${table}`)
  for (const request of writes) expect((await ask(api, request)).ok).toBe(true)
})

test.each([
  [
    'has lost a column',
    'alter table app rename column name to elsewhere',
    'alter table app rename column elsewhere to name',
  ],
  [
    'is locked by somebody else',
    `do $$ begin execute 'alter database ' || current_database() || ' set lock_timeout = 200'; end $$`,
    'select 1',
  ],
])('tables that Pombo cannot use are 503: the database %s', async (reason, harm, mend) => {
  const { api, refused, requests, cutOff } = await start()
  const { pool } = api.database
  await pool.query(harm)
  const locker = new pg.Client({ connectionString: api.database.url })
  locker.on('error', () => {})
  if (reason.includes('locked')) {
    await cutOff()
    await locker.connect()
    await locker.query('begin; lock table app in access exclusive mode')
  }
  await refused(reason, requests.slice(0, 2))
  await locker.end().catch(() => {})
  await pool.query(mend)
  for (const request of requests.slice(0, 3)) expect((await ask(api, request)).ok).toBe(true)
})

test('without a partition for today a message is 503, and taken once there is one', async () => {
  const { api, refused, requests } = await start()
  const { pool } = api.database
  const { rows } = await pool.query<{ name: string; bound: string }>(/* sql */ `
    select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound
      from pg_inherits join pg_class c on c.oid = inhrelid
     where inhparent = 'message'::regclass`)
  for (const { name } of rows) await pool.query(`alter table message detach partition ${name}`)
  await refused('has no partition for today', requests.slice(2, 3))
  for (const { name, bound } of rows)
    await pool.query(`alter table message attach partition ${name} ${bound}`)
  expect((await ask(api, requests[2]!)).status).toBe(202)
})
