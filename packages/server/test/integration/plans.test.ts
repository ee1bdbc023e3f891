import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { beginPooled } from '../../src/db/pool.ts'
import { type TestApi, startApi } from '../support/api-server.ts'
import { startReceiver, type Receiver, until } from '../support/receiver.ts'
import { Prepared, recordStatements, type Statement } from '../support/statement-plans.ts'

// The planner decides by statistics, which lag behind a queue: a table that was analysed while it was empty is believed to be empty, and a
// prepared statement keeps the plan that was made then. What is held to here: no state of the statistics makes a statement read the queue,
// or a day of what is kept, from end to end.
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
}, 120_000)

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

function labelOf({ name, text }: Statement): string {
  return (name ?? text.replace(/\s+/g, ' ')).slice(0, 100)
}

const connections: { made: string; prepared: Prepared; client: pg.PoolClient }[] = []

test('no statement of the path or of the lists reads the queue or a day from end to end, whatever the statistics say', async () => {
  const { pool } = api.database
  expect(statements.length).toBeGreaterThan(20)
  // What was stored while they were recorded would be in the way of the same insertions.
  for (const table of ['message', 'delivery', 'attempt', 'attempt_label', 'dedupe'])
    await pool.query(`delete from ${table}`)
  // Behind a pooler nothing outlives a transaction: statements are planned anew in each, under its settings.
  const behindPooler = new pg.Client({ connectionString: api.database.url })
  await behindPooler.connect()
  const broken = new Map<string, string>()
  for (const [state, change] of states) {
    for (const sql of change) await pool.query(sql)
    const fresh = new Prepared(behindPooler, beginPooled)
    for (const statement of statements) {
      await fresh.prepare(statement)
      const plan = await fresh.explain(statement)
      await fresh.forget()
      if (plan.scanned.length > 0)
        broken.set(`${labelOf(statement)} reads ${plan.scanned.join(', ')}`, `${state}, pooled`)
    }
    const client = await pool.connect()
    const prepared = new Prepared(client)
    for (const statement of statements) await prepared.prepare(statement)
    connections.push({ made: state, prepared, client })
    for (const connection of connections)
      for (const statement of statements) {
        let plan
        // A prepared statement is planned for its values five times; then one plan is kept.
        const runs = connection.made === state ? 6 : 1
        for (let i = 0; i < runs; i++) plan = await connection.prepared.explain(statement)
        if (plan!.scanned.length > 0)
          broken.set(
            `${labelOf(statement)} reads ${[...new Set(plan!.scanned)].join(', ')}`,
            `${state}, prepared when ${connection.made}: ${plan!.buffers} pages`,
          )
      }
  }
  for (const { client } of connections) client.release()
  await behindPooler.end()
  expect([...broken].map(([what, when]) => `${what} (${when})`)).toEqual([])
}, 600_000)

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
