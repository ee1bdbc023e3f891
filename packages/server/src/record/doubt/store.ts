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
    'code' in error &&
    error.code === '23505' &&
    'table' in error &&
    String(error.table).startsWith('attempt')
  )
}
