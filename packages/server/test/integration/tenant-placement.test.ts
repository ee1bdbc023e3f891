// What a placement of tenants, on several databases or on a distributed PostgreSQL, stands on: read from the catalogue.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

/** Tables that are of no tenant, and why. */
const ofNoTenant: Readonly<Record<string, string>> = {
  tenant: 'it says which tenants there are; its id is theirs',
  pombo_migration: 'the schema is the same for all',
  node: 'a node works for all tenants of its database',
  duty: 'which node does what is done once in a database',
  change:
    'news for the caches of the nodes, deleted after minutes; it names what changed by its key',
}

const tables = /* sql */ `
  select c.oid, c.relname as name from pg_class c
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`

test('every table says whose each of its rows is, or why it is of no tenant', async () => {
  const { rows } = await database.pool.query<{ name: string; says: boolean }>(`
    select t.name, exists (
             select from pg_attribute a
              where a.attrelid = t.oid and a.attname = 'tenant_id' and a.attnotnull
                and a.atttypid = 'uuid'::regtype and not a.attisdropped) as says
      from (${tables}) t order by 1`)
  expect(rows.length).toBeGreaterThan(30)
  expect(rows.filter(({ says }) => !says).map(({ name }) => name)).toEqual(
    Object.keys(ofNoTenant).toSorted(),
  )
})

test('no row points at a row of a table that is of no tenant, but at its tenant', async () => {
  const { rows } = await database.pool.query<{ from: string; to: string }>(`
    select distinct f.name as from, t.name as to
      from pg_constraint k
      join (${tables}) f on f.oid = k.conrelid
      join (${tables}) t on t.oid = k.confrelid
     where k.contype = 'f' order by 1, 2`)
  const elsewhere = rows.filter(({ to }) => Object.hasOwn(ofNoTenant, to) && to !== 'tenant')
  expect(elsewhere).toEqual([])
})

test('what is unique without its tenant is unique by an id or a hash, and so in all databases together', async () => {
  const { rows } = await database.pool.query<{ table: string; columns: string[] }>(`
    select t.name as table,
           array(select a.attname::text from unnest(i.indkey) with ordinality k (n, at)
                   join pg_attribute a on a.attrelid = t.oid and a.attnum = k.n order by k.at) as columns
      from pg_index i join (${tables}) t on t.oid = i.indrelid
     where i.indisunique order by 1, 2`)
  const loose = rows
    .filter(
      ({ table, columns }) => !Object.hasOwn(ofNoTenant, table) && !columns.includes('tenant_id'),
    )
    .filter(({ columns }) => !columns.some((name) => /^(id|scope|.*_id|(.*_)?hash)$/.test(name)))
  // A number that is shown live and deleted within minutes: it never leaves its database.
  expect(loose).toEqual([{ table: 'stream_batch', columns: ['seq'] }])
})
