import { readId } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'
import type { MessageFilter } from '../history/filter.ts'
import {
  messageColumns,
  messageOf,
  type MessageRow,
  type Messages,
  readMessages,
  type StoredMessage,
  type WithPayload,
} from '../history/messages/store.ts'
import { type Cursor, keysetRange, spanBounds } from '../pagination.ts'

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
    /* sql */ `
      select ${messageColumns('no payload')}
        from message m
       where m.app_id = $1
         and m.id ${compare} $2
         and m.id < $3
         and m.id >= $4
         and ($5::text is null or $5 = any(m.channels))
         and ($6::text is null or $6 = any(m.tags))
         and ($7::text[] is null or m.event_type = any($7))
       order by m.id ${direction}
       limit $8`,
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
  from: Messages,
  appId: string,
  id: string,
  payload: WithPayload = 'payload',
): Promise<StoredMessage | undefined> {
  return (await readMessages(from, [{ appId, id }], payload)).get(id)
}

/** Puts the payloads into messages that were listed without. */
export async function fillPayloads(
  from: Messages,
  messages: readonly StoredMessage[],
): Promise<void> {
  const stored = await readMessages(from, messages, 'payload')
  for (const message of messages) message.payload = stored.get(message.id)?.payload ?? null
}

/** The uuid of a message that a path names by its id, or by the producer's own id of the event. */
export async function messageIdOf(
  db: Queryable,
  appId: string,
  idOrEventId: string,
): Promise<string | undefined> {
  const id = readId('message', idOrEventId)
  if (id !== undefined) return id
  // One row of the primary key.
  const { rows } = await db.query<{ message_id: string }>(
    'select message_id from dedupe where scope = $1 and key = $2',
    [appId, `event-id:${idOrEventId}`],
  )
  return rows[0]?.message_id
}

/** Deletes the payload, and what receivers answered to it stays. @returns whether there was such a message */
export async function expungePayload(db: Queryable, appId: string, id: string): Promise<boolean> {
  // One row of the primary key, in one day.
  const { rowCount } = await db.query(
    'update message set payload = null where app_id = $1 and id = $2',
    [appId, id],
  )
  return rowCount === 1
}
