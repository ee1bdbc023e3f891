import { uuidFloor, uuidTimeMs } from '../../core/id.ts'
import { dayBounds, type Partition } from '../../db/partitions.ts'
import type { Queryable } from '../../db/pool.ts'

/** A tenant, and how many days of its history are kept. */
export interface Kept {
  tenantId: string
  days: number
}

export async function keptDays(db: Queryable, defaultDays: number): Promise<Kept[]> {
  const { rows } = await db.query<Kept>(
    'select id as "tenantId", coalesce(retention_days, $1) as days from tenant order by id',
    [defaultDays],
  )
  return rows
}

/**
 * Whether an open delivery is of that day, or is for a message of that day. Reads all of `work`; asked for days past
 * their time only.
 */
export async function hasOpenWork(db: Queryable, dayMs: number): Promise<boolean> {
  const { from, to } = dayBounds(dayMs)
  const { rows } = await db.query<{ open: boolean }>(
    /* sql */ `
      select exists (
        select from work
         where (message_id >= $1 and message_id < $2) or (id >= $1 and id < $2)) as open`,
    [from, to],
  )
  return rows[0]!.open
}

/** Endpoints that have been disabled, and not been touched since, for longer than their tenant's history is kept. */
export async function abandonedEndpoints(
  db: Queryable,
  defaultDays: number,
): Promise<(Kept & { endpointId: string })[]> {
  const { rows } = await db.query<Kept & { endpointId: string }>(
    /* sql */ `
      select e.id as "endpointId", e.tenant_id as "tenantId", coalesce(t.retention_days, $1) as days
        from endpoint e join tenant t on t.id = e.tenant_id
       where e.disabled
         and e.updated_at < now() - coalesce(t.retention_days, $1) * interval '1 day'
         and exists (select from work w where w.endpoint_id = e.id)`,
    [defaultDays],
  )
  return rows
}

/** Up to when tenants' histories have been deleted by `pruneBlocks`; those that are missing: never. */
export async function prunedBefore(
  db: Queryable,
  tenantIds: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await db.query<{ tenant_id: string; ms: number }>(
    /* sql */ `
      select tenant_id, (extract(epoch from before) * 1000)::float8 as ms
        from prune
       where tenant_id = any($1::uuid[])`,
    [tenantIds],
  )
  return new Map(rows.map(({ tenant_id, ms }) => [tenant_id, ms]))
}

/** The oldest message before `beforeMs` that each tenant has an open delivery for; tenants without one are missing. */
export async function oldestOpen(
  db: Queryable,
  tenantIds: readonly string[],
  beforeMs: number,
): Promise<Map<string, number>> {
  const { rows } = await db.query<{ tenant_id: string; first: string }>(
    /* sql */ `
      select tenant_id, min(message_id::text) as first
        from work
       where tenant_id = any($1::uuid[]) and message_id < $2
       group by tenant_id`,
    [tenantIds, uuidFloor(beforeMs)],
  )
  return new Map(rows.map(({ tenant_id, first }) => [tenant_id, uuidTimeMs(first)]))
}

export async function notePruned(
  db: Queryable,
  pruned: readonly { tenantId: string; beforeMs: number }[],
): Promise<void> {
  await db.query(
    /* sql */ `
      insert into prune (tenant_id, before)
      select p.id, to_timestamp(p.ms / 1000)
        from unnest($1::uuid[], $2::float8[]) as p (id, ms) join tenant using (id)
      on conflict (tenant_id) do update set before = excluded.before`,
    [pruned.map(({ tenantId }) => tenantId), pruned.map(({ beforeMs }) => beforeMs)],
  )
}

/**
 * Deletes tenants' rows from some blocks of a partition: no index leads with the tenant, and one would cost every
 * delivery an entry, so that the rows are found by reading each block once. Messages with open deliveries stay.
 */
export async function pruneBlocks(
  db: Queryable,
  { table, name }: Partition,
  tenantIds: readonly string[],
  from: number,
  to: number,
): Promise<void> {
  const kept =
    table === 'message' ? 'and not exists (select from work w where w.message_id = x.id)' : ''
  await db.query(
    /* sql */ `
      delete from ${name} x
       where x.ctid >= $1::tid and x.ctid < $2::tid and x.tenant_id = any($3::uuid[]) ${kept}`,
    [`(${from},0)`, `(${to},0)`, tenantIds],
  )
}

