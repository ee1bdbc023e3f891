import type { Pool } from '../../db/pool.ts'
import { forgetGoneReaders } from '../broker/readers/store.ts'
import { forgetCounts } from './counters/store.ts'
import { forgetFiles } from './media/store.ts'
import { watchSilence } from './silence/store.ts'

/** What upkeep does for the intake, on one node at a time. */
export function intakeChores(
  pool: Pool,
  nowMs: () => number,
  retentionDays: number,
): { name: string; everyMs: number; work: () => Promise<unknown> }[] {
  return [
    {
      name: 'silent sources',
      everyMs: 60_000,
      work: async () => await watchSilence(pool, nowMs()),
    },
    {
      name: 'expired files and counts, readers that are gone',
      everyMs: 3_600_000,
      async work() {
        await forgetFiles(pool)
        await forgetCounts(pool, retentionDays)
        await forgetGoneReaders(pool)
      },
    },
  ]
}
