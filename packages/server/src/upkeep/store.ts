import type { Queryable } from '../db/pool.ts'

/** The database's time. */
export async function databaseNowMs(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ now_ms: number }>(
    'select (extract(epoch from now()) * 1000)::float8 as now_ms',
  )
  return rows[0]!.now_ms
}

/**
 * Takes a duty that one node does at a time. A row and not a lock: a session's lock is lost behind a pooler, and a
 * transaction's would stay open, idle, as long as the work takes. It counts while its node lives, so a node that died
 * in the middle is followed at once. A node's own is left over: it asks only when it is not at it, and could not say
 * that it was done while the database was away.
 */
export async function takeDuty(db: Queryable, name: string, node: string): Promise<boolean> {
  const { rowCount } = await db.query(
    /* sql */ `
      insert into duty (name, node_id) values ($1, $2)
      on conflict (name) do update set node_id = excluded.node_id, taken_at = now()
       where duty.node_id = excluded.node_id
          or not exists (
               select from node where node.id = duty.node_id and node.expires_at > now())`,
    [name, node],
  )
  return rowCount === 1
}

export async function leaveDuty(db: Queryable, name: string, node: string): Promise<void> {
  await db.query('delete from duty where name = $1 and node_id = $2', [name, node])
}

/** Endpoints that have been failing for longer than `days` without one success, on any node. */
export async function hopeless(
  db: Queryable,
  days: number,
): Promise<{ endpointId: string; failingSinceMs: number }[]> {
  // The minute counts are the truth about successes: a node that only saw successes never looks at the health row.
  await db.query(
    /* sql */ `
      update endpoint_health h set failing_since = null
       where failing_since < now() - $1 * interval '1 day'
         and exists (
           select from endpoint_stat s
            where s.endpoint_id = h.endpoint_id and s.minute >= h.failing_since and s.delivered > 0)`,
    [days],
  )
  const { rows } = await db.query<{ endpointId: string; failingSinceMs: number }>(
    /* sql */ `
      select h.endpoint_id as "endpointId",
             (extract(epoch from h.failing_since) * 1000)::float8 as "failingSinceMs"
        from endpoint_health h join endpoint e on e.id = h.endpoint_id
       where h.failing_since < now() - $1 * interval '1 day' and not e.disabled`,
    [days],
  )
  return rows
}

/** Open deliveries of one state, for the metrics. */
interface QueueDepth {
  state: 'pending' | 'retrying' | 'leased'
  count: number
  oldestSeconds: number
}

/** Reads all of `work`. */
export async function queueDepth(db: Queryable): Promise<QueueDepth[]> {
  const { rows } = await db.query<QueueDepth>(
    /* sql */ `
      select case when lease_owner is not null then 'leased'
                  when attempt > 0 then 'retrying'
                  else 'pending' end as state,
             count(*) as count,
             extract(epoch from now() - min(created_at))::float8 as "oldestSeconds"
        from work
       group by 1`,
  )
  return rows
}
