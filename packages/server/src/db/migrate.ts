import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { inTransaction, type Queryable } from './pool.ts'

/** Held while migrating, so that nodes that start together wait for one another instead of colliding. */
const LOCK = 0x506f6d62

interface Migration {
  version: number
  name: string
  sql: string
  hash: string
}

/** The migrations this code brings: `NNNN-name.sql`, in the order of their numbers. */
export function migrations(): Migration[] {
  const folder = join(import.meta.dirname, 'migrations')
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
  const found = files.map((file) => {
    const sql = readFileSync(join(folder, file), 'utf8')
    return {
      version: Number(file.slice(0, 4)),
      name: file.slice(5, -4),
      sql,
      hash: createHash('sha256').update(sql).digest('hex'),
    }
  })
  const twice = found.find(({ version }, index) => version === found[index + 1]?.version)
  if (twice)
    throw new Error(
      `two migrations carry the number ${twice.version}; give one of them the next free number`,
    )
  return found
}

/** The schema's version that this code knows. */
export function schemaVersion(): number {
  return migrations().at(-1)!.version
}

/** What `migrate` found and did. */
export interface MigrateResult {
  from: number
  to: number
  applied: string[]
}

/**
 * Brings the schema to what this code knows. Safe with many nodes at once; each migration is one transaction.
 * Refuses a schema that is newer than the code, and a server older than PostgreSQL 15, with an Error that says what to do.
 */
export async function migrate(
  pool: pg.Pool,
  options: { log?: (message: string) => void } = {},
): Promise<MigrateResult> {
  const known = migrations()
  return await inTransaction(pool, async (client) => {
    const {
      rows: [server],
    } = await client.query<{ number: number; text: string }>(
      `select current_setting('server_version_num')::int as number, current_setting('server_version') as text`,
    )
    if (server!.number < 150000) {
      throw new Error(
        `Pombo needs PostgreSQL 15 or later; this server is ${server!.text}. Upgrade it, or unset DATABASE_URL to use the embedded server.`,
      )
    }
    await client.query('select pg_advisory_xact_lock($1)', [LOCK])
    await client.query(`create table if not exists pombo_migration (
      version integer primary key, name text not null, hash text not null, applied_at timestamptz not null default now())`)
    const { rows } = await client.query<{ version: number; name: string; hash: string }>(
      'select version, name, hash from pombo_migration order by version',
    )
    const from = rows.at(-1)?.version ?? 0
    const to = known.at(-1)!.version
    if (from > to) {
      throw new Error(
        `The database's schema is at version ${from} ("${rows.at(-1)!.name}"); this Pombo knows versions up to ${to}. Start a newer Pombo, or restore a backup from before the upgrade.`,
      )
    }
    const byVersion = new Map(rows.map((row) => [row.version, row]))
    const applied: string[] = []
    for (const migration of known) {
      const done = byVersion.get(migration.version)
      if (done && done.hash !== migration.hash) {
        throw new Error(
          `Migration ${done.version} ("${done.name}") in the database differs from this Pombo's. It was changed after it was applied; restore the file it was made from.`,
        )
      }
      if (done) continue
      options.log?.(`migrating the schema: ${migration.version} ${migration.name}`)
      await client.query(migration.sql)
      await client.query('insert into pombo_migration (version, name, hash) values ($1, $2, $3)', [
        migration.version,
        migration.name,
        migration.hash,
      ])
      applied.push(migration.name)
    }
    // Puts tables that are new under the tenants' policies; also where the role for it was made by hand since.
    await client.query('select isolate_tenants()')
    return { from, to, applied }
  })
}

/** The version that the database is at; 0: none. */
export async function appliedVersion(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ version: number | null }>(
    'select max(version) as version from pombo_migration',
  )
  return rows[0]!.version ?? 0
}
