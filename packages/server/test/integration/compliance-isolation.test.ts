// Row-level security: a role of the database that is one tenant's, or one organisation's, sees and changes nothing of
// any other, in any table.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { uuidv7 } from '../../src/core/id.ts'
import { migrate } from '../../src/db/migrate.ts'
import { makePartitions } from '../../src/db/partitions.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let tenant: pg.Client
let tables: string[]
const login = `reader_${randomUUID().slice(0, 8)}`

interface Column {
  table: string
  name: string
  type: string
  required: boolean
  /** Text that a check of the table allows. */
  allowed: string | null
}
let columns: Column[]
/** The other tenant's. */
let source: string

const [one, other] = [
  { tenant: randomUUID(), app: randomUUID(), endpoint: randomUUID() },
  { tenant: randomUUID(), app: randomUUID(), endpoint: randomUUID() },
]
const wholeTenant = { tenant: one.tenant }
/** Another organisation of the first tenant. */
const sister = { tenant: one.tenant, app: randomUUID(), endpoint: randomUUID() }

beforeAll(async () => {
  database = await createTestDatabase()
  const { pool } = database
  await makePartitions(pool, Date.now(), Date.now())
  tables = (
    await pool.query<{ name: string }>(
      `select c.relname as name
         from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        order by 1`,
    )
  ).rows.map(({ name }) => name)
  columns = (
    await pool.query<Column>(
      `select c.relname as "table",
              a.attname as name,
              format_type(a.atttypid, null) as type,
              a.attnotnull and not a.atthasdef as required,
              (select (regexp_match(pg_get_constraintdef(k.oid), '''([^'']+)''::text'))[1]
                 from pg_constraint k
                where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]) as allowed
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relname = any($1)
          and c.relnamespace = 'public'::regnamespace
          and a.attgenerated = ''
          and a.attidentity = ''`,
      [tables],
    )
  ).rows
  for (const owner of [one, other, sister]) await fill(owner)
  const { rows } = await pool.query<{ id: string }>('select id from source where tenant_id = $1', [
    other.tenant,
  ])
  source = rows[0]!.id
  await pool.query(`create role ${login} login password 'x' in role pombo_tenant`)
  // More than the role has: to see that it is the policies that hold, not the want of a grant.
  for (const table of tables.filter((name) => hasTenant(name) && name !== 'audit_log'))
    await pool.query(`grant insert, update, delete on ${table} to ${login}`)
  const url = new URL(database.url)
  url.username = login
  url.password = 'x'
  tenant = new pg.Client({ connectionString: url.href })
  await tenant.connect()
})
afterAll(async () => {
  await tenant?.end()
  await database?.pool.query(`drop owned by ${login}; drop role ${login}`)
  await database?.drop()
})

type Owner = typeof one

/** A row of every table, made from the catalogue alone, so that a table that comes later has one too. */
function insertOf(table: string, row: ReadonlyMap<string, unknown>): string {
  const names = [...row.keys()]
  const values = names.map((_, i) => `$${i + 1}`)
  return `insert into ${table} (${names.join(', ')}) values (${values.join(', ')})`
}

async function fill(owner: Owner): Promise<void> {
  const client = await database.pool.connect()
  try {
    // Neither triggers nor foreign keys: what the rows say does not matter, only whose they are.
    await client.query(`set session_replication_role = replica`)
    for (const table of tables) {
      const row = rowOf(table, owner)
      if (!row) continue
      await client.query(`${insertOf(table, row)} on conflict do nothing`, [...row.values()])
    }
  } finally {
    await client.query('reset session_replication_role')
    client.release()
  }
}

function hasTenant(table: string): boolean {
  return (
    table === 'tenant' || columns.some((one) => one.table === table && one.name === 'tenant_id')
  )
}

function rowOf(table: string, owner: Owner): Map<string, unknown> | undefined {
  if (!hasTenant(table)) return undefined
  const row = new Map<string, unknown>()
  for (const column of columns) {
    if (column.table !== table) continue
    const value = valueOf(column, owner)
    if (value !== undefined) row.set(column.name, value)
  }
  return row
}

