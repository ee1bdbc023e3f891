import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { uuidv7 } from '../../src/core/id.ts'
import { beginPooled, openPool } from '../../src/db/pool.ts'
import { databaseTime, rescue, rescueStrays } from '../../src/queue/node/store.ts'
import { type TestApi, startApi } from '../support/api-server.ts'
import { databaseUrl } from '../support/database.ts'
import { type HotStatement, hotStatements, rowsACall } from '../support/hot-statements.ts'
import { startReceiver, type Receiver, until } from '../support/receiver.ts'
import { Prepared, recordStatements, type Statement } from '../support/statement-plans.ts'

// The planner decides by statistics, which lag behind a queue: a table that was analysed while it was empty is
// believed to be empty, and a prepared statement keeps the plan that was made then. What is held to here: no state of
// the statistics makes a statement read the queue, or a day of what is kept, from end to end.
let api: TestApi
let receiver: Receiver
let statements: Statement[]
/** Connections as Pombo opens them, of a role that owns its tables and may do nothing else. */
let plain: pg.Pool
const role = `pombo_plans_${process.pid}`

beforeAll(async () => {
  receiver = await startReceiver((request) =>
    request.path.startsWith('/dead') ? { status: 503 } : {},
  )
  const recorded = recordStatements()
  try {
    api = await startApi()
    await api.database.pool.query('alter table work set (autovacuum_enabled = false)')
    await everythingOnce()
  } finally {
    recorded.stop()
  }
  plain = await openAsPlainRole()
  statements = [...recorded.statements.values()].filter(({ text }) => isOfThePath(text))
  await walkThroughStates()
}, 600_000)

afterAll(async () => {
  await plain?.end()
  await api?.stop()
  await receiver?.close()
  if (!plain) return
  // Once nothing in the database is its own any more.
  const admin = new pg.Client({ connectionString: databaseUrl(api.database.url, 'postgres') })
  await admin.connect()
  await admin.query(`drop role ${role}`)
  await admin.end()
})

async function openAsPlainRole(): Promise<pg.Pool> {
  await api.database.pool.query(`create role ${role} login nosuperuser nobypassrls`)
  // Each table in a transaction of its own: with two of them locked, it would meet the engine, which is at work.
  await api.database.pool.query(
    /* sql */ `
    do $$
    declare
      one text;
    begin
      for one in
        select format('alter %s %s owner to ${role}', case relkind when 'S' then 'sequence' when 'v' then 'view'
                      else 'table' end, oid::regclass)
          from pg_class
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'S')
           and not exists (select from pg_depend where objid = pg_class.oid and deptype in ('a', 'i') and relkind = 'S')
      loop
        execute one;
        commit;
      end loop;
    end $$`,
  )
  const url = new URL(api.database.url)
  url.username = role
  return openPool(url.href, 12)
}

function isOfThePath(text: string): boolean {
  return (
    /^\s*(?:select|insert|update|delete|with)\b/i.test(text) &&
    /\b(?:work|delivery|attempt|attempt_label|message|dedupe)\b/.test(text) &&
    !/pg_|information_schema/.test(text)
  )
}

