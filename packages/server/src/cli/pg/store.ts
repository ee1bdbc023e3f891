import type { QueryConfig } from 'pg'
import { inTransaction, type Pool, type Queryable } from '../../db/pool.ts'
import type { TableName } from './mapping.ts'
import type { Statement } from './sql.ts'

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
  const { rows } = await db.query<DatabaseFacts & { has_outbox: boolean }>(`
    select current_database() as database, current_user as user,
           current_setting('server_version_num')::int as "versionNumber", current_setting('server_version') as version,
           exists (select from pg_namespace where nspname = 'pombo') as schema,
           outbox.oid is not null as has_outbox,
           obj_description(outbox.oid, 'pg_class') as mark,
           (select prosrc like '%pg_notify%' from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'pombo' and proname = 'put') as notifies,
           (select nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where relname = 'pombo_migration' and relkind = 'r' limit 1) as "ownSchema",
           exists (select from pg_roles r where rolname = 'pombo' and rolcanlogin
                      -- What the role's sessions start with: its own setting for this database, its own, the database's; else the usual '"$user", public'.
                      and coalesce((select setting from pg_db_role_setting s, unnest(setconfig) setting
                                     where setting like 'search_path=%' and setrole in (0, r.oid)
                                       and setdatabase in (0, (select oid from pg_database where datname = current_database()))
                                     order by setrole desc, setdatabase desc limit 1), '$user') like '%$user%'
                      and not (session_user = 'pombo' and current_setting('search_path') not like '%$user%')) as "roleFollowsSchema"
      from (select 1) one
      left join (select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'pombo' and c.relname = 'outbox') outbox on true`)
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
  const { rows } = await db.query<TableFacts>(
    `select n.nspname as schema, c.relname as name, c.relkind as kind,
            array(select attname::text from pg_attribute a where a.attrelid = c.oid and attnum > 0 and not attisdropped order by attnum) as columns,
            array(select a.attname::text from pg_index i cross join unnest(i.indkey) with ordinality k(attnum, place) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                   where i.indrelid = c.oid and i.indisprimary order by k.place) as "primaryKey"
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where lower(c.relname) = lower($2) and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and case when $1::text is null then n.nspname = any(current_schemas(false)) else lower(n.nspname) = lower($1) end
      -- As it is written first, then as PostgreSQL reads it without quotes; the search path decides between schemas.
      order by (n.nspname = coalesce($1, n.nspname)) desc, (c.relname = $2) desc, (c.relname = lower($2)) desc, array_position(current_schemas(false), n.nspname)`,
    [schema ?? null, name],
  )
  return rows
}

/** Names to choose from when a table is not found. */
export async function tableNames(db: Queryable): Promise<TableName[]> {
  const { rows } = await db.query<TableName>(
    `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pombo') order by 1, 2 limit 5000`,
  )
  return rows
}

/** A trigger that calls pombo.capture, as the catalogue has it. */
export interface InstalledTrigger extends TableName {
  trigger: string
  /** The arguments, each followed by a zero byte. */
  args: Buffer
  definition: string
  enabled: boolean
  /** The table's columns as they are now. */
  columns: string[]
}

export async function installedTriggers(db: Queryable): Promise<InstalledTrigger[]> {
  const { rows } = await db.query<InstalledTrigger>(
    `select n.nspname as schema, c.relname as name, t.tgname as trigger, t.tgargs as args, pg_get_triggerdef(t.oid) as definition, t.tgenabled <> 'D' as enabled,
            array(select attname::text from pg_attribute a where a.attrelid = c.oid and attnum > 0 and not attisdropped) as columns
       from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
       join pg_proc p on p.oid = t.tgfoid join pg_namespace f on f.oid = p.pronamespace
      where f.nspname = 'pombo' and p.proname = 'capture' and not t.tgisinternal and t.tgparentid = 0
      order by 1, 2, 3`,
  )
  return rows
}

export interface OutboxCounts {
  waiting: number
  /** Of the oldest that waits, in seconds. */
  oldestSeconds: number | null
  /** Of the last one that Pombo failed at and tries again. */
  lastError: string | null
  refused: number
  lastRefusal: { id: number; event: string; error: string; at: Date } | null
}

