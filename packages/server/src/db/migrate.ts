/**
 * Brings the schema to what the code knows, while other nodes work on it. What a migration may do, and which code may
 * work on a schema that is newer than itself, is decided in docs/decisions/0006-rolling-upgrades.md.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { errorCode } from '../core/thrown.ts'
import { type Migration, migrations } from './migrations.ts'
import { inTransaction, type Queryable, tablesFirst } from './pool.ts'
import { MIGRATE_LOCK, NODES_LOCK, schemaProblem } from './schema-state.ts'

/**
 * How long a migration waits for a table that is in use. Whoever comes after it waits behind it for as long, so it is
 * far below a lease; then it stands back, and tries again. Also below PostgreSQL's deadlock_timeout of a second: where
 * it and a node wait for each other, it is the migration that gives way.
 */
const lockWait = '500ms'
const lockTries = 120

/** What `migrate` found and did. */
export interface MigrateResult {
  from: number
  /** The schema's version now; more than the code knows where a newer Pombo made it, and it serves this one. */
  to: number
  applied: string[]
}

/**
 * Brings the schema to what this code knows. Safe with many nodes at once, also with older ones at work; each migration
 * is one transaction. Refuses, with an Error that says what to do: a schema that no longer serves this code, a
 * migration that live nodes would not survive, and a server older than PostgreSQL 15.
 */
export async function migrate(
  pool: pg.Pool,
  options: {
    log?: (message: string) => void
    /** Stops at this version: for tables that rows of an older release are read into. */
    upTo?: number
    /** Ends a wait for another's migration, or for a restore. */
    signal?: AbortSignal | undefined
  } = {},
): Promise<MigrateResult> {
  await refuseOldServer(pool)
  const { upTo = Infinity } = options
  const known = migrations().filter(({ version }) => version <= upTo)
  const log = options.log ?? (() => {})
  let isNew = false
  const tell = ({ version, name }: Migration, at: number): void => {
    isNew ||= at === 0
    // Of a new database once: whoever starts the first time has nothing that is migrated.
    if (!isNew) log(`migrating the schema: ${version} ${name}`)
    else if (at === 0) log('making the schema')
  }
  const applied: string[] = []
  let from: number | undefined
  for (;;) {
    const step = await patiently(pool, log, options.signal, (client) =>
      applyNext(client, known, tell),
    )
    from ??= step.from
    if (step.applied === undefined) return { from, to: step.from, applied }
    applied.push(step.applied)
  }
}

async function refuseOldServer(db: Queryable): Promise<void> {
  const { rows } = await db.query<{ number: number; text: string }>(
    `select current_setting('server_version_num')::int as number, current_setting('server_version') as text`,
  )
  if (rows[0]!.number < 150000)
    throw new Error(
      `Pombo needs PostgreSQL 15 or later; this server is ${rows[0]!.text}. Upgrade it, or ` +
        'unset DATABASE_URL to use the embedded server.',
    )
}

interface Applied {
  version: number
  name: string
  hash: string
  serves_from: number
}

/** Applies the first migration that is missing. `applied` is undefined when none was. */
async function applyNext(
  client: pg.PoolClient,
  known: readonly Migration[],
  tell: (next: Migration, at: number) => void,
): Promise<{ from: number; applied: string | undefined }> {
  // Waiting for another node's migration, and a migration, take as long as they take.
  await client.query('set local statement_timeout = 0')
  await waitForOthers(client)
  const done = await readApplied(client)
  const from = done.at(-1)?.version ?? 0
  const next = nextOf(done, known)
  if (next === undefined) {
    // Puts tables that are new under the tenants' policies; also where the role for it was made by hand since.
    await client.query('select isolate_tenants()')
    return { from, applied: undefined }
  }
  if (next.servesFrom > 0) await refuseWhileOlderLive(client, next)
  tell(next, from)
  await client.query(`set local lock_timeout = '${lockWait}'`)
  await client.query(next.sql)
  await client.query(
    'insert into pombo_migration (version, name, hash, serves_from) values ($1, $2, $3, $4)',
    [next.version, next.name, next.hash, next.servesFrom],
  )
  return { from, applied: next.name }
}

/** Tells a wait for who migrates or restores, of a second and longer, from one for a table. */
class Busy extends Error {}