function valueOf({ table, name, type, required, allowed }: Column, owner: Owner): unknown {
  if (name === 'tenant_id' || (table === 'tenant' && name === 'id')) return owner.tenant
  if (name === 'app_id' || ((table === 'app' || table === 'device') && name === 'id'))
    return owner.app
  if (name === 'endpoint_id' || (table === 'endpoint' && name === 'id')) return owner.endpoint
  if (!required) return undefined
  if (allowed !== null) return allowed
  if (type === 'uuid') return uuidv7(Date.now())
  if (type === 'text') return randomUUID()
  if (type === 'bytea') return Buffer.from(randomUUID())
  if (type === 'boolean') return false
  if (type === 'jsonb') return '{}'
  if (type.startsWith('timestamp')) return new Date()
  if (/int|numeric|double/.test(type)) return 1_024
  if (type.endsWith('[]')) return []
  throw new Error(`no value for ${table}.${name}, a ${type}`)
}

/** As the tenant's role, in a transaction that is rolled back. */
async function as<T>(owner: { tenant?: string; app?: string }, work: () => Promise<T>): Promise<T> {
  await tenant.query('begin')
  try {
    if (owner.tenant)
      await tenant.query(`select set_config('pombo.tenant', $1, true)`, [owner.tenant])
    if (owner.app) await tenant.query(`select set_config('pombo.app', $1, true)`, [owner.app])
    return await work()
  } finally {
    await tenant.query('rollback')
  }
}

async function count(sql: string, values: unknown[] = []): Promise<number> {
  const { rows } = await tenant.query<{ count: number }>(
    `select count(*)::int as count from ${sql}`,
    values,
  )
  return rows[0]!.count
}

function tenantColumn(table: string): string {
  return table === 'tenant' ? 'id' : 'tenant_id'
}

test('the catalogue was read, and every tenant has a row in every table', async () => {
  const own = tables.filter(hasTenant)
  expect(own.length).toBeGreaterThan(20)
  expect(own).toEqual(
    expect.arrayContaining(['message', 'attempt', 'endpoint_secret', 'audit_log', 'device']),
  )
  for (const table of own)
    for (const { tenant: id } of [one, other]) {
      const { rowCount } = await database.pool.query(
        `select from ${table} where ${tenantColumn(table)} = $1`,
        [id],
      )
      expect(rowCount, table).toBeGreaterThan(0)
    }
})

test('a tenant reads its own rows and nobody else’s, of every table', async () => {
  for (const table of tables.filter(hasTenant))
    await as(wholeTenant, async () => {
      expect(await count(table), table).toBeGreaterThan(0)
      expect(await count(`${table} where ${tenantColumn(table)} <> $1`, [one.tenant]), table).toBe(
        0,
      )
      expect(await count(`${table} where ${tenantColumn(table)} = $1`, [other.tenant]), table).toBe(
        0,
      )
    })
})

describe('writing', () => {
  const writable = () => tables.filter((table) => hasTenant(table) && table !== 'audit_log')

  test('a tenant changes and deletes no row of another, of any table', async () => {
    for (const table of writable())
      await as(wholeTenant, async () => {
        const column = tenantColumn(table)
        const updated = await tenant.query(
          `update ${table} set ${column} = ${column} where ${column} = $1`,
          [other.tenant],
        )
        expect(updated.rowCount, table).toBe(0)
        const all = await tenant.query(`delete from ${table} where ${column} = $1`, [other.tenant])
        expect(all.rowCount, table).toBe(0)
      })
  })

  test('a tenant adds no row in another’s name, and gives none away, of any table', async () => {
    for (const table of writable()) {
      const row = rowOf(table, { ...other, app: randomUUID(), endpoint: randomUUID() })!
      if (table === 'tenant') row.set('id', randomUUID())
      const insert = insertOf(table, row)
      await as(wholeTenant, async () => {
        await expect(tenant.query(insert, [...row.values()]), table).rejects.toMatchObject({
          code: '42501',
          message: expect.stringContaining('row-level security') as unknown,
        })
      })
      await as(wholeTenant, async () => {
        const column = tenantColumn(table)
        await expect(
          tenant.query(`update ${table} set ${column} = $1`, [other.tenant]),
          table,
        ).rejects.toMatchObject({ code: '42501' })
      })
    }
  })

  test('a tenant adds no row of its own that points at another’s app, endpoint or source', async () => {
    const pointing = columns.filter(
      ({ table, name }) =>
        writable().includes(table) &&
        (['app_id', 'endpoint_id', 'source_id', 'scope'].includes(name) ||
          (table === 'device' && name === 'id')),
    )
    expect(pointing.length).toBeGreaterThan(15)
    for (const { table, name } of pointing) {
      const row = rowOf(table, { ...one, app: one.app, endpoint: one.endpoint })!
      for (const [column, value] of row)
        if (value instanceof Buffer) row.set(column, Buffer.from(randomUUID()))
      row.set(
        name,
        name === 'endpoint_id' ? other.endpoint : name === 'source_id' ? source : other.app,
      )
      if (row.has('id') && table !== 'device') row.set('id', uuidv7(Date.now()))
      const insert = insertOf(table, row)
      await as(wholeTenant, async () => {
        await expect(
          tenant.query(insert, [...row.values()]),
          `${table}.${name}`,
        ).rejects.toMatchObject({
          code: '42501',
          message: expect.stringContaining('row-level security') as unknown,
        })
      })
    }
  })

  test('the role itself may write nothing', async () => {
    const { rows } = await database.pool.query<{ table: string; privilege: string }>(
      `select table_name as "table", privilege_type as privilege
         from information_schema.role_table_grants
        where grantee = 'pombo_tenant' and privilege_type <> 'SELECT'`,
    )
    expect(rows).toEqual([])
  })

  test('nobody writes into the audit log this way', async () => {
    for (const sql of [
      'delete from audit_log',
      `update audit_log set actor = 'x'`,
      'insert into audit_log default values',
    ])
      await as(wholeTenant, async () => {
        await expect(tenant.query(sql), sql).rejects.toMatchObject({ code: '42501' })
      })
  })
})