export async function outboxCounts(db: Queryable): Promise<OutboxCounts> {
  const { rows } = await db.query<Omit<OutboxCounts, 'lastRefusal'>>(
    `select count(*) as waiting, extract(epoch from clock_timestamp() - min(created_at))::float8 as "oldestSeconds",
            (select error from pombo.outbox where error is not null order by id desc limit 1) as "lastError",
            (select count(*) from pombo.outbox_refused) as refused
       from pombo.outbox`,
  )
  const { rows: last } = await db.query<{ id: number; event: string; error: string; at: Date }>(
    'select id, event_type as event, error, refused_at as at from pombo.outbox_refused ' +
      'order by refused_at desc, id desc limit 1',
  )
  return { ...rows[0]!, lastRefusal: last[0] ?? null }
}

/** What this role lacks of what Pombo needs to read the outbox, in the words of a GRANT. */
export async function missingPermissions(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ what: string }>(
    `with held as (
       select c.relname, c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'pombo' and c.relkind = 'r')
     select 'usage on schema pombo' as what where not has_schema_privilege('pombo', 'usage')
     union all
     select wanted || ' on pombo.' || relname from held
       join (values ('outbox', 'select'), ('outbox', 'update'), ('outbox', 'delete'), ('outbox_refused', 'select'), ('outbox_refused', 'insert')) needed(relname, wanted) using (relname)
      where not has_table_privilege(oid, wanted)`,
  )
  return rows.map(({ what }) => what)
}

/** Puts what was refused back in its place; answers how many. */
export async function putBack(db: Queryable): Promise<number> {
  const { rowCount } = await db.query(
    `with back as (delete from pombo.outbox_refused returning *)
     insert into pombo.outbox (id, event_id, event_type, op, table_schema, table_name, record, old_record, data, ordering_key, created_at)
     overriding system value
     select id, event_id, event_type, op, table_schema, table_name, record, old_record, data, ordering_key, created_at from back`,
  )
  return rowCount ?? 0
}

/**
 * Events that are still in the database: waiting, or refused. `locked`: and from now on nobody adds one, until
 * the transaction ends.
 */
export async function undelivered(db: Queryable, locked?: 'locked'): Promise<number> {
  if (locked)
    await db.query('lock table pombo.outbox, pombo.outbox_refused in access exclusive mode')
  const { rows } = await db.query<{ left: number }>(
    'select (select count(*) from pombo.outbox) + (select count(*) from pombo.outbox_refused) as left',
  )
  return rows[0]!.left
}

/** What others have put into the schema. */
export async function foreignObjects(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `with home as (select oid from pg_namespace where nspname = 'pombo')
     select relname as name from pg_class c join home on home.oid = relnamespace
      where relkind in ('r', 'p', 'v', 'm', 'f', 'c', 'S') and relname not in ('outbox', 'outbox_refused')
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i'))
     union all
     select proname || '()' from pg_proc join home on home.oid = pronamespace where proname not in ('put', 'capture', 'emit')
     union all
     select typname from pg_type t join home on home.oid = typnamespace where typtype in ('e', 'd', 'r') order by 1`,
  )
  return rows.map(({ name }) => name)
}

/** Looks, between two statements, whether to go on; throws where not. */
export type Check = (db: Queryable) => Promise<void>

/**
 * Does the steps as one transaction. One that waits for a lock for 5 s gives up, so that nobody queues behind
 * it for long.
 */
export async function apply(pool: Pool, steps: readonly (Statement | Check)[]): Promise<void> {
  await inTransaction(pool, async (db) => {
    await db.query(`set local lock_timeout = '5s'`)
    for (const step of steps) {
      if (typeof step === 'function') await step(db)
      else await db.query(alone(step.sql))
    }
  })
}

/** Sent so that the server takes one statement only: a condition of the user's cannot be a second one. */
function alone(text: string): QueryConfig {
  const query = { text, queryMode: 'extended' }
  return query
}
