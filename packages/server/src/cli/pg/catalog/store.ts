/** What the catalogue of a database says of it and of its tables. */
import type { Queryable } from '../../../db/pool.ts'
import type { TableName } from '../mapping.ts'

/** A database that events are to come from. */
export interface DatabaseFacts {
  database: string
  user: string
  versionNumber: number
  version: string
  /** Whether a schema `pombo` exists, and what is in it. */
  schema: boolean
  /** The comment on pombo.outbox; null where it has none; undefined where there is no such table. */
  mark: string | null | undefined
  /** Whether the outbox wakes Pombo by NOTIFY; undefined where nothing is installed. */
  notifies: boolean | undefined
  /** A schema that holds Pombo's own tables, if this is Pombo's own database. */
  ownSchema: string | null
  /** A role `pombo` that may log in, whose search path in this database would change with a schema of its name. */
  roleFollowsSchema: boolean
}

export async function databaseFacts(db: Queryable): Promise<DatabaseFacts> {
  // The catalogue alone: a few rows of indexes.
  const { rows } = await db.query<DatabaseFacts & { has_outbox: boolean }>(/* sql */ `
    select current_database() as database,
           current_user as user,
           current_setting('server_version_num')::int as "versionNumber",
           current_setting('server_version') as version,
           exists (select from pg_namespace where nspname = 'pombo') as schema,
           outbox.oid is not null as has_outbox,
           obj_description(outbox.oid, 'pg_class') as mark,
           (select prosrc like '%pg_notify%'
              from pg_proc p
              join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'pombo'
               and proname = 'put') as notifies,
           (select nspname
              from pg_class c
              join pg_namespace n on n.oid = c.relnamespace
             where relname = 'pombo_migration'
               and relkind = 'r'
             limit 1) as "ownSchema",
           exists (
             select
               from pg_roles r
              where rolname = 'pombo'
                and rolcanlogin
                -- What the role's sessions start with: its own setting for this database, its own, the database's;
                -- else the usual '"$user", public'.
                and coalesce((
                      select setting
                        from pg_db_role_setting s, unnest(setconfig) setting
                       where setting like 'search_path=%'
                         and setrole in (0, r.oid)
                         and setdatabase in (0, (select oid from pg_database where datname = current_database()))
                       order by setrole desc, setdatabase desc
                       limit 1), '$user') like '%$user%'
                and not (session_user = 'pombo' and current_setting('search_path') not like '%$user%')
           ) as "roleFollowsSchema"
      from (select 1) one
      left join (
           select c.oid
             from pg_class c
             join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'pombo'
              and c.relname = 'outbox') outbox on true`)
  const { has_outbox: hasOutbox, ...facts } = rows[0]!
  return {
    ...facts,
    mark: hasOutbox ? facts.mark : undefined,
    notifies: facts.notifies ?? undefined,
  }
}

export interface TableFacts extends TableName {
  /** As in pg_class: `r` a table, `p` a partitioned one, `v` a view, … */
  kind: string
  columns: string[]
  primaryKey: string[]
}

/** Tables and the like of this name, whatever their case; in the given schema, or in any of the search path. */
export async function tablesNamed(
  db: Queryable,
  schema: string | undefined,
  name: string,
): Promise<TableFacts[]> {
  // The whole of pg_class, whose names are compared without their case.
  const { rows } = await db.query<TableFacts>(
    /* sql */ `
      select n.nspname as schema, c.relname as name, c.relkind as kind,
             array(
               select attname::text
                 from pg_attribute a
                where a.attrelid = c.oid
                  and attnum > 0
                  and not attisdropped
                order by attnum) as columns,
             array(
               select a.attname::text
                 from pg_index i
                cross join unnest(i.indkey) with ordinality k(attnum, place)
                 join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                where i.indrelid = c.oid
                  and i.indisprimary
                order by k.place) as "primaryKey"
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
       where lower(c.relname) = lower($2)
         and c.relkind in ('r', 'p', 'v', 'm', 'f')
         and case when $1::text is null then n.nspname = any(current_schemas(false))
                  else lower(n.nspname) = lower($1) end
       -- As it is written first, then as PostgreSQL reads it without quotes; the search path decides between schemas.
       order by (n.nspname = coalesce($1, n.nspname)) desc, (c.relname = $2) desc, (c.relname = lower($2)) desc,
                array_position(current_schemas(false), n.nspname)`,
    [schema ?? null, name],
  )
  return rows
}

/** Names to choose from when a table is not found. */
export async function tableNames(db: Queryable): Promise<TableName[]> {
  // The whole of pg_class, up to a limit.
  const { rows } = await db.query<TableName>(
    /* sql */ `
      select n.nspname as schema, c.relname as name
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p')
         and n.nspname !~ '^pg_'
         and n.nspname not in ('information_schema', 'pombo')
       order by 1, 2
       limit 5000`,
  )
  return rows
}
