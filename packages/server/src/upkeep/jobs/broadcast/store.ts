import type { Queryable } from '../../../db/pool.ts'

/** The tenant's next apps behind one. */
export async function nextApps(
  db: Queryable,
  tenantId: string,
  behind: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from app where tenant_id = $1 and kind = 'app' and id > $2 order by id limit $3`,
    [tenantId, behind, limit],
  )
  return rows.map(({ id }) => id)
}

/** Takes the message out of a job that has sent it. */
export async function forgetMessage(db: Queryable, jobId: string): Promise<void> {
  await db.query(`update job set args = args - 'message' where id = $1`, [jobId])
}
