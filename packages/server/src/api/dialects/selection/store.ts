import type { DialectName } from '../../../core/endpoint.ts'
import type { Caller, DialectApp } from '../../../dialects/contract/caller.ts'
import type { Selection } from '../../../dialects/contract/delivery-log.ts'
import type { EndpointQuery } from '../../../dialects/contract/ports.ts'
import type { Queryable } from '../../../db/pool.ts'

/** An endpoint as far as logs and counts show it. */
export interface Selected {
  id: string
  uid: string | null
  app_id: string
  app_uid: string | null
  app_name: string
  dialect: DialectName
  retries: number | null
}

/** The endpoints that a question is about, within the caller's reach. */
export async function selectEndpoints(
  db: Queryable,
  caller: Caller,
  selection: Selection,
): Promise<Map<string, Selected>> {
  // The caller's apps by `app_list`, and of each its endpoints by `endpoint_list`.
  const { rows } = await db.query<Selected>(
    /* sql */ `
      select e.id, e.uid, e.app_id, a.uid as app_uid, a.name as app_name, e.dialect,
             cardinality(e.retry_schedule_ms) as retries
        from app a
        join endpoint e on e.app_id = a.id
       where a.tenant_id = $1
         and a.kind = 'app'
         and ($2::uuid is null or a.id = $2)
         and ($3::uuid is null or a.id = $3)
         and ($4::text is null or e.dialect = $4)
         and ($5::uuid is null or e.id = $5)
         and ($6::text[] is null or e.uid = any($6))
         and ($7::text[] is null or e.uid is null or e.uid <> all($7))`,
    [
      caller.tenantId,
      caller.appId,
      selection.appId ?? null,
      selection.dialect ?? null,
      selection.endpointId ?? null,
      selection.uids ?? null,
      selection.exceptUids ?? null,
    ],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Names of apps within the caller's reach. */
export async function selectApps(
  db: Queryable,
  caller: Caller,
  ids: readonly string[],
): Promise<Map<string, { id: string; uid: string | null; name: string }>> {
  // One row of the primary key an app.
  const { rows } = await db.query<{ id: string; uid: string | null; name: string }>(
    /* sql */ `
      select id, uid, name
        from app
       where tenant_id = $1
         and kind = 'app'
         and ($2::uuid is null or id = $2)
         and id = any($3::uuid[])`,
    [caller.tenantId, caller.appId, ids],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Ids of endpoints over all apps, newest first. */
export async function listEndpointIds(
  db: Queryable,
  caller: Caller,
  query: EndpointQuery & { id?: string },
): Promise<{ ids: string[]; total: number }> {
  // As above, all of them, since they are counted; the page is made of their ids.
  const { rows } = await db.query<{ id: string | null; total: number }>(
    /* sql */ `
      with found as materialized (
           select e.id
             from app a
             join endpoint e on e.app_id = a.id
            where a.tenant_id = $1
              and a.kind = 'app'
              and ($2::uuid is null or a.id = $2)
              and ($3::uuid is null or a.id = $3)
              and ($4::text is null or e.dialect = $4)
              and ($5::uuid is null or e.id = $5)
              and e.metadata @> $6::jsonb)
      select p.id, t.total
        from (select count(*) as total from found) t
        left join (
             select id
               from found
              order by id desc
              limit $7
             offset $8) p on true`,
    [
      caller.tenantId,
      caller.appId,
      query.appId ?? null,
      query.dialect ?? null,
      query.id ?? null,
      JSON.stringify(query.metadata ?? {}),
      query.limit,
      query.offset ?? 0,
    ],
  )
  return {
    ids: rows
      .flatMap(({ id }) => (id === null ? [] : [id]))
      .toSorted()
      .toReversed(),
    total: rows[0]!.total,
  }
}

interface AppRow {
  id: string | null
  uid: string | null
  name: string
  metadata: Record<string, string>
  created_at: Date
  updated_at: Date
  total: number
}

/** Apps with these entries in their metadata, newest first. */
export async function listApps(
  db: Queryable,
  caller: Caller,
  query: { metadata?: Record<string, string>; limit: number; offset?: number },
): Promise<{ rows: DialectApp[]; total: number }> {
  // The caller's apps by `app_list`, all of them, since they are counted.
  const { rows } = await db.query<AppRow>(
    /* sql */ `
      with found as (
           select *
             from app
            where tenant_id = $1
              and kind = 'app'
              and ($2::uuid is null or id = $2)
              and metadata @> $3::jsonb)
      select p.id, p.uid, p.name, p.metadata, p.created_at, p.updated_at, t.total
        from (select count(*) as total from found) t
        left join (
             select *
               from found
              order by id desc
              limit $4
             offset $5) p on true`,
    [
      caller.tenantId,
      caller.appId,
      JSON.stringify(query.metadata ?? {}),
      query.limit,
      query.offset ?? 0,
    ],
  )
  return {
    rows: rows.flatMap(({ id, uid, name, metadata, created_at, updated_at }) =>
      id === null
        ? []
        : [
            {
              id,
              tenantId: caller.tenantId,
              uid,
              name,
              metadata,
              createdAtMs: created_at.getTime(),
              updatedAtMs: updated_at.getTime(),
            },
          ],
    ),
    total: rows[0]!.total,
  }
}

/** The app of a message: one probe of an index for each of the tenant's apps, all in one partition. */
export async function appOfMessage(
  db: Queryable,
  caller: Caller,
  messageId: string,
): Promise<string | undefined> {
  const { rows } = await db.query<{ id: string }>(
    /* sql */ `
      select a.id
        from app a
       cross join lateral (
             select
               from message m
              where m.app_id = a.id
                and m.id = $3
              limit 1) found
       where a.tenant_id = $1
         and a.kind = 'app'
         and ($2::uuid is null or a.id = $2)
       limit 1`,
    [caller.tenantId, caller.appId, messageId],
  )
  return rows[0]?.id
}
