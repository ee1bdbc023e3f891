/**
 * The database: one driver, one pool. Rooms reach it through their own `store.ts`; each table has one writer.
 */
import pg from 'pg'
import { PomboError } from '../core/error.ts'
import { errorCode } from '../core/thrown.ts'
import { hostClient } from './host-client.ts'
import { type Hosts, hostsOf, noServerCode } from './hosts.ts'

export type { Pool } from 'pg'

/** Either a pool or a client inside a transaction. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(
    text: string,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>>
  query<Row extends pg.QueryResultRow>(config: pg.QueryConfig): Promise<pg.QueryResult<Row>>
}

// Counts and sequence numbers come as bigint, which `pg` hands out as text. All of ours stay far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

/**
 * Opens a pool; `max` connections at most, made when needed. Where the URL names several servers, `hosts` knows which
 * of them is used; pools that are given the same one move together.
 */
export function openPool(
  url: string,
  max: number,
  applicationName = 'pombo',
  hosts: Hosts | undefined = hostsOf(url),
): pg.Pool {
  const pool = new pg.Pool({
    ...(hosts ? { Client: hostClient(hosts) } : { connectionString: url }),
    max,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    // oxlint-disable-next-line typescript/no-misused-promises -- pg-pool waits for it, which its types do not say
    onConnect: settleIn,
  })
  // An idle connection that breaks (a restart of the database) is replaced at the next query; unheard, it would end the
  // process.
  pool.on('error', () => {})
  // One that breaks between two statements of a transaction, likewise: its next statement says so.
  const clients = new Set<pg.PoolClient>()
  pool.on('connect', (client) => {
    client.on('error', () => {})
    clients.add(client)
  })
  pool.on('remove', (client) => void clients.delete(client))
  connected.set(pool, clients)
  hosts?.onMoved(() => dropConnections(pool))
  return pool
}

const connected = new WeakMap<pg.Pool, Set<pg.PoolClient>>()

const limits = {
  // A query that hangs holds a slot; none of ours takes longer.
  statement_timeout: '60s',
  // A node that was cut off in the middle of a transaction must not keep its locks until the network gives up on it
  // (hours).
  idle_in_transaction_session_timeout: '5s',
  // A queue's statistics are always out of date. Analysed while the queue was empty, it is read from end to end, and a
  // prepared statement keeps that plan: after a burst each call read all dead rows (1,760 pages for 1.3 rows settled).
  // All of Pombo's statements have an index.
  enable_seqscan: 'off',
  // A cost estimate that crosses jit's threshold makes a heartbeat take 150 to 260 ms. No statement is long enough to
  // earn it back.
  jit: 'off',
}
/** Begins a transaction with the settings that a session behind a pooler does not have. */
export const beginPooled = `begin; ${Object.entries(limits)
  .map(([name, value]) => `set local ${name} = '${value}'`)
  .join('; ')}`

/**
 * The schema that the tables lie in, put first. By PostgreSQL's default a schema that has the role's own name comes
 * before `public`: made later by anybody, it would get what is created next, and be found first.
 */
export const tablesFirst = /* sql */ `
  coalesce((
    select relnamespace::regnamespace::text || ', '
      from pg_class
     where oid = to_regclass('pombo_migration')), '') || current_setting('search_path')`

/** Connections behind a pooler that gives them a server for one transaction at a time. */
const pooled = new WeakSet<pg.ClientBase>()

/**
 * Sets a new connection's limits; or finds that it is a pooler's (PgBouncer and its like), which make up the process id
 * that they tell clients. There nothing may outlive a transaction: limits are set for each, not for the session, where
 * they would stay with a server that serves others too, and not when connecting, which poolers refuse; and statements
 * have no names. The search path is set by what creates tables only (migrate.ts, partitions.ts): the others find theirs
 * wherever nothing else has the same name.
 */
