import { uuidFloor, lowestId } from '../../../core/id.ts'
import type { Queryable } from '../../../db/pool.ts'
import { type ClosedPage, madeWith, type Place } from '../store.ts'

/** What one endpoint may lack: messages of its app in a span of time. */
export interface Span {
  appId: string
  endpointId: string
  sinceMs: number
  untilMs: number
}

/**
 * Looks at up to `limit` messages behind a place, and finds those of which the endpoint has no delivery, open or
 * finished. Whether it would want them is not looked at. As they have none, any delivery made since is a later one.
 */
export async function lookAtMissing(
  db: Queryable,
  { appId, endpointId, sinceMs, untilMs }: Span,
  behind: Place | undefined,
  limit: number,
): Promise<ClosedPage> {
  const { rows } = await db.query<{ id: string; bytes: number; missing: boolean }>(
    /* sql */ `
      select m.id, m.payload_bytes as bytes,
             m.payload is not null
             and not exists (
               select from history d
                where d.message_id = m.id and d.endpoint_id = $2
                  and d.state = any('{delivered,exhausted,discarded}') and d.row_id >= ${madeWith('m.id')})
             and not exists (
               select from work w
                where w.endpoint_id = $2 and w.message_id = m.id) as missing
        from message m
       where m.app_id = $1 and m.id > $3 and m.id < $4
       order by m.id
       limit $5`,
    [
      appId,
      endpointId,
      behind?.messageId ?? uuidFloor(Math.max(0, sinceMs)),
      uuidFloor(untilMs),
      limit,
    ],
  )
  const found = rows
    .filter(({ missing }) => missing)
    .map(({ id, bytes }) => ({
      endpointId,
      messageId: id,
      id: lowestId,
      appId,
      payloadBytes: bytes,
    }))
  const last = rows.length < limit ? undefined : rows.at(-1)
  return { found, next: last && { endpointId, messageId: last.id } }
}
