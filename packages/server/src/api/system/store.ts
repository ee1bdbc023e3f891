import type { Queryable } from '../../db/pool.ts'
import type { NodeRow } from '../overview/store.ts'

export interface DayRow {
  day: string
  table: string
  bytes: number
  /** null: nobody counted yet. */
  rows: number | null
}

/** What the kept days take, from the catalogue alone: sizes, and rows as the last analysis counted them. */
export async function readDays(db: Queryable): Promise<DayRow[]> {
  const { rows } = await db.query<DayRow>(/* sql */ `
    select to_char(to_date(right(c.relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') as day, p.relname as table,
           pg_total_relation_size(c.oid)::float8 as bytes, nullif(c.reltuples, -1)::float8 as rows
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
      join pg_class p on p.oid = i.inhparent
     where p.relname in ('message', 'attempt', 'delivery') and p.relkind = 'p' and c.relkind = 'r'
       and c.relname ~ '_\\d{8}$' and pg_table_is_visible(p.oid)
     order by 1 desc, 2`)
  return rows
}

export async function readDatabase(
  db: Queryable,
): Promise<{ version: string; bytes: number; schema: number }> {
  const { rows } = await db.query<{ version: string; bytes: number; schema: number }>(/* sql */ `
    select current_setting('server_version') as version,
           pg_database_size(current_database())::float8 as bytes,
           (select max(schema_version) from node where expires_at > now()) as schema`)
  return rows[0]!
}

export async function readRetention(
  db: Queryable,
): Promise<{ id: string; name: string; days: number | null }[]> {
  const { rows } = await db.query<{ id: string; name: string; days: number | null }>(
    'select id, name, retention_days as days from tenant where retention_days is not null order by id limit 250',
  )
  return rows
}

export interface LoadedNode extends NodeRow {
  schemaVersion: number
  underWay: number
}

/** The live nodes, each with how many deliveries it has in hand. */
export async function readLoadedNodes(db: Queryable): Promise<LoadedNode[]> {
  const { rows } = await db.query<LoadedNode>(/* sql */ `
    select n.id, n.name, n.version, n.started_at as "startedAt", n.expires_at as "expiresAt",
           n.schema_version as "schemaVersion", coalesce(w.n, 0)::float8 as "underWay"
      from node n
      left join (select lease_owner, count(*) as n from work where lease_owner is not null group by 1) w
        on w.lease_owner = n.id
     where n.expires_at > now()
     order by n.started_at, n.id`)
  return rows
}
