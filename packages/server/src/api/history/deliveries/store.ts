/**
 * How deliveries stand, read in one way by the API and the dialects: open ones in `work`, finished ones in `history`.
 * Of several deliveries of one message to one endpoint (it was resent) the open one counts, else the last.
 */
import { highestId, lowestId, uuidFloor, uuidTimeMs } from '../../../core/id.ts'
import type { Queryable } from '../../../db/pool.ts'
import type { DeliveryState } from '../../../dialects/contract/delivery-log.ts'
import { madeSince } from '../span.ts'
import type { Position } from '../../dialects/time-slices.ts'

export interface DeliveryRow<State = DeliveryState> {
  id: string
  /** Null: an unmatched message, under its own id. */
  endpoint_id: string | null
  message_id: string
  app_id: string
  state: State
  reason: string | null
  attempts: number
  event_type: string
  next_ms: number | null
  closed_ms: number | null
}

/** As the API tells open deliveries apart: by whether a node has them in hand. */
export type StandingState = 'pending' | 'sending' | 'delivered' | 'exhausted' | 'discarded'

/** What an open delivery `w` is called: `sending` while a node has it in hand, or `retrying` once it was tried. */
export type OpenWord = 'sending' | 'retrying'

export function openState(word: OpenWord): string {
  const is = word === 'sending' ? 'w.lease_owner is not null' : 'w.attempt > 0'
  return `case when ${is} then '${word}' else 'pending' end as state`
}

/** When a waiting delivery `w` is tried next. */
export const nextMs = /* sql */ `
  case when w.lease_owner is null then (extract(epoch from w.next_attempt_at) * 1000)::float8 end as next_ms`

const open = (word: OpenWord) => /* sql */ `
  w.id, w.endpoint_id, w.message_id, w.app_id, ${openState(word)}, null::text as reason,
  w.attempt as attempts, w.event_type, ${nextMs}, null::float8 as closed_ms`

const closed = /* sql */ `
  d.id, d.endpoint_id, d.message_id, d.app_id, d.state, d.reason,
  d.attempts, d.event_type, null::float8 as next_ms,
  (extract(epoch from d.closed_at) * 1000)::float8 as closed_ms`

/** Names all states, so that the index by state is walked; an attempt that closed nothing has none. */
export const isClosed = /* sql */ `state = any('{delivered,exhausted,discarded}')`

/** A message `m` that nobody got, as a row beside deliveries. */
const unmatched = /* sql */ `
  m.id, null::uuid as endpoint_id, m.id as message_id, m.app_id, 'unmatched' as state, m.unmatched as reason,
  0 as attempts, m.event_type, null::float8 as next_ms, null::float8 as closed_ms`

/** Of one message, to each of the endpoints it was for. */
export async function deliveriesOfMessage<State extends StandingState | DeliveryState>(
  db: Queryable,
  endpointIds: readonly string[],
  messageId: string,
  word: OpenWord,
): Promise<(DeliveryRow<State> & { endpoint_id: string })[]> {
  // One probe of the primary key of `work` an endpoint, and a range of those of `history` in each day since.
  const { rows } = await db.query<DeliveryRow<State> & { endpoint_id: string }>(
    /* sql */ `
      select ${open(word)}
        from work w
       where w.endpoint_id = any($1::uuid[])
         and w.message_id = $2
       union all
      select *
        from (
             select distinct on (d.endpoint_id) ${closed}
               from history d
              where d.endpoint_id = any($1::uuid[])
                and d.${isClosed}
                and d.message_id = $2
                and d.row_id >= $3
              order by d.endpoint_id, d.id desc) c
       where not exists (
             select
               from work w
              where w.endpoint_id = c.endpoint_id
                and w.message_id = c.message_id)`,
    [endpointIds, messageId, madeSince(messageId)],
  )
  return rows
}

/**
 * The same to endpoints that are not among `known`: they were deleted since, and have no open work. `url`: where it
 * was sent to, if it was.
 */
export async function deletedDestinations(
  db: Queryable,
  messageId: string,
  known: readonly string[],
): Promise<(DeliveryRow<StandingState> & { endpoint_id: string; url: string | null })[]> {
  // The message's range of the primary keys in each day since, and for each endpoint the end of its attempts.
  const { rows } = await db.query<
    DeliveryRow<StandingState> & { endpoint_id: string; url: string | null }
  >(
    /* sql */ `
      select distinct on (d.endpoint_id) ${closed},
             (select a.url
                from attempt a
               where a.message_id = d.message_id
                 and a.endpoint_id = d.endpoint_id
                 and a.id >= $3
               order by a.id desc
               limit 1) as url
        from history d
       where d.message_id = $1
         and d.state is not null
         and d.endpoint_id <> all($2)
         and d.row_id >= $3
       order by d.endpoint_id, d.id desc`,
    [messageId, known, madeSince(messageId)],
  )
  return rows
}

