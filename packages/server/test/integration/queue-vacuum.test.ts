import { beforeEach, expect, test } from 'vitest'
import { QueueVacuum } from '../../src/upkeep/queue-vacuum/queue-vacuum.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

// A server whose autovacuum is switched off, or has its hands full with other tables.
let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
  await database.pool.query('alter table work set (autovacuum_enabled = off)')
  return async () => await database.drop()
})

const endpointId = '01000000-0000-7000-8000-000000000001'
/** Work comes and goes, as under load. */
async function churn(count: number): Promise<void> {
  const client = await database.pool.connect()
  await client.query(
    /* sql */ `
    insert into work (
      endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, payload_bytes, event_type)
    select $1, gen_random_uuid(), gen_random_uuid(), $1, $1, 1, now(), 1, 'a'
      from generate_series(1, $2::int) n`,
    [endpointId, count],
  )
  await client.query('delete from work')
  // What a session has counted is told the others when it next rests, or when it is asked to.
  await client.query('select pg_stat_force_next_flush()')
  client.release()
}
const pages = async () => {
  const { rows } = await database.pool.query<{ pages: number }>(
    `select pg_relation_size('work') / 8192 as pages`,
  )
  return rows[0]!.pages
}

test('the table of open work is as large after five bursts as after one, where autovacuum never comes', async () => {
  const vacuum = new QueueVacuum(database.pool)
  await churn(22_000)
  const once = await pages()
  for (let burst = 0; burst < 4; burst++) {
    expect(await vacuum.look()).toBe(true)
    await churn(22_000)
  }
  expect(await pages()).toBeLessThan(once * 1.2)
})

test('a few rows that are gone are left to autovacuum', async () => {
  await churn(10_000)
  expect(await new QueueVacuum(database.pool).look()).toBe(false)
})

test('while a long transaction keeps what is gone, it is tried ever more seldom, and as soon as it ended', async () => {
  const holder = await database.pool.connect()
  await holder.query('begin isolation level repeatable read')
  await holder.query('select pg_current_xact_id()')
  await churn(22_000)
  const vacuum = new QueueVacuum(database.pool)
  const looks = async (count: number) => {
    let tried = ''
    for (let n = 0; n < count; n++) tried += (await vacuum.look()) ? 'x' : '.'
    return tried
  }
  expect(await looks(15)).toBe('x.x..x....x....')
  await holder.query('rollback')
  holder.release()
  expect(await looks(6)).toBe('....x.')
  await churn(22_000)
  expect(await looks(2)).toBe('x.')
})
