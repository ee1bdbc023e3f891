import { uuidFloor } from '../../../core/id.ts'
import type { Outcome } from '../../../core/outcome.ts'
import type { Queryable } from '../../../db/pool.ts'
import { allClasses, failedClasses } from '../../history/attempts/store.ts'

export interface CountRow {
  endpoint_id: string
  attempts: number
  failed: number
  delivered: number
  exhausted: number
  discarded: number
  duration_ms: number
}

const MINUTE_MS = 60_000

/**
 * What was counted, by endpoint. Counts are kept by the minute; of a minute that began before `sinceMs` the attempts
 * themselves are counted, so that nothing from before is in the answer.
 */
export async function readCounts(
  db: Queryable,
  endpointIds: readonly string[],
  sinceMs: number | undefined,
): Promise<CountRow[]> {
  const wholeFromMs = sinceMs === undefined ? undefined : Math.ceil(sinceMs / MINUTE_MS) * MINUTE_MS
  // A range of the primary key an endpoint: a row a minute and node, after two days an hour.
  const whole = await db.query<CountRow>(
    /* sql */ `
      select endpoint_id, sum(attempts) as attempts, sum(failed_attempts) as failed,
             sum(delivered) as delivered, sum(exhausted) as exhausted, sum(discarded) as discarded,
             sum(duration_ms)::float8 as duration_ms
        from endpoint_stat
       where endpoint_id = any($1::uuid[])
         and ($2::float8 is null or minute >= to_timestamp($2 / 1000))
       group by endpoint_id`,
    [endpointIds, wholeFromMs ?? null],
  )
  if (sinceMs === undefined || wholeFromMs === sinceMs) return whole.rows
  // A range of `attempt_endpoint` for each endpoint and class: the attempts of less than a minute.
  const part = await db.query<CountRow>(
    /* sql */ `
      select endpoint_id, count(*) as attempts,
             count(*) filter (where outcome <> 'delivered') as failed,
             count(*) filter (where outcome = 'delivered') as delivered,
             0 as exhausted, 0 as discarded, sum(duration_ms)::float8 as duration_ms
        from attempt
       where endpoint_id = any($1::uuid[])
         and class = any($4::smallint[])
         and id >= $2
         and id < $3
       group by endpoint_id`,
    [endpointIds, uuidFloor(sinceMs), uuidFloor(wholeFromMs!), allClasses],
  )
  return [...whole.rows, ...part.rows]
}

export interface FailureRow {
  outcome: Outcome['kind']
  status_code: number
  count: number
}

/** Failed attempts by what went wrong. */
export async function readFailures(
  db: Queryable,
  endpointIds: readonly string[],
  sinceMs: number | undefined,
): Promise<FailureRow[]> {
  // A range of `attempt_endpoint` for each endpoint and class that failed, in each day of the time.
  const { rows } = await db.query<FailureRow>(
    /* sql */ `
      select outcome, status_code, count(*) as count
        from attempt
       where endpoint_id = any($1::uuid[])
         and class = any($3::smallint[])
         and id >= $2
       group by 1, 2`,
    [endpointIds, uuidFloor(Math.max(0, sinceMs ?? 0)), failedClasses],
  )
  return rows
}
