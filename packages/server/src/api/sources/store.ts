import { uuidFloor } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'

export interface AppDeliveries {
  delivered: number
  exhausted: number
  discarded: number
  waiting: number
}

/**
 * The deliveries of an app: finished ones by the minute counts, so in whole minutes; open ones by the time of their
 * message.
 */
export async function countAppDeliveries(
  db: Queryable,
  app: { tenantId: string; appId: string },
  sinceMs: number,
  untilMs: number,
): Promise<AppDeliveries> {
  // A range of `endpoint_stat` and one of `work`, both by the primary key, for each endpoint of the app.
  const { rows } = await db.query<AppDeliveries>(
    /* sql */ `
      with e as materialized (
           select id
             from endpoint
            where tenant_id = $1
              and app_id = $2)
      select f.delivered, f.exhausted, f.discarded, w.waiting
        from (
             select coalesce(sum(delivered), 0)::bigint as delivered,
                    coalesce(sum(exhausted), 0)::bigint as exhausted,
                    coalesce(sum(discarded), 0)::bigint as discarded
               from endpoint_stat
               join e on e.id = endpoint_id
              where minute >= date_trunc('minute', to_timestamp($3))
                and minute <= to_timestamp($4)) f,
             (
             select count(*) as waiting
               from work
               join e on e.id = endpoint_id
              where message_id >= $5
                and message_id < $6) w`,
    [
      app.tenantId,
      app.appId,
      sinceMs / 1_000,
      untilMs / 1_000,
      uuidFloor(sinceMs),
      uuidFloor(untilMs),
    ],
  )
  return rows[0]!
}
