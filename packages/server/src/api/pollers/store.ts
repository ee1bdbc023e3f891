import type { Queryable } from '../../db/pool.ts'

/**
 * Up to when all that was accepted can be seen. Ids are made when a message is taken in, and it may be committed a
 * moment later, behind one with a greater id: what is younger than that, or than the oldest transaction that still
 * writes, is left for the next time, so that no consumer passes over a message.
 */
export async function settledMs(db: Queryable, lagMs: number): Promise<number> {
  const { rows } = await db.query<{ ms: number }>(
    /* sql */ `
      select (extract(epoch from least(now(), min(xact_start))) * 1000)::float8 as ms
        from pg_stat_activity
       where backend_xid is not null and datname = current_database() and pid <> pg_backend_pid()`,
  )
  return rows[0]!.ms - lagMs
}

/** Of these places, by their number, those of apps that have messages behind them, before `end`. */
export async function whichHaveNews(
  db: Queryable,
  places: readonly { appId: string; after: string }[],
  end: string,
): Promise<Set<number>> {
  const { rows } = await db.query<{ index: number }>(
    // The limit keeps it a look into the index for each, whatever the planner thinks of their number.
    /* sql */ `
      select (p.number - 1)::int as index
        from unnest($1::uuid[], $2::uuid[]) with ordinality p (app_id, after, number)
       cross join lateral (
         select
           from message m
          where m.app_id = p.app_id
            and m.id > p.after
            and m.id < $3
          limit 1) m`,
    [places.map(({ appId }) => appId), places.map(({ after }) => after), end],
  )
  return new Set(rows.map(({ index }) => index))
}

/** The message that a consumer has read last; undefined: it has not begun. */
export async function placeOf(
  db: Queryable,
  pollerId: string,
  consumer: string,
): Promise<string | undefined> {
  const { rows } = await db.query<{ after: string }>(
    'select after from poller_consumer where poller_id = $1 and name = $2',
    [pollerId, consumer],
  )
  return rows[0]?.after
}

export async function savePlace(
  db: Queryable,
  poller: { id: string; tenantId: string },
  consumer: string,
  after: string,
): Promise<void> {
  // What was given out on a lease is not waited for: whoever sets the place has decided.
  await db.query(
    `insert into poller_consumer (poller_id, name, tenant_id, after) values ($1, $2, $3, $4)
     on conflict (poller_id, name) do update
        set after = excluded.after, updated_at = now(), done_offset = poller_consumer.last_offset, ${noLease}`,
    [poller.id, consumer, poller.tenantId, after],
  )
}

const noLease = `lease_id = null, leased_until = null, leased = '{}', leased_offsets = '{}', given_offset = null`

/** What a consumer may read from, which nobody else reads as it until the lease ends. */
export interface Lease {
  id: string
  after: string
  /** What was given out before and not committed, with its numbers. */
  leased: string[]
  offsets: number[]
  /** The greatest number given out so far. */
  last: number
}

/** @returns undefined: somebody else has it */
export async function takeLease(
  db: Queryable,
  poller: { id: string; tenantId: string },
  consumer: string,
  { id, startAfter, leaseMs }: { id: string; startAfter: string; leaseMs: number },
): Promise<Lease | undefined> {
  const { rows } = await db.query<Omit<Lease, 'id'>>(
    /* sql */ `
      insert into poller_consumer as c (poller_id, name, tenant_id, after, lease_id, leased_until)
      values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6::float8 / 1000))
      on conflict (poller_id, name) do update
         set lease_id = excluded.lease_id, leased_until = excluded.leased_until, updated_at = now()
       where c.leased_until is null or c.leased_until <= now()
      returning after, leased, leased_offsets::float8[] as offsets, last_offset::float8 as last`,
    [poller.id, consumer, poller.tenantId, startAfter, id, leaseMs],
  )
  return rows[0] && { ...rows[0], id }
}

/**
 * Writes down what is given out, and behind it what was given out before and comes later. @returns whether the lease
 * still held
 */
export async function giveOut(
  db: Queryable,
  pollerId: string,
  consumer: string,
  {
    id,
    leased,
    offsets,
    given,
    leaseMs,
  }: Pick<Lease, 'id' | 'leased' | 'offsets'> & { given: number; leaseMs: number },
): Promise<boolean> {
  const { rowCount } = await db.query(
    /* sql */ `
      update poller_consumer
         set leased = $4, leased_offsets = $5, last_offset = greatest(last_offset, $6), given_offset = $8,
             leased_until = now() + make_interval(secs => $7::float8 / 1000), updated_at = now()
       where poller_id = $1 and name = $2 and lease_id = $3`,
    [pollerId, consumer, id, leased, offsets, Math.max(...offsets), leaseMs, given],
  )
  return rowCount === 1
}

/** Ends a lease that found nothing. `after`: what was looked at and is not for this consumer is done with. */
export async function endLease(
  db: Queryable,
  pollerId: string,
  consumer: string,
  lease: { id: string; after: string },
): Promise<void> {
  await db.query(
    `update poller_consumer set after = $4, updated_at = now(), ${noLease}
      where poller_id = $1 and name = $2 and lease_id = $3`,
    [pollerId, consumer, lease.id, lease.after],
  )
}

/**
 * All up to `offset` is done with; with the last of what a lease gave out it ends. @returns the greatest number
 * given out where this one was not; undefined: it was
 */
export async function commitOffset(
  db: Queryable,
  pollerId: string,
  consumer: string,
  offset: number,
): Promise<number | undefined> {
  const { rowCount } = await db.query(
    /* sql */ `
      update poller_consumer c
         set after = leased[at], done_offset = greatest(done_offset, $3), updated_at = now(),
             leased = leased[at + 1:], leased_offsets = leased_offsets[at + 1:],
             lease_id = case when at < lasts then lease_id end,
             leased_until = case when at < lasts then leased_until end
        from (select array_position(leased_offsets, $3::bigint) as at,
                     coalesce(array_position(leased_offsets, given_offset), cardinality(leased)) as lasts
                from poller_consumer where poller_id = $1 and name = $2 for update) as held
       where poller_id = $1 and name = $2 and at is not null`,
    [pollerId, consumer, offset],
  )
  if (rowCount === 1) return undefined
  const { rows } = await db.query<{ done: boolean; last: number }>(
    `select $3::bigint <= done_offset as done, last_offset::float8 as last
       from poller_consumer where poller_id = $1 and name = $2`,
    [pollerId, consumer, offset],
  )
  const { done = offset === 0, last = 0 } = rows[0] ?? {}
  return done ? undefined : last
}
