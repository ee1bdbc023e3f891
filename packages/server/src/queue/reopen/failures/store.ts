import { causeOfKept } from '../../../core/cause.ts'
import type { Queryable } from '../../../db/pool.ts'
import { madeWith, type Place } from '../store.ts'

/** How the last attempt of a delivery failed. */
export interface LastFailure {
  cause: string
  attemptId: string
  number: number
  error: string | null
  statusCode: number
  atMs: number
}

export function placeKey({ endpointId, messageId }: Place): string {
  return `${endpointId}/${messageId}`
}

/**
 * The last attempt of each of these deliveries, where that failed, by `placeKey`. One probe of the primary key for
 * each day that is kept since its message.
 */
export async function lastFailures(
  db: Queryable,
  deliveries: readonly Place[],
): Promise<Map<string, LastFailure>> {
  if (deliveries.length === 0) return new Map()
  const { rows } = await db.query<Place & Omit<LastFailure, 'cause'> & { outcome: string }>(
    /* sql */ `
      select k.endpoint_id as "endpointId", k.message_id as "messageId", a.id as "attemptId", a.number, a.outcome,
             a.status_code as "statusCode", a.error, (extract(epoch from a.created_at) * 1000)::float8 as "atMs"
        from unnest($1::uuid[], $2::uuid[]) as k (endpoint_id, message_id)
       cross join lateral (
         select id, number, outcome, status_code, error, created_at
           from attempt
          where message_id = k.message_id and endpoint_id = k.endpoint_id and id >= ${madeWith('k.message_id')}
          order by id desc limit 1) a
       where a.outcome <> 'delivered'`,
    [deliveries.map(({ endpointId }) => endpointId), deliveries.map(({ messageId }) => messageId)],
  )
  return new Map(
    rows.map(({ outcome, ...row }) => [
      placeKey(row),
      { ...row, cause: causeOfKept({ outcome, ...row }) },
    ]),
  )
}
