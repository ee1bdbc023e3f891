import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config/config.ts'
import { SystemClock } from '../../core/clock.ts'
import { shownDatabase } from '../../core/database-url.ts'
import { openPool } from '../../db/pool.ts'
import { hostsOf } from '../../db/hosts.ts'
import { Replica, type ReplicaState } from '../../db/replica.ts'
import { type Finding, finding } from './finding.ts'

/** What is to be said of the standby that lists and statistics are read from, where one is configured. */
export async function replicaFindings(url: string, config: Config): Promise<Finding[]> {
  const { readDatabaseUrl, readMaxLagMs: maxLagMs } = config
  if (readDatabaseUrl === undefined) return []
  const primary = openPool(url, 1, 'pombo-doctor')
  const hosts = hostsOf(readDatabaseUrl, 'POMBO_READ_DATABASE_URL')
  const standby = openPool(readDatabaseUrl, 1, 'pombo-doctor', hosts)
  const nothing = () => {}
  const clock = new SystemClock()
  const replica = new Replica({ primary, standby, maxLagMs, clock, observe: nothing, log: nothing })
  try {
    // The first look notes where the log is, and a later one finds that the standby has come there.
    const untilMs = clock.monotonic() + Math.min(maxLagMs, 3_000)
    for (;;) {
      await replica.look()
      const { lagMs, problem } = replica.state
      if (lagMs !== null || problem !== null || clock.monotonic() > untilMs) break
      await sleep(100)
    }
    return [replicaFinding(replica.state, config)]
  } finally {
    await Promise.all([primary.end(), standby.end()])
  }
}

export function replicaFinding(state: ReplicaState, config: Config): Finding {
  const where = shownDatabase(config.readDatabaseUrl!)
  if (state.used)
    return finding('ok', 'read replica', 'replica', { where, ms: Math.ceil(state.lagMs ?? 0) })
  const reason = state.problem ?? 'it is not known how far it is behind'
  return finding('warn', 'read replica', 'replica_unused', { where, reason })
}
