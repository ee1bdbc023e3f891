import { uuidFloor, uuidTimeMs } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'
import {
  type MessageFilter,
  type MessageRow,
  madeSince,
  messageColumns,
  messageOf,
  type StoredMessage,
} from '../messages/store.ts'
import { madeWith } from '../../queue/reopen/store.ts'
import { type Cursor, spanBounds, keysetRange } from '../pagination.ts'
import type { StatusText } from './status.ts'

export interface AttemptRow {
  id: string
  endpoint_id: string
  message_id: string
  number: number
  outcome: string
  status_code: number
  response: string
  error: string | null
  duration_ms: number
  trigger: number
  url: string
  event_type: string
  created_ms: number
}

const attemptColumns = (
  withResponse: string,
) => `a.id, a.endpoint_id, a.message_id, a.number, a.outcome, a.status_code,
  case when ${withResponse} then a.response else '' end as response, case when ${withResponse} then a.error end as error, a.duration_ms, a.trigger,
  a.url, a.event_type, (extract(epoch from a.created_at) * 1000)::float8 as created_ms`

export interface AttemptFilter extends MessageFilter {
  status?: StatusText | undefined
  status_code_class?: number | undefined
}

/**
 * The filters that both lists share, for placeholders from `first` on. An attempt is over, so it has succeeded or
 * failed: with the other statuses nothing is found.
 */
function conditions(
  filter: AttemptFilter,
  { below, above }: Bounds,
  first: number,
): { sql: string; values: unknown[] } {
  const at = (offset: number) => `$${first + offset}`
  const outcome =
    filter.status === undefined
      ? 'true'
      : filter.status === 'success'
        ? `a.outcome = 'delivered'`
        : filter.status === 'fail'
          ? `a.outcome <> 'delivered'`
          : 'false'
  const code = filter.status_code_class
  return {
    sql: `a.id < ${at(0)} and a.id >= ${at(1)} and (${at(2)}::text is null or ${at(2)} = any(a.channels)) and (${at(3)}::text is null or ${at(3)} = any(a.tags))
      and (${at(4)}::text[] is null or a.event_type = any(${at(4)})) and (${at(5)}::int is null or a.status_code between ${at(5)} and ${at(6)}) and ${outcome}`,
    values: [
      below,
      above,
      filter.channel ?? null,
      filter.tag ?? null,
      filter.event_types ?? null,
      code ?? null,
      code === undefined ? null : code === 0 ? 0 : code + 99,
    ],
  }
}

// As in the table's column `class`: 2 delivered, else the hundreds of the status code, negated.
const classes = [2, 0, -1, -2, -3, -4, -5, -6, -7, -8, -9]

function classesOf({ status, status_code_class: code }: AttemptFilter): number[] {
  const answered = code === undefined ? classes : code === 200 ? [2, -2] : [0 - code / 100]
  if (status === undefined) return answered
  if (status === 'success') return answered.filter((one) => one === 2)
  return status === 'fail' ? answered.filter((one) => one !== 2) : []
}

/** Of ids: up to below (exclusive), from above on. */
type Bounds = ReturnType<typeof spanBounds>

const nearMs = 2 * 86_400_000

/**
 * Two days from where a list begins, and what lies beyond. Most pages are filled by the first, and only its days'
 * partitions have to be planned and opened: with those of a month it is 10 ms a query, whatever that finds.
 */
function nearAndFar(cursor: Cursor, bounds: Bounds): Bounds[] {
  const { below, above } = bounds
  const { direction, at } = keysetRange(cursor)
  if (direction === 'desc') {
    // The clock only guesses where the newest are, which have no iterator before them.
    const fromMs = Math.min(...[at, below].map(uuidTimeMs), Date.now())
    const edge = uuidFloor(Math.max(0, fromMs - nearMs))
    return edge <= above
      ? [bounds]
      : [
          { below, above: edge },
          { below: edge, above },
        ]
  }
  const edge = uuidFloor(Math.max(...[at, above].map(uuidTimeMs)) + nearMs)
  return edge >= below
    ? [bounds]
    : [
        { below: edge, above },
        { below, above: edge },
      ]
}

