import type pg from 'pg'
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

/**
 * Calls `run` in one transaction that may take as long as it takes. Whoever migrates waits for its end, and so does
 * each Pombo that starts: it would make a first tenant beside the one that is loaded.
 */
export async function loading<T>(
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
