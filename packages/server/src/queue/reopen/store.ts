import type { PayloadForm } from '../../core/message.ts'
import { uuidFloor } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'

/** Opens a delivery again (or brings an open one forward), by hand. */
export async function resend(
  db: Queryable,
  target: {
    deliveryId: string
    tenantId: string
    appId: string
    endpointId: string
    messageId: string
    eventType: string
    payloadBytes: number
    priority: number
    orderingKey: string | null
  },
): Promise<'queued' | 'already-queued'> {
  const { rows } = await db.query<{ fresh: boolean }>(
    `insert into work (endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, ordering_key, seq, trigger, payload_bytes, event_type)
     values ($1, $2, $3, $4, $5, $6, now(), $7, case when $7::text is not null then nextval('work_seq') end, 1, $8, $9)
     on conflict (endpoint_id, message_id) do update set next_attempt_at = least(work.next_attempt_at, now()), trigger = 1
     returning (xmax = 0) as fresh`,
    [
      target.endpointId,
      target.messageId,
      target.deliveryId,
      target.tenantId,
      target.appId,
      target.priority,
      target.orderingKey,
      target.payloadBytes,
      target.eventType,
    ],
  )
  return rows[0]!.fresh ? 'queued' : 'already-queued'
}

export type ClosedState = 'delivered' | 'exhausted' | 'discarded'

/**
 * SQL: the smallest id that a delivery of a message can have, which is made in the same millisecond at the earliest.
 * The planner leaves older days' partitions out by it, for each message.
 */
export function madeWith(messageId: string): string {
  return `(left(${messageId}::text, 14) || '7000-8000-000000000000')::uuid`
}

/** Which finished deliveries are meant. Null: all of them. */
export interface Closed {
  tenantId: string
  appId: string | null
  endpointId: string | null
  /** As the last delivery of a message to an endpoint ended. */
  states: ClosedState[]
  /** Names; `message.*` means all below. */
  eventTypes: string[] | null
  /** Of messages made from then (inclusive) to then (exclusive). */
  sinceMs: number
  untilMs: number
}

/** Behind which a walk goes on: endpoint by endpoint, and for each in the order of its messages. */
export interface Place {
  endpointId: string
  messageId: string
}

export interface ClosedDelivery extends Place {
  id: string
  appId: string
  payloadBytes: number
}

export interface ClosedPage {
  found: ClosedDelivery[]
  /** undefined: nothing is left. */
  next: Place | undefined
}

const zeroUuid = '00000000-0000-0000-0000-000000000000'
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
    `with scope as materialized (
       select e.id from endpoint e join app a on a.id = e.app_id
        where e.tenant_id = $1 and a.kind = 'app' and ($2::uuid is null or e.app_id = $2) and ($3::uuid is null or e.id = $3) and e.id >= $4
        order by e.id limit ${endpointsAtATime}),
     page as materialized (
       select s.id as endpoint_id, c.message_id from scope s cross join lateral (
         select distinct d.message_id from unnest($9::text[]) as t(state) cross join lateral (
           select distinct d.message_id from history d
            where d.endpoint_id = s.id and d.state = t.state and d.message_id > case when s.id = $4 then $5::uuid else $6::uuid end and d.message_id < $7
            order by d.message_id limit $8) d
          order by d.message_id limit $8) c
        order by s.id, c.message_id limit $8),
     edge as (
       select (select count(*) from scope) as endpoints, (select id from scope order by id desc limit 1) as last_endpoint, (select count(*) from page) as looked,
              p.endpoint_id as edge_endpoint, p.message_id as edge_message
         from (values (1)) one left join (select endpoint_id, message_id from page order by endpoint_id desc, message_id desc limit 1) p on true)
     select edge.*, found.* from edge left join (
       select p.endpoint_id, p.message_id, l.id, l.app_id, m.payload_bytes from page p cross join lateral (
         select l.id, l.app_id, l.state, l.event_type from history l
          where l.message_id = p.message_id and l.endpoint_id = p.endpoint_id and l.state = any('{delivered,exhausted,discarded}') and l.row_id >= ${madeWith('p.message_id')} order by l.id desc limit 1) l
         join message m on m.app_id = l.app_id and m.id = p.message_id
        where l.state = any($9) and m.payload is not null
          and ($10::text[] is null or l.event_type = any($10) or exists (select from unnest($11::text[]) prefix where starts_with(l.event_type, prefix)))
          and not exists (select from work w where w.endpoint_id = p.endpoint_id and w.message_id = p.message_id)) found on true
      order by found.endpoint_id, found.message_id`,
    [
      tenantId,
      appId,
      endpointId,
      behind?.endpointId ?? zeroUuid,
      behind?.messageId ?? zeroUuid,
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

/** What a payload filter looks at. */
export interface Filtered {
  messageId: string
  payload: string | null
  contentType: string | null
  form: PayloadForm
  eventType: string
  channels: string[] | null
  tags: string[] | null
  createdMs: number
}

/** The messages behind deliveries. */
export async function messagesOf(
  db: Queryable,
  deliveries: readonly ClosedDelivery[],
): Promise<Filtered[]> {
  const ids = deliveries.map(({ messageId }) => messageId).toSorted()
  const { rows } = await db.query<Filtered>(
    // The bounds are for the planner: they prune the partitions, which a join on the id alone does not.
    `select m.id as "messageId", m.payload, m.content_type as "contentType", m.form, m.event_type as "eventType", m.channels, m.tags, (extract(epoch from m.created_at) * 1000)::float8 as "createdMs"
       from (select distinct * from unnest($1::uuid[], $2::uuid[]) as k(app_id, id)) k join message m on m.app_id = k.app_id and m.id = k.id
      where m.id between $3 and $4`,
    [
      deliveries.map(({ appId }) => appId),
      deliveries.map(({ messageId }) => messageId),
      ids[0],
      ids.at(-1),
    ],
  )
  return rows
}

/**
 * Opens finished deliveries again, each with its schedule from the start. Those are passed over that were opened,
 * delivered or deleted since they were looked at.
 * @returns the endpoint of each one that was opened
 */
export async function reopen(
  db: Queryable,
  deliveries: readonly ClosedDelivery[],
  priority: number,
): Promise<string[]> {
  if (deliveries.length === 0) return []
  const ids = deliveries.map(({ messageId }) => messageId).toSorted()
  const { rows } = await db.query<{ endpoint_id: string }>(
    `insert into work (endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, ordering_key, seq, trigger, payload_bytes, event_type)
     select k.endpoint_id, k.message_id, uuid_v7(), m.tenant_id, m.app_id, $5, now(), ordered.key, case when ordered.key is not null then nextval('work_seq') end, 1, m.payload_bytes, m.event_type
       from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) with ordinality as k(endpoint_id, message_id, id, app_id, place)
            join endpoint e on e.id = k.endpoint_id join message m on m.app_id = k.app_id and m.id = k.message_id
            cross join lateral (select case when e.ordering = 'key' then m.ordering_key end as key) ordered
      where m.id between $6 and $7 and m.payload is not null
        and not exists (select from history l where l.endpoint_id = k.endpoint_id and l.state = any('{delivered,exhausted,discarded}') and l.message_id = k.message_id and l.id > k.id)
      order by k.place
     on conflict (endpoint_id, message_id) do nothing returning endpoint_id`,
    [
      deliveries.map(({ endpointId }) => endpointId),
      deliveries.map(({ messageId }) => messageId),
      deliveries.map(({ id }) => id),
      deliveries.map(({ appId }) => appId),
      priority,
      ids[0],
      ids.at(-1),
    ],
  )
  return rows.map((row) => row.endpoint_id)
}
