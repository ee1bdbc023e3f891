import type { Queryable } from '../../db/pool.ts'
import { type Cell, grains, none } from '../cells.ts'
import { counters, onTheWayColumns, tookColumns } from '../store.ts'

/** What is added up, and into steps of what length. */
export interface SeriesQuery {
  tenantId: string
  /** Null: all of the tenant's. */
  appId: string | null
  grain: keyof typeof grains
  stepMs: number
  sinceMs: number
  untilMs: number
}

export interface SeriesRow extends Omit<Cell, 'failedAttempts' | 'onTheWay'> {
  key: string
  step: number
  failed_attempts: number
  on_the_way: number[]
}

/** Which rows: of all together, of each of these endpoints, or of each of these event types. */
export type SeriesOf =
  | { kind: 'all' }
  /** `appIds`: of each its app, where they are of several. */
  | { kind: 'endpoint'; ids: readonly string[]; appIds?: readonly string[] }
  | { kind: 'event-type'; names: readonly string[] }

const sums = `
  ${counters.map((name) => `sum(t.${name})::float8 as ${name}`).join(', ')},
  array[${tookColumns.map((name) => `sum(t.${name})`).join(', ')}]::float8[] as took,
  array[${onTheWayColumns.map((name) => `sum(t.${name})`).join(', ')}]::float8[] as on_the_way`

/** One range of the primary key for each key asked for. */
export async function readSeries(
  db: Queryable,
  { tenantId, appId, grain, stepMs, sinceMs, untilMs }: SeriesQuery,
  of: SeriesOf,
): Promise<SeriesRow[]> {
  const keys = of.kind === 'endpoint' ? of.ids : of.kind === 'event-type' ? of.names : ['']
  if (keys.length === 0) return []
  const appIds = (of.kind === 'endpoint' && of.appIds) || keys.map(() => appId ?? none)
  const { rows } = await db.query<SeriesRow>({
    name: `traffic-series-${of.kind}`,
    text: /* sql */ `
      select k.key, s.*
        from unnest($4::text[], $2::uuid[]) as k (key, app_id)
       cross join lateral (
         select floor((extract(epoch from t.at) * 1000 - $5::float8) / $7::float8)::int as step, ${sums}
           from traffic t
          where t.tenant_id = $1 and t.app_id = k.app_id and t.grain = $3
            and t.endpoint_id = ${of.kind === 'endpoint' ? 'k.key::uuid' : `'${none}'::uuid`}
            and t.event_type = ${of.kind === 'event-type' ? 'k.key' : `''`}
            and t.at >= to_timestamp($5::float8 / 1000) and t.at < to_timestamp($6::float8 / 1000)
          group by 1) s
       order by 1, 2`,
    values: [tenantId, appIds, grains[grain], keys, sinceMs, untilMs, stepMs],
  })
  return rows
}

/** The event types that were counted of an app, or of a tenant: one probe of the primary key each. */
export async function countedTypes(
  db: Queryable,
  { tenantId, appId, grain }: Pick<SeriesQuery, 'tenantId' | 'appId' | 'grain'>,
  limit: number,
): Promise<string[]> {
  const next = (after: string) => /* sql */ `
    select event_type from traffic
     where tenant_id = $1 and app_id = $2 and grain = $3 and endpoint_id = '${none}' and event_type > ${after}
     order by event_type limit 1`
  const { rows } = await db.query<{ event_type: string }>({
    name: 'traffic-types',
    text: /* sql */ `
      with recursive found as (
        (${next(`''`)})
        union all
        select n.event_type from found cross join lateral (${next('found.event_type')}) n
      )
      select event_type from found limit $4`,
    values: [tenantId, appId ?? none, grains[grain], limit],
  })
  return rows.map((row) => row.event_type)
}