test('an organisation reads its own rows alone, of every table; what is of no organisation it does not', async () => {
  for (const table of tables.filter(hasTenant)) {
    const isOf = (name: string) =>
      columns.some((each) => each.table === table && each.name === name)
    const column = isOf('app_id')
      ? 'app_id'
      : table === 'app' || table === 'device'
        ? 'id'
        : isOf('endpoint_id')
          ? 'endpoint_id'
          : null
    await as({ tenant: one.tenant, app: one.app }, async () => {
      if (column === null) return expect(await count(table), table).toBe(0)
      const own = column === 'endpoint_id' ? one.endpoint : one.app
      expect(await count(table), table).toBeGreaterThan(0)
      expect(await count(`${table} where ${column} <> $1`, [own]), table).toBe(0)
    })
    // The sister is there: without an organisation the tenant sees both.
    if (column !== null)
      await as(wholeTenant, async () => {
        const theirs = column === 'endpoint_id' ? sister.endpoint : sister.app
        expect(await count(`${table} where ${column} = $1`, [theirs]), table).toBeGreaterThan(0)
      })
  }
})

test('who does not say which tenant it is reads nothing', async () => {
  for (const table of tables.filter(hasTenant))
    await as({}, async () => {
      await expect(tenant.query(`select * from ${table}`), table).rejects.toThrow(
        /pombo\.tenant|invalid input syntax for type uuid/,
      )
    })
})

test('tables that are nobody’s, and the partitions beneath the others, are out of reach', async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    `select c.relname as name
       from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relispartition`,
  )
  expect(rows.length).toBeGreaterThan(3)
  const shut = [...tables.filter((table) => !hasTenant(table)), ...rows.map(({ name }) => name)]
  expect(shut).toEqual(expect.arrayContaining(['node', 'change', 'pombo_migration']))
  for (const table of shut)
    await as(wholeTenant, async () => {
      await expect(tenant.query(`select * from ${table}`), table).rejects.toMatchObject({
        code: '42501',
      })
    })
})

test('a table that comes later is out of reach until it is isolated, and is with the next migration', async () => {
  const { pool } = database
  await pool.query('create table later (tenant_id uuid not null, app_id uuid, what text)')
  await pool.query('insert into later values ($1, null, $3), ($2, null, $3)', [
    one.tenant,
    other.tenant,
    'x',
  ])
  try {
    await as(wholeTenant, async () => {
      await expect(tenant.query('select * from later')).rejects.toMatchObject({ code: '42501' })
    })
    await migrate(pool)
    await as(wholeTenant, async () => expect(await count('later')).toBe(1))
  } finally {
    await pool.query('drop table later')
  }
})

test('Pombo’s own role sees all of them', async () => {
  const { rows } = await database.pool.query<{ tenants: number }>(
    'select count(distinct tenant_id) as tenants from message',
  )
  expect(rows[0]!.tenants).toBe(2)
})
