import type { Queryable } from '../../../db/pool.ts'

/** Work that waits, endpoint by endpoint. */
export interface WaitingPage {
  /** Endpoints from which something may be claimed now, and whether any of their work has an ordering key. */
  due: { id: string; keyed: boolean }[]
  /** Behind which endpoint to go on; undefined: that was the last. */
  next: string | undefined
}

/** Ordering keys whose heads are looked at for one that is due; where there are more, one may be. */
const keysLookedAt = 20

/**
 * Looks at the next `limit` endpoints that have waiting work, from `after` on, and answers from which may be claimed:
 * not those whose work is not due yet, that are paused or disabled, or whose circuit is open. A loose index scan, and
 * few probes for each endpoint, however long its backlog: each subquery is scalar, which no planner makes a join of,
 * and reads one row. 200 endpoints that wait for a retry touch 1,004 pages.
 */
export async function endpointsWithWork(
  db: Queryable,
  after: string,
  limit: number,
): Promise<WaitingPage> {
  const { rows } = await db.query<{ id: string; keyed: boolean; due: boolean }>(
    /* sql */ `
    with recursive plain as (
      (select endpoint_id
         from work
        where lease_owner is null and ordering_key is null and endpoint_id > $1
        order by endpoint_id
        limit 1)
      union all
      (select next.endpoint_id
         from plain
        cross join lateral (
          select endpoint_id
            from work
           where lease_owner is null and ordering_key is null and endpoint_id > plain.endpoint_id
           order by endpoint_id
           limit 1
        ) next)
    ),
    ordered as (
      (select endpoint_id
         from work
        where ordering_key is not null and endpoint_id > $1
        order by endpoint_id
        limit 1)
      union all
      (select next.endpoint_id
         from ordered
        cross join lateral (
          select endpoint_id
            from work
           where ordering_key is not null and endpoint_id > ordered.endpoint_id
           order by endpoint_id
           limit 1
        ) next)
    ),
    looked_at as materialized (
      select endpoint_id, bool_or(keyed) as keyed
        from (
          (select endpoint_id, false as keyed from plain limit $2)
          union all
          (select endpoint_id, true from ordered limit $2)
        ) both_kinds
       group by endpoint_id
       order by endpoint_id
       limit $2
    )
    select endpoint_id as id, keyed,
           (
             coalesce((
               select true
                 from work w
                where w.endpoint_id = looked_at.endpoint_id and w.priority = any('{0,1,2}'::smallint[])
                  and w.lease_owner is null and w.ordering_key is null and w.next_attempt_at <= now()
                limit 1), false)
             or keyed and (
               with recursive heads as (
                 (select w.ordering_key, w.lease_owner is null and w.next_attempt_at <= now() as is_due
                    from work w
                   where w.endpoint_id = looked_at.endpoint_id and w.ordering_key is not null
                   order by w.ordering_key, w.seq
                   limit 1)
                 union all
                 (select next.*
                    from heads
                   cross join lateral (
                     select w.ordering_key, w.lease_owner is null and w.next_attempt_at <= now()
                       from work w
                      where w.endpoint_id = looked_at.endpoint_id and w.ordering_key > heads.ordering_key
                      order by w.ordering_key, w.seq
                      limit 1
                   ) next
                   where not heads.is_due)
               )
               select bool_or(is_due) or count(*) = ${keysLookedAt}
                 from (select is_due from heads limit ${keysLookedAt}) first)
           )
           and coalesce((
             select not e.paused and not e.disabled
               from endpoint e
              where e.id = looked_at.endpoint_id), true)
           and coalesce((
             select case h.circuit when 'open' then h.open_until when 'half-open' then h.probe_until end <= now()
               from endpoint_health h
              where h.endpoint_id = looked_at.endpoint_id), true) as due
      from looked_at
     order by endpoint_id`,
    [after, limit],
  )
  return {
    due: rows.filter((row) => row.due),
    next: rows.length === limit ? rows.at(-1)!.id : undefined,
  }
}

/**
 * Of these endpoints, the ones with something to claim now. Of ordered work it is not looked whether its turn has
 * come.
 */
export async function endpointsDue(
  db: Queryable,
  endpointIds: readonly string[],
): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>(
    // Index work_due, then work_order: one row of each is enough to know.
    /* sql */ `
    select id
      from unnest($1::uuid[]) as e(id)
     where exists (
             select
               from work w
              where w.endpoint_id = e.id and w.priority = any('{0,1,2}'::smallint[])
                and w.lease_owner is null and w.ordering_key is null and w.next_attempt_at <= now())
        or exists (
             select
               from work w
              where w.endpoint_id = e.id and w.ordering_key is not null
                and w.lease_owner is null and w.next_attempt_at <= now())`,
    [endpointIds],
  )
  return new Set(rows.map(({ id }) => id))
}
