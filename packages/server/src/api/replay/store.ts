import { readId } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'

/** An endpoint by its id, or by its uid within an app. */
export async function findEndpoint(
  db: Queryable,
  { tenantId, appId }: { tenantId: string; appId: string | null },
  idOrUid: string,
): Promise<{ id: string; appId: string } | undefined> {
  const id = readId('endpoint', idOrUid)
  // One row: by the primary key, or by `endpoint_uid` within the app.
  const { rows } = await db.query<{ id: string; appId: string }>(
    /* sql */ `
      select e.id, e.app_id as "appId"
        from endpoint e
        join app a on a.id = e.app_id
       where e.tenant_id = $1
         and a.kind = 'app'
         and ($2::uuid is null or e.app_id = $2)
         and ${id === undefined ? 'e.uid = $3' : 'e.id = $3::uuid'}`,
    [tenantId, appId, id ?? idOrUid],
  )
  return rows[0]
}
