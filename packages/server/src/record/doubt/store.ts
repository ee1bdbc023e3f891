import { errorCode } from '../../core/thrown.ts'
import type { Queryable } from '../../db/pool.ts'

/** Which of these attempts are in the history. */
export async function writtenAttempts(
  db: Queryable,
  attempts: readonly { messageId: string; attemptId: string }[],
): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>(
    /* sql */ `
    select a.id
      from unnest($1::uuid[], $2::uuid[]) as o(message_id, id)
      join attempt a on a.message_id = o.message_id and a.id = o.id`,
    [attempts.map(({ messageId }) => messageId), attempts.map(({ attemptId }) => attemptId)],
  )
  return new Set(rows.map(({ id }) => id))
}

/** The attempt is there already: the try whose answer was lost was still under way when it was looked for. */
export function isRepeat(error: unknown): boolean {
  return (
    error instanceof Error &&
    errorCode(error) === '23505' &&
    'table' in error &&
    String(error.table).startsWith('attempt')
  )
}

/**
 * Of attempts that were written as the last ones of their deliveries, those that ended none: the message was resent
 * meanwhile, or another node has the delivery. One row of the primary key of `attempt` each, and one probe of `work`.
 */
export async function endedNothing(
  db: Queryable,
  attempts: readonly {
    attemptId: string
    endpointId: string
    messageId: string
    deliveryId: string
  }[],
): Promise<ReadonlySet<string>> {
  if (attempts.length === 0) return new Set()
  const ids = attempts.map(({ attemptId }) => attemptId).toSorted()
  const { rows } = await db.query<{ id: string }>(
    // One that holds its ordering key closes nothing, and is back in the queue, due in a hundred years.
    // The bounds prune the partitions.
    /* sql */ `
      select a.id
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) as k(id, endpoint_id, message_id, delivery_id)
        join attempt a on a.message_id = k.message_id and a.id = k.id
       where a.id between $5 and $6
         and a.closes is null
         and not exists (
               select
                 from work w
                where w.endpoint_id = k.endpoint_id
                  and w.message_id = k.message_id
                  and w.id = k.delivery_id
                  and w.lease_owner is null
                  and w.next_attempt_at > now() + interval '1 year')`,
    [
      attempts.map(({ attemptId }) => attemptId),
      attempts.map(({ endpointId }) => endpointId),
      attempts.map(({ messageId }) => messageId),
      attempts.map(({ deliveryId }) => deliveryId),
      ids[0],
      ids.at(-1),
    ],
  )
  return new Set(rows.map(({ id }) => id))
}
