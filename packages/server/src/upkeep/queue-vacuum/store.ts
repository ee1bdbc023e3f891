import type { Queryable } from '../../db/pool.ts'

/**
 * Cleans the table of open work, whose file stays as long as it is: to give back its end locks everyone out, and it
 * is filled again at once. Not while another node, or autovacuum, is at it.
 */
export async function vacuumQueue(db: Queryable): Promise<void> {
  // All pages of `work` that are not known to be clean, and its primary key: 30 ms after 30,000 deliveries.
  await db.query('vacuum (skip_locked, truncate false) work')
}