/**
 * Newest first. Whatever is asked for, an index is walked that leads to it: of each class of answers, of each event
 * type's classes, or of a channel or tag, the page's worth is read in order, day by day, and the page is made of
 * these.
 */
export async function attemptsByEndpoint(
  db: Queryable,
  endpointId: string,
  filter: AttemptFilter,
  cursor: Cursor,
  withContent: boolean,
): Promise<AttemptRow[]> {
  const { limit } = keysetRange(cursor)
  const found: AttemptRow[] = []
  for (const bounds of nearAndFar(cursor, spanBounds(filter))) {
    const missing = limit - found.length
    if (missing > 0)
      found.push(
        ...(await attemptsWithin(db, endpointId, filter, bounds, cursor, missing, withContent)),
      )
  }
  return found
}

async function attemptsWithin(
  db: Queryable,
  endpointId: string,
  filter: AttemptFilter,
  bounds: Bounds,
  cursor: Cursor,
  limit: number,
  withContent: boolean,
): Promise<AttemptRow[]> {
  const wanted = classesOf(filter)
  if (wanted.length === 0) return []
  const { compare, direction, at } = keysetRange(cursor)
  const { sql, values } = conditions(filter, bounds, 5)
  const { channel, tag, event_types: types } = filter
  const label = channel === undefined ? tag && `t:${tag}` : `c:${channel}`
  const columns = attemptColumns('$4::boolean')
  const order = `order by a.id ${direction} limit $3`
  const [ofType, typeColumn, typeSame] = types
    ? ['and a.event_type = t.type', ', a.event_type', 'and a.event_type = p.event_type']
    : ['', '', '']
  const walked =
    label === undefined
      ? // Ids come from the index alone: of each class a page's worth is read, most of which is not on the page.
        `select a.* from (
           select w.* from ${types ? 'unnest($13::text[]) as t(type) cross join' : ''} unnest($12::smallint[]) as c(class) cross join lateral (
             select a.id, a.class ${typeColumn} from attempt a
              where a.endpoint_id = $1 ${ofType} and a.class = c.class and a.id ${compare} $2 and a.id < $5 and a.id >= $6 ${order}) w
            order by w.id ${direction} limit $3) p
           cross join lateral (
             select ${columns} from attempt a where a.endpoint_id = $1 ${typeSame} and a.class = p.class and a.id = p.id and ${sql} limit 1) a
          order by a.id ${direction}`
      : // The limit of one keeps the planner from joining all of the label's attempts before it sorts them.
        `select a.* from attempt_label l cross join lateral (
           select ${columns} from attempt a where a.message_id = l.message_id and a.id = l.id and a.class = any($12) and ${sql} limit 1) a
          where l.endpoint_id = $1 and l.label = $13 and l.id ${compare} $2 and l.id < $5 and l.id >= $6
          order by l.id ${direction} limit $3`
  const { rows } = await db.query<AttemptRow>(walked, [
    endpointId,
    at,
    limit,
    withContent,
    ...values,
    wanted,
    ...(label === undefined ? (types ? [[...new Set(types)]] : []) : [label]),
  ])
  return rows
}

/** Newest first. Days before the message's own are left out. */
export async function attemptsByMessage(
  db: Queryable,
  message: { appId: string; id: string },
  filter: AttemptFilter & { endpointId: string | undefined },
  cursor: Cursor,
  withContent: boolean,
): Promise<AttemptRow[]> {
  const { compare, direction, at, limit } = keysetRange(cursor)
  const { sql, values } = conditions(filter, spanBounds(filter), 8)
  const { rows } = await db.query<AttemptRow>(
    `select ${attemptColumns('$4::boolean')} from attempt a
      where a.message_id = $1 and a.id ${compare} $2 and a.id >= $5 and a.app_id = $6 and ($7::uuid is null or a.endpoint_id = $7)
        and ${sql} order by a.id ${direction} limit $3`,
    [
      message.id,
      at,
      limit,
      withContent,
      madeSince(message.id),
      message.appId,
      filter.endpointId ?? null,
      ...values,
    ],
  )
  return rows
}

