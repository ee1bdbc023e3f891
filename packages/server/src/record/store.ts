import { type Circuit, type CircuitState, healthy } from '../core/circuit.ts'
import { plainArray } from '../db/array.ts'
import type { Queryable } from '../db/pool.ts'

/** One row to settle: an attempt and what follows from it, or a delivery closed without one. */
export interface Settled {
  endpointId: string
  messageId: string
  deliveryId: string
  /** The lease under which it was taken. */
  leasedBy: string
  tenantId: string
  appId: string
  eventType: string
  channels: string[] | null
  tags: string[] | null
  /** null: closed without an attempt. */
  attempt: {
    id: string
    number: number
    outcome: string
    statusCode: number
    response: string
    error: string | null
    durationMs: number
    trigger: number
    url: string
    startedAtMs: number
  } | null
  /** What the delivery becomes; `pending` waits for `delayMs` more. */
  state: 'delivered' | 'exhausted' | 'discarded' | 'pending'
  reason: string | null
  attempts: number
  delayMs: number
}

const arrayText = (values: string[] | null) =>
  values === null
    ? null
    : `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`

const settleSql = `with o as materialized (
       select * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::uuid[], $11::int[], $12::text[],
                            $13::smallint[], $14::text[], $15::text[], $16::int[], $17::smallint[], $18::text[], $19::float8[], $20::text[], $21::text[], $22::int[], $23::float8[], $25::uuid[])
         as o(endpoint_id, message_id, delivery_id, tenant_id, app_id, event_type, channels, tags, attempt_id, number, outcome,
              status_code, response, error, duration_ms, trigger, url, started_ms, state, reason, attempts, delay_ms, leased_by)),
     gone as (
       delete from work w using o where o.state <> 'pending' and w.endpoint_id = o.endpoint_id and w.message_id = o.message_id and w.id = o.delivery_id
          and (w.lease_owner is null or w.lease_owner = any($1::uuid[]))
       returning w.id),
     back as (
       update work w set attempt = o.attempts, trigger = 0, lease_owner = null, next_attempt_at = now() + o.delay_ms * interval '1 millisecond'
         from o where o.state = 'pending' and w.endpoint_id = o.endpoint_id and w.message_id = o.message_id and w.id = o.delivery_id and w.lease_owner = o.leased_by),
     closed as (
       insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, reason, attempts, event_type)
       select o.delivery_id, o.tenant_id, o.app_id, o.endpoint_id, o.message_id, o.state, o.reason, o.attempts, o.event_type from o join gone on gone.id = o.delivery_id
       returning id, endpoint_id, state),
     tried as (
       insert into attempt (id, tenant_id, app_id, endpoint_id, message_id, delivery_id, number, outcome, status_code, response, error, duration_ms, trigger, url, event_type, channels, tags, created_at)
       select attempt_id, tenant_id, app_id, endpoint_id, message_id, delivery_id, number, outcome, status_code, response, error, duration_ms, trigger, url, event_type, channels::text[], tags::text[], to_timestamp(started_ms / 1000)
         from o where attempt_id is not null),
     labelled as (
       insert into attempt_label (endpoint_id, label, id, message_id, tenant_id)
       select o.endpoint_id, l.label, o.attempt_id, o.message_id, o.tenant_id
         from o cross join lateral (select 'c:' || unnest(o.channels::text[]) union select 't:' || unnest(o.tags::text[])) as l(label)
        where o.attempt_id is not null and (o.channels is not null or o.tags is not null)),
     counted as (
       insert into endpoint_stat (endpoint_id, minute, shard, tenant_id, delivered, exhausted, discarded, attempts, failed_attempts, duration_ms)
       select o.endpoint_id, date_trunc('minute', now()), $24, o.tenant_id,
              count(closed.id) filter (where closed.state = 'delivered'), count(closed.id) filter (where closed.state = 'exhausted'), count(closed.id) filter (where closed.state = 'discarded'),
              count(o.attempt_id), count(o.attempt_id) filter (where o.outcome <> 'delivered'), coalesce(sum(o.duration_ms), 0)
         from o left join closed on closed.id = o.delivery_id group by o.endpoint_id, o.tenant_id order by o.endpoint_id
       on conflict (endpoint_id, minute, shard) do update set delivered = endpoint_stat.delivered + excluded.delivered, exhausted = endpoint_stat.exhausted + excluded.exhausted,
         discarded = endpoint_stat.discarded + excluded.discarded, attempts = endpoint_stat.attempts + excluded.attempts,
         failed_attempts = endpoint_stat.failed_attempts + excluded.failed_attempts, duration_ms = endpoint_stat.duration_ms + excluded.duration_ms)
     select id from closed`