/** Accept, hand-off, claim, read, settle, retry, rescue, replay, and the lists, each at least once. */
async function everythingOnce(): Promise<void> {
  const app = (await api.call('POST', '/api/v1/app', { body: { name: 'app', uid: 'app' } })).body
  const path = `/api/v1/app/${app.id}`
  const make = async (uid: string, settings: object) => {
    const made = await api.call('POST', `${path}/endpoint`, {
      body: { uid, url: `${receiver.url}/${uid}`, ...settings },
    })
    expect(made.status, made.text).toBe(201)
    return made.body
  }
  await make('well', {})
  await make('slow', { maxInFlight: 1 })
  await make('ordered', { ordering: 'key' })
  await make('batch', { batch: { maxEvents: 5, maxWaitMs: 10 } })
  await make('rate', { throttleRate: 200 })
  const dead = await make('dead', { retrySchedule: [1], circuit: { failuresToOpen: 1_000 } })
  const gone = await make('off', { disabled: true })
  const send = (n: number, more: object = {}, headers: Record<string, string> = {}) =>
    api.call('POST', `${path}/msg`, {
      body: {
        eventType: 'invoice.paid',
        payload: { n },
        channels: ['c'],
        tags: ['t'],
        orderingKey: `k${n % 3}`,
        ...more,
      },
      headers,
    })
  const sent = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      send(
        n,
        n % 3 === 0 ? { eventId: `e${n}` } : {},
        n % 4 === 0 ? { 'idempotency-key': `i${n}` } : {},
      ),
    ),
  )
  const message = sent[0]!.body.id as string
  await until(async () => {
    const { rows } = await api.database.pool.query<{ n: number }>('select count(*) as n from work')
    return rows[0]!.n === 0 ? true : undefined
  }, 60_000)
  const since = new Date(Date.now() - 3_600_000).toISOString()
  for (const list of [
    `${path}/msg`,
    `${path}/msg?event_types=invoice.paid&with_content=false&channel=c&tag=t`,
    `${path}/msg/${message}`,
    `${path}/attempt/endpoint/${dead.id}?status=2`,
    `${path}/attempt/endpoint/${dead.id}?event_types=invoice.paid&status_code_class=500`,
    `${path}/attempt/endpoint/${dead.id}?channel=c`,
    `${path}/attempt/endpoint/${dead.id}?tag=t&status=0`,
    `${path}/attempt/msg/${message}`,
    `${path}/msg/${message}/endpoint`,
    `${path}/endpoint/${dead.id}/msg`,
    `${path}/endpoint/${dead.id}/msg?status=1`,
    `${path}/endpoint/${dead.id}/msg?status=2&channel=c`,
    `${path}/endpoint/${dead.id}/stats`,
  ])
    await api.call('GET', list)
  await api.call('POST', `${path}/msg/${message}/endpoint/${dead.id}/resend`)
  await api.call('POST', `${path}/endpoint/${gone.id}/recover`, { body: { since } })
  await api.call('PATCH', `${path}/endpoint/${dead.id}`, { body: { paused: true } })
  await send(1_000)
  await api.call('DELETE', `${path}/endpoint/${dead.id}`)
  const { pool } = api.database
  await pool.query(
    `insert into node (id, name, version, schema_version, expires_at)
     values ($1, 'dead', '1', 1, now() - interval '1 hour')`,
    [uuidv7(Date.now())],
  )
  await rescue(pool)
  await rescueStrays(pool, [uuidv7(Date.now())], [], await databaseTime(pool))
  await new Promise((resolve) => setTimeout(resolve, 1_500))
}

/** What was wrong, found by one walk through the states. */
const scans = new Map<string, string>()
const heavy: string[] = []

async function walkThroughStates(): Promise<void> {
  const { pool } = api.database
  const hot = await hotStatements(pool)
  // What was stored while they were recorded would be in the way of the same insertions.
  for (const table of ['work', 'message', 'delivery', 'attempt', 'attempt_label', 'dedupe'])
    await pool.query(`delete from ${table}`)
  // Behind a pooler nothing outlives a transaction: statements are planned anew in each, under its settings.
  const behindPooler = new pg.Client({ connectionString: plain.options.connectionString! })
  await behindPooler.connect()
  const connections: { made: string; prepared: Prepared; client: pg.PoolClient }[] = []
  try {
    for (const [state, change] of states) {
      for (const sql of change) {
        if (sql.startsWith('vacuum')) await untilNobodyLooksBack()
        await pool.query(sql)
      }
      await untilNobodyLooksBack()
      const client = await plain.connect()
      const prepared = new Prepared(client)
      for (const one of statements) await prepared.prepare(one)
      for (const one of hot) await prepared.prepare(one.statement)
      connections.push({ made: state, prepared, client })
      const pooled = new Prepared(behindPooler, beginPooled)
      for (const one of statements) await pooled.prepare(one)
      for (const one of hot) await pooled.prepare(one.statement)
      await look(pooled, `${state}, behind a pooler`, 1, hot)
      await pooled.forget()
      for (const connection of connections) {
        // A prepared statement is planned for its values five times; then one plan is kept.
        const runs = connection.made === state ? 6 : 1
        await look(connection.prepared, `${state}, prepared when ${connection.made}`, runs, hot)
      }
    }
  } finally {
    for (const { client } of connections) client.release()
    await behindPooler.end()
  }
}

