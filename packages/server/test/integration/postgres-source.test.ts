import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { PomboError } from '../../src/core/error.ts'
import { showId } from '../../src/core/id.ts'
import type { IncomingMessage } from '../../src/core/message.ts'
import { OutboxReader, type ReaderDeps } from '../../src/sources/postgres/reader.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openLine } from '../support/database-line.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { startReceiver, until } from '../support/receiver.ts'
import {
  createSourceDatabase,
  installOutbox,
  mapping,
  type SourceDatabase,
} from '../support/source-database.ts'

let database: TestDatabase
let node: TestNode
let tenantId: string
let appId: string
let source: SourceDatabase
let readers: OutboxReader[] = []
let logged: string[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  node = await startNode(database.url)
  tenantId = (await node.registry.tenants.create({ name: 'tenant' })).id
})
afterAll(async () => {
  await node?.stop()
  await database?.drop()
})
beforeEach(async () => {
  appId = (await node.registry.apps.create(tenantId, { name: 'app' })).id
  source = await createSourceDatabase()
})
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.stop()))
  logged = []
  await source.drop()
})

const accept = (message: IncomingMessage) => node.engine.ingest.accept(message)

function read(deps: Partial<ReaderDeps> = {}): OutboxReader {
  const reader = new OutboxReader({
    url: source.url,
    name: 'source',
    expected: true,
    tenantId,
    appId: async () => appId,
    accept,
    maxPayloadBytes: 1_000_000,
    log: (message) => logged.push(message),
    pollMs: 50,
    ...deps,
  })
  readers.push(reader)
  reader.start()
  return reader
}

interface Stored {
  event_type: string
  payload: string
  ordering_key: string | null
  event_id: string
}
/** The app's messages, in the order in which they were accepted. */
const messages = async (): Promise<Stored[]> => {
  const sql =
    'select event_type, payload, ordering_key, event_id from message where app_id = $1 order by id'
  return (await database.pool.query<Stored>(sql, [appId])).rows
}
const arrived = (count: number, deadlineMs?: number): Promise<Stored[]> =>
  until(async () => {
    const found = await messages()
    return found.length >= count && found
  }, deadlineMs)
const left = async (table = 'outbox'): Promise<number> =>
  (await source.pool.query<{ n: number }>(`select count(*) as n from pombo.${table}`)).rows[0]!.n
const emptied = () => until(async () => (await left()) === 0)
const emit = (n: number, key: string | null = null) =>
  source.pool.query(`select pombo.emit('thing.happened', jsonb_build_object('n', $1::int), $2)`, [
    n,
    key,
  ])
const numbers = (found: Stored[]): number[] =>
  found.map(({ payload }) => (JSON.parse(payload) as { n: number }).n)

test('a change of a row is one message: the allowed columns, every digit, and the shape of Supabase', async () => {
  await source.pool.query(
    'create table users (id bigint primary key, email text, balance numeric, password_hash text, born timestamptz)',
  )
  const columns = ['id', 'email', 'balance', 'born']
  const changed = { columns, event: 'user.updated', when: 'old.email is distinct from new.email' }
  await installOutbox(source.pool, {
    mappings: [
      mapping('users', { columns, event: 'user.registered' }),
      mapping('users', { ...changed, operation: 'update' }),
      mapping('users', { columns: ['id'], event: 'user.deleted', operation: 'delete' }),
    ],
  })
  read()
  await source.pool.query(
    `insert into users
     values (9007199254740993, 'ana@example.com', 12345678901234567890.10, 'hash', '2026-01-02 03:04:05-03')`,
  )
  await source.pool.query(`update users set password_hash = 'other'`)
  await source.pool.query(`update users set email = 'bia@example.com'`)
  await source.pool.query('delete from users')
  const row = (email: string) =>
    `{"id":9007199254740993,"email":"${email}","balance":12345678901234567890.10,"born":"2026-01-02T06:04:05+00:00"}`
  expect((await arrived(3)).map(({ event_type, payload }) => [event_type, payload])).toEqual([
    [
      'user.registered',
      `{"type":"INSERT","table":"users","schema":"public","record":${row('ana@example.com')},"old_record":null}`,
    ],
    [
      'user.updated',
      `{"type":"UPDATE","table":"users","schema":"public",` +
        `"record":${row('bia@example.com')},"old_record":${row('ana@example.com')}}`,
    ],
    [
      'user.deleted',
      `{"type":"DELETE","table":"users","schema":"public","record":null,"old_record":{"id":9007199254740993}}`,
    ],
  ])
  await emptied()
  expect(await messages()).toHaveLength(3)
  expect((await messages()).every((one) => one.ordering_key === 'users:9007199254740993')).toBe(
    true,
  )
})

