import type { Queryable } from '../../../db/pool.ts'

export interface MessageRow {
  id: string
  event_id: string | null
  channels: string[] | null
  tags: string[] | null
  form: 'whatsapp' | null
  content_type: string | null
  trace_context: string | null
  ordering_key: string | null
  payload: string | null
  payload_bytes: number
  expunged: boolean
  created_ms: number
}

/**
 * The messages behind claimed work. `maxInlineBytes`: larger payloads are left out (null) and read right before they
 * are sent.
 */
export async function messagesOf(
  db: Queryable,
  rows: readonly { app_id: string; message_id: string }[],
  maxInlineBytes: number,
): Promise<MessageRow[]> {
  const ids = rows.map((row) => row.message_id).toSorted()
  const { rows: found } = await db.query<MessageRow>(
    // The bounds are for the planner: they prune the partitions, which a join on the id alone does not.
    /* sql */ `
    select m.id, m.event_id, m.channels, m.tags, m.form, m.content_type, m.trace_context, m.ordering_key,
           m.payload_bytes,
           m.payload is null as expunged,
           case when m.payload_bytes <= $5 then m.payload end as payload,
           (extract(epoch from m.created_at) * 1000)::float8 as created_ms
      from unnest($1::uuid[], $2::uuid[]) as k(app_id, id)
      join message m on m.app_id = k.app_id and m.id = k.id
     where m.id between $3 and $4`,
    [
      rows.map((row) => row.app_id),
      rows.map((row) => row.message_id),
      ids[0],
      ids.at(-1),
      maxInlineBytes,
    ],
  )
  return found
}