/**
 * Settles a batch by one statement: open work is removed or put back, finished deliveries and attempts are appended, the counts by the
 * minute go up. Work that another node has meanwhile is left to it; the attempt is recorded all the same.
 * @returns the deliveries that were closed
 */
export async function settle(
  db: Queryable,
  nodes: readonly string[],
  shard: number,
  batch: readonly Settled[],
): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>({
    name: 'settle',
    text: settleSql,
    values: [
      nodes,
      plainArray(batch.map((one) => one.endpointId)),
      plainArray(batch.map((one) => one.messageId)),
      plainArray(batch.map((one) => one.deliveryId)),
      plainArray(batch.map((one) => one.tenantId)),
      plainArray(batch.map((one) => one.appId)),
      batch.map((one) => one.eventType),
      batch.map((one) => arrayText(one.channels)),
      batch.map((one) => arrayText(one.tags)),
      plainArray(batch.map((one) => one.attempt?.id ?? null)),
      plainArray(batch.map((one) => one.attempt?.number ?? null)),
      plainArray(batch.map((one) => one.attempt?.outcome ?? null)),
      plainArray(batch.map((one) => one.attempt?.statusCode ?? null)),
      batch.map((one) => one.attempt?.response ?? null),
      batch.map((one) => one.attempt?.error ?? null),
      plainArray(batch.map((one) => one.attempt?.durationMs ?? null)),
      plainArray(batch.map((one) => one.attempt?.trigger ?? null)),
      batch.map((one) => one.attempt?.url ?? null),
      plainArray(batch.map((one) => one.attempt?.startedAtMs ?? null)),
      plainArray(batch.map((one) => one.state)),
      batch.map((one) => one.reason),
      plainArray(batch.map((one) => one.attempts)),
      plainArray(batch.map((one) => one.delayMs)),
      shard,
      plainArray(batch.map((one) => one.leasedBy)),
    ],
  })
  return new Set(rows.map((row) => row.id))
}

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
    `insert into endpoint_health (endpoint_id, tenant_id) select id, tenant_id from endpoint where id = any($1::uuid[]) order by id for key share on conflict do nothing`,
    [sorted],
  )
  const { rows } = await db.query<HealthRow>(
    `select endpoint_id, circuit, consecutive_failures, pause_ms, (extract(epoch from opened_at) * 1000)::float8 as opened_ms, (extract(epoch from open_until) * 1000)::float8 as open_until_ms,
            (extract(epoch from failing_since) * 1000)::float8 as failing_since_ms, (extract(epoch from now()) * 1000)::float8 as now_ms
       from endpoint_health where endpoint_id = any($1::uuid[]) order by endpoint_id for update`,
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
    `update endpoint_health h set circuit = c.state, consecutive_failures = c.failures, opened_at = to_timestamp(c.opened / 1000), open_until = to_timestamp(c.until / 1000),
            pause_ms = c.pause, failing_since = to_timestamp(c.since / 1000), probe_node = null, probe_until = null, updated_at = now()
       from unnest($1::uuid[], $2::text[], $3::int[], $4::float8[], $5::float8[], $6::int[], $7::float8[]) as c(id, state, failures, opened, until, pause, since)
      where h.endpoint_id = c.id`,
    [
      ill.map(([id]) => id),
      ill.map(([, circuit]) => circuit.state),
      ill.map(([, circuit]) => circuit.consecutiveFailures),
      ill.map(([, circuit]) => circuit.openedAtMs),
      ill.map(([, circuit]) => circuit.openUntilMs),
      ill.map(([, circuit]) => circuit.pauseMs),
      ill.map(([, circuit]) => circuit.failingSinceMs),
    ],
  )
}

/** Closes waiting work of an endpoint that will not be sent, of messages before `beforeMessageId` if given, a thousand at a time. @returns how many */
export async function discardWaiting(
  db: Queryable,
  endpointId: string,
  reason: string,
  beforeMessageId: string | null = null,
): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `with batch as (select endpoint_id, message_id from work where endpoint_id = $1 and lease_owner is null and ($3::uuid is null or message_id < $3) limit 1000 for update skip locked),
     gone as (delete from work w using batch where w.endpoint_id = batch.endpoint_id and w.message_id = batch.message_id returning w.*),
     kept as (insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, reason, attempts, event_type)
              select id, tenant_id, app_id, endpoint_id, message_id, 'discarded', $2, attempt, event_type from gone returning 1)
     select count(*) as count from kept`,
    [endpointId, reason, beforeMessageId],
  )
  return rows[0]!.count
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
