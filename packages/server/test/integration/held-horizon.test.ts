import { afterAll, beforeAll, expect, test } from 'vitest'
import type pg from 'pg'
import { queueFindings } from '../../src/cli/doctor/queue.ts'
import type { Queryable } from '../../src/db/pool.ts'
import { ClaimFloors, fromTheStart } from '../../src/queue/claim/floors.ts'
import { claim, type ClaimedRow } from '../../src/queue/claim/store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

// One long transaction elsewhere keeps vacuum, and every index scan, from forgetting rows that are gone.
let database: TestDatabase
let holder: pg.PoolClient
const endpointId = '01000000-0000-7000-8000-000000000001'
const node = '01000000-0000-7000-8000-0000000000aa'
const waiting = 12_000
const batch = 300

beforeAll(async () => {
  database = await createTestDatabase()
  holder = await database.pool.connect()
  await holder.query('begin isolation level repeatable read')
  await holder.query('select pg_current_xact_id()')
  await database.pool.query(
    /* sql */ `
    insert into work (
      endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, payload_bytes, event_type)
    select $1, gen_random_uuid(), gen_random_uuid(), $1, $1, 1, now() - (30 - n * 0.002) * interval '1 second', 1, 'a'
      from generate_series(1, $2::int) n
     order by random()`,
    [endpointId, waiting],
  )
})

afterAll(async () => {
  await holder?.query('rollback')
  holder?.release()
  await database?.drop()
})

/** Claims `batch` from the given place on, and says what was claimed and how many pages that touched. */
async function claimFrom(floors: readonly [number, number, number]) {
  let pages = 0
  const db = {
    query: async (text: string, values: unknown[]) => {
      const { rows } = await database.pool.query<{
        'QUERY PLAN': [{ Plan: Record<string, number> }]
      }>(`explain (analyze, buffers, format json) ${text}`, values)
      const { Plan } = rows[0]!['QUERY PLAN'][0]
      pages = Plan['Shared Hit Blocks']! + Plan['Shared Read Blocks']!
      return await database.pool.query(
        /* sql */ `
        select id, priority, (extract(epoch from next_attempt_at) * 1000)::float8 as due_ms
          from work
         where lease_owner = $1`,
        [node],
      )
    },
  } as unknown as Queryable
  const rows: ClaimedRow[] = await claim(db, node, [
    { endpointId, free: batch, order: [0, 1, 2], floors },
  ])
  await database.pool.query('delete from work where lease_owner = $1', [node])
  return { rows, pages }
}

test('while a long transaction keeps what is gone in the index, a claim touches no more than at first', async () => {
  const known = new ClaimFloors()
  const first = await claimFrom(known.of(endpointId, 0))
  known.note(endpointId, first.rows, { tookMs: 1 }, 0)
  let last = first
  for (let claimed = batch; claimed < waiting - 2 * batch; claimed += batch) {
    last = await claimFrom(known.of(endpointId, 1))
    expect(last.rows).toHaveLength(batch)
    known.note(endpointId, last.rows, undefined, 1)
  }
  const fromStart = await claimFrom(fromTheStart)
  expect(last.pages).toBeLessThan(first.pages * 1.5)
  expect(fromStart.pages).toBeGreaterThan(last.pages * 2)
})

test('doctor says which transaction keeps the table of open work from being cleaned, and what to do', async () => {
  await holder.query(`set local application_name = 'a long report'`)
  const findings = await queueFindings(database.pool, { oldMs: 0, deadRows: 0 })
  expect(findings).toEqual([
    expect.objectContaining({
      level: 'warn',
      name: 'queue',
      detail: expect.stringContaining('a long report'),
    }),
  ])
  expect(await queueFindings(database.pool)).toEqual([expect.objectContaining({ level: 'ok' })])
})