async function waitForOthers(client: pg.PoolClient): Promise<void> {
  await client.query(`set local lock_timeout = '1s'`)
  try {
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATE_LOCK])
  } catch (cause) {
    throw isInUse(cause) ? new Busy('another migrates or restores', { cause }) : cause
  }
  await client.query('set local lock_timeout to default')
}

async function readApplied(client: pg.PoolClient): Promise<Applied[]> {
  await client.query(`select set_config('search_path', ${tablesFirst}, true)`)
  await client.query(/* sql */ `
    create table if not exists pombo_migration (
      version integer primary key,
      name text not null,
      hash text not null,
      applied_at timestamptz not null default now(),
      serves_from integer not null default 0)`)
  // Only where it is missing: the lock would wait for everyone who reads the table, such as a backup.
  await client.query(/* sql */ `do $$ begin
    if not exists (
      select from pg_attribute
       where attrelid = 'pombo_migration'::regclass and attname = 'serves_from'
    ) then
      alter table pombo_migration add column serves_from integer not null default 0;
    end if;
  end $$`)
  const { rows } = await client.query<Applied>(
    'select version, name, hash, serves_from from pombo_migration order by version',
  )
  return rows
}

/** The first migration to apply; undefined: the schema serves this code as it is. Refuses one that does not. */
function nextOf(done: readonly Applied[], known: readonly Migration[]): Migration | undefined {
  const version = done.at(-1)?.version ?? 0
  const servesFrom = Math.max(0, ...done.map((row) => row.serves_from))
  const knows = known.at(-1)!.version
  const problem = version > knows && schemaProblem({ version, servesFrom }, knows)
  if (problem) throw new Error(`${capital(problem)}.`)
  const byVersion = new Map(done.map((row) => [row.version, row]))
  for (const { version: number, hash } of known) {
    const row = byVersion.get(number)
    if (row && row.hash !== hash)
      throw new Error(
        `Migration ${number} ("${row.name}") in the database differs from this Pombo's. It ` +
          'was changed after it was applied; restore the file it was made from.',
      )
  }
  const next = known.find((migration) => !byVersion.has(migration.version))
  if (next !== undefined && version > knows)
    throw new Error(
      `The database's schema is at version ${version}, but lacks migration ${next.version} ` +
        `("${next.name}") of this Pombo: they are of two lines of development. Start the Pombo ` +
        'that the database belongs to.',
    )
  return next
}

/** A migration that takes something away waits for the release that no longer uses it to be everywhere. */
async function refuseWhileOlderLive(client: pg.PoolClient, next: Migration): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [NODES_LOCK])
  const { rows: found } = await client.query<{ found: boolean }>(
    `select to_regclass('node') is not null as found`,
  )
  if (!found[0]!.found) return
  const { rows } = await client.query<{ name: string; version: string; schema_version: number }>(
    'select name, version, schema_version from node where expires_at > now() and schema_version < $1 order by name',
    [next.servesFrom],
  )
  if (rows.length === 0) return
  const nodes = rows.map(
    (node) => `${node.name} (Pombo ${node.version}, knows version ${node.schema_version})`,
  )
  throw new Error(
    `Migration ${next.version} ("${next.name}") serves only a Pombo that knows version ` +
      `${next.servesFrom} or later, and older nodes are live: ${nodes.join(', ')}. Upgrade or ` +
      'stop them, then start this one again.',
  )
}

/** Tries again when a table was in use for too long. Nothing of a try that failed stays. */
async function patiently<T>(
  pool: pg.Pool,
  log: (message: string) => void,
  signal: AbortSignal | undefined,
  run: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  let isTold = false
  for (let tried = 1; ; tried++) {
    signal?.throwIfAborted()
    try {
      return await inTransaction(pool, run)
    } catch (error) {
      if (error instanceof Busy) {
        if (!isTold)
          log('waiting: a migration, a restore or a move into this database is under way')
        isTold = true
        tried--
        continue
      }
      if (!isInUse(error)) throw error
      if (tried === lockTries)
        throw new Error(
          'The schema could not be migrated: a table is in use by a statement that takes ' +
            `longer than ${lockWait} (a backup, a report). Nothing was changed by this step; ` +
            'end it, or wait for it, and start again.',
          { cause: error },
        )
      log('a table that the migration needs is in use; trying again in a second')
      await sleep(1_000)
    }
  }
}

/** Waited too long for a lock, or in a ring. */
function isInUse(error: unknown): boolean {
  return ['55P03', '40P01'].includes(errorCode(error))
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
