import type { Queryable } from '../../db/pool.ts'

export interface SessionRow {
  source_id: string
  app_id: string
  app_uid: string | null
  gateway: string
  name: string
  last_event_at: Date | null
  silent_since: Date | null
  events: number
  unrecognised: number
  status: string | null
  last_type: string | null
  last_code: string | null
  last_message: string | null
  last_at: Date | null
}

/**
 * Sessions that gateways told of, with the events of their last ten minutes and what is known of their device; the
 * latest first.
 */
export async function readSessions(
  db: Queryable,
  {
    tenantId,
    appId,
    sourceId,
  }: { tenantId: string; appId: string | null; sourceId: string | null },
  limit: number,
): Promise<SessionRow[]> {
  const { rows } = await db.query<SessionRow>(
    /* sql */ `
      select s.source_id, s.app_id, a.uid as app_uid, r.gateway, r.name, s.last_event_at, s.silent_since,
             coalesce(c.events, 0)::float8 as events, coalesce(c.unrecognised, 0)::float8 as unrecognised,
             d.status, d.last_type, d.last_code, d.last_message, d.last_at
        from (select * from source_session
               where tenant_id = $1 and ($2::uuid is null or app_id = $2)
                 and ($4::uuid is null or source_id = $4)
               order by last_event_at desc nulls last limit $3) s
        join source r on r.id = s.source_id
        join app a on a.id = s.app_id
        left join device d on d.id = s.app_id
        left join lateral (
          select sum(n) filter (where what = 'received') as events,
                 sum(n) filter (where what = 'unrecognised') as unrecognised
            from source_stat t
           where t.source_id = s.source_id and t.app_id = s.app_id
             and t.minute > now() - interval '10 minutes') c on true
       order by s.last_event_at desc nulls last`,
    [tenantId, appId, limit, sourceId],
  )
  return rows
}