export interface DeliverySpan {
  /** Whose unmatched messages are listed beside. */
  appIds: readonly string[]
  endpointIds: readonly string[]
  eventTypes: readonly string[] | null
  states: readonly DeliveryState[] | null
}

/** One slice of a scan by message (time-slices.ts), newest first. */
export async function readDeliveries(
  db: Queryable,
  span: DeliverySpan,
  below: Position,
  above: string,
  limit: number,
): Promise<DeliveryRow[]> {
  // A range of `work`, of `history` by state and of `message` for each endpoint or app, sorted: all of the slice,
  // which is chosen so that this is little. Rows of one message are told apart by the endpoint, or by its absence.
  const { rows } = await db.query<DeliveryRow>(
    /* sql */ `
      select *
        from (
             select ${open('retrying')}
               from work w
              where w.endpoint_id = any($1::uuid[])
                and w.message_id <= $2
                and (w.message_id, w.endpoint_id) < ($2, $3)
                and w.message_id >= $4
              union all
             select *
               from (
                    select distinct on (d.message_id, d.endpoint_id) ${closed}
                      from history d
                     where d.endpoint_id = any($1::uuid[])
                       and d.${isClosed}
                       and d.message_id <= $2
                       and (d.message_id, d.endpoint_id) < ($2, $3)
                       and d.message_id >= $4
                       and d.row_id >= $5
                     order by d.message_id desc, d.endpoint_id desc, d.id desc) c
              where not exists (
                    select
                      from work w
                     where w.endpoint_id = c.endpoint_id
                       and w.message_id = c.message_id)
              union all
             select ${unmatched}
               from message m
              where m.app_id = any($9::uuid[])
                and m.id < $2
                and m.id >= $4
                and m.unmatched is not null) p
       where ($6::text[] is null or state = any($6))
         and ($7::text[] is null or event_type = any($7))
       order by message_id desc, coalesce(endpoint_id, '${lowestId}') desc
       limit $8`,
    [
      span.endpointIds,
      below.id,
      below.tie,
      above,
      madeSince(above),
      span.states,
      span.eventTypes,
      limit,
      span.states?.includes('unmatched') ? span.appIds : [],
    ],
  )
  return rows
}

/** One slice of a scan by message, over what was tried and waits. */
export async function readRetries(
  db: Queryable,
  span: Pick<DeliverySpan, 'endpointIds' | 'eventTypes'>,
  below: Position,
  above: string,
  limit: number,
): Promise<DeliveryRow[]> {
  // A range of the primary key for each endpoint, sorted; what was not tried yet is passed over.
  const { rows } = await db.query<DeliveryRow>(
    /* sql */ `
      select ${open('retrying')}
        from work w
       where w.endpoint_id = any($1::uuid[])
         and w.message_id <= $2
         and (w.message_id, w.endpoint_id) < ($2, $3)
         and w.message_id >= $4
         and w.attempt > 0
         and ($5::text[] is null or w.event_type = any($5))
       order by w.message_id desc, w.endpoint_id desc
       limit $6`,
    [span.endpointIds, below.id, below.tie, above, span.eventTypes, limit],
  )
  return rows
}

const resentWithinMs = 2 * 86_400_000

/**
 * By its id alone. A delivery is made together with its message unless it was resent, so that is where it is looked
 * for first; then among what was closed in the days after.
 */
export async function findDelivery(
  db: Queryable,
  endpointIds: readonly string[],
  id: string,
): Promise<DeliveryRow | undefined> {
  const madeAtMs = uuidTimeMs(id)
  const since = uuidFloor(Math.max(0, madeAtMs - 5_000))
  for (const [from, to, closedUntil] of [
    [since, uuidFloor(madeAtMs + 5_000), highestId],
    [lowestId, highestId, uuidFloor(madeAtMs + resentWithinMs)],
    [lowestId, highestId, highestId],
  ]) {
    // Ranges of `work` and of `history` by state for each endpoint: ten seconds of them, and for what was resent all.
    const { rows } = await db.query<DeliveryRow>(
      /* sql */ `
        select ${open('retrying')}
          from work w
         where w.endpoint_id = any($1::uuid[])
           and w.message_id between $3 and $4
           and w.id = $2
         union all
        select ${closed}
          from history d
         where d.endpoint_id = any($1::uuid[])
           and d.${isClosed}
           and d.message_id between $3 and $4
           and d.id = $2
           and d.row_id between $5 and $6
         limit 1`,
      [endpointIds, id, from, to, since, closedUntil],
    )
    if (rows[0]) return rows[0]
  }
  return undefined
}

/** A message that nobody got, as a row beside deliveries. */
export async function findUnmatched(
  db: Queryable,
  appIds: readonly string[],
  id: string,
): Promise<DeliveryRow | undefined> {
  // One probe of the primary key an app, in one day.
  const { rows } = await db.query<DeliveryRow>(
    /* sql */ `
      select ${unmatched}
        from message m
       where m.app_id = any($1::uuid[])
         and m.id = $2
         and m.unmatched is not null`,
    [appIds, id],
  )
  return rows[0]
}