/**
 * It may read the queue from end to end, once for each node that died: an index on the lease would cost every healthy
 * delivery an entry.
 */
function isRescue({ text }: Statement): boolean {
  return /^\s*update work set lease_owner = null\s+where lease_owner (?:=|is not null)/.test(text)
}

/**
 * What another transaction may still see, a vacuum leaves where it is, and an index has to be asked for again and
 * again: 30 pages for one row after a burst, where it is 12 otherwise. That transaction may be an automatic analyze's,
 * and one of another database, such as other tests have beside this one: with one open all the time it was 84.
 */
async function untilNobodyLooksBack(): Promise<void> {
  const { rows: now } = await api.database.pool.query<{ at: string }>('select now()::text as at')
  await until(async () => {
    const { rowCount } = await api.database.pool.query(
      `select from pg_stat_activity
       where pid <> pg_backend_pid() and xact_start < $1 and coalesce(backend_xid, backend_xmin) is not null`,
      [now[0]!.at],
    )
    return rowCount === 0
  })
}

async function look(
  prepared: Prepared,
  when: string,
  runs: number,
  hot: readonly HotStatement[],
): Promise<void> {
  const last = async (statement: Statement) => {
    for (let run = 1; run < runs; run++) await prepared.explain(statement)
    return await prepared.explain(statement)
  }
  for (const statement of statements) {
    const { scanned, buffers } = await last(statement)
    const label = (statement.name ?? statement.text.replace(/\s+/g, ' ')).slice(0, 100)
    const mayScan = isRescue(statement) && scanned.join() === 'work'
    if (scanned.length > 0 && !mayScan)
      scans.set(`${label} reads ${scanned.join(', ')}`, `${when}: ${buffers}`)
  }
  for (const { name, pagesARow, statement } of hot) {
    const pages = Math.round((await last(statement)).buffers / rowsACall)
    if (pages > pagesARow) heavy.push(`${name}: ${pages} pages a row (${when})`)
  }
}

test.each<[string, RegExp]>([
  ['accept and hand off', /^\s*with\s+i as[^]*insert into message[^]*insert into work/],
  ['accept, with keys', /insert into dedupe/],
  ['accept, for an endpoint that is disabled', /insert into message[^]*insert into delivery/],
  ['find who has work', /with recursive/],
  ['claim', /skip locked[^]*update work/i],
  ['claim in order', /ordering_key[^]*skip locked/i],
  ['read the payload', /join message m on/],
  ['settle', /delete from work[^]*insert into attempt/],
  ['retry', /update work w\s+set attempt = k\.attempts/],
  ['rescue what a dead node had', /update work set lease_owner = null where lease_owner = any/],
  ['rescue strays', /lease_owner is not null/],
  ['resend, recover', /insert into work[^]*message/],
  ['the list of messages', /from message[^]*order by/],
  ['the list of attempts', /from attempt[^]*order by/],
  ['the list of attempts of a label', /attempt_label/],
])('what is held to it includes: %s', (_, shape) => {
  expect(statements.map(({ text }) => text).filter((text) => shape.test(text))).not.toEqual([])
})

test('no statement of the path or the lists reads the queue or a day end to end, whatever statistics say', () => {
  expect(statements.length).toBeGreaterThan(20)
  expect([...scans].map(([what, when]) => `${what} (${when} pages)`)).toEqual([])
})

test('a row that is accepted, claimed, settled or given back touches a few pages, whatever the statistics say', () => {
  expect(heavy).toEqual([])
})

/** Their ids grow, as Pombo's do. */
const fill = (rows: number) => `insert into work
  (endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, payload_bytes, event_type)
  select e.id, made.id, made.id, tenant_id, app_id, 1, now() + interval '1 day', 10, 'x'
    from (select * from endpoint where uid = 'well') e,
         (select lpad(to_hex(n), 32, '0')::uuid as id from generate_series(1, ${rows}) n) made`

const states: [string, string[]][] = [
  ['never analysed', []],
  ['analysed while empty', ['vacuum full work', 'analyze']],
  ['after a burst, all rows dead, no vacuum', [fill(100_000), 'delete from work']],
  ['analysed at a million', [fill(1_000_000), 'analyze work']],
  ['emptied again', ['delete from work']],
  ['vacuumed and analysed', ['vacuum analyze work']],
]
