import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import type { Mapping } from '../../src/cli/pg/mapping.ts'
import { type InstallPlan, installStatements } from '../../src/cli/pg/sql.ts'
import { apply } from '../../src/cli/pg/store.ts'
import { openPool } from '../../src/db/pool.ts'
import { databaseUrl } from './database.ts'

export interface SourceDatabase {
  url: string
  pool: pg.Pool
  drop(): Promise<void>
}

/** A database that events come from: not Pombo's, and empty. */
export async function createSourceDatabase(): Promise<SourceDatabase> {
  const { adminUrl, run } = inject('postgres')
  const name = `${run}_${randomBytes(4).toString('hex')}`
  await asAdmin(adminUrl, `create database ${name}`)
  const url = databaseUrl(adminUrl, name)
  const pool = openPool(url, 5)
  return {
    url,
    pool,
    async drop() {
      if (!pool.ended) await pool.end()
      await asAdmin(adminUrl, `drop database if exists ${name} with (force)`)
    },
  }
}

/** What `pombo pg install` does, without its questions. */
export async function installOutbox(pool: pg.Pool, plan: Partial<InstallPlan> = {}): Promise<void> {
  const whole = { wake: 'notify', mappings: [], emitters: [], readers: [], ...plan } as const
  await apply(pool, installStatements(whole))
}

export function mapping(table: string, given: Partial<Mapping> = {}): Mapping {
  return {
    table: { schema: 'public', name: table },
    operation: 'insert',
    event: `${table}.insert`,
    columns: ['id'],
    key: { prefix: table, columns: ['id'] },
    when: null,
    onError: 'raise',
    ...given,
  }
}

async function asAdmin(adminUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