/** Deletes payloads of one day whose own time is over; the messages and their attempts stay. @returns how many */
export async function expirePayloads(
  db: Queryable,
  { name }: Partition,
  limit: number,
): Promise<number> {
  const { rowCount } = await db.query(
    /* sql */ `
      update ${name} set payload = null, payload_expires_at = null
       where ctid = any(array(
         select ctid from ${name} where payload_expires_at < now() limit $1))`,
    [limit],
  )
  return rowCount ?? 0
}

/**
 * What is kept for a while only, whatever the tenant: keys of repeats, answers to repeat, the story of jobs that are
 * over.
 */
const perishable = {
  dedupe: 'expires_at < now()',
  idempotency: `created_at < now() - interval '24 hours'`,
  job: `status <> 'running' and updated_at < now() - interval '30 days'`,
} as const
export const perishables = Object.keys(perishable) as (keyof typeof perishable)[]

/** Deletes what has perished of one table, `limit` rows at most. @returns how many */
export async function forget(
  db: Queryable,
  table: keyof typeof perishable,
  limit: number,
): Promise<number> {
  const { rowCount } = await db.query(
    /* sql */ `
      delete from ${table}
       where ctid = any(array(
         select ctid from ${table} where ${perishable[table]} limit $1))`,
    [limit],
  )
  return rowCount ?? 0
}

/**
 * Folds counts by the minute of more than two days ago into one row an hour, and deletes those that are older than the
 * tenant's history; of up to `limit` endpoints behind `after`, also of endpoints that are gone. The endpoints are found
 * by one probe of the key each. A month of one endpoint is then some 3,500 rows and not 40,000 for each node, which
 * took 120 ms to add up.
 * @returns the last endpoint looked at; undefined: there was none
 */
export async function foldCounts(
  db: Queryable,
  defaultDays: number,
  after: string,
  limit: number,
): Promise<string | undefined> {
  const { rows } = await db.query<{ last: string | null }>(
    /* sql */ `
      with recursive known as (
        (select endpoint_id, tenant_id, 1 as n
           from endpoint_stat
          where endpoint_id > $2
          order by endpoint_id
          limit 1)
        union all
        (select next.endpoint_id, next.tenant_id, known.n + 1
           from known
          cross join lateral (
            select endpoint_id, tenant_id
              from endpoint_stat
             where endpoint_id > known.endpoint_id
             order by endpoint_id
             limit 1) next
          where known.n < $3)
      ), past as (
        select known.*,
               now() - coalesce(t.retention_days, $1) * interval '1 day' as keep_from,
               date_trunc('hour', now() - interval '2 days') as minutes_from
          from known left join tenant t on t.id = known.tenant_id
      ), gone as (
        delete from endpoint_stat s
         using past
         where s.endpoint_id = past.endpoint_id
           and s.minute < greatest(past.keep_from, past.minutes_from)
           and (s.shard >= 0 or s.minute < past.keep_from)
        returning s.*, s.minute >= past.keep_from as kept
      ), folded as (
        insert into endpoint_stat as hour
               (endpoint_id, minute, shard, tenant_id, delivered, exhausted, discarded,
                attempts, failed_attempts, duration_ms)
        select endpoint_id, date_trunc('hour', minute), -1, tenant_id, sum(delivered), sum(exhausted), sum(discarded),
               sum(attempts), sum(failed_attempts), sum(duration_ms)
          from gone
         where kept
         group by endpoint_id, date_trunc('hour', minute), tenant_id
        on conflict (endpoint_id, minute, shard) do update
          set delivered = hour.delivered + excluded.delivered,
              exhausted = hour.exhausted + excluded.exhausted,
              discarded = hour.discarded + excluded.discarded,
              attempts = hour.attempts + excluded.attempts,
              failed_attempts = hour.failed_attempts + excluded.failed_attempts,
              duration_ms = hour.duration_ms + excluded.duration_ms
      )
      select (select endpoint_id from known order by n desc limit 1) as last`,
    [defaultDays, after, limit],
  )
  return rows[0]!.last ?? undefined
}
