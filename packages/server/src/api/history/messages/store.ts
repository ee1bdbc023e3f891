/** Rows of messages, read in one way by all that shows the history: the API, the dialects, and privacy. */
import type { Message, PayloadForm } from '../../../core/message.ts'
import type { Payloads } from '../../../db/payload.ts'
import type { Queryable } from '../../../db/pool.ts'
import { priorityOfRank } from '../../../queue/queue.ts'

/** Where messages are read, and how what is stored becomes what came in. */
export interface Messages {
  db: Queryable
  payloads: Pick<Payloads, 'open'>
}

/** A stored message, with what only its list shows. */
export interface StoredMessage extends Message {
  /** Why nobody got it. */
  unmatched: string | null
  payloadBytes: number
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

/** Lists leave the payloads out and fetch those that they show. */
export type WithPayload = 'payload' | 'no payload'

/** The columns of a message `m`. */
export function messageColumns(payload: WithPayload): string {
  return /* sql */ `
    m.id, m.tenant_id, m.app_id, m.event_type, m.event_id, m.channels, m.tags,
    ${payload === 'payload' ? 'm.payload' : 'null as payload'}, m.payload_bytes,
    m.form, m.content_type, m.ordering_key, m.priority, m.unmatched,
    (extract(epoch from m.created_at) * 1000)::float8 as created_ms`
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

/** By app and id, oldest first; payloads as they are stored, so perhaps sealed. */
export async function readMessageRows(
  db: Queryable,
  keys: readonly { appId: string; id: string }[],
  payload: WithPayload,
): Promise<MessageRow[]> {
  if (keys.length === 0) return []
  const ids = keys.map(({ id }) => id).toSorted()
  // One probe of the primary key a message. The bounds are for the planner, which prunes no partitions by the list.
  const { rows } = await db.query<MessageRow>(
    /* sql */ `
      select ${messageColumns(payload)}
        from message m
       where m.app_id = any($1::uuid[])
         and m.id = any($2::uuid[])
         and m.id between $3 and $4
       order by m.id`,
    [[...new Set(keys.map(({ appId }) => appId))], ids, ids[0], ids.at(-1)],
  )
  return rows
}

/** Messages by id, their payloads opened where they are asked for. */
export async function readMessages(
  { db, payloads }: { db: Queryable; payloads: Pick<Payloads, 'open'> },
  keys: readonly { appId: string; id: string }[],
  payload: WithPayload,
): Promise<Map<string, StoredMessage>> {
  const rows = await readMessageRows(db, keys, payload)
  return new Map(
    rows.map((row) => {
      const opened = row.payload && payloads.open(row.payload, row.id)
      return [row.id, messageOf({ ...row, payload: opened })]
    }),
  )
}
