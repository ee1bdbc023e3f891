import { PomboError } from '../../../core/error.ts'
import { highestId, lowestId, uuidFloor, uuidTimeMs } from '../../../core/id.ts'
import { fields } from '../../../core/json-values.ts'
import type { DeliveryState } from '../../../dialects/contract/delivery-log.ts'
import type { Payloads } from '../../../db/payload.ts'
import type { Queryable } from '../../../db/pool.ts'
import {
  messageColumns,
  messageOf,
  type MessageRow,
  type StoredMessage,
} from '../../history/messages/store.ts'
import { madeSince } from '../../history/span.ts'
import type { Position } from '../time-slices.ts'

export interface DeliveryRow {
  id: string
  /** Null: an unmatched message, under its own id. */
  endpoint_id: string | null
  message_id: string
  app_id: string
  state: DeliveryState
  reason: string | null
  attempts: number
  event_type: string
  next_ms: number | null
  closed_ms: number | null
}

const open = `w.id, w.endpoint_id, w.message_id, w.app_id, case when w.attempt > 0 then 'retrying' else 'pending' end as state, null::text as reason,
  w.attempt as attempts, w.event_type, case when w.lease_owner is null then (extract(epoch from w.next_attempt_at) * 1000)::float8 end as next_ms, null::float8 as closed_ms`
const closed = `d.id, d.endpoint_id, d.message_id, d.app_id, d.state, d.reason, d.attempts, d.event_type, null::float8 as next_ms,
  (extract(epoch from d.closed_at) * 1000)::float8 as closed_ms`

/** Ties rows of one message; of those without an endpoint there is one. */
const noEndpoint = lowestId

const unmatched = `m.id, null::uuid as endpoint_id, m.id as message_id, m.app_id, 'unmatched' as state, m.unmatched as reason, 0 as attempts, m.event_type,
  null::float8 as next_ms, null::float8 as closed_ms`

export interface DeliverySpan {
  /** Whose unmatched messages are listed beside. */
  appIds: readonly string[]
  endpointIds: readonly string[]
  eventTypes: readonly string[] | null
  states: readonly DeliveryState[] | null
}

/**
 * One slice of a scan by message. Of several deliveries of one message (it was resent) the open one counts, else the
 * last.
 */
