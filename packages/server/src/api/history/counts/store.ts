/** How many deliveries endpoints have. */
import type { Queryable } from '../../../db/pool.ts'
import { isClosed } from '../deliveries/store.ts'

/** By message and endpoint, as they are listed. */
export async function countDeliveries(
  db: Queryable,
  endpointIds: readonly string[],
): Promise<number> {
  // All that the endpoints have, by the indexes alone, made distinct: it grows with what is kept.
  const { rows } = await db.query<{ count: number }>(
    /* sql */ `
      select count(*) as count
        from (
             select w.message_id, w.endpoint_id
               from work w
              where w.endpoint_id = any($1::uuid[])
              union
             select d.message_id, d.endpoint_id
               from history d
              where d.endpoint_id = any($1::uuid[])
                and d.${isClosed}) p`,
    [endpointIds],
  )
  return rows[0]!.count
}

export interface OpenRow {
  endpoint_id: string
  rank: number
  tried: boolean
  leased: boolean
  count: number
  attempts: number
}

/** Open deliveries, counted. */
export async function countOpen(db: Queryable, endpointIds: readonly string[]): Promise<OpenRow[]> {
  // A range of the primary key an endpoint: all of its open work.
  const { rows } = await db.query<OpenRow>(
    /* sql */ `
      select w.endpoint_id, w.priority as rank, w.attempt > 0 as tried, w.lease_owner is not null as leased,
             count(*) as count, sum(w.attempt) as attempts
        from work w
       where w.endpoint_id = any($1::uuid[])
       group by 1, 2, 3, 4`,
    [endpointIds],
  )
  return rows
}
