import type { OperationalType } from '../../core/operational-types.ts'
import { iso } from '../../core/clock.ts'
import { PomboError } from '../../core/error.ts'
import { showId, uuidFloor } from '../../core/id.ts'
import { noteChange } from '../../db/changes.ts'
import { inTransaction, type Pool, type Queryable } from '../../db/pool.ts'
import { noteSignals } from '../../db/signals.ts'

export interface HealthRow {
  endpoint_id: string
  circuit: 'closed' | 'open' | 'half-open'
  consecutive_failures: number
  failing_ms: number | null
  open_until_ms: number | null
  reason: string | null
  /** Of the same attempt. */
  outcome: string | null
  status_code: number | null
}

/** What deliveries say of endpoints, as it stands now; those of which nothing was noted are not in the answer. */
export async function healthOf(
  db: Queryable,
  endpointIds: string[],
): Promise<Map<string, HealthRow>> {
  if (endpointIds.length === 0) return new Map()
  // One row of the primary key an endpoint; of one that fails its causes since then, and the attempt of the last.
  const { rows } = await db.query<HealthRow>(
    /* sql */ `
      select h.endpoint_id, h.circuit, h.consecutive_failures,
             (extract(epoch from h.failing_since) * 1000)::float8 as failing_ms,
             (extract(epoch from h.open_until) * 1000)::float8 as open_until_ms,
             a.error as reason, a.outcome, a.status_code
        from endpoint_health h
        left join lateral (
          select f.message_id, f.attempt_id
            from failure f
           where f.tenant_id = h.tenant_id and f.endpoint_id = h.endpoint_id
             and f.hour >= date_trunc('hour', h.failing_since)
           order by f.last_at desc
           limit 1
        ) f on h.consecutive_failures > 0
        left join attempt a on a.message_id = f.message_id and a.id = f.attempt_id
       where h.endpoint_id = any($1)`,
    [endpointIds],
  )
  return new Map(rows.map((row) => [row.endpoint_id, row]))
}

/** Opens or closes a circuit by hand. Closing forgets the failures as well; `pause_ms` null says who opened it. */
export async function setCircuit(
  db: Pool,
  endpoint: { id: string; tenantId: string; appId: string; uid: string | null },
  to: { state: 'open'; seconds: number } | { state: 'closed' },
): Promise<void> {
  await inTransaction(db, async (client) => {
    // By the primary key: it may have been deleted since it was found.
    const { rowCount } = await client.query('select from endpoint where id = $1 for key share', [
      endpoint.id,
    ])
    const { id, uid } = endpoint
    if (rowCount === 0)
      throw new PomboError('not_found', { what: 'endpoint', id: uid ?? showId('endpoint', id) })
    // One row of the primary key in all three; locked, so that a result that comes meanwhile steps what this leaves.
    const { rows: before } = await client.query<{ circuit: string; failures: number }>(
      /* sql */ `
        select circuit, consecutive_failures as failures
          from endpoint_health
         where endpoint_id = $1
           for update`,
      [endpoint.id],
    )
    const { circuit, failures } = before[0] ?? { circuit: 'closed', failures: 0 }
    let nextProbeAt: string | null = null
    if (to.state === 'closed')
      await client.query('delete from endpoint_health where endpoint_id = $1', [endpoint.id])
    else {
      const { rows } = await client.query<{ ms: number }>(
        /* sql */ `
          insert into endpoint_health (endpoint_id, tenant_id, circuit, opened_at, open_until)
          values ($1, $2, 'open', now(), now() + $3 * interval '1 second')
              on conflict (endpoint_id) do update
             set circuit = 'open', opened_at = now(), open_until = excluded.open_until,
                 pause_ms = null, probe_node = null, probe_until = null, updated_at = now()
          returning (extract(epoch from open_until) * 1000)::float8 as ms`,
        [endpoint.id, endpoint.tenantId, to.seconds],
      )
      nextProbeAt = iso(rows[0]!.ms)
    }
    if (circuit !== to.state)
      await tellCircuit(client, endpoint, {
        type: to.state === 'open' ? 'endpoint.circuit.opened' : 'endpoint.circuit.closed',
        consecutiveFailures: to.state === 'open' ? failures : 0,
        nextProbeAt,
      })
    await noteChange(client, 'app', endpoint.appId, endpoint.id)
  })
}

/** The same operational event as when it opens or closes by itself; none about the operational endpoints. */
async function tellCircuit(
  db: Queryable,
  endpoint: { id: string; tenantId: string; appId: string; uid: string | null },
  {
    type,
    ...state
  }: { type: OperationalType; consecutiveFailures: number; nextProbeAt: string | null },
): Promise<void> {
  // One row of the primary key.
  const { rows } = await db.query<{ uid: string | null; now_ms: number }>(
    /* sql */ `
      select uid, (extract(epoch from now()) * 1000)::float8 as now_ms
        from app
       where id = $1
         and kind <> 'operational'`,
    [endpoint.appId],
  )
  const [app] = rows
  if (app === undefined) return
  const data = {
    appId: showId('app', endpoint.appId),
    appUid: app.uid,
    endpointId: showId('endpoint', endpoint.id),
    endpointUid: endpoint.uid,
    failSince: null,
    ...state,
  }
  await noteSignals(
    db,
    [
      {
        tenantId: endpoint.tenantId,
        type,
        data,
      },
    ],
    app.now_ms,
  )
}

export interface Counts {
  success: number
  fail: number
  canceled: number
  pending: number
  sending: number
}

/**
 * Finished deliveries by the minute counts, which are folded by the hour after two days: so the span is whole
 * minutes, or hours. Open work by the time of its message.
 */
export async function countDeliveries(
  db: Queryable,
  endpointId: string,
  sinceMs: number,
  untilMs: number,
): Promise<Counts> {
  // A range of `endpoint_stat` and one of `work`, both by the primary key: a row a minute and node, then an hour.
  const { rows } = await db.query<Counts>(
    /* sql */ `
      select f.success, f.fail, f.canceled, w.pending, w.sending
        from (
             select coalesce(sum(delivered), 0)::bigint as success,
                    coalesce(sum(exhausted), 0)::bigint as fail,
                    coalesce(sum(discarded), 0)::bigint as canceled
               from endpoint_stat
              where endpoint_id = $1
                and minute >= date_trunc(
                      case when to_timestamp($2) < now() - interval '2 days' then 'hour' else 'minute' end,
                      to_timestamp($2))
                and minute <= to_timestamp($3)) f,
             (
             select count(*) filter (where lease_owner is null) as pending,
                    count(*) filter (where lease_owner is not null) as sending
               from work
              where endpoint_id = $1
                and message_id >= $4
                and message_id < $5) w`,
    [endpointId, sinceMs / 1_000, untilMs / 1_000, uuidFloor(sinceMs), uuidFloor(untilMs)],
  )
  return rows[0]!
}
