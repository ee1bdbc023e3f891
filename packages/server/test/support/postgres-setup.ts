// One PostgreSQL for the whole run: the one that POMBO_TEST_DATABASE_URL names (a superuser's URL), else an embedded
// one in a temporary folder; and beside it, for the project that is called so, the one of another major that
// POMBO_TEST_OTHER_DATABASE_URL names. A template database has the migrations applied; `createTestDatabase` clones it.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openPool } from '../../src/db/pool.ts'
import { databaseUrl } from './database.ts'
import { otherDatabaseUrl, otherProject } from './projects.ts'
import { removeAbandoned, scratchParent } from './scratch.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** `run` begins the name of every database that this run makes. */
    postgres: Provided
  }
}

type Shared = { users: number; ready: Promise<Run> }
type Provided = {
  adminUrl: string
  run: string
  template: string
  /** How databases are copied. Copying files is cheaper to drop again, but waits for the disk where it is synced. */
  strategy: 'file_copy' | 'wal_log'
}
type Run = Provided & { end(): Promise<void> }

// Projects load this file each in a context of its own, in one process: `globalThis` is what they share. By the URL
// that was given, or '' for the embedded one.
const slot = globalThis as typeof globalThis & { pomboTestPostgres?: Map<string, Shared> }

/** Gives back its own end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const isOther = project.name === otherProject
  const given = (isOther ? otherDatabaseUrl() : process.env.POMBO_TEST_DATABASE_URL) ?? ''
  slot.pomboTestPostgres ??= new Map()
  const servers = slot.pomboTestPostgres
  const shared = servers.get(given) ?? { users: 0, ready: start(given) }
  servers.set(given, shared)
  shared.users++
  const server = await shared.ready
  const { adminUrl, run, template, strategy } = server
  project.provide('postgres', { adminUrl, run, template, strategy })
  return async () => {
    if (--shared.users > 0) return
    servers.delete(given)
    await server.end()
  }
}

async function start(given: string): Promise<Run> {
  const server = await startServer(given)
  const run = `pombo_test_${randomBytes(4).toString('hex')}`
  const template = `${run}_template`
  // Open during the whole run, under its name: what marks the run's databases as in use for another run's clean-up.
  const admin = new pg.Client({ connectionString: server.adminUrl, application_name: run })
  admin.on('error', () => {})
  async function end(): Promise<void> {
    await dropAll(admin, run)
    await admin.end()
    await server.stop()
  }
  await admin.connect()
  try {
    await dropAbandoned(admin)
    await admin.query(`create database ${template}`)
    const pool = openPool(databaseUrl(server.adminUrl, template), 1)
    try {
      await migrate(pool)
    } finally {
      await pool.end()
    }
    const { rows } = await admin.query<{ fsync: string }>('show fsync')
    const strategy = rows[0]?.fsync === 'off' ? 'file_copy' : 'wal_log'
    return { adminUrl: server.adminUrl, run, template, strategy, end }
  } catch (error) {
    await end()
    throw error
  }
}

async function startServer(given: string): Promise<{ adminUrl: string; stop(): Promise<void> }> {
  if (given !== '') return { adminUrl: given, stop: async () => {} }
  const parent = scratchParent()
  removeAbandoned(parent, 'pombo-test-')
  const dataDir = await mkdtemp(join(parent, 'pombo-test-'))
  let server = await startEmbedded({ dataDir, log: () => {} }).catch(async (error) => {
    await rm(dataDir, { recursive: true, force: true })
    throw error
  })
  const adminUrl = databaseUrl(server.url, 'postgres')
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  // Tests kill processes, not the machine, so nothing that they check depends on the disk having been reached.
  for (const setting of ['fsync', 'full_page_writes'])
    await admin.query(`alter system set ${setting} = off`)
  // The databases of four files at once, and a queue of a million rows: what does not fit is read, with its checksums,
  // over and over.
  await admin.query(`alter system set shared_buffers = '512MB'`)
  await admin.end()
  await server.stop()
  server = await startEmbedded({ dataDir, log: () => {} })
  return {
    adminUrl,
    async stop() {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Databases of runs that were killed, on a server that outlives them. */
async function dropAbandoned(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ run: string }>(
    `select distinct substring(datname from '^pombo_test_[0-9a-f]{8}') as run from pg_database
     where datname ~ '^pombo_test_[0-9a-f]{8}_'
     and substring(datname from '^pombo_test_[0-9a-f]{8}') not in (select application_name from pg_stat_activity)`,
  )
  for (const { run } of rows) await dropAll(admin, run)
}

async function dropAll(admin: pg.Client, run: string): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(
    'select datname from pg_database where starts_with(datname, $1)',
    [`${run}_`],
  )
  for (const { datname } of rows)
    await admin.query(`drop database if exists ${datname} with (force)`)
}
