import { showDuration } from '../../core/setting-kinds.ts'
import type { Queryable } from '../../db/pool.ts'
import { uncleaned } from '../../db/uncleaned.ts'
import { type Finding, finding } from './finding.ts'

/** From then on a transaction counts as long, and so many dead rows as many. */
const limits = { oldMs: 5 * 60_000, deadRows: 50_000 }

/**
 * Whether the table of open work is cleaned as fast as it is used. A row that is gone stays in the way of the next
 * until the oldest transaction of the server has ended.
 */
export async function queueFindings(
  db: Queryable,
  { oldMs, deadRows } = limits,
): Promise<Finding[]> {
  const { dead, oldest } = await uncleaned(db)
  if (oldest && oldest.ageMs >= oldMs) {
    const name = oldest.application || 'without an application name'
    return [
      finding('warn', 'queue', 'queue_held', {
        dead,
        pid: oldest.pid,
        name,
        age: showDuration(Math.ceil(oldest.ageMs / 1_000) * 1_000),
      }),
    ]
  }
  if (dead >= deadRows) return [finding('warn', 'queue', 'queue_dead', { dead })]
  return [finding('ok', 'queue', 'queue', { dead })]
}
