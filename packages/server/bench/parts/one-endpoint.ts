import { openPool, type Pool } from '../../src/db/pool.ts'
import { startPart } from './child.ts'
import { apiKey, call, drive, type Stage } from './stage.ts'

/** A Pombo on a database of its own, with one endpoint that answers at once. */
export interface OneEndpoint {
  pool: Pool
  /** Sends events and waits until all have arrived; as fast as it goes, or so many a second. */
  send: (count: number, perSecond?: number) => ReturnType<typeof drive>
  stop: () => Promise<void>
}

export async function oneEndpoint(stage: Stage, name: string): Promise<OneEndpoint> {
  const databaseUrl = await stage.database(name)
  const pool = openPool(databaseUrl, 1, 'bench')
  const pombo = await startPart('pombo.ts', { databaseUrl, dataDir: stage.dataDir, apiKey })
  const stop = async () => {
    await pombo.stop()
    await pool.end()
  }
  try {
    const url = await pombo.ask<string>('url')
    const { id } = await call<{ id: string }>(url, 'POST', '/app', { name })
    await call(url, 'POST', `/app/${id}/endpoint`, {
      url: `${stage.receiverUrl}/ok`,
      maxInFlight: 64,
    })
    const load = {
      urls: [`${url}/api/v1/app/${id}/msg?with_content=false`],
      headers: { authorization: `Bearer ${apiKey}` },
    }
    let number = 0
    await stage.receiver.ask('reset')
    return {
      pool,
      async send(count, perSecond) {
        const firstNumber = number
        number += count
        return await drive(stage, { ...load, count, firstNumber, ...(perSecond && { perSecond }) })
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/**
 * Pages of the queue's table and indexes asked for since the database was made, and scans of it from end to end. The
 * server's counts come in up to a second late.
 */
export async function queueTouched(pool: Pool): Promise<{ pages: number; scans: number }> {
  const { rows } = await pool.query<{ pages: number; scans: number }>(
    `select (heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)::float8 as pages,
            seq_scan::float8 as scans
       from pg_statio_user_tables
       join pg_stat_user_tables using (relid)
      where relid = 'work'::regclass`,
  )
  return rows[0]!
}
