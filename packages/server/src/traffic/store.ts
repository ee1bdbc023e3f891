import { columnsOf } from '../db/columns.ts'
import type { Queryable } from '../db/pool.ts'
import type { TrafficRow } from './cells.ts'
import type { FailureRow } from './failures/failures.ts'
import { buckets } from './histogram.ts'

const places = Array.from({ length: buckets }, (_, i) => i)
/** How many attempts took how long, and how long delivered messages were on their way. */
export const tookColumns = places.map((i) => `a${i}`)
export const onTheWayColumns = places.map((i) => `d${i}`)
export const counters = [
  'messages',
  'delivered',
  'exhausted',
  'discarded',
  'attempts',
  'failed_attempts',
]

const columns = columnsOf<TrafficRow>(1, [
  ['tenant_id', 'uuid', (one) => one.tenantId],
  ['app_id', 'uuid', (one) => one.appId],
  ['grain', 'smallint', (one) => one.grain],
  ['endpoint_id', 'uuid', (one) => one.endpointId],
  ['event_type', 'text', (one) => one.eventType],
  ['at_ms', 'float8', (one) => one.atMs],
  ['messages', 'int', (one) => one.messages],
  ['delivered', 'int', (one) => one.delivered],
  ['exhausted', 'int', (one) => one.exhausted],
  ['discarded', 'int', (one) => one.discarded],
  ['attempts', 'int', (one) => one.attempts],
  ['failed_attempts', 'int', (one) => one.failedAttempts],
  ...places.map((i) => [`a${i}`, 'int', (one: TrafficRow) => one.took[i] ?? 0] as const),
  ...places.map((i) => [`d${i}`, 'int', (one: TrafficRow) => one.onTheWay[i] ?? 0] as const),
])

const counted = [...counters, ...tookColumns, ...onTheWayColumns]

const addSql = /* sql */ `
  insert into traffic (tenant_id, app_id, grain, endpoint_id, event_type, at, ${counted.join(', ')})
  select tenant_id, app_id, grain, endpoint_id, event_type, to_timestamp(at_ms / 1000), ${counted.join(', ')}
    from ${columns.unnest} as t(${columns.names})
   -- In one order on all nodes, which else would wait for each other in a circle.
   order by tenant_id, app_id, grain, endpoint_id, event_type, at_ms
  on conflict (tenant_id, app_id, grain, endpoint_id, event_type, at) do update
     set ${counted.map((name) => `${name} = traffic.${name} + excluded.${name}`).join(', ')}`

export async function addTraffic(db: Queryable, rows: readonly TrafficRow[]): Promise<void> {
  await db.query({ name: 'traffic-add', text: addSql, values: columns.values(rows) })
}

const failureColumns = columnsOf<FailureRow>(1, [
  ['tenant_id', 'uuid', (one) => one.tenantId],
  ['endpoint_id', 'uuid', (one) => one.endpointId],
  ['hour_ms', 'float8', (one) => one.hourMs],
  ['cause', 'text', (one) => one.cause],
  ['app_id', 'uuid', (one) => one.appId],
  ['count', 'int', (one) => one.count],
  ['given_up', 'int', (one) => one.givenUp],
  ['first_ms', 'float8', (one) => one.firstMs],
  ['last_ms', 'float8', (one) => one.lastMs],
  ['message_id', 'uuid', (one) => one.messageId],
  ['attempt_id', 'uuid', (one) => one.attemptId],
])

const failuresSql = /* sql */ `
  insert into failure (tenant_id, endpoint_id, hour, cause, app_id, count, given_up, first_at, last_at, message_id,
                       attempt_id)
  select tenant_id, endpoint_id, to_timestamp(hour_ms / 1000), cause, app_id, count, given_up,
         to_timestamp(first_ms / 1000), to_timestamp(last_ms / 1000), message_id, attempt_id
    from ${failureColumns.unnest} as f(${failureColumns.names})
   order by tenant_id, endpoint_id, hour_ms, cause
  on conflict (tenant_id, endpoint_id, hour, cause) do update
     set count = failure.count + excluded.count, given_up = failure.given_up + excluded.given_up,
         first_at = least(failure.first_at, excluded.first_at), last_at = greatest(failure.last_at, excluded.last_at),
         message_id = excluded.message_id, attempt_id = excluded.attempt_id`

export async function addFailures(db: Queryable, rows: readonly FailureRow[]): Promise<void> {
  const byKey = new Map<string, FailureRow>()
  for (const row of rows) {
    const key = `${row.endpointId}/${row.hourMs}/${row.cause}`
    const known = byKey.get(key)
    byKey.set(
      key,
      known === undefined
        ? row
        : {
            ...row,
            count: known.count + row.count,
            givenUp: known.givenUp + row.givenUp,
            firstMs: Math.min(known.firstMs, row.firstMs),
          },
    )
  }
  await db.query({
    name: 'traffic-failures',
    text: failuresSql,
    values: failureColumns.values([...byKey.values()]),
  })
}

/** How long minutes, hours and days are kept. */
export const keptDays = { minute: 3, hour: 62, day: 800 } as const

/** Upkeep's to call. */
export async function forgetTraffic(db: Queryable, retentionDays: number): Promise<void> {
  for (const [grain, days] of [keptDays.minute, keptDays.hour, keptDays.day].entries())
    await db.query(`delete from traffic where grain = $1 and at < now() - $2 * interval '1 day'`, [
      grain,
      days,
    ])
  await db.query(`delete from failure where hour < now() - $1 * interval '1 day'`, [retentionDays])
}
