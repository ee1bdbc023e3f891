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
  await db.query(
    `insert into poller_consumer (poller_id, name, tenant_id, after) values ($1, $2, $3, $4)
     on conflict (poller_id, name) do update set after = excluded.after, updated_at = now()`,
    [poller.id, consumer, poller.tenantId, after],
  )
}
