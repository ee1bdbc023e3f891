import { readId, uuidFloor, uuidTimeMs } from '../../core/id.ts'
import type { Message, PayloadForm } from '../../core/message.ts'
import type { Payloads } from '../../db/payload.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import { priorityOfRank } from '../../queue/queue.ts'
import { type Cursor, spanBounds, keysetRange } from '../pagination.ts'

/** Where messages are read, and how what is stored becomes what came in. */
export interface Messages {
  db: Pool
  payloads: Pick<Payloads, 'open'>
}

/** A stored message, with what only its list shows. */
export interface StoredMessage extends Message {
  /** Why nobody got it. */
  unmatched: string | null
  payloadBytes: number
}

export interface MessageFilter {
  before?: number | undefined
  after?: number | undefined
  channel?: string | undefined
  tag?: string | undefined
  event_types?: string[] | undefined
}

export interface MessageRow {
  id: string
  tenant_id: string
  app_id: string
  event_type: string
  event_id: string | null
  channels: string[] | null
  tags: string[] | null
  payload: string | null
  payload_bytes: number
  form: PayloadForm
  content_type: string | null
  ordering_key: string | null
  priority: number
  unmatched: string | null
  created_ms: number
}

/** The columns of a message `m`. Lists leave the payloads out and fetch those that they show. */
export function messageColumns(payload: 'payload' | 'no payload'): string {
  return `m.id, m.tenant_id, m.app_id, m.event_type, m.event_id, m.channels, m.tags, ${payload === 'payload' ? 'm.payload' : 'null as payload'},
    m.payload_bytes, m.form, m.content_type, m.ordering_key, m.priority, m.unmatched, (extract(epoch from m.created_at) * 1000)::float8 as created_ms`
}

/**
 * Newest first, without payloads. The bounds on `id` prune the days' partitions, and within each the primary key is
 * walked in order.
 */
export async function listMessages(
  db: Queryable,
  appId: string,
  filter: MessageFilter,
  cursor: Cursor,
): Promise<StoredMessage[]> {
  const { compare, direction, at, limit } = keysetRange(cursor)
  const { below, above } = spanBounds(filter)
  const { rows } = await db.query<MessageRow>(
    `select ${messageColumns('no payload')} from message m
      where m.app_id = $1 and m.id ${compare} $2 and m.id < $3 and m.id >= $4
        and ($5::text is null or $5 = any(m.channels)) and ($6::text is null or $6 = any(m.tags))
        and ($7::text[] is null or m.event_type = any($7))
      order by m.id ${direction} limit $8`,
    [
      appId,
      at,
      below,
      above,
      filter.channel ?? null,
      filter.tag ?? null,
      filter.event_types ?? null,
      limit,
    ],
  )
  return rows.map(messageOf)
}

/** By uuid. */
export async function findMessage(
  { db, payloads }: Messages,
  appId: string,
  id: string,
): Promise<StoredMessage | undefined> {
  const { rows } = await db.query<MessageRow>(
    `select ${messageColumns('payload')} from message m where m.app_id = $1 and m.id = $2`,
    [appId, id],
  )
  const [row] = rows
  if (row === undefined) return undefined
  return messageOf({ ...row, payload: row.payload && payloads.open(row.payload, id) })
}

/** Without their payloads. */
export async function findMessages(
  db: Queryable,
  appId: string,
  ids: string[],
): Promise<Map<string, StoredMessage>> {
  if (ids.length === 0) return new Map()
  const sorted = ids.toSorted()
  const { rows } = await db.query<MessageRow>(
    // The bounds are for the planner, which prunes no partitions by the list.
    `select ${messageColumns('no payload')} from message m where m.app_id = $1 and m.id = any($2) and m.id between $3 and $4`,
    [appId, sorted, sorted[0], sorted.at(-1)],
  )
  return new Map(rows.map((row) => [row.id, messageOf(row)]))
}

/** Puts the payloads into messages that were listed without. */
export async function fillPayloads(
  { db, payloads }: Messages,
  appId: string,
  messages: readonly StoredMessage[],
): Promise<void> {
  if (messages.length === 0) return
  const ids = messages.map(({ id }) => id).toSorted()
  const { rows } = await db.query<{ id: string; payload: string | null }>(
    'select id, payload from message where app_id = $1 and id = any($2) and id between $3 and $4',
    [appId, ids, ids[0], ids.at(-1)],
  )
  const stored = new Map(rows.map(({ id, payload }) => [id, payload]))
  for (const message of messages) {
    const payload = stored.get(message.id) ?? null
    message.payload = payload && payloads.open(payload, message.id)
  }
}

/** The uuid of a message that a path names by its id, or by the producer's own id of the event. */
export async function messageIdOf(
  db: Queryable,
  appId: string,
  idOrEventId: string,
): Promise<string | undefined> {
  const id = readId('message', idOrEventId)
  if (id !== undefined) return id
  const { rows } = await db.query<{ message_id: string }>(
    'select message_id from dedupe where scope = $1 and key = $2',
    [appId, `event-id:${idOrEventId}`],
  )
  return rows[0]?.message_id
}

/** Deletes the payload, and what receivers answered to it stays. @returns whether there was such a message */
export async function expungePayload(db: Queryable, appId: string, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    'update message set payload = null where app_id = $1 and id = $2',
    [appId, id],
  )
  return rowCount === 1
}

/** The smallest id that anything made together with, or after, a message can have. */
export function madeSince(messageId: string): string {
  // Clocks of nodes may differ a little, and a delivery may be recorded by another one.
  return uuidFloor(Math.max(0, uuidTimeMs(messageId) - 60_000))
}

export function messageOf(row: MessageRow): StoredMessage {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    appId: row.app_id,
    eventType: row.event_type,
    eventId: row.event_id,
    channels: row.channels,
    tags: row.tags,
    payload: row.payload,
    payloadBytes: row.payload_bytes,
    contentType: row.content_type,
    form: row.form,
    orderingKey: row.ordering_key,
    priority: priorityOfRank[row.priority] ?? 'normal',
    createdAtMs: Math.round(row.created_ms),
    unmatched: row.unmatched,
  }
}
