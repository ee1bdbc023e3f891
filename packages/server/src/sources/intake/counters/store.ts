import { type Said, saidOf } from '../../../core/said.ts'
import type { Queryable } from '../../../db/pool.ts'
import type { Count, Refusal, SessionKey } from './count.ts'

/**
 * Adds to this minute's counts, and notes which sessions have spoken. What belongs to a source or an app that is gone
 * is dropped.
 */
export async function addCounts(db: Queryable, counts: readonly Count[]): Promise<void> {
  await db.query({
    name: 'source-counts',
    // Sorted, so that nodes that write at once do not wait for each other in a circle.
    text: `with c as materialized (
        select c.*
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[])
            as c (source_id, app_id, tenant_id, what, n)
          join source on source.id = c.source_id
          join app on app.id = c.app_id
         order by c.source_id, c.app_id
           -- What is being deleted is waited for; found by the foreign keys, it would refuse the counts of all.
           for key share of source, app
      ),
      s as (
        insert into source_session (source_id, app_id, tenant_id, last_event_at)
        select source_id, app_id, tenant_id, now()
          from c
         where what = 'received'
         order by source_id, app_id
        on conflict (source_id, app_id) do update
           set last_event_at = greatest(source_session.last_event_at, excluded.last_event_at)
      )
      insert into source_stat (source_id, app_id, minute, what, tenant_id, n)
      select source_id, app_id, date_trunc('minute', now()), what, tenant_id, n
        from c
       order by source_id, app_id, what
      on conflict (source_id, app_id, minute, what) do update
         set n = source_stat.n + excluded.n`,
    values: [
      counts.map((count) => count.sourceId),
      counts.map((count) => count.appId),
      counts.map((count) => count.tenantId),
      counts.map((count) => count.what),
      counts.map((count) => count.n),
    ],
  })
}

/** Why a request was refused last. A session of which nothing was ever taken has a row from then on. */
export async function noteRefusals(db: Queryable, refusals: readonly Refusal[]): Promise<void> {
  await db.query(
    `insert into source_session (source_id, app_id, tenant_id, last_refusal, last_refusal_coded, last_refused_at)
     select r.source_id, r.app_id, r.tenant_id, r.coded ->> 'msg', r.coded, now()
       from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::jsonb[]) as r (source_id, app_id, tenant_id, coded)
       join source on source.id = r.source_id
       join app on app.id = r.app_id
      order by r.source_id, r.app_id
        for key share of source, app
     on conflict (source_id, app_id) do update
        set last_refusal = excluded.last_refusal, last_refusal_coded = excluded.last_refusal_coded,
            last_refused_at = excluded.last_refused_at`,
    [
      refusals.map((refusal) => refusal.sourceId),
      refusals.map((refusal) => refusal.appId),
      refusals.map((refusal) => refusal.tenantId),
      refusals.map((refusal) => JSON.stringify(refusal.reason)),
    ],
  )
}

/** What is known of a session beside its counts. */
export interface SessionState {
  lastEventAtMs: number | null
  /** Since when it has been silent, where the alarm stands. */
  silentSinceMs: number | null
  lastRefusal: { atMs: number; reason: Said } | null
}

/** Sums of a session's counts over whole minutes. */
export async function readCounts(
  db: Queryable,
  session: SessionKey,
  sinceMs: number,
  untilMs: number,
): Promise<Map<string, number>> {
  const { rows } = await db.query<{ what: string; n: number }>(
    `select what, sum(n)::bigint as n
       from source_stat
      where source_id = $1
        and app_id = $2
        and tenant_id = $3
        and minute >= date_trunc('minute', to_timestamp($4))
        and minute <= to_timestamp($5)
      group by what`,
    [session.sourceId, session.appId, session.tenantId, sinceMs / 1_000, untilMs / 1_000],
  )
  return new Map(rows.map(({ what, n }) => [what, n]))
}

/** When a session last spoke, whether it is silent, and why a request of it was refused last. */
export async function readSession(db: Queryable, session: SessionKey): Promise<SessionState> {
  const { rows } = await db.query<{
    last_event_at: Date | null
    silent_since: Date | null
    last_refusal: string | null
    last_refusal_coded: Said | null
    last_refused_at: Date | null
  }>(
    `select last_event_at, silent_since, last_refusal, last_refusal_coded, last_refused_at
       from source_session
      where source_id = $1
        and app_id = $2`,
    [session.sourceId, session.appId],
  )
  const row = rows[0]
  const reason = saidOf(row?.last_refusal ?? null, row?.last_refusal_coded ?? null)
  return {
    lastEventAtMs: row?.last_event_at?.getTime() ?? null,
    silentSinceMs: row?.silent_since?.getTime() ?? null,
    lastRefusal:
      reason && row?.last_refused_at ? { atMs: row.last_refused_at.getTime(), reason } : null,
  }
}

export async function forgetCounts(db: Queryable, days: number): Promise<void> {
  await db.query(`delete from source_stat where minute < now() - $1 * interval '1 day'`, [days])
}
