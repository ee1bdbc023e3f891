import type { Queryable } from '../../../db/pool.ts'
import type { SourceRow } from '../../../sources/intake/registered/row.ts'
import { type Cursor, keysetRange } from '../../pagination.ts'

export interface ListedSource extends SourceRow {
  app_uid: string | null
  app_name: string
  /** Sessions that it told of. */
  heard: number
  /** In the last ten minutes. */
  events: number
  last_event_at: Date | null
  silent_since: Date | null
}

/** Sources of all of a tenant's apps. */
export async function listAllSources(
  db: Queryable,
  { tenantId, appId }: { tenantId: string; appId: string | null },
  cursor: Cursor,
): Promise<ListedSource[]> {
  const { compare, direction, at, limit } = keysetRange(cursor)
  // A range of the index by tenant, and of each source its sessions by their primary key.
  const { rows } = await db.query<ListedSource>(
    /* sql */ `
      select s.*, a.uid as app_uid, a.name as app_name, t.heard, t.last_event_at, t.silent_since,
             coalesce(c.events, 0)::float8 as events
        from source s
        join app a on a.id = s.app_id
       cross join lateral (
             select count(*)::int as heard, max(last_event_at) as last_event_at, min(silent_since) as silent_since
               from source_session
              where source_id = s.id) t
        left join lateral (
             select sum(c.n) as events
               from source_session o
               join source_stat c on c.source_id = o.source_id and c.app_id = o.app_id
              where o.source_id = s.id and o.last_event_at > now() - interval '11 minutes'
                and c.what = 'received' and c.minute > now() - interval '10 minutes') c on true
       where s.tenant_id = $1 and s.id ${compare} $2 and ($4::uuid is null or s.app_id = $4)
       order by s.id ${direction}
       limit $3`,
    [tenantId, at, limit, appId],
  )
  return rows
}
