import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { beginPooled, type Queryable } from '../../src/db/pool.ts'
import { claim, release } from '../../src/queue/claim/store.ts'
import { settle, type Settled } from '../../src/record/store.ts'
import { uuidv7 } from '../../src/core/id.ts'
import { type TestApi, startApi } from '../support/api-server.ts'
import { startReceiver, type Receiver, until } from '../support/receiver.ts'
import { Prepared, recordStatements, type Statement } from '../support/statement-plans.ts'

// The planner decides by statistics, which lag behind a queue: a table that was analysed while it was empty is
// believed to be empty, and a prepared statement keeps the plan that was made then. What is held to here: no state of
// the statistics makes a statement read the queue, or a day of what is kept, from end to end.
let api: TestApi
let receiver: Receiver
let statements: Statement[]

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
  statements = [...recorded.statements.values()].filter(({ text }) => isOfThePath(text))
  await walkThroughStates()
}, 600_000)

afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

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
  await new Promise((resolve) => setTimeout(resolve, 1_500))
}

/** What one call does to `rowsACall` deliveries that wait or are leased, as Pombo's own code words it. */
const rowsACall = 50
const nodeId = uuidv7(Date.now())

interface HotStatement {
  name: string
  /**
   * Pages that one row may touch at most: twice what was measured on a quiet table. After a burst an index stays deep
   * and its rows lie apart, so that a claim takes 9 to 16. A plan that reads the table takes 58 on the
   * smallest of them.
   */
  pagesARow: number
  /** Whether the deliveries are leased to this node before, or wait. */
  leased: boolean
  statement: Statement
}

async function hotStatements(): Promise<HotStatement[]> {
  const { rows } = await api.database.pool.query<{ id: string; tenant_id: string; app_id: string }>(
    `select id, tenant_id, app_id from endpoint where uid = 'well'`,
  )
  const { id: endpointId, tenant_id: tenantId, app_id: appId } = rows[0]!
  const keys = Array.from({ length: rowsACall }, () => ({
    endpointId,
    tenantId,
    appId,
    messageId: uuidv7(Date.now()),
    deliveryId: uuidv7(Date.now()),
    leasedBy: nodeId,
  }))
  const settled = (state: Settled['state']): Settled[] =>
    keys.map((key) => ({
      ...key,
      eventType: 'a.b',
      channels: null,
      tags: null,
      attempt: {
        id: uuidv7(Date.now()),
        number: 1,
        outcome: state === 'delivered' ? 'delivered' : 'refused',
        statusCode: state === 'delivered' ? 200 : 503,
        response: 'ok',
        error: null,
        durationMs: 3,
        trigger: 0,
        url: 'http://127.0.0.1/',
        startedAtMs: Date.now(),
      },
      state,
      reason: null,
      attempts: 1,
      delayMs: 5_000,
    }))
  const of = async (
    name: string,
    pagesARow: number,
    leased: boolean,
    call: (db: Queryable) => Promise<unknown>,
  ): Promise<HotStatement> => {
    let statement: Statement | undefined
    await call({
      query: async (config: string | Statement, values: unknown[] = []) => {
        statement = typeof config === 'string' ? { name, text: config, values } : { ...config }
        return await Promise.resolve({ rows: [], rowCount: 0 })
      },
    } as unknown as Queryable)
    const setUp = `insert into work (endpoint_id, message_id, id, tenant_id, app_id, priority,
      next_attempt_at, lease_owner, payload_bytes, event_type) values ${keys
        .map(
          (key) =>
            `('${endpointId}', '${key.messageId}', '${key.deliveryId}', '${tenantId}', '${appId}', 1,
              now() - interval '1 second', ${leased ? `'${nodeId}'` : 'null'}, 10, 'a.b')`,
        )
        .join(', ')}`
    return { name, pagesARow, leased, statement: { ...statement!, setUp } }
  }
  return [
    await of('settle delivered', 25, true, (db) => settle(db, [nodeId], 1, settled('delivered'))),
    await of('settle retried', 25, true, (db) => settle(db, [nodeId], 1, settled('pending'))),
    await of('release', 28, true, (db) => release(db, keys)),
    await of('claim', 20, false, (db) =>
      claim(db, nodeId, [{ endpointId, free: rowsACall, order: [1, 0, 2], floors: [0, 0, 0] }]),
    ),
  ]
}

/** What was wrong, found by one walk through the states. */
const scans = new Map<string, string>()
const heavy: string[] = []

async function walkThroughStates(): Promise<void> {
  const { pool } = api.database
  const hot = await hotStatements()
  // What was stored while they were recorded would be in the way of the same insertions.
  for (const table of ['work', 'message', 'delivery', 'attempt', 'attempt_label', 'dedupe'])
    await pool.query(`delete from ${table}`)
  // Behind a pooler nothing outlives a transaction: statements are planned anew in each, under its settings.
  const behindPooler = new pg.Client({ connectionString: api.database.url })
  await behindPooler.connect()
  const connections: { made: string; prepared: Prepared; client: pg.PoolClient }[] = []
  for (const [state, change] of states) {
    for (const sql of change) {
      if (sql.startsWith('vacuum')) await untilNobodyLooksBack()
      await pool.query(sql)
    }
    const client = await pool.connect()
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
  for (const { client } of connections) client.release()
  await behindPooler.end()
}

/** What another transaction may still see, such as an automatic analyze's, a vacuum leaves where it is. */
async function untilNobodyLooksBack(): Promise<void> {
  const { rows: now } = await api.database.pool.query<{ at: string }>('select now()::text as at')
  await until(async () => {
    const { rowCount } = await api.database.pool.query(
      'select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and xact_start < $1',
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
    if (scanned.length > 0) scans.set(`${label} reads ${scanned.join(', ')}`, `${when}: ${buffers}`)
  }
  for (const { name, pagesARow, statement } of hot) {
    const pages = Math.round((await last(statement)).buffers / rowsACall)
    if (pages > pagesARow) heavy.push(`${name}: ${pages} pages a row (${when})`)
  }
}

test('no statement of the path or the lists reads the queue or a day end to end, whatever statistics say', () => {
  expect(statements.length).toBeGreaterThan(20)
  expect([...scans].map(([what, when]) => `${what} (${when} pages)`)).toEqual([])
})

test('a row that is claimed, settled or given back touches a few pages, whatever the statistics say', () => {
  expect(heavy).toEqual([])
})

const fill = (rows: number) => `insert into work
  (endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, payload_bytes, event_type)
  select id, gen_random_uuid(), gen_random_uuid(), tenant_id, app_id, 1, now() + interval '1 day', 10, 'x'
    from (select * from endpoint where uid = 'well') e, generate_series(1, ${rows})`

const states: [string, string[]][] = [
  ['never analysed', []],
  ['analysed while empty', ['vacuum full work', 'analyze']],
  ['after a burst, all rows dead, no vacuum', [fill(100_000), 'delete from work']],
  ['analysed at a million', [fill(1_000_000), 'analyze work']],
  ['emptied again', ['delete from work']],
  ['vacuumed and analysed', ['vacuum analyze work']],
]
