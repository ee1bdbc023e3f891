import type pg from 'pg'
import { pause } from '../../core/pause.ts'
import { openClient } from '../../db/host-client.ts'
import { tablesFirst } from '../../db/pool.ts'
import { BOOTSTRAP_LOCK, MIGRATE_LOCK } from '../../db/schema-state.ts'

/**
 * Calls `run` on one moment's picture of the database. Nothing is locked out but the dropping of days, which waits. Not
 * on a pool's connection: those have time limits, and behind a pooler a wrapped `query`.
 */
export async function snapshot<T>(
  url: string,
  signal: AbortSignal | undefined,
  run: (client: pg.Client) => Promise<T>,
): Promise<T> {
  return await onConnection(url, 'isolation level repeatable read, read only', signal, run)
}

/** `unknown`: the commit was not answered, and neither was, for as long as one waits, whether it happened. */
export type Loaded<T> =
  | { outcome: 'committed'; result: T }
  | { outcome: 'rolled-back'; cause: unknown }
  | { outcome: 'unknown'; cause: unknown }

export interface Patience {
  signal?: AbortSignal | undefined
  /** How long the database may be away before it is said that nobody knows. */
  waitMs?: number | undefined
  /** Hears that the commit was not answered, and is looked for. */
  lost?: (() => void) | undefined
}

export const USUAL_WAIT_MS = 60_000
const LOOK_AGAIN_MS = 500

/**
 * Calls `run` in one transaction that may take as long as it takes. Whoever migrates waits for its end, and so does
 * each Pombo that starts: it would make a first tenant beside the one that is loaded. Throws what `run` throws; then
 * nothing of it stays. A commit whose answer is lost is looked for.
 */
export async function loading<T>(
  url: string,
  patience: Patience,
  run: (client: pg.Client) => Promise<T>,
): Promise<Loaded<T>> {
  let done: { result: T; tenantId: string | undefined } | undefined
  try {
    await locked(url, patience.signal, async (client) => {
      const result = await run(client)
      const { rows } = await client.query<{ id: string }>('select id from tenant limit 1')
      done = { result, tenantId: rows[0]?.id }
    })
  } catch (cause) {
    if (done === undefined) throw cause
    patience.lost?.()
    const outcome = await lookFor(url, done.tenantId, patience)
    if (outcome !== 'committed') return { outcome, cause }
  }
  return { outcome: 'committed', result: done!.result }
}

/** By a tenant that was loaded, and no xid: that of a commit which a failover lost is another transaction's now. */
async function lookFor(
  url: string,
  tenantId: string | undefined,
  { signal, waitMs = USUAL_WAIT_MS }: Patience,
): Promise<Loaded<unknown>['outcome']> {
  // Nothing was loaded.
  if (tenantId === undefined) return 'rolled-back'
  const enough = AbortSignal.any([AbortSignal.timeout(waitMs), ...(signal ? [signal] : [])])
  while (!enough.aborted)
    try {
      // Behind the lock, which the transaction in question keeps for as long as it is not over.
      return await locked(url, enough, async (client) => {
        const { rowCount } = await client.query('select from tenant where id = $1', [tenantId])
        return rowCount === 1 ? 'committed' : 'rolled-back'
      })
    } catch {
      await pause(LOOK_AGAIN_MS, enough)
    }
  return 'unknown'
}

async function locked<T>(
  url: string,
  signal: AbortSignal | undefined,
  run: (client: pg.Client) => Promise<T>,
): Promise<T> {
  return await onConnection(url, '', signal, async (client) => {
    await client.query('select pg_advisory_xact_lock($1), pg_advisory_xact_lock($2)', [
      MIGRATE_LOCK,
      BOOTSTRAP_LOCK,
    ])
    return await run(client)
  })
}

async function onConnection<T>(
  url: string,
  mode: string,
  signal: AbortSignal | undefined,
  run: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = openClient(url, { application_name: 'pombo-backup' })
  // What breaks the connection is said by the statement under way.
  client.on('error', () => {})
  await client.connect()
  const cut = () => void client.end().catch(() => {})
  signal?.addEventListener('abort', cut)
  try {
    signal?.throwIfAborted()
    await client.query(`begin ${mode}`)
    await client.query(
      `select set_config('search_path', ${tablesFirst}, true),
              set_config('statement_timeout', '0', true),
              set_config('idle_in_transaction_session_timeout', '0', true)`,
    )
    const result = await run(client).catch((cause: unknown) => {
      signal?.throwIfAborted()
      throw cause
    })
    // From here on it is done, or not, and nobody can say before the answer.
    signal?.removeEventListener('abort', cut)
    await client.query('commit')
    return result
  } finally {
    signal?.removeEventListener('abort', cut)
    // Whatever is not committed goes with the connection.
    await client.end()
  }
}