test('a row that changed names its table, record and user to an agentes endpoint', async () => {
  await source.pool.query('create table agents (id uuid primary key, user_id uuid, name text)')
  await installOutbox(source.pool, {
    mappings: [mapping('agents', { columns: ['id', 'user_id', 'name'], event: 'agent.created' })],
  })
  const receiver = await startReceiver()
  await node.registry.endpoints.create(
    { tenantId, appId },
    { url: receiver.url, dialect: 'agentes' },
  )
  read()
  const [id, user] = [
    'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa',
    'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb',
  ]
  await source.pool.query('insert into agents values ($1, $2, $3)', [id, user, 'Vendas'])
  const [got] = await receiver.waitFor(1)
  await receiver.close()
  expect(JSON.parse(got!.body)).toMatchObject({
    event_type: 'agent.created',
    event_source: 'supabase',
    table_name: 'agents',
    record_id: id,
    user_id: user,
    data: { type: 'INSERT', record: { id, user_id: user, name: 'Vendas' } },
  })
})

test('pombo.emit puts an event into the transaction that calls it: rolled back, there is none', async () => {
  await installOutbox(source.pool)
  read()
  const client = await source.pool.connect()
  await client.query('begin')
  await client.query(`select pombo.emit('order.paid', '{"n": 1}')`)
  await client.query('rollback')
  await client.query('begin')
  const { rows } = await client.query<{ id: string }>(
    `select pombo.emit('order.paid', '{"n": 2}', 'order:2') as id`,
  )
  await client.query('commit')
  client.release()
  const [message] = await arrived(1)
  expect(message).toEqual({
    event_type: 'order.paid',
    payload: '{"n": 2}',
    ordering_key: 'order:2',
    event_id: rows[0]!.id,
  })
  await emptied()
  expect(await messages()).toHaveLength(1)
})

test('a transaction that commits late is not passed over by those that began after it', async () => {
  await installOutbox(source.pool)
  read()
  const late = await source.pool.connect()
  await late.query('begin')
  await late.query(`select pombo.emit('thing.happened', '{"n": 1}')`)
  await emit(2)
  await emit(3)
  await arrived(2)
  await emptied()
  await late.query('commit')
  late.release()
  expect(numbers(await arrived(3))).toEqual([2, 3, 1])
})

test.each(['another database', "Pombo's own database"])(
  'a reader of %s that dies between accepting and deleting makes no second message',
  async (where) => {
    const { url, pool } = where === 'another database' ? source : database
    await installOutbox(pool)
    const answers: string[] = []
    read({
      url,
      async accept(message) {
        const answer = await accept(message)
        answers.push(answer.outcome)
        // The message is durable; the transaction that would delete the row is cut off.
        if (answers.length === 1) {
          await pool.query(
            `select pg_terminate_backend(pid)
               from pg_stat_activity
              where application_name = 'pombo-outbox' and datname = current_database()`,
          )
        }
        return answer
      },
    })
    await pool.query(`select pombo.emit('thing.happened', '{"n": 1}')`)
    await until(async () => (await pool.query('select from pombo.outbox')).rowCount === 0)
    expect(answers).toEqual(['accepted', 'duplicate'])
    expect(numbers(await messages())).toEqual([1])
    await readers.pop()!.stop()
    await pool.query('drop schema pombo cascade')
  },
)

