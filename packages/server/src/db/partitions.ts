import { DAY_MS } from '../core/clock.ts'
import { uuidFloor } from '../core/id.ts'
import { errorCode } from '../core/thrown.ts'
import { type Queryable, tablesFirst } from './pool.ts'

/** The tables that have one partition a day, by the time in their UUIDv7. */
export const partitioned = [
  'message',
  'delivery',
  'attempt',
  'attempt_label',
  'message_person',
] as const
export type Partitioned = (typeof partitioned)[number]

export interface Partition {
  table: Partitioned
  name: string
  /** First instant of its day, UTC. */
  dayMs: number
  /**
   * `detaching`: its detachment began and did not end. `detached`: it is a table by itself that nobody dropped. Both
   * are what a node leaves behind that stopped in the middle.
   */
  state: 'attached' | 'detaching' | 'detached'
}

export function partitionName(table: Partitioned, dayMs: number): string {
  return `${table}_${new Date(dayMs).toISOString().slice(0, 10).replaceAll('-', '')}`
}

/** The boundaries of a day's partition, as ids. */
export function dayBounds(dayMs: number): { from: string; to: string } {
  return { from: uuidFloor(dayMs), to: uuidFloor(dayMs + DAY_MS) }
}

/** The first instant of the day that holds `ms`. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS
}

/**
 * Makes the partitions from `fromMs`'s day to `toMs`'s. Idempotent, and safe on many nodes at once. A partition is made
 * by itself and then attached, which locks out neither readers nor writers of the table; `create table … partition of`
 * would.
 * @returns the names of those that were missing
 */
export async function makePartitions(
  db: Queryable,
  fromMs: number,
  toMs: number,
): Promise<string[]> {
  const there = new Set(
    (await listPartitions(db)).filter(({ state }) => state !== 'detached').map(({ name }) => name),
  )
  const made: string[] = []
  for (const table of partitioned) {
    for (let day = dayOf(fromMs); day <= toMs; day += DAY_MS) {
      const name = partitionName(table, day)
      if (there.has(name)) continue
      const { from, to } = dayBounds(day)
      // Another node may make it between the look and the lock, which is held until both steps are committed.
      await db.query(/* sql */ `do $$ begin
        perform pg_advisory_xact_lock(1349474658), set_config('search_path', ${tablesFirst}, true);
        if exists (select from pg_inherits where inhrelid = to_regclass('${name}')) then return; end if;
        create table if not exists ${name} (like ${table} including all);
        alter table ${table} attach partition ${name} for values from ('${from}') to ('${to}');
      end $$`)
      made.push(name)
    }
  }
  return made
}

/** The partitions that exist, oldest first, with those that somebody has begun to drop. */
export async function listPartitions(db: Queryable): Promise<Partition[]> {
  const { rows } = await db.query<{
    parent: Partitioned
    name: string
    day: string
    state: Partition['state']
  }>(
    /* sql */ `
      select p.relname as parent,
             c.relname as name,
             right(c.relname, 8) as day,
             case when i.inhrelid is null then 'detached'
                  when i.inhdetachpending then 'detaching'
                  else 'attached' end as state
        from pg_class p
        join pg_class c
          on c.relnamespace = p.relnamespace
         and c.relname ~ ('^' || p.relname || '_\\d{8}$')
         and c.relkind = 'r'
        left join pg_inherits i on i.inhrelid = c.oid and i.inhparent = p.oid
       where p.relname = any($1) and p.relkind = 'p' and pg_table_is_visible(p.oid)
       order by day, c.relname`,
    [[...partitioned]],
  )
  return rows.map(({ parent, name, day, state }) => ({
    table: parent,
    name,
    dayMs: Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6))),
    state,
  }))
}

/** How many blocks of 8 KiB a partition has: what is read once, in parts, is read by ranges of them. */
export async function blocksOf(db: Queryable, { name }: Partition): Promise<number> {
  const { rows } = await db.query<{ blocks: number | null }>(
    /* sql */ `
      select pg_relation_size(to_regclass($1)) / current_setting('block_size')::int as blocks`,
    [name],
  )
  return rows[0]!.blocks ?? 0
}

/**
 * Drops a partition without locking anyone out: it is detached concurrently (which waits for running statements instead
 * of stopping new ones) and dropped when nothing refers to it any more. One that was half detached when its node died
 * is finished.
 * @returns false when a statement that still reads the table, or another node that is at the same, took too long: it is
 * tried again later
 */
export async function dropPartition(
  db: Queryable,
  { table, name, state }: Partition,
): Promise<boolean> {
  try {
    if (state !== 'detached')
      await db.query(
        `alter table ${table} detach partition ${name} ${state === 'detaching' ? 'finalize' : 'concurrently'}`,
      )
    await db.query(`drop table if exists ${name}`)
    return true
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
}

/**
 * Waited for too long; or what was looked at is not as it was: another node was quicker, or has begun with another day.
 */
function isBusy(error: unknown): boolean {
  return ['57014', '55P03', '55000', '42P01', '42809'].includes(errorCode(error))
}
