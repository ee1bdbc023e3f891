import type { Queryable } from '../../db/pool.ts'

/** Attempts of one endpoint, or of all of an app's, by spans of time from `sinceMs` on. */
export async function attemptsBySpan(
  db: Queryable,
  endpointIds: readonly string[],
  { sinceMs, untilMs, spanMs }: { sinceMs: number; untilMs: number; spanMs: number },
): Promise<{ span: number; delivered: number; failed: number }[]> {
  const { rows } = await db.query<{ span: number; delivered: number; failed: number }>(
    /* sql */ `
      select floor((extract(epoch from minute) * 1000 - $2::float8) / $4::float8)::int as span,
             sum(attempts - failed_attempts)::float8 as delivered,
             sum(failed_attempts)::float8 as failed
        from endpoint_stat
       where endpoint_id = any($1::uuid[])
         and minute >= to_timestamp($2::float8 / 1000) and minute < to_timestamp($3::float8 / 1000)
       group by 1`,
    [endpointIds, sinceMs, untilMs, spanMs],
  )
  return rows
}

/** Of the apps that are named by id or uid: the ones that there are. */
export async function resolveApps(
  db: Queryable,
  tenantId: string,
  ids: string[],
  uids: string[],
): Promise<{ id: string; uid: string | null }[]> {
  const { rows } = await db.query<{ id: string; uid: string | null }>(
    `select id, uid from app where tenant_id = $1 and kind = 'app' and (id = any($2::uuid[]) or uid = any($3::text[]))`,
    [tenantId, ids, uids],
  )
  return rows
}
