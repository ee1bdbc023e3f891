import type { Clock } from '../core/clock.ts'
import type { Pool } from '../db/pool.ts'
import type { Watcher } from '../engine/watchers.ts'
import { Live, type LiveOptions } from '../traffic/live/live.ts'
import { forgetTraffic } from '../traffic/store.ts'
import { Traffic } from '../traffic/traffic.ts'
import { countTraffic } from '../traffic/watcher.ts'
import type { Chore } from '../upkeep/upkeep.ts'

interface Parts {
  pool: Pool
  clock: Clock
  /** The engine's, which is made after this. */
  lease: LiveOptions['lease']
  retentionDays: number
  log: (message: string, detail?: unknown) => void
}

export interface Watching {
  live: Live
  watchers: Watcher[]
  chores: Chore[]
  start(): void
  /** Adds what was counted; after everything that could be counted. */
  stop(): Promise<void>
}

/** What counts and shows what the engine does. */
export function openWatching({ pool, clock, lease, retentionDays, log }: Parts): Watching {
  const traffic = new Traffic({ pool, clock, log })
  const live = new Live({ pool, clock, lease, log })
  return {
    live,
    watchers: [countTraffic(traffic, () => clock.now()), live],
    chores: [
      {
        name: 'traffic',
        everyMs: 3_600_000,
        work: async () => await forgetTraffic(pool, retentionDays),
      },
    ],
    start() {
      traffic.start()
      live.start()
    },
    async stop() {
      await live.stop()
      await traffic.stop()
    },
  }
}
