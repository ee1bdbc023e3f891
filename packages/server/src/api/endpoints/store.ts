import { uuidFloor } from '../../core/id.ts'
import { noteChange } from '../../db/changes.ts'
import { inTransaction, type Pool, type Queryable } from '../../db/pool.ts'

export interface HealthRow {
  endpoint_id: string
  circuit: 'closed' | 'open' | 'half-open'
  consecutive_failures: number
  failing_ms: number | null
  open_until_ms: number | null
}

/** What deliveries say of endpoints, as it stands now; those of which nothing was noted are not in the answer. */
export async function healthOf(
  db: Queryable,
  endpointIds: string[],
): Promise<Map<string, HealthRow>> {
  if (endpointIds.length === 0) return new Map()
  const { rows } = await db.query<HealthRow>(
    `select endpoint_id, circuit, consecutive_failures, (extract(epoch from failing_since) * 1000)::float8 as failing_ms,
            (extract(epoch from open_until) * 1000)::float8 as open_until_ms
       from endpoint_health where endpoint_id = any($1)`,
    [endpointIds],
  )
  return new Map(rows.map((row) => [row.endpoint_id, row]))
}

/** Opens or closes a circuit by hand. Closing forgets the failures as well. */
export async function setCircuit(
  db: Pool,
  endpoint: { id: string; tenantId: string; appId: string },
  to: { state: 'open'; seconds: number } | { state: 'closed' },
): Promise<void> {
  await inTransaction(db, async (client) => {
    if (to.state === 'closed')
      await client.query('delete from endpoint_health where endpoint_id = $1', [endpoint.id])
    else {
      await client.query(
        `insert into endpoint_health (endpoint_id, tenant_id, circuit, opened_at, open_until, pause_ms)
         values ($1, $2, 'open', now(), now() + $3 * interval '1 second', $3::int * 1000)
         on conflict (endpoint_id) do update set circuit = 'open', opened_at = now(), open_until = excluded.open_until, pause_ms = excluded.pause_ms,
           probe_node = null, probe_until = null, updated_at = now()`,
        [endpoint.id, endpoint.tenantId, to.seconds],
      )
    }
    await noteChange(client, 'app', endpoint.appId)
  })
}

export interface Counts {
  success: number
  fail: number
  canceled: number
  pending: number
  sending: number
}

/** Finished deliveries by the minute counts, which are folded by the hour after two days: so the span is whole minutes, or hours. Open work by the time of its message. */
export async function countDeliveries(
  db: Queryable,
  endpointId: string,
  sinceMs: number,
  untilMs: number,
): Promise<Counts> {
  const { rows } = await db.query<Counts>(
    `select f.success, f.fail, f.canceled, w.pending, w.sending
       from (select coalesce(sum(delivered), 0)::bigint as success, coalesce(sum(exhausted), 0)::bigint as fail, coalesce(sum(discarded), 0)::bigint as canceled
               from endpoint_stat where endpoint_id = $1 and minute >= date_trunc(case when to_timestamp($2) < now() - interval '2 days' then 'hour' else 'minute' end, to_timestamp($2)) and minute <= to_timestamp($3)) f,
            (select count(*) filter (where lease_owner is null) as pending, count(*) filter (where lease_owner is not null) as sending
               from work where endpoint_id = $1 and message_id >= $4 and message_id < $5) w`,
    [endpointId, sinceMs / 1_000, untilMs / 1_000, uuidFloor(sinceMs), uuidFloor(untilMs)],
  )
  return rows[0]!
}