export async function findAttempt(
  db: Queryable,
  appId: string,
  messageId: string,
  id: string,
): Promise<AttemptRow | undefined> {
  const { rows } = await db.query<AttemptRow>(
    `select ${attemptColumns('true')} from attempt a where a.id = $1 and a.message_id = $2 and a.app_id = $3`,
    [id, messageId, appId],
  )
  return rows[0]
}

/** Deletes what the receiver answered. @returns whether there was such an attempt */
export async function expungeResponse(
  db: Queryable,
  appId: string,
  messageId: string,
  id: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update attempt set response = 'EXPUNGED' where id = $1 and message_id = $2 and app_id = $3`,
    [id, messageId, appId],
  )
  return rowCount === 1
}

/** How the delivery of one message to one endpoint stands. */
export interface DeliveryRow {
  endpoint_id: string
  message_id: string
  state: 'pending' | 'sending' | 'delivered' | 'exhausted' | 'discarded'
  reason: string | null
  next_ms: number | null
}

const openState = `case when w.lease_owner is null then 'pending' else 'sending' end as state, null::text as reason,
  case when w.lease_owner is null then (extract(epoch from w.next_attempt_at) * 1000)::float8 end as next_ms`

/**
 * Of one message, to each of the endpoints it was for. Of several deliveries (it was resent) the open one counts,
 * else the last.
 */
export async function deliveriesOfMessage(
  db: Queryable,
  messageId: string,
  endpointIds: string[],
): Promise<DeliveryRow[]> {
  const { rows } = await db.query<DeliveryRow>(
    `with open as (select w.endpoint_id, w.message_id, ${openState} from work w where w.endpoint_id = any($1) and w.message_id = $2)
     select * from open
     union all
     select * from (
       select distinct on (d.endpoint_id) d.endpoint_id, d.message_id, d.state, d.reason, null::float8 as next_ms from delivery d
        where d.endpoint_id = any($1) and d.message_id = $2 and d.id >= $3 order by d.endpoint_id, d.id desc) closed
      where not exists (select from open where open.endpoint_id = closed.endpoint_id)`,
    [endpointIds, messageId, madeSince(messageId)],
  )
  return rows
}

export interface MessageDelivery extends DeliveryRow {
  message: StoredMessage
}

const stateOfStatus: Record<StatusText, DeliveryRow['state'][]> = {
  success: ['delivered'],
  fail: ['exhausted'],
  canceled: ['discarded'],
  pending: ['pending'],
  sending: ['sending'],
}

export type DeliveryFilter = MessageFilter & { status?: StatusText | undefined; expanded: boolean }

const closedStates = ['delivered', 'exhausted', 'discarded'] as const

/** Rows of each half that are looked at together; more, where the filters leave few of them. */
const firstChunk = 200
const largestChunk = 10_000

/**
 * Messages of an endpoint without payloads, with how their deliveries stand; newest first. Open and finished ones are
 * walked side by side, a chunk of each at a time: asked for in one piece, PostgreSQL sorted the whole backlog (290 ms
 * for 100,000 open and 200,000 finished; in chunks 4 ms).
 */
export async function deliveriesOfEndpoint(
  db: Queryable,
  appId: string,
  endpointId: string,
  filter: DeliveryFilter,
  cursor: Cursor,
): Promise<MessageDelivery[]> {
  const { limit, at } = keysetRange(cursor)
  const found: MessageDelivery[] = []
  const { channel, tag, event_types: types } = filter
  // A status leaves no rows out that were looked at, or few; looking at a message costs a page of its own.
  const first =
    channel === undefined && tag === undefined && types === undefined ? limit : firstChunk
  for (const bounds of nearAndFar(cursor, spanBounds(filter))) {
    let from: string | null = at
    for (let size = first; from !== null; size = Math.min(size * 4, largestChunk)) {
      const chunk = await deliveryChunk(db, appId, endpointId, filter, bounds, cursor, from, size)
      found.push(...chunk.rows)
      if (found.length >= limit) return found.slice(0, limit)
      from = chunk.next
    }
  }
  return found
}

function wantedStates({ status, expanded }: DeliveryFilter): DeliveryRow['state'][] | null {
  if (status === undefined) return null
  return status === 'fail' && !expanded ? ['exhausted', 'discarded'] : stateOfStatus[status]
}

/** `next`: where the following chunk begins; null: there is none. */
async function deliveryChunk(
  db: Queryable,
  appId: string,
  endpointId: string,
  filter: DeliveryFilter,
  { below, above }: Bounds,
  cursor: Cursor,
  from: string,
  size: number,
): Promise<{ rows: MessageDelivery[]; next: string | null }> {
  const { compare, direction } = keysetRange(cursor)
  const states = wantedStates(filter)
  const wants = (...some: DeliveryRow['state'][]) =>
    states === null || some.some((state) => states.includes(state))
  // Of the finished ones each state is walked by itself, in its index alone: there may be a few of it among millions
  // of another. What counts is a message's last delivery, if it was resent; it was made with the message or later,
  // which leaves older days out. A half that is full may go on behind its last row, so what the other half has beyond
  // that waits for the next chunk.
  const [nearest, backwards] = direction === 'desc' ? ['greatest', 'asc'] : ['least', 'desc']
  const lastIfFull = (half: string) =>
    `(select case when count(*) over () = $10 then message_id end from ${half} order by message_id ${backwards} limit 1)`
  const { rows } = await db.query<DeliveryRow & MessageRow & { next: string | null }>(
    `with open as materialized (
       select w.endpoint_id, w.message_id, ${openState} from work w
        where w.endpoint_id = $2 and w.message_id ${compare} $3 and w.message_id < $4 and w.message_id >= $5 ${wants('pending', 'sending') ? '' : 'and false'}
        order by w.message_id ${direction} limit $10),
     finished as materialized (
       select distinct c.message_id from unnest($11::text[]) as s(state) cross join lateral (
         select distinct c.message_id from delivery c
          where c.endpoint_id = $2 and c.state = s.state and c.message_id ${compare} $3 and c.message_id < $4 and c.message_id >= $5 and c.id >= $12
          order by c.message_id ${direction} limit $10) c
        order by c.message_id ${direction} limit $10),
     closed as (
       select $2::uuid as endpoint_id, f.message_id, l.state, l.reason, null::float8 as next_ms from finished f cross join lateral (
         select l.state, l.reason from delivery l where l.message_id = f.message_id and l.endpoint_id = $2 and l.id >= ${madeWith('f.message_id')} and l.id >= $12 order by l.id desc limit 1) l),
     edge as (select ${nearest}(${lastIfFull('open')}, ${lastIfFull('finished')}) as next)
     select edge.next, d.*, m.* from edge left join (
       (select * from open
        union all
        select endpoint_id, message_id, state, reason, next_ms from closed
         where not exists (select from work w where w.endpoint_id = $2 and w.message_id = closed.message_id)) d
       join lateral (
         select ${messageColumns('no payload')} from message m where m.app_id = $1 and m.id = d.message_id and m.id < $4 and m.id >= $5
            and ($6::text is null or $6 = any(m.channels)) and ($7::text is null or $7 = any(m.tags))
            and ($8::text[] is null or m.event_type = any($8))) m on true)
       on (d.message_id = edge.next or d.message_id ${compare === '<' ? '>' : '<'} edge.next or edge.next is null) and ($9::text[] is null or d.state = any($9))
      order by d.message_id ${direction}`,
    [
      appId,
      endpointId,
      from,
      below,
      above,
      filter.channel ?? null,
      filter.tag ?? null,
      filter.event_types ?? null,
      states,
      size,
      closedStates.filter((state) => wants(state)),
      madeSince(above),
    ],
  )
  const next = rows[0]?.next ?? null
  // Without a match there is one row, of the edge alone.
  const matched = rows.filter((row) => row.message_id !== null)
  return { rows: matched.map((row) => ({ ...row, message: messageOf(row) })), next }
}
