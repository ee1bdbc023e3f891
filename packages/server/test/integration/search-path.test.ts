// A schema that has the name of Pombo's role, made after Pombo was: PostgreSQL looks there first.
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { DAY_MS } from '../../src/core/clock.ts'
import { listPartitions, makePartitions } from '../../src/db/partitions.ts'
import { openPool } from '../../src/db/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase()
  await database.pool.query(`do $$ begin execute format('create schema %I', current_user); end $$`)
})
afterEach(() => database.drop())

const shadowed = async (db: pg.Pool) =>
  (
    await db.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = current_user::regnamespace`,
    )
  ).rows

test('a connection that is opened later works on the tables that are there', async () => {
  const pool = openPool(database.url, 2)
  try {
    const { rows } = await pool.query<{ schema: string }>('select current_schema() as schema')
    expect(rows[0]!.schema).toBe('public')
    expect(await migrate(pool)).toMatchObject({ applied: [] })
    await makePartitions(pool, Date.now(), Date.now() + DAY_MS)
    expect(await shadowed(pool)).toEqual([])
  } finally {
    await pool.end()
  }
})

test('where no setting outlives a transaction, as behind a pooler, nothing is created there either', async () => {
  const plain = new pg.Pool({ connectionString: database.url, max: 2 })
  // Its end does not wait for the sockets: the database may be dropped under them.
  plain.on('connect', (client) => client.on('error', () => {}))
  try {
    const { rows } = await plain.query<{ schema: string }>('select current_schema() as schema')
    expect(rows[0]!.schema).not.toBe('public')
    expect(await migrate(plain)).toMatchObject({ applied: [] })
    const made = await makePartitions(plain, Date.now(), Date.now() + DAY_MS)
    expect(made.length).toBeGreaterThan(0)
    expect((await listPartitions(plain)).map(({ name }) => name)).toEqual(
      expect.arrayContaining(made),
    )
    expect(await shadowed(plain)).toEqual([])
  } finally {
    await plain.end()
  }
})
