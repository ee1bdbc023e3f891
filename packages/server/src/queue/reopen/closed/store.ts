import { uuidFloor, lowestId } from '../../../core/id.ts'
import type { Queryable } from '../../../db/pool.ts'
import { type ClosedPage, type ClosedState, madeWith, type Meant, type Place } from '../store.ts'

/** Which finished deliveries are meant. */
export interface Closed extends Meant {
  /** As the last delivery of a message to an endpoint ended. */
  states: ClosedState[]
}

const endpointsAtATime = 200

interface ClosedRow {
  endpoints: number
  last_endpoint: string | null
  looked: number
  edge_endpoint: string | null
  edge_message: string | null
  endpoint_id: string | null
  message_id: string
  id: string
  app_id: string
  payload_bytes: number
}

/**
 * Looks at up to `limit` finished deliveries behind a place, and finds those that are meant: the last one of its
 * message to its endpoint, none open, the payload still there. The cost depends on `limit` alone. Each state has a
 * walk of its own, so that a few failures are found among millions of successes.
 */
export async function lookAtClosed(
  db: Queryable,
  meant: Closed,
  behind: Place | undefined,
  limit: number,
): Promise<ClosedPage> {
  const { tenantId, appId, endpointId, states, eventTypes, sinceMs, untilMs } = meant
  const since = uuidFloor(Math.max(0, sinceMs))
  const types = eventTypes?.filter((type) => !type.endsWith('*')) ?? null
  const prefixes =
    eventTypes?.filter((type) => type.endsWith('*')).map((type) => type.slice(0, -1)) ?? null
  const { rows } = await db.query<ClosedRow>(
    /* sql */ `
    with scope as materialized (
      select e.id
        from endpoint e
        join app a on a.id = e.app_id
       where e.tenant_id = $1
         and a.kind = 'app'
         and ($2::uuid is null or e.app_id = $2)
         and ($3::uuid is null or e.id = $3)
         and e.id >= $4
       order by e.id
       limit ${endpointsAtATime}
    ),
    page as materialized (
      select s.id as endpoint_id, c.message_id
        from scope s
       cross join lateral (
         select distinct d.message_id
           from unnest($9::text[]) as t(state)
          cross join lateral (
            select distinct d.message_id
              from history d
             where d.endpoint_id = s.id
               and d.state = t.state
               and d.message_id > case when s.id = $4 then $5::uuid else $6::uuid end
               and d.message_id < $7
             order by d.message_id
             limit $8
          ) d
          order by d.message_id
          limit $8
       ) c
       order by s.id, c.message_id
       limit $8
    ),
    edge as (
      select (select count(*) from scope) as endpoints,
             (select id from scope order by id desc limit 1) as last_endpoint,
             (select count(*) from page) as looked,
             p.endpoint_id as edge_endpoint,
             p.message_id as edge_message
        from (values (1)) one
        left join (
          select endpoint_id, message_id
            from page
           order by endpoint_id desc, message_id desc
           limit 1
        ) p on true
    )
    select edge.*, found.*
      from edge
      left join (
        select p.endpoint_id, p.message_id, l.id, l.app_id, m.payload_bytes
          from page p
         cross join lateral (
           select l.id, l.app_id, l.state, l.event_type
             from history l
            where l.message_id = p.message_id
              and l.endpoint_id = p.endpoint_id
              and l.state = any('{delivered,exhausted,discarded}')
              and l.row_id >= ${madeWith('p.message_id')}
            order by l.id desc
            limit 1
         ) l
          join message m on m.app_id = l.app_id and m.id = p.message_id
         where l.state = any($9)
           and m.payload is not null
           and ($10::text[] is null
                or l.event_type = any($10)
                or exists (select from unnest($11::text[]) prefix where starts_with(l.event_type, prefix)))
           and not exists (select from work w where w.endpoint_id = p.endpoint_id and w.message_id = p.message_id)
      ) found on true
     order by found.endpoint_id, found.message_id`,
    [
      tenantId,
      appId,
      endpointId,
      behind?.endpointId ?? lowestId,
      behind?.messageId ?? lowestId,
      // The smallest id of an instant is of no message; the message made in the same millisecond is greater.
      since,
      uuidFloor(untilMs),
      limit,
      states,
      types,
      prefixes,
    ],
  )
  const edge = rows[0]!
  const found = rows.flatMap((row) =>
    row.endpoint_id === null
      ? []
      : [
          {
            endpointId: row.endpoint_id,
            messageId: row.message_id,
            id: row.id,
            appId: row.app_id,
            payloadBytes: row.payload_bytes,
          },
        ],
  )
  if (edge.looked === limit)
    return { found, next: { endpointId: edge.edge_endpoint!, messageId: edge.edge_message! } }
  // The endpoints of this page have nothing more; there may be others behind them.
  if (edge.endpoints === endpointsAtATime)
    return {
      found,
      next: { endpointId: edge.last_endpoint!, messageId: 'ffffffff-ffff-ffff-ffff-ffffffffffff' },
    }
  return { found, next: undefined }
}
