import { type Circuit, type CircuitState, healthy } from '../../core/circuit.ts'
import { uuidFloor } from '../../core/id.ts'
import { columnsOf } from '../../db/columns.ts'
import type { Queryable } from '../../db/pool.ts'

interface HealthRow {
  endpoint_id: string
  circuit: CircuitState
  consecutive_failures: number
  opened_ms: number | null
  open_until_ms: number | null
  pause_ms: number | null
  failing_since_ms: number | null
  now_ms: number
}

/** Reads circuits for stepping, locked in one order; makes the rows of endpoints that have none yet. */
export async function lockCircuits(
  db: Queryable,
  endpointIds: readonly string[],
): Promise<{ circuits: Map<string, Circuit>; nowMs: number }> {
  const sorted = [...endpointIds].toSorted()
  await db.query(
    /* sql */ `
    insert into endpoint_health (endpoint_id, tenant_id)
    select id, tenant_id
      from endpoint
     where id = any($1::uuid[])
     order by id
       for key share
    on conflict do nothing`,
    [sorted],
  )
  const { rows } = await db.query<HealthRow>(
    // By primary key, one row an endpoint of the batch.
    /* sql */ `
    select endpoint_id, circuit, consecutive_failures, pause_ms,
           (extract(epoch from opened_at) * 1000)::float8 as opened_ms,
           (extract(epoch from open_until) * 1000)::float8 as open_until_ms,
           (extract(epoch from failing_since) * 1000)::float8 as failing_since_ms,
           (extract(epoch from now()) * 1000)::float8 as now_ms
      from endpoint_health
     where endpoint_id = any($1::uuid[])
     order by endpoint_id
       for update`,
    [sorted],
  )
  const circuits = new Map(
    rows.map((row): [string, Circuit] => [
      row.endpoint_id,
      {
        state: row.circuit,
        consecutiveFailures: row.consecutive_failures,
        openedAtMs: row.opened_ms,
        openUntilMs: row.open_until_ms,
        pauseMs: row.pause_ms,
        failingSinceMs: row.failing_since_ms,
      },
    ]),
  )
  return { circuits, nowMs: rows[0]?.now_ms ?? 0 }
}

/** Clocks of nodes and database may differ by so much. */
const clocksMs = 100

/** Whether any node has delivered to the endpoint since its failures began. */
export async function deliveredSince(
  db: Queryable,
  endpointId: string,
  { failingSinceMs }: Circuit,
): Promise<boolean> {
  if (failingSinceMs === null) return false
  // One probe of `attempt_endpoint` in each day's partition from then on.
  const { rows } = await db.query<{ found: boolean }>(
    `select exists (select from attempt where endpoint_id = $1 and class = 2 and id >= $2) as found`,
    [endpointId, uuidFloor(failingSinceMs + clocksMs)],
  )
  return rows[0]!.found
}

const columns = columnsOf<[string, Circuit]>(1, [
  ['id', 'uuid', ([id]) => id],
  ['state', 'text', ([, circuit]) => circuit.state],
  ['failures', 'int', ([, circuit]) => circuit.consecutiveFailures],
  ['opened', 'float8', ([, circuit]) => circuit.openedAtMs],
  ['until', 'float8', ([, circuit]) => circuit.openUntilMs],
  ['pause', 'int', ([, circuit]) => circuit.pauseMs],
  ['since', 'float8', ([, circuit]) => circuit.failingSinceMs],
])

/** Writes stepped circuits back; a healthy one needs no row. */
export async function saveCircuits(
  db: Queryable,
  circuits: ReadonlyMap<string, Circuit>,
): Promise<void> {
  const well = [...circuits].filter(([, circuit]) => circuit === healthy).map(([id]) => id)
  const ill = [...circuits].filter(([, circuit]) => circuit !== healthy)
  if (well.length > 0)
    await db.query('delete from endpoint_health where endpoint_id = any($1::uuid[])', [well])
  if (ill.length === 0) return
  await db.query(
    // By primary key; the rows are locked already.
    /* sql */ `
    update endpoint_health h
       set circuit = c.state, consecutive_failures = c.failures,
           opened_at = to_timestamp(c.opened / 1000), open_until = to_timestamp(c.until / 1000),
           pause_ms = c.pause, failing_since = to_timestamp(c.since / 1000),
           probe_node = null, probe_until = null, updated_at = now()
      from ${columns.unnest} as c(${columns.names})
     where h.endpoint_id = c.id`,
    columns.values(ill),
  )
}

/** Endpoints whose circuit is not closed, by state. */
export async function circuitCounts(db: Queryable): Promise<Record<string, number>> {
  const { rows } = await db.query<{ circuit: string; count: number }>(
    `select circuit, count(*) as count from endpoint_health where circuit <> 'closed' group by circuit`,
  )
  return {
    open: 0,
    'half-open': 0,
    ...Object.fromEntries(rows.map((row) => [row.circuit, row.count])),
  }
}