export async function readDeliveries(
  db: Queryable,
  span: DeliverySpan,
  below: Position,
  above: string,
  limit: number,
): Promise<DeliveryRow[]> {
  const { rows } = await db.query<DeliveryRow>(
    `select * from (
       select ${open} from work w where w.endpoint_id = any($1::uuid[]) and w.message_id <= $2 and (w.message_id, w.endpoint_id) < ($2, $3) and w.message_id >= $4
       union all
       select * from (
         select distinct on (d.message_id, d.endpoint_id) ${closed} from history d
          where d.endpoint_id = any($1::uuid[]) and d.state = any('{delivered,exhausted,discarded}') and d.message_id <= $2 and (d.message_id, d.endpoint_id) < ($2, $3) and d.message_id >= $4 and d.row_id >= $5
          order by d.message_id desc, d.endpoint_id desc, d.id desc) c
        where not exists (select from work w where w.endpoint_id = c.endpoint_id and w.message_id = c.message_id)
       union all
       select ${unmatched} from message m where m.app_id = any($9::uuid[]) and m.id < $2 and m.id >= $4 and m.unmatched is not null) p
      where ($6::text[] is null or state = any($6)) and ($7::text[] is null or event_type = any($7))
      order by message_id desc, coalesce(endpoint_id, '${noEndpoint}') desc limit $8`,
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
  const { rows } = await db.query<DeliveryRow>(
    `select ${open} from work w where w.endpoint_id = any($1::uuid[]) and w.message_id <= $2 and (w.message_id, w.endpoint_id) < ($2, $3) and w.message_id >= $4
        and w.attempt > 0 and ($5::text[] is null or w.event_type = any($5)) order by w.message_id desc, w.endpoint_id desc limit $6`,
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
    const { rows } = await db.query<DeliveryRow>(
      `select ${open} from work w where w.endpoint_id = any($1::uuid[]) and w.message_id between $3 and $4 and w.id = $2
       union all
       select ${closed} from history d
        where d.endpoint_id = any($1::uuid[]) and d.state = any('{delivered,exhausted,discarded}')
          and d.message_id between $3 and $4 and d.id = $2 and d.row_id between $5 and $6 limit 1`,
      [endpointIds, id, from, to, since, closedUntil],
    )
    if (rows[0]) return rows[0]
  }
  return undefined
}

/** A message that nobody got, as a row of the log. */
export async function findUnmatched(
  db: Queryable,
  appIds: readonly string[],
  id: string,
): Promise<DeliveryRow | undefined> {
  const { rows } = await db.query<DeliveryRow>(
    `select ${unmatched} from message m where m.app_id = any($1::uuid[]) and m.id = $2 and m.unmatched is not null`,
    [appIds, id],
  )
  return rows[0]
}

/** How one message's deliveries stand. */
export async function deliveriesOf(
  db: Queryable,
  endpointIds: readonly string[],
  messageId: string,
): Promise<DeliveryRow[]> {
  const { rows } = await db.query<DeliveryRow>(
    `select ${open} from work w where w.endpoint_id = any($1::uuid[]) and w.message_id = $2
     union all
     select * from (
       select distinct on (d.endpoint_id) ${closed} from history d
        where d.endpoint_id = any($1::uuid[]) and d.state = any('{delivered,exhausted,discarded}')
          and d.message_id = $2 and d.row_id >= $3
        order by d.endpoint_id, d.id desc) c
      where not exists (select from work w where w.endpoint_id = c.endpoint_id and w.message_id = c.message_id)`,
    [endpointIds, messageId, madeSince(messageId)],
  )
  return rows
}

export interface MessageFilter {
  appId: string
  eventTypes: readonly string[] | null
  unmatched: boolean | undefined
  prefixes: readonly string[] | undefined
  exceptPrefixes: readonly string[] | undefined
  contentType: string | undefined
}

const messageConditions = `m.app_id = $1 and m.id < $2 and m.id >= $3 and ($4::text[] is null or m.event_type = any($4))
  and ($5::bool is null or (m.unmatched is not null) = $5)
  and ($6::text[] is null or m.event_type ^@ any($6)) and ($7::text[] is null or not m.event_type ^@ any($7))
  and ($8::text is null or case when m.form = 'whatsapp' and m.payload ^@ '{' then m.payload::json #>> '{content,type}' end = $8)`

function messageValues(filter: MessageFilter, below: string, above: string): unknown[] {
  const { appId, eventTypes, unmatched, prefixes, exceptPrefixes, contentType } = filter
  return [
    appId,
    below,
    above,
    eventTypes,
    unmatched ?? null,
    prefixes ?? null,
    exceptPrefixes ?? null,
    contentType ?? null,
  ]
}

/** One slice of a scan over an app's messages, without payloads. */
export async function listMessages(
  db: Queryable,
  filter: MessageFilter,
  below: Position,
  above: string,
  limit: number,
): Promise<StoredMessage[]> {
  const { rows } = await db.query<MessageRow>(
    `select ${messageColumns('no payload')} from message m where ${messageConditions} order by m.id desc limit $9`,
    [...messageValues(filter, below.id, above), limit],
  )
  return rows.map(messageOf)
}

export async function countMessages(
  db: Queryable,
  filter: MessageFilter,
  fromMs: number,
  toMs: number,
): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*) as count from message m where ${messageConditions}`,
    messageValues(filter, uuidFloor(toMs), uuidFloor(Math.max(0, fromMs))),
  )
  return rows[0]!.count
}

const sealedAtATime = 200

/**
 * Of messages of a content type those whose payloads are sealed: PostgreSQL cannot look into them. One that cannot be
 * opened is of no type.
 */
export async function countSealed(
  { db, payloads }: { db: Queryable; payloads: Pick<Payloads, 'open'> },
  filter: MessageFilter & { contentType: string },
  fromMs: number,
  toMs: number,
): Promise<number> {
  let count = 0
  const values = messageValues({ ...filter, contentType: undefined }, '', '').slice(3)
  for (let below = uuidFloor(toMs); ; ) {
    const { rows } = await db.query<{ id: string; payload: string }>(
      `select m.id, m.payload from message m where ${messageConditions} and m.form = 'whatsapp' and m.payload ^@ 'sealed:' order by m.id desc limit $9`,
      [filter.appId, below, uuidFloor(Math.max(0, fromMs)), ...values, sealedAtATime],
    )
    for (const { id, payload } of rows)
      if (contentTypeOf(payload, id, payloads) === filter.contentType) count += 1
    const last = rows.at(-1)
    if (last === undefined) return count
    below = last.id
  }
}

function contentTypeOf(stored: string, id: string, payloads: Pick<Payloads, 'open'>): unknown {
  try {
    return fields(fields(JSON.parse(payloads.open(stored, id)))?.['content'])?.['type']
  } catch (error) {
    if (error instanceof PomboError) return undefined
    throw error
  }
}

/** By message and endpoint, as they are listed. */
export async function countDeliveries(
  db: Queryable,
  endpointIds: readonly string[],
): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*) as count from (
       select w.message_id, w.endpoint_id from work w where w.endpoint_id = any($1::uuid[])
       union
       select d.message_id, d.endpoint_id from history d where d.endpoint_id = any($1::uuid[]) and d.state = any('{delivered,exhausted,discarded}')) p`,
    [endpointIds],
  )
  return rows[0]!.count
}

export interface OpenRow {
  endpoint_id: string
  rank: number
  tried: boolean
  leased: boolean
  count: number
  attempts: number
}

/** Open deliveries, counted. */
export async function countOpen(db: Queryable, endpointIds: readonly string[]): Promise<OpenRow[]> {
  const { rows } = await db.query<OpenRow>(
    `select w.endpoint_id, w.priority as rank, w.attempt > 0 as tried, w.lease_owner is not null as leased, count(*) as count, sum(w.attempt) as attempts
       from work w where w.endpoint_id = any($1::uuid[]) group by 1, 2, 3, 4`,
    [endpointIds],
  )
  return rows
}
