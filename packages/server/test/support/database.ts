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

/**
 * A database of its own with the migrations applied, in about 30 ms. What a test forgets to drop goes when the run
 * ends.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, run, template, strategy } = inject('postgres')
  const name = `${run}_${randomBytes(4).toString('hex')}`
  await asAdmin(adminUrl, `create database ${name} template ${template} strategy ${strategy}`)
  // On a server that waits for its disk, each database that is dropped makes it write all the others: commits would
  // wait for that, and whoever waits for a connection would be told that the database is away.
  if (strategy === 'wal_log')
    await asAdmin(adminUrl, `alter database ${name} set synchronous_commit = off`)
  const url = databaseUrl(adminUrl, name)
  const pool = openPool(url, 10)
  return {
    url,
    pool,
    async drop() {
      // A client that the test took and never gave back would make `end` wait for ever.
      if (!pool.ended) await Promise.race([pool.end(), sleep(2_000, undefined, { ref: false })])
      // A pool's end does not wait for its sockets: who is cut off while closing hears of it with nobody listening.
      for (let look = 0; look < 20 && (await sessions(adminUrl, name)) > 0; look += 1)
        await sleep(25)
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

let admin: Promise<pg.Client> | undefined

/** By one connection a worker: a connection costs more than the copy of a database. */
async function asAdmin(adminUrl: string, sql: string): Promise<unknown[]> {
  admin ??= connect(adminUrl)
  try {
    return (await (await admin).query(sql)).rows
  } catch (error) {
    admin = undefined // the next one gets a new connection, in case this one broke
    throw error
  }
}

/** How many are connected to a database. */
async function sessions(adminUrl: string, name: string): Promise<number> {
  const rows = await asAdmin(adminUrl, `select 1 from pg_stat_activity where datname = '${name}'`)
  return rows.length
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => (admin = undefined))
  await client.connect()
  ;(client as pg.Client & { unref(): void }).unref() // @types/pg leaves it out
  return client
}
