import type { Queryable } from '../../../db/pool.ts'
import { madeSince } from '../../history/span.ts'
import type { DeliveryRow } from '../store.ts'

/**
 * How a message's deliveries stand to endpoints that are not among `known`: they were deleted since. `url`: where it
 * was sent to, if it was.
 */
export async function deletedDestinations(
  db: Queryable,
  messageId: string,
  known: string[],
): Promise<(DeliveryRow & { url: string | null })[]> {
  const { rows } = await db.query<DeliveryRow & { url: string | null }>(
    /* sql */ `
      select distinct on (d.endpoint_id)
             d.endpoint_id,
             d.message_id,
             d.state,
             d.reason,
             null::float8 as next_ms,
             (select a.url
                from attempt a
               where a.message_id = d.message_id and a.endpoint_id = d.endpoint_id and a.id >= $3
               order by a.id desc
               limit 1) as url
        from history d
       where d.message_id = $1 and d.state is not null and d.endpoint_id <> all($2) and d.row_id >= $3
       order by d.endpoint_id, d.id desc`,
    [messageId, known, madeSince(messageId)],
  )
  return rows
}
