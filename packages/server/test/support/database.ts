import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { inject } from 'vitest'
import { openPool } from '../../src/db/pool.ts'

export type TestDatabase = {
  url: string
  /** Opened as Pombo opens its own, of 10 connections at most. */
  pool: pg.Pool
  /** Ends the pool and drops the database, cutting off whoever is still connected. */
  drop(): Promise<void>
}

/** A database of its own with the migrations applied, in about 50 ms. What a test forgets to drop goes when the run ends. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, run, template } = inject('postgres')
  const name = `${run}_${randomBytes(4).toString('hex')}`
  await asAdmin(adminUrl, `create database ${name} template ${template}`)
  const url = databaseUrl(adminUrl, name)
  const pool = openPool(url, 10)
  return {
    url,
    pool,
    async drop() {
      // A client that the test took and never gave back would make `end` wait for ever.
      if (!pool.ended) await Promise.race([pool.end(), sleep(2_000, undefined, { ref: false })])
      await asAdmin(adminUrl, `drop database if exists ${name} with (force)`)
    },
  }
}

/** The same server and user, another database. */
export function databaseUrl(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
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
