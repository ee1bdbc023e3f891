import type { Config } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import { hostsOf } from '../db/hosts.ts'
import { openPool, type Pool } from '../db/pool.ts'
import { Replica } from '../db/replica.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'

interface Parts {
  pool: Pool
  clock: Clock
  metrics: Metrics
  log: Log
}

/** The standby that lists and statistics are read from, where one is configured; stopped by `undo`, too. */
export async function openReplica(
  { readDatabaseUrl: url, readMaxLagMs: maxLagMs, readConnections }: Config,
  { pool: primary, clock, metrics, log }: Parts,
  undo: AsyncDisposableStack,
): Promise<{ replica?: Replica; stop: () => Promise<void> }> {
  if (url === undefined) return { stop: async () => {} }
  const hosts = hostsOf(url, 'POMBO_READ_DATABASE_URL')
  const standby = openPool(url, readConnections, 'pombo-read', hosts)
  const replica = new Replica({
    primary,
    standby,
    maxLagMs,
    clock,
    observe: (server) => metrics.recordRead(server),
    log: (message, detail) => log.main.warn(detail === undefined ? {} : { detail }, message),
  })
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= replica.stop().then(() => standby.end()))
  undo.defer(stop)
  // Away, it is not waited for: the primary is read.
  await replica.start()
  metrics.watchReplica(() => replica.state)
  return { replica, stop }
}
