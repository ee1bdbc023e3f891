import type { Queryable } from '../../db/pool.ts'
import type { MessageRow } from '../history/messages/store.ts'
import { madeSince } from '../history/span.ts'

export interface SearchFilter {
  eventTypes: string[] | null
  channel: string | null
  tag: string | null
  eventId: string | null
  orderingKey: string | null
  unmatchedOnly: boolean
  /** Within payloads that are stored as they are: those that are sealed are not read. */
  text: string | null
}

export interface FoundMessage
  extends Omit<
    MessageRow,
    'tenant_id' | 'payload' | 'form' | 'content_type' | 'priority' | 'created_ms'
  > {
  app_uid: string | null
  wanted: boolean
}

/** The tenant's apps, to look through; one more than `limit` where there are more. */
export async function appsToSearch(
  db: Queryable,
  tenantId: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from app where tenant_id = $1 and kind = 'app' order by id limit $2`,
    [tenantId, limit + 1],
  )
  return rows.map(({ id }) => id)
}

/**
 * The next `limit` messages of these apps below an id, newest first, each with whether it is wanted. One walk of the
 * primary key an app, however few are wanted: the cost hangs on `limit` and the number of apps alone.
 */
export async function lookAtMessages(
  db: Queryable,
  appIds: readonly string[],
  span: { below: string; above: string },
  filter: SearchFilter,
  limit: number,
): Promise<FoundMessage[]> {
  const { rows } = await db.query<FoundMessage>(
    /* sql */ `
      select m.id, m.app_id, a.uid as app_uid, m.event_type, m.event_id, m.channels, m.tags, m.ordering_key,
             m.payload_bytes, m.unmatched,
             (($5::text[] is null or m.event_type = any($5))
              and ($6::text is null or $6 = any(m.channels))
              and ($7::text is null or $7 = any(m.tags))
              and ($8::text is null or m.event_id = $8)
              and ($9::text is null or m.ordering_key = $9)
              and (not $10 or m.unmatched is not null)
              and ($11::text is null or (
                    m.payload is not null and strpos(lower(m.payload), lower($11)) > 0))) as wanted
        from (
             select w.app_id, w.id
               from unnest($1::uuid[]) as k (app_id)
              cross join lateral (
                select x.app_id, x.id
                  from message x
                 where x.app_id = k.app_id and x.id < $2 and x.id >= $3
                 order by x.id desc
                 limit $4) w
              order by w.id desc
              limit $4) page
        join message m on m.app_id = page.app_id and m.id = page.id and m.id < $2 and m.id >= $3
        join app a on a.id = page.app_id
       order by m.id desc`,
    [
      appIds,
      span.below,
      span.above,
      limit,
      filter.eventTypes,
      filter.channel,
      filter.tag,
      filter.eventId,
      filter.orderingKey,
      filter.unmatchedOnly,
      filter.text,
    ],
  )
  return rows
}

export interface Standing {
  message_id: string
  state: 'waiting' | 'delivered' | 'exhausted' | 'discarded'
  n: number
}

/** How the deliveries of these messages stand, counted. */
export async function standingOf(
  db: Queryable,
  messages: readonly Pick<FoundMessage, 'id' | 'app_id'>[],
): Promise<Standing[]> {
  if (messages.length === 0) return []
  const ids = messages.map(({ id }) => id).toSorted()
  const { rows } = await db.query<Standing>(
    /* sql */ `
      with open as materialized (
        select w.message_id, w.endpoint_id
          from unnest($1::uuid[], $2::uuid[]) as k (app_id, id)
          join endpoint e on e.app_id = k.app_id
          join work w on w.endpoint_id = e.id and w.message_id = k.id
      )
      select message_id, state, count(*)::int as n from (
        select message_id, 'waiting' as state from open
        union all
        select l.message_id, l.state from (
          select distinct on (h.message_id, h.endpoint_id) h.message_id, h.endpoint_id, h.state
            from history h
           where h.message_id = any($2::uuid[]) and h.row_id >= $3
             and h.state = any('{delivered,exhausted,discarded}')
           order by h.message_id, h.endpoint_id, h.id desc) l
         where not exists (
           select from open o where o.message_id = l.message_id and o.endpoint_id = l.endpoint_id)) each_one
       group by 1, 2`,
    [messages.map((one) => one.app_id), messages.map(({ id }) => id), madeSince(ids[0]!)],
  )
  return rows
}

/** Messages that an event id names, in these apps. */
export async function byEventId(
  db: Queryable,
  appIds: readonly string[],
  eventId: string,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select message_id as id from dedupe where scope = any($1::uuid[]) and key = 'event-id:' || $2`,
    [appIds, eventId],
  )
  return rows.map(({ id }) => id)
}
