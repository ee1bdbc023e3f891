import { showDuration } from '../../core/setting-kinds.ts'
import type { Queryable } from '../../db/pool.ts'
import { uncleaned } from '../../db/uncleaned.ts'
import { type Finding, ok, warn } from './finding.ts'

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
  const detail = `${dead} dead rows in the table of open work`
  if (oldest && oldest.ageMs >= oldMs) {
    const name = oldest.application || 'without an application name'
    return [
      warn(
        'queue',
        `${detail}; none can be cleaned since the transaction of process ${oldest.pid} (${name}) began, ` +
          `${showDuration(Math.ceil(oldest.ageMs / 1_000) * 1_000)} ago`,
        `End it: select pg_terminate_backend(${oldest.pid}). A long report or a dump belongs on a standby.`,
      ),
    ]
  }
  if (dead >= deadRows)
    return [
      warn(
        'queue',
        detail,
        'Let autovacuum run more often or faster (autovacuum_naptime, autovacuum_vacuum_cost_limit), ' +
          'or run: vacuum work. Replication slots that nobody reads hold it back too (pg_replication_slots).',
      ),
    ]
  return [ok('queue', detail)]
}
