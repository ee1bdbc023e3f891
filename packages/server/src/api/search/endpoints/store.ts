import type { Queryable } from '../../../db/pool.ts'

export interface FoundEndpoint {
  id: string
  app_id: string
  app_uid: string | null
  app_name: string
  uid: string | null
  url: string
  description: string
  event_types: string[] | null
  dialect: string
  disabled: boolean
  disabled_reason: string | null
  paused: boolean
  circuit: 'closed' | 'open' | 'half-open' | null
  consecutive_failures: number | null
  failing_since: Date | null
  open_until: Date | null
  created_at: Date
  wanted: boolean
}

export const endpointStates = [
  'healthy',
  'failing',
  'open',
  'half-open',
  'paused',
  'disabled',
] as const
export type EndpointState = (typeof endpointStates)[number]

export function stateOf(one: FoundEndpoint): EndpointState {
  if (one.disabled) return 'disabled'
  if (one.paused) return 'paused'
  if (one.circuit !== null && one.circuit !== 'closed') return one.circuit
  return (one.consecutive_failures ?? 0) > 0 ? 'failing' : 'healthy'
}

/** The same in SQL. */
const state = /* sql */ `
  case when e.disabled then 'disabled'
       when e.paused then 'paused'
       when h.circuit <> 'closed' then h.circuit
       when h.consecutive_failures > 0 then 'failing'
       else 'healthy' end`

/**
 * The next `limit` endpoints below an id, newest first, each with whether it is wanted: one walk of an index, of the
 * app's or of the tenant's, however few are wanted.
 */
export async function lookAtEndpoints(
  db: Queryable,
  { tenantId, appId }: { tenantId: string; appId: string | null },
  {
    text,
    state: wanted,
    eventType,
    wholeUrl,
  }: {
    text: string | null
    state: EndpointState | null
    eventType: string | null
    /** Or only the host, for whoever could find out by and by what the rest is. */
    wholeUrl: boolean
  },
  below: string,
  limit: number,
): Promise<FoundEndpoint[]> {
  const ofApp = appId === null ? `$2::uuid is null and a.kind = 'app'` : 'e.app_id = $2'
  const { rows } = await db.query<FoundEndpoint>(
    /* sql */ `
      select e.id, e.app_id, a.uid as app_uid, a.name as app_name, e.uid, e.url, e.description, e.event_types,
             e.dialect, e.disabled, e.disabled_reason, e.paused, e.created_at,
             h.circuit, h.consecutive_failures, h.failing_since, h.open_until,
             (($4::text is null
               or strpos(lower(concat_ws(' ', case when $8::boolean then e.url
                                                   else substring(e.url from '^[^/?#]*//[^/?#]*') end,
                                         e.description, e.uid, a.name)), lower($4)) > 0)
              and ($5::text is null or ${state} = $5)
              and ($7::text is null or e.event_types is null or e.event_types = '{}'
                   or exists (select from unnest(e.event_types) as t (name)
                               where name in ($7, '*', 'all')
                                  or right(name, 2) = '.*' and starts_with($7, left(name, -1))))) as wanted
        from endpoint e
        join app a on a.id = e.app_id
        left join endpoint_health h on h.endpoint_id = e.id
       where e.tenant_id = $1 and ${ofApp}
         and e.id < $3
       order by e.id desc
       limit $6`,
    [tenantId, appId, below, text, wanted, limit, eventType, wholeUrl],
  )
  return rows
}

/** Up to `most` open deliveries of each endpoint are counted. */
export async function countWaiting(
  db: Queryable,
  endpointIds: readonly string[],
  most: number,
): Promise<Map<string, number>> {
  // The beginning of a range of the primary key an endpoint.
  const { rows } = await db.query<{ id: string; n: number }>(
    /* sql */ `
      select k.id, w.n
        from unnest($1::uuid[]) as k (id)
       cross join lateral (
             select count(*)::int as n
               from (select from work where endpoint_id = k.id limit $2) counted) w`,
    [endpointIds, most],
  )
  return new Map(rows.map(({ id, n }) => [id, n]))
}
