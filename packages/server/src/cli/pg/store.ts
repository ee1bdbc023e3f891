import type { QueryConfig } from 'pg'
import { inTransaction, type Pool, type Queryable } from '../../db/pool.ts'
import type { TableName } from './mapping.ts'
import type { Statement } from './sql.ts'

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
  // All triggers of the database, by the function that they call.
  const { rows } = await db.query<InstalledTrigger>(
    /* sql */ `
      select n.nspname as schema, c.relname as name, t.tgname as trigger, t.tgargs as args,
             pg_get_triggerdef(t.oid) as definition, t.tgenabled <> 'D' as enabled,
             array(
               select attname::text
                 from pg_attribute a
                where a.attrelid = c.oid
                  and attnum > 0
                  and not attisdropped) as columns
        from pg_trigger t
        join pg_class c on c.oid = t.tgrelid
        join pg_namespace n on n.oid = c.relnamespace
        join pg_proc p on p.oid = t.tgfoid
        join pg_namespace f on f.oid = p.pronamespace
       where f.nspname = 'pombo'
         and p.proname = 'capture'
         and not t.tgisinternal
         and t.tgparentid = 0
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
  // Both tables from end to end, since they are counted; what waits is soon taken.
  const { rows } = await db.query<Omit<OutboxCounts, 'lastRefusal'>>(
    /* sql */ `
      select count(*) as waiting,
             extract(epoch from clock_timestamp() - min(created_at))::float8 as "oldestSeconds",
             (select error
                from pombo.outbox
               where error is not null
               order by id desc
               limit 1) as "lastError",
             (select count(*) from pombo.outbox_refused) as refused
        from pombo.outbox`,
  )
  const { rows: last } = await db.query<{ id: number; event: string; error: string; at: Date }>(
    /* sql */ `
      select id, event_type as event, error, refused_at as at
        from pombo.outbox_refused
       order by refused_at desc, id desc
       limit 1`,
  )
  return { ...rows[0]!, lastRefusal: last[0] ?? null }
}

/** What this role lacks of what Pombo needs to read the outbox, in the words of a GRANT. */
export async function missingPermissions(db: Queryable): Promise<string[]> {
  // The catalogue alone: two tables of one schema.
  const { rows } = await db.query<{ what: string }>(
    /* sql */ `
      with held as (
           select c.relname, c.oid
             from pg_class c
             join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'pombo'
              and c.relkind = 'r')
      select 'usage on schema pombo' as what
       where not has_schema_privilege('pombo', 'usage')
       union all
      select wanted || ' on pombo.' || relname
        from held
        join (values ('outbox', 'select'), ('outbox', 'update'), ('outbox', 'delete'),
                     ('outbox_refused', 'select'), ('outbox_refused', 'insert')) needed(relname, wanted)
       using (relname)
       where not has_table_privilege(oid, wanted)`,
  )
  return rows.map(({ what }) => what)
}

/** Puts what was refused back in its place; answers how many. */
export async function putBack(db: Queryable): Promise<number> {
  // All that was refused, once.
  const columns =
    'id, event_id, event_type, op, table_schema, table_name, record, old_record, data, ordering_key, created_at'
  const { rowCount } = await db.query(
    /* sql */ `
      with back as (delete from pombo.outbox_refused returning *)
      insert into pombo.outbox (${columns})
      overriding system value
      select ${columns}
        from back`,
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
  // Both tables from end to end.
  const { rows } = await db.query<{ left: number }>(
    /* sql */ `
      select (select count(*) from pombo.outbox) + (select count(*) from pombo.outbox_refused) as left`,
  )
  return rows[0]!.left
}

/** What others have put into the schema. */
export async function foreignObjects(db: Queryable): Promise<string[]> {
  // The catalogue alone: what lies in one schema.
  const { rows } = await db.query<{ name: string }>(
    /* sql */ `
      with home as (select oid from pg_namespace where nspname = 'pombo')
      select relname as name
        from pg_class c
        join home on home.oid = relnamespace
       where relkind in ('r', 'p', 'v', 'm', 'f', 'c', 'S')
         and relname not in ('outbox', 'outbox_refused')
         and not exists (
             select
               from pg_depend d
              where d.classid = 'pg_class'::regclass
                and d.objid = c.oid
                and d.deptype in ('a', 'i'))
       union all
      select proname || '()'
        from pg_proc
        join home on home.oid = pronamespace
       where proname not in ('put', 'capture', 'emit')
       union all
      select typname
        from pg_type t
        join home on home.oid = typnamespace
       where typtype in ('e', 'd', 'r')
       order by 1`,
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