async function settleIn(client: pg.ClientBase): Promise<void> {
  const { processID } = client as pg.ClientBase & { processID: number | null }
  const { rowCount } = await client.query(
    `select ${Object.entries(limits)
      .map(([name, value]) => `set_config('${name}', '${value}', false)`)
      .join(', ')}, set_config('search_path', ${tablesFirst}, false) where pg_backend_pid() = $1`,
    [processID],
  )
  if (rowCount === 1) return
  pooled.add(client)
  Object.assign(client, { query: pooledQuery(client) })
}

type Callback = (error: Error | null | undefined, result?: unknown) => void
type Query = (config: unknown, values: unknown[] | undefined, done: Callback) => void

/**
 * `query` of a connection behind a pooler: statements lose their names, and one that stands alone gets a transaction
 * around it, for the settings. That costs two more exchanges; without it the planner reads the queue from end to end
 * whenever that looks cheap.
 */
function pooledQuery(client: pg.ClientBase): (...args: unknown[]) => unknown {
  const send = client.query.bind(client) as unknown as Query
  let isOpen = false
  const alone: Query = (config, values, done) => {
    send(beginPooled, undefined, (refused) => {
      if (refused) return done(refused)
      send(config, values, (error, result) => {
        send(error ? 'rollback' : 'commit', undefined, (failed) => done(error ?? failed, result))
      })
    })
  }
  return (given, ...rest) => {
    const done = rest.find((arg): arg is Callback => typeof arg === 'function')
    const values = rest.find((arg): arg is unknown[] => Array.isArray(arg))
    const text = typeof given === 'string' ? given : (given as { text?: unknown }).text
    // A cursor or another object that submits itself.
    if (typeof text !== 'string') return (send as (...args: unknown[]) => unknown)(given, ...rest)
    const config = typeof given === 'string' ? given : { ...(given as object), name: undefined }
    if (/^\s*begin\b/i.test(text)) isOpen = true
    const standsAlone = !isOpen && /^\s*(?:select|insert|update|delete|with)\b/i.test(text)
    if (/^\s*(?:commit|rollback)\b/i.test(text)) isOpen = false
    const query = standsAlone ? alone : send
    if (done) return query(config, values, done)
    return new Promise((resolve, reject) => {
      query(config, values, (error, result) => (error ? reject(error) : resolve(result)))
    })
  }
}

type BreakableClient = pg.PoolClient & { connection: { stream: { destroy(): void } } }

/**
 * Breaks all connections of a pool. Statements under way fail as if the database had gone away; new ones get new
 * connections. For a database that does not answer: a network that swallows everything is found out by TCP after a
 * quarter of an hour.
 */
export function dropConnections(pool: pg.Pool): void {
  // As the network would break them: idle ones that were ended in good order would stay in the pool, and fail whoever
  // gets them next.
  for (const client of connected.get(pool) ?? [])
    (client as BreakableClient).connection.stream.destroy()
}

/** Calls `run` in one transaction; rolls back if it throws. A connection that broke is dropped, not reused. */
export async function inTransaction<T>(
  pool: pg.Pool,
  run: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query(pooled.has(client) ? beginPooled : 'begin')
    const result = await run(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    const broken = await client.query('rollback').then(
      () => false,
      () => true,
    )
    // What has become read-only stays so; the next one is asked for who takes writes.
    client.release(broken || errorCode(error) === '25006')
    throw error
  }
}

/** What `pg` and its pool say, without a code, of a connection that is gone. */
const awayMessages = [
  'connection terminated',
  'timeout exceeded when trying to connect',
  'client has encountered a connection error',
  'client was closed',
]

const noPartition = 'no partition'

