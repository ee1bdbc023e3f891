import type { Queryable } from '../../db/pool.ts'
import type { LiveEvent } from './event.ts'

/** How long a node counts as watching after it last said so. */
const WATCH_S = 15

/** Says that somebody watches these tenants at this node, and answers which tenants are watched at others. */
export async function exchangeWatchers(
  db: Queryable,
  nodeId: string,
  tenantIds: readonly string[],
): Promise<Set<string>> {
  if (tenantIds.length > 0)
    await db.query(
      /* sql */ `
        insert into stream_watcher (tenant_id, node_id, expires_at)
        select t, $1, now() + $3 * interval '1 second' from unnest($2::uuid[]) t order by t
        on conflict (tenant_id, node_id) do update set expires_at = excluded.expires_at`,
      [nodeId, tenantIds, WATCH_S],
    )
  const { rows } = await db.query<{ id: string }>(
    'select distinct tenant_id as id from stream_watcher where node_id <> $1 and expires_at > now()',
    [nodeId],
  )
  return new Set(rows.map(({ id }) => id))
}

/** Leaves a batch for the nodes that watch. */
export async function leaveBatch(
  db: Queryable,
  nodeId: string,
  tenantId: string,
  batch: { events: readonly LiveEvent[]; dropped: number },
): Promise<void> {
  await db.query(
    'insert into stream_batch (tenant_id, node_id, dropped, events) values ($1, $2, $3, $4)',
    [tenantId, nodeId, batch.dropped, JSON.stringify(batch.events)],
  )
}

export interface Batch {
  seq: string
  tenantId: string
  dropped: number
  events: LiveEvent[]
}

/** How far back batches are looked for: one may be committed after another that began later. */
const LOOKED_S = 10

/** Batches of other nodes, but those that this node has had. */
export async function takeBatches(
  db: Queryable,
  nodeId: string,
  tenantIds: readonly string[],
  had: readonly string[],
): Promise<Batch[]> {
  const { rows } = await db.query<Batch>(
    /* sql */ `
      select seq::text, tenant_id as "tenantId", dropped, events
        from stream_batch
       where at > clock_timestamp() - $4 * interval '1 second'
         and tenant_id = any($2::uuid[]) and node_id <> $1 and seq <> all($3::bigint[])
       order by seq limit 200`,
    [nodeId, tenantIds, had, LOOKED_S],
  )
  return rows
}

export async function forgetBatches(db: Queryable): Promise<void> {
  await db.query(
    `delete from stream_batch where at < clock_timestamp() - $1 * interval '2 seconds'`,
    [LOOKED_S],
  )
  await db.query('delete from stream_watcher where expires_at < now()')
}
