import type { Queryable } from '../../db/pool.ts'
import { madeWith } from '../../queue/reopen/store.ts'
import { uuidFloor } from '../../core/id.ts'

export interface FailureQuery {
  tenantId: string
  appId: string | null
  endpointId: string | null
  cause: string | null
  sinceMs: number
  untilMs: number
  groupBy: 'endpoint' | 'cause'
  limit: number
}

export interface FailureRow {
  cause: string
  app_id: string
  endpoint_id: string
  apps: number
  endpoints: number
  count: number
  given_up: number
  first_ms: number
  last_ms: number
  url: string | null
  circuit: string | null
  message_id: string
  attempt_id: string | null
  event_type: string | null
  error: string | null
  status_code: number | null
  at_ms: number | null
}

/**
 * Failures that were counted as they happened (traffic/), by endpoint and cause or by cause alone: a few rows an hour
 * for each endpoint that fails. The sample is the last of them, as far as it is kept.
 */
export async function failureGroups(db: Queryable, query: FailureQuery): Promise<FailureRow[]> {
  const own = query.groupBy === 'endpoint'
  const { rows } = await db.query<FailureRow>({
    name: `failures-by-${query.groupBy}`,
    text: /* sql */ `
      with counted as materialized (
        select cause, app_id, endpoint_id, count, given_up, first_at, last_at, message_id, attempt_id
          from failure
         where tenant_id = $1 and ($2::uuid is null or app_id = $2) and ($3::uuid is null or endpoint_id = $3)
           and hour >= date_trunc('hour', to_timestamp($4::float8 / 1000)) and hour < to_timestamp($5::float8 / 1000)
           and last_at >= to_timestamp($4::float8 / 1000) and ($7::text is null or cause = $7)
      ),
      grouped as (
        select cause,
               (array_agg(app_id order by last_at desc))[1] as app_id,
               (array_agg(endpoint_id order by last_at desc))[1] as endpoint_id,
               count(distinct app_id) as apps, count(distinct endpoint_id) as endpoints,
               sum(count)::float8 as count, sum(given_up)::float8 as given_up,
               min(first_at) as first_at, max(last_at) as last_at,
               (array_agg(message_id order by last_at desc))[1] as message_id,
               (array_agg(attempt_id order by last_at desc))[1] as sample_id
          from counted
         group by cause${own ? ', endpoint_id' : ''}
         order by max(last_at) desc
         limit $6
      )
      select g.cause, g.app_id, g.endpoint_id, g.apps, g.endpoints, g.count, g.given_up, g.message_id,
             (extract(epoch from g.first_at) * 1000)::float8 as first_ms,
             (extract(epoch from g.last_at) * 1000)::float8 as last_ms,
             e.url, coalesce(h.circuit, case when e.id is not null then 'closed' end) as circuit,
             a.id as attempt_id, a.event_type, a.error, a.status_code,
             (extract(epoch from a.created_at) * 1000)::float8 as at_ms
        from grouped g
        left join endpoint e on e.id = g.endpoint_id
        left join endpoint_health h on h.endpoint_id = g.endpoint_id
        left join lateral (
          select id, event_type, error, status_code, created_at
            from attempt where message_id = g.message_id and id = g.sample_id) a on true
       order by g.last_at desc`,
    values: [
      query.tenantId,
      query.appId,
      query.endpointId,
      query.sinceMs,
      query.untilMs,
      query.limit,
      query.cause,
    ],
  })
  return rows
}

export interface FailedDelivery {
  id: string
  appId: string
  endpointId: string
  messageId: string
  eventType: string
  state: 'waiting' | 'exhausted'
  attempts: number
  nextMs: number | null
  closedMs: number | null
  /** It was sent again since it was given up: looked at, and none of those that are meant. */
  gone: boolean
}

/**
 * Deliveries of one endpoint that were tried and wait, or were given up and not sent again since; newest message
 * first. One walk of each kind, both by an index that ends in the message.
 */
export async function failedDeliveries(
  db: Queryable,
  meant: {
    endpointId: string
    states: readonly FailedDelivery['state'][]
    below: string
    limit: number
  },
): Promise<FailedDelivery[]> {
  const { endpointId, states, below, limit } = meant
  const { rows } = await db.query<FailedDelivery>({
    name: 'failed-deliveries',
    text: /* sql */ `
      select * from (
        (select w.id, w.app_id as "appId", w.endpoint_id as "endpointId", w.message_id as "messageId",
                w.event_type as "eventType", 'waiting' as state, w.attempt as attempts,
                (extract(epoch from w.next_attempt_at) * 1000)::float8 as "nextMs", null::float8 as "closedMs",
                false as gone
           from work w
          where w.endpoint_id = $1 and w.message_id < $2 and w.attempt > 0 and 'waiting' = any($3::text[])
          order by w.message_id desc limit $4)
        union all
        (select l.id, l.app_id, l.endpoint_id, l.message_id, l.event_type, 'exhausted', l.attempts, null,
                (extract(epoch from l.closed_at) * 1000)::float8,
                l.state <> 'exhausted'
                  or exists (select from work w where w.endpoint_id = $1 and w.message_id = c.message_id)
           from (select distinct h.message_id from history h
                  where h.endpoint_id = $1 and h.state = 'exhausted' and h.message_id < $2 and h.message_id > $5
                    and 'exhausted' = any($3::text[])
                  order by h.message_id desc limit $4) c
          cross join lateral (
            select x.* from history x
             where x.message_id = c.message_id and x.endpoint_id = $1
               and x.state = any('{delivered,exhausted,discarded}') and x.row_id >= ${madeWith('c.message_id')}
             order by x.id desc limit 1) l)
      ) both_kinds
       order by "messageId" desc limit $4`,
    values: [endpointId, below, states, limit, uuidFloor(0)],
  })
  return rows
}
