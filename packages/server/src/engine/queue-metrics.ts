import type { Pool } from '../db/pool.ts'
import { uncleaned } from '../db/uncleaned.ts'
import { circuitCounts } from '../record/circuit/store.ts'
import { queueDepth } from '../upkeep/store.ts'
import type { EngineOptions } from './options.ts'

/** What the metrics say of the queue, read when they are asked for. */
export function watchQueue(
  metrics: EngineOptions['metrics'],
  pool: Pool,
  inFlight: () => number,
): void {
  metrics.watchQueue(async () => {
    metrics.setInFlight(inFlight())
    metrics.setCircuits(await circuitCounts(pool))
    metrics.setUncleaned(await uncleaned(pool))
    return (await queueDepth(pool)).map(({ state, count, oldestSeconds }) => ({
      state,
      depth: count,
      oldestSeconds,
    }))
  })
}
