import type { Config } from '../config/config.ts'
import { shownDatabase } from '../core/database-url.ts'
import { hostsOf } from '../db/hosts.ts'
import { migrate } from '../db/migrate.ts'
import { openPool, type Pool } from '../db/pool.ts'

export interface AppDatabase {
  url: string
  pool: Pool
  /** One connection, for the heartbeat alone. */
  leasePool: Pool
  /** For people: which database it is. */
  name: string
  /** Closes the pools, then stops the embedded server. */
  close(): Promise<void>
}

interface StartOptions {
  progress: (message: string) => void
  signal: AbortSignal | undefined
}

/**
 * The configured database, or the embedded server where none is named; migrated. What it opens is closed by
 * `undo`, too.
 */
export async function openDatabase(
  config: Config,
  { progress, signal }: StartOptions,
  undo: AsyncDisposableStack,
): Promise<AppDatabase> {
  const embedded =
    config.databaseUrl === undefined
      ? await startEmbeddedServer(config.dataDir, { progress, signal }, undo)
      : undefined
  const url = embedded?.url ?? config.databaseUrl!
  const hosts = hostsOf(url)
  const pool = openPool(url, config.databaseConnections - 1, 'pombo', hosts)
  undo.defer(() => pool.end())
  const leasePool = openPool(url, 1, 'pombo-lease', hosts)
  undo.defer(() => leasePool.end())
  await migrate(pool, { log: progress, signal })
  const unwatch = hosts?.watch()
  undo.defer(() => unwatch?.())
  return {
    url,
    pool,
    leasePool,
    name: embedded
      ? `embedded PostgreSQL ${embedded.version} in ${config.dataDir}`
      : shownDatabase(url),
    async close() {
      unwatch?.()
      await Promise.all([pool.end(), leasePool.end()])
      await embedded?.stop()
    },
  }
}

/** Its code is loaded only where it is used. */
async function startEmbeddedServer(
  dataDir: string,
  { progress, signal }: StartOptions,
  undo: AsyncDisposableStack,
) {
  const { startEmbedded } = await import('../db/embedded/embedded.ts')
  const server = await startEmbedded({ dataDir, log: progress, ...(signal && { signal }) })
  undo.defer(() => server.stop())
  return server
}
