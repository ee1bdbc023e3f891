import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { listPartitions, makePartitions, partitioned } from '../db/partitions.ts'
import type { Queryable } from '../db/pool.ts'

/** What is not kept, and why. Every other table is; one that comes later is in the next backup by itself. */
export const leftOut: Readonly<Record<string, string>> = {
  pombo_migration: 'the manifest has the version; a restore makes the tables by the migrations',
  node: 'live nodes',
  duty: 'which live node does what',
  change: 'news for the caches of live nodes',
  session: 'who is signed in to the dashboard, which a restore ends',
  stream_watcher: 'who watches the live stream',
  broker_reader: 'how live nodes fare with the brokers of sources',
  stream_batch: 'what they have yet to be shown',
}

/** A table, or a day of one. */
export interface Part {
  table: string
  /** Of the relation itself: the table's or the partition's name. */
  name: string
  dayMs?: number
  columns: string[]
  /** On disk, for a sense of how far a copy is. */
  bytes: number
}

/** All that is kept, referenced tables first. Nobody drops or alters them until the transaction ends. */
export async function parts(client: pg.Client): Promise<Part[]> {
  const tables = await keptTables(client)
  await client.query(
    `lock table ${tables.map(({ table }) => quoted(table)).join(', ')} in access share mode`,
  )
  const days = (await listPartitions(client)).filter(({ state }) => state !== 'detached')
  const found = tables.flatMap(({ table, columns }): Omit<Part, 'bytes'>[] =>
    (partitioned as readonly string[]).includes(table)
      ? days
          .filter((day) => day.table === table)
          .map(({ name, dayMs }) => ({ table, name, dayMs, columns }))
      : [{ table, name: table, columns }],
  )
  const { rows } = await client.query<{ bytes: number }>(
    /* sql */ `
      select pg_table_size(to_regclass(name)) as bytes
        from unnest($1::text[]) with ordinality as t (name, n)
       order by n`,
    [found.map(({ name }) => name)],
  )
  return found.map((part, index) => ({ ...part, bytes: rows[index]!.bytes }))
}

interface Table {
  table: string
  columns: string[]
  needs: string[]
}

async function keptTables(client: Queryable): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    // The whole of pg_class and pg_attribute: some hundred rows.
    /* sql */ `
      select c.relname as table,
             (select array_agg(a.attname::text order by a.attnum)
                from pg_attribute a
               where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
             array(
               select r.relname::text
                 from pg_constraint f
                 join pg_class r on r.oid = f.confrelid
                where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid) as needs
        from pg_class c
       where c.relnamespace = (select relnamespace from pg_class where oid = 'pombo_migration'::regclass)
         and c.relkind in ('r', 'p')
         and not c.relispartition
         and c.relname !~ ('^(' || array_to_string($1::text[], '|') || ')_\\d{8}$')
         and c.relname <> all ($2)
       order by c.relname`,
    [[...partitioned], Object.keys(leftOut)],
  )
  return inOrder(rows)
}

/** Each table behind those that it refers to. */
function inOrder(tables: readonly Table[]): Table[] {
  const ordered: Table[] = []
  const rest = [...tables]
  while (rest.length > 0) {
    const next = rest.findIndex(({ needs }) => !rest.some(({ table }) => needs.includes(table)))
    if (next < 0)
      throw new Error(
        `tables refer to each other in a ring: ${rest.map((one) => one.table).join(', ')}`,
      )
    ordered.push(...rest.splice(next, 1))
  }
  return ordered
}

export interface SnapshotFacts {
  postgres: string
  takenAt: string
  openDeliveries: number
}

export async function snapshotFacts(client: Queryable): Promise<SnapshotFacts> {
  const { rows } = await client.query<Omit<SnapshotFacts, 'takenAt'> & { takenAt: Date }>(
    /* sql */ `
      select current_setting('server_version') as postgres,
             now() as "takenAt",
             (select count(*)::int from work) as "openDeliveries"`,
  )
  return { ...rows[0]!, takenAt: rows[0]!.takenAt.toISOString() }
}