test('two nodes share an outbox: every row once, and those of a key in their order', async () => {
  await installOutbox(source.pool)
  // A paused endpoint that keeps order shows the order of acceptance: `seq` is given by the database.
  const endpoint = await node.registry.endpoints.create(
    { tenantId, appId },
    { url: 'http://127.0.0.1:9', ordering: 'key' },
  )
  await node.registry.endpoints.pause({ tenantId, appId }, showId('endpoint', endpoint.id))
  await source.pool.query(
    `select pombo.emit('thing.happened', jsonb_build_object('n', n), 'key ' || n % 40) from generate_series(1, 4000) n`,
  )
  const other = await startNode(database.url)
  const taken = [0, 0]
  const first = read({
    pollMs: 1,
    async accept(message) {
      taken[0]! += 1
      // Whoever has the turn keeps it while there is work; so the first has to go for the second to get any.
      if (taken[0] === 1_500) void first.stop()
      return await accept(message)
    },
  })
  await until(() => taken[0]! > 0)
  read({
    pollMs: 1,
    async accept(message) {
      taken[1]! += 1
      return await other.engine.ingest.accept(message)
    },
  })
  await until(async () => (await left()) === 0)
  readers.shift()
  await other.stop()
  const { rows } = await database.pool.query<{ n: number[] }>(
    `select array_agg((m.payload::json ->> 'n')::int order by w.seq) as n
       from work w
       join message m on m.id = w.message_id and m.app_id = w.app_id
      where w.endpoint_id = $1
      group by w.ordering_key`,
    [endpoint.id],
  )
  expect(rows).toHaveLength(40)
  for (const { n } of rows) expect(n).toEqual(n.toSorted((a, b) => a - b))
  expect(rows.flatMap(({ n }) => n)).toHaveLength(4_000)
  expect(Math.min(...taken)).toBeGreaterThan(0)
})

test('one reader has the turn at a time; when it dies, the other one takes over', async () => {
  await installOutbox(source.pool)
  const stuck = Promise.withResolvers<never>()
  const asked: string[] = []
  const first = read({
    accept(message) {
      asked.push(message.payload)
      return stuck.promise
    },
  })
  await emit(1)
  await until(() => asked.length === 1)
  let looks = 0
  read({
    async accept(message) {
      looks += 1
      return await accept(message)
    },
  })
  await emit(2)
  const turnHolder = `
    select pid
      from pg_stat_activity
     where application_name = 'pombo-outbox'
       and state = 'idle in transaction'
       and datname = current_database()`
  const lookers = `
    select
      from pg_stat_activity
     where application_name = 'pombo-outbox'
       and query like 'select pg_try_advisory%'
       and state = 'idle'
        or query = 'commit'`
  await until(async () => (await source.pool.query(lookers)).rowCount! > 0)
  expect(looks).toBe(0)
  const { rows } = await source.pool.query<{ pid: number }>(turnHolder)
  await source.pool.query('select pg_terminate_backend($1)', [rows[0]!.pid])
  expect(numbers(await arrived(2))).toEqual([1, 2])
  stuck.reject(new PomboError('overloaded'))
  await first.stop()
  readers.shift()
})

test('a row that somebody has locked holds back the younger ones of its key, and no others', async () => {
  await installOutbox(source.pool)
  await emit(1, 'a')
  await emit(2, 'a')
  await emit(3, 'b')
  const other = await source.pool.connect()
  await other.query('begin')
  await other.query('select from pombo.outbox order by id limit 1 for update')
  read()
  expect(numbers(await arrived(1))).toEqual([3])
  await other.query('rollback')
  other.release()
  expect(numbers(await arrived(3))).toEqual([3, 1, 2])
})

test('what Pombo turns away for the moment stays, and keeps its order', async () => {
  await installOutbox(source.pool)
  const refusals = new Map([
    [2, 'overloaded'],
    [5, 'rate_limited'],
  ] as const)
  read({
    async accept(message) {
      const n = (JSON.parse(message.payload) as { n: 2 | 5 }).n
      const code = refusals.get(n)
      refusals.delete(n)
      if (code) throw new PomboError(code, {}, { retryAfterSeconds: 0.05 })
      return await accept(message)
    },
  })
  await source.pool.query(
    `select pombo.emit('thing.happened', jsonb_build_object('n', n), 'key') from generate_series(1, 8) n`,
  )
  expect(numbers(await arrived(8))).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  await emptied()
  expect(await left('outbox_refused')).toBe(0)
})

