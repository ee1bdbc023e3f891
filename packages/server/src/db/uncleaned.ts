import type { Queryable } from './pool.ts'

/** What keeps the table of open work from being cleaned. */
export interface Uncleaned {
  dead: number
  /** The transaction that sees the oldest state of the database, of those that this role may see. */
  oldest: { pid: number; application: string; ageMs: number } | undefined
}

/** Rows that are gone from the table of open work and still in its pages, as PostgreSQL has counted them. */
export async function deadRows(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ dead: number }>(
    `select coalesce(max(n_dead_tup), 0)::float8 as dead from pg_stat_user_tables where relid = to_regclass('work')`,
  )
  return rows[0]!.dead
}

export async function uncleaned(db: Queryable): Promise<Uncleaned> {
  const { rows } = await db.query<{ pid: number; application: string; ageMs: number }>(/* sql */ `
    select pid, coalesce(application_name, '') as application,
           (extract(epoch from clock_timestamp() - xact_start) * 1000)::float8 as "ageMs"
      from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
       and (backend_xmin is not null or backend_xid is not null)
     order by xact_start
     limit 1`)
  return { dead: await deadRows(db), oldest: rows[0] }
}
