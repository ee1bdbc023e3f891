import type { PayloadForm } from '../../core/message.ts'
import type { Queryable } from '../../db/pool.ts'

/**
 * Opens a delivery again, or brings one forward that waits, by hand. One that a node has in hand is replaced: what was
 * asked for is another attempt, and the one under way would end the delivery without it. That attempt is recorded and
 * decides nothing, for it no longer finds its delivery's id.
 */
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
): Promise<void> {
  // One probe of the primary key of `work`, and one row.
  await db.query(
    /* sql */ `
    insert into work (
      endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at,
      ordering_key, seq, trigger, payload_bytes, event_type)
    values ($1, $2, $3, $4, $5, $6, now(),
            $7, case when $7::text is not null then nextval('work_seq') end, 1, $8, $9)
    on conflict (endpoint_id, message_id) do update
       set id = case when work.lease_owner is null then work.id else excluded.id end,
           attempt = case when work.lease_owner is null then work.attempt else 0 end,
           next_attempt_at = case when work.lease_owner is null then least(work.next_attempt_at, now()) else now() end,
           lease_owner = null, trigger = 1`,
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
}

/** Deliveries of messages made from `sinceMs` (inclusive) to `untilMs` (exclusive). Null: all of them. */
export interface Meant {
  tenantId: string
  appId: string | null
  endpointId: string | null
  /** Names; `message.*` means all below. */
  eventTypes: string[] | null
  sinceMs: number
  untilMs: number
}

export type ClosedState = 'delivered' | 'exhausted' | 'discarded'

/**
 * SQL: the smallest id that a delivery of a message can have, which is made in the same millisecond at the earliest.
 * The planner leaves older days' partitions out by it, for each message.
 */
export function madeWith(messageId: string): string {
  return `(left(${messageId}::text, 14) || '7000-8000-000000000000')::uuid`
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
    /* sql */ `
    select m.id as "messageId", m.payload, m.content_type as "contentType", m.form, m.event_type as "eventType",
           m.channels, m.tags, (extract(epoch from m.created_at) * 1000)::float8 as "createdMs"
      from (select distinct * from unnest($1::uuid[], $2::uuid[]) as k(app_id, id)) k
      join message m on m.app_id = k.app_id and m.id = k.id
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
    /* sql */ `
    insert into work (
      endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at,
      ordering_key, seq, trigger, payload_bytes, event_type)
    select k.endpoint_id, k.message_id, uuid_v7(), m.tenant_id, m.app_id, $5, now(),
           ordered.key, case when ordered.key is not null then nextval('work_seq') end, 1, m.payload_bytes, m.event_type
      from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[])
      with ordinality as k(endpoint_id, message_id, id, app_id, place)
      join endpoint e on e.id = k.endpoint_id
      join message m on m.app_id = k.app_id and m.id = k.message_id
     cross join lateral (select case when e.ordering = 'key' then m.ordering_key end as key) ordered
     where m.id between $6 and $7
       and m.payload is not null
       and not exists (
         select from history l
          where l.endpoint_id = k.endpoint_id
            and l.state = any('{delivered,exhausted,discarded}')
            and l.message_id = k.message_id
            and l.id > k.id
       )
     order by k.place
    on conflict (endpoint_id, message_id) do nothing
    returning endpoint_id`,
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