test('rows that can never be messages are set aside with the reason, and the others go on', async () => {
  await installOutbox(source.pool)
  await emit(1)
  await source.pool.query(
    `insert into pombo.outbox (event_type, data) values ('no good', '{}'), ('large.one', to_json(repeat('x', 2000)))`,
  )
  await emit(4)
  read({ maxPayloadBytes: 1_000 })
  expect(numbers(await arrived(2))).toEqual([1, 4])
  await emptied()
  const { rows } = await source.pool.query(
    'select id, event_type, error from pombo.outbox_refused order by id',
  )
  expect(rows).toEqual([
    { id: 2, event_type: 'no good', error: expect.stringContaining('cannot be an event type') },
    { id: 3, event_type: 'large.one', error: expect.stringContaining('POMBO_MAX_BODY_BYTES') },
  ])
  expect(logged.filter((line) => line.includes('set aside'))).toHaveLength(2)
})

test('a row at which Pombo itself fails is tried a few times, holds back its key only, is then set aside', async () => {
  await installOutbox(source.pool)
  let tries = 0
  read({
    async accept(message) {
      if (message.payload.includes('"n": 1')) {
        tries += 1
        throw new TypeError('a bug')
      }
      return await accept(message)
    },
  })
  await source.pool.query(
    `select pombo.emit('thing.happened', jsonb_build_object('n', n), case when n < 3 then 'a' end)
       from generate_series(1, 3) n`,
  )
  expect(numbers(await arrived(1))).toEqual([3])
  expect(numbers(await arrived(2, 15_000))).toEqual([3, 2])
  expect(tries).toBe(5)
  await emptied()
  const { rows } = await source.pool.query('select error from pombo.outbox_refused')
  expect(rows).toEqual([{ error: 'a bug' }])
})

test('an app that was deleted is made again', async () => {
  await installOutbox(source.pool)
  const made: string[] = []
  read({
    async appId() {
      const { app } = await node.registry.apps.getOrCreate(tenantId, { name: 'shop', uid: 'shop' })
      appId = app.id
      made.push(app.id)
      return app.id
    },
  })
  await emit(1)
  await until(async () => made.length === 1 && (await messages()).length === 1)
  await node.registry.apps.delete(tenantId, 'shop')
  await emit(2)
  await until(() => made.length === 2)
  expect(numbers(await arrived(1))).toEqual([2])
})

test('a notification wakes the reader at once; without one it looks again and again', async () => {
  await installOutbox(source.pool)
  const reader = read({ pollMs: 60_000 })
  await until(async () => {
    const { rowCount } = await source.pool.query(
      `select
         from pg_stat_activity
        where application_name = 'pombo-outbox-listen'
          and query like 'listen%'
          and datname = current_database()`,
    )
    return rowCount === 1
  })
  await emit(1)
  await arrived(1, 20_000)
  await reader.stop()
  readers = []
  await installOutbox(source.pool, { wake: 'poll' })
  read({ pollMs: 50 })
  await emit(2)
  await arrived(2, 20_000)
})

test('an outbox that is installed later is found, and until then is missed once in the log', async () => {
  read()
  await until(() => logged.some((line) => line.includes('there is no outbox')))
  await installOutbox(source.pool)
  await emit(1)
  await arrived(1, 15_000)
  expect(logged.filter((line) => line.includes('there is no outbox'))).toHaveLength(1)
})

test('a source that goes away is waited for, and complained about once', async () => {
  const line = await openLine(source.url)
  await installOutbox(source.pool)
  read({ url: line.url })
  await emit(1)
  await arrived(1)
  await line.cut()
  await emit(2)
  await until(() => logged.some((said) => said.includes('cannot be read')))
  await line.mend()
  expect(numbers(await arrived(2, 15_000))).toEqual([1, 2])
  await until(() => logged.some((said) => said.includes('read again')))
  expect(logged.filter((said) => said.includes('cannot be read'))).toHaveLength(1)
  await readers.pop()!.stop()
  await line.cut()
})
