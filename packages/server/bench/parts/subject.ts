import { openPool, type Pool } from '../../src/db/pool.ts'
import { type Part, startPart } from './child.ts'
import { apiKey, call, type Stage } from './stage.ts'

/** An app with one endpoint at the receiver. */
export interface Target {
  app: string
  /** Path of the endpoint in the API. */
  endpoint: string
  /** Where its events are POSTed. */
  messages: string
}

/** A Pombo on a database of its own, as a measurement has it. */
export interface Subject {
  part: Part
  url: string
  databaseUrl: string
  pool: Pool
  /** Calls its API. */
  call: <T>(method: string, path: string, body?: unknown) => Promise<T>
  /** @param path of the receiver's; `/ok` answers at once */
  target: (name: string, path?: string, settings?: object) => Promise<Target>
  /** What it has in memory after a collection. */
  held: () => Promise<{ heapBytes: number; externalBytes: number }>
  stop: () => Promise<void>
}

export async function openSubject(
  stage: Stage,
  name: string,
  env: Record<string, string> = {},
): Promise<Subject> {
  const databaseUrl = await stage.database(name)
  const args = { databaseUrl, dataDir: stage.dataDir, apiKey, env }
  const part = await startPart('pombo.ts', args, { execArgv: ['--expose-gc'] })
  const pool = openPool(databaseUrl, 1, 'bench')
  const url = await part.ask<string>('url')
  await stage.receiver.ask('reset')
  const ask: Subject['call'] = async (method, path, body) => await call(url, method, path, body)
  return {
    part,
    url,
    databaseUrl,
    pool,
    call: ask,
    async target(app, path = '/ok', settings = { maxInFlight: 64 }) {
      const { id } = await ask<{ id: string }>('POST', '/app', { name: app })
      const place = { url: `${stage.receiverUrl}${path}`, ...settings }
      const endpoint = await ask<{ id: string }>('POST', `/app/${id}/endpoint`, place)
      return {
        app: id,
        endpoint: `/app/${id}/endpoint/${endpoint.id}`,
        messages: `${url}/api/v1/app/${id}/msg?with_content=false`,
      }
    },
    async held() {
      await part.ask('gc')
      return await part.ask('usage')
    },
    async stop() {
      await pool.end()
      await part.stop()
    },
  }
}

/** Measures one, which is ended whatever comes of it. */
export async function withSubject<T>(
  stage: Stage,
  name: string,
  measure: (subject: Subject) => Promise<T>,
): Promise<T> {
  const subject = await openSubject(stage, name)
  try {
    return await measure(subject)
  } finally {
    await subject.stop()
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