/** What is said of a database that turns everything away. */
const away: Readonly<Record<string, string>> = {
  '3D000': 'does not exist any more',
  '28000': "refuses Pombo's role",
  '28P01': "refuses Pombo's password",
  '40P01': "was held up by another's work",
  '53100': 'has no space left',
  '53200': 'has no memory left',
  '53300': 'has no connection left',
  '55000': 'takes no connections',
  '57P01': 'is being shut down or dropped',
  '57P03': 'is starting or stopping',
  '57P04': 'was dropped',
  '25006': 'is read-only',
  [noServerCode]: 'has no server that takes writes',
}
/** And of one that answers, and cannot do what is asked, whatever it is: somebody has to see to it. */
const unable: Readonly<Record<string, string>> = {
  '0A000': 'has changed its tables meanwhile',
  '25P04': 'ended a transaction that took too long',
  '26000': "has lost Pombo's prepared statements",
  '3F000': "has lost Pombo's schema; starting Pombo makes it",
  '40001': "was held up by another's work",
  '42501': "denies Pombo's role a right that it needs",
  '42703': "has lost a column of Pombo's tables, or is another version's",
  '42704': "has lost a part of Pombo's schema, or is another version's",
  '42883': "has lost a function of Pombo's, or is another version's",
  '42P01': "has lost Pombo's tables; starting Pombo makes them",
  '42P10': "has lost an index of Pombo's tables, or is another version's",
  '55006': 'is in use by somebody who keeps others out',
  '55P03': 'is locked by somebody else',
  '57014': 'ended a statement that took too long or was cancelled',
  '58000': 'has trouble with its system',
  '58030': 'cannot read or write its files',
  '58P01': 'has lost one of its files',
  XX001: 'has damaged data',
  XX002: 'has a damaged index',
  [noPartition]: 'has no partition for today; starting Pombo makes it',
}

/** True when the database answers, and is not as Pombo needs it: nothing was done, and the log says why. */
export function isUnable(error: unknown): boolean {
  return Object.hasOwn(unable, troubleOf(error))
}

/** What is wrong with it, for the answer of `database_away`. */
export function awayState(error: unknown): string {
  const code = troubleOf(error)
  const known = { ...away, ...unable }
  const state = Object.hasOwn(known, code) ? known[code]! : undefined
  if (code === noServerCode || code === noPartition) return state!
  if (state !== undefined) return `${state} (SQLSTATE ${code})`
  // What Node says of a connection has no digit.
  return /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)
    ? `cannot do it now (SQLSTATE ${code})`
    : 'does not answer'
}

/** The SQLSTATE; a row for which there is no partition has that of a check that it breaks, and no check's name. */
function troubleOf(error: unknown): string {
  const code = errorCode(error)
  const { constraint } = (error ?? {}) as { constraint?: unknown }
  return code === '23514' && constraint === undefined ? noPartition : code
}

/**
 * True when the database did not answer or turned the connection away, as opposed to refusing the statement: the work
 * can be repeated later as it is. SQLSTATE classes 08 (connection), 53 (resources: disk full, too many connections),
 * 57P (shutdown, restart), what refuses the connection itself (`away`); 40P01: it was in another's way (a deadlock
 * with a migration), and is undone.
 */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = errorCode(error)
  if (Object.hasOwn(away, code)) return true
  if (/^(08|53|57P)/.test(code) || code === '25P03') return true
  if (/^E[A-Z]+$/.test(code)) return true
  return awayMessages.some((message) => error.message.toLowerCase().includes(message))
}

/** The answer to who sent something in, where it could not be stored for that. Undefined: it is another error. */
export function databaseAway(error: unknown): PomboError | undefined {
  if (!isAway(error) && !isUnable(error)) return undefined
  const state = awayState(error)
  return new PomboError('database_away', { state }, { retryAfterSeconds: 2, cause: error })
}

/** True when the database answers what is read and takes no writes: its disk is full, or it is a standby. */
export function refusesWrites(error: unknown): boolean {
  return ['53100', '25006'].includes(errorCode(error))
}

/** Whether the database answers; throws what is wrong. */
export async function ping(db: Queryable): Promise<void> {
  await db.query('select 1')
}
