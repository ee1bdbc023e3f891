import type { Config } from '../config.ts'
import { startEmbedded } from '../db/embedded/embedded.ts'
import { openPool, type Pool } from '../db/pool.ts'
import { tell } from './output.ts'

export interface OpenDatabase {
  pool: Pool
  /** For people: which database it is, without its password. */
  where: string
}

/**
 * Runs `work` on the configured database: the one that DATABASE_URL names, or the embedded one, started for as
 * long as it takes.
 */
export async function withDatabase<T>(
  config: Config,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  if (config.databaseUrl !== undefined)
    return await withPool(config.databaseUrl, nameOf(config.databaseUrl), work)
  const server = await startEmbedded({
    dataDir: config.dataDir,
    log: tell,
  })
  try {
    return await withPool(server.url, `the embedded database in ${config.dataDir}`, work)
  } finally {
    await server.stop()
  }
}

async function withPool<T>(
  url: string,
  where: string,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  const pool = openPool(url, 4, 'pombo-cli')
  try {
    return await work({ pool, where })
  } finally {
    await pool.end()
  }
}

/** `pombo at db.example.com:5432`. */
export function nameOf(databaseUrl: string): string {
  const { host, pathname, searchParams } = new URL(databaseUrl)
  return (
    `${decodeURIComponent(pathname.slice(1)) || 'the default database'} at ` +
    `${host || searchParams.get('host') || 'this machine'}`
  )
}