/** The ids of the keys that payloads and files are sealed with, in hex. */
export async function payloadKeys(client: Queryable): Promise<string[]> {
  // The tables from end to end, as the copy reads them; of a payload its first page at most.
  const { rows } = await client.query<{ id: string }>(
    /* sql */ `
      select distinct substr(payload, 8, 8) as id
        from message
       where substr(payload, 1, 7) = 'sealed:'
         and substr(payload, 1, 13) <> 'sealed:plain:'
      union
      -- Of broadcasts that are under way.
      select substr(args #>> '{message,payload}', 8, 8)
        from job
       where substr(args #>> '{message,payload}', 1, 7) = 'sealed:'
         and substr(args #>> '{message,payload}', 1, 13) <> 'sealed:plain:'
      union
      select distinct encode(seal_key, 'hex')
        from media
       where seal_key is not null`,
  )
  return rows.map(({ id }) => id)
}

/** Where the sequences stand that no column owns. */
export async function sequences(client: Queryable): Promise<Record<string, number>> {
  const { rows } = await client.query<{ last: number }>('select last_value as last from work_seq')
  return { work_seq: rows[0]!.last }
}

/** The rows of a part as COPY text; `rowCount` is known at its end. */
export function readPart(client: pg.Client, { name, columns }: Omit<Part, 'table' | 'bytes'>) {
  return client.query(copyTo(`copy ${quoted(name)} (${columns.map(quoted).join(', ')}) to stdout`))
}

/** Takes COPY text; `rowCount` is known at its end. */
export function writePart(client: pg.Client, name: string, columns: readonly string[]) {
  return client.query(
    copyFrom(`copy ${quoted(name)} (${columns.map(quoted).join(', ')}) from stdin`),
  )
}

/** Whether Pombo's tables, of whatever version, are in the database. */
export async function hasSchema(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `select to_regclass('pombo_migration') is not null and to_regclass('node') is not null as found`,
  )
  return rows[0]!.found
}

/** Tables that hold something already. */
export async function filledTables(client: Queryable): Promise<string[]> {
  const tables = await keptTables(client)
  const { rows } = await client.query<{ name: string; filled: boolean }>(
    tables
      .map(
        ({ table }) => `select '${table}' as name, exists (select from ${quoted(table)}) as filled`,
      )
      .join(' union all '),
  )
  return rows.filter(({ filled }) => filled).map(({ name }) => name)
}

/** Whether applications write their events into this database (`pombo pg install`): an outbox is theirs, and stays. */
export async function hasOutbox(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `select to_regclass('pombo.outbox') is not null as found`,
  )
  return rows[0]!.found
}

export async function liveNodeNames(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    'select name from node where expires_at > now() order by name',
  )
  return rows.map(({ name }) => name)
}

/** Makes the days that are loaded. */
export async function makeDays(client: Queryable, days: Iterable<number>): Promise<void> {
  for (const dayMs of new Set(days)) await makePartitions(client, dayMs, dayMs)
}

/**
 * Calls `run` while changes of the registry are not audited: the audit log is loaded too, and has them already.
 * Triggers of ours only, so that references are checked.
 */
export async function unaudited(client: Queryable, run: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ name: string }>(/* sql */ `
    select distinct c.relname as name
      from pg_trigger t
      join pg_class c on c.oid = t.tgrelid
     where not t.tgisinternal and not c.relispartition
       and c.relnamespace = (select relnamespace from pg_class where oid = 'pombo_migration'::regclass)`)
  for (const { name } of rows)
    await client.query(`alter table ${quoted(name)} disable trigger user`)
  await run()
  for (const { name } of rows) await client.query(`alter table ${quoted(name)} enable trigger user`)
}

/** No node has anything in hand of what was loaded. */
export async function releaseAll(client: Queryable): Promise<void> {
  await client.query('update work set lease_owner = null where lease_owner is not null')
  await client.query('update job set lease_owner = null where lease_owner is not null')
  await client.query(
    'update endpoint_health set probe_node = null, probe_until = null where probe_node is not null',
  )
}

export async function setSequences(
  client: Queryable,
  values: Readonly<Record<string, number>>,
): Promise<void> {
  for (const [name, value] of Object.entries(values))
    if (value > 0) await client.query('select setval($1::regclass, $2)', [name, value])
}

/** Replays and recoveries that were under way: they go on sending otherwise. @returns how many */
export async function cancelJobs(client: Queryable, reason: string): Promise<number> {
  const { rowCount } = await client.query(
    `update job set status = 'canceled', error = $1, updated_at = now() where status = 'running'`,
    [reason],
  )
  return rowCount ?? 0
}

export async function endpointsWithWork(client: Queryable): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>('select distinct endpoint_id as id from work')
  return rows.map(({ id }) => id)
}

const quoted = (name: string): string => pg.escapeIdentifier(name)
