import type pg from 'pg'
import { sealedColumns } from '../../db/reseal.ts'
import type { Queryable } from '../../db/pool.ts'
import { type SchemaState, schemaState } from '../../db/schema-state.ts'
import type { Said } from '../../core/said.ts'

/** What the server says of itself. */
export interface ServerFacts {
  version: string
  versionNumber: number
  nowMs: number
  standby: boolean
  readOnly: boolean
  synchronousCommit: string
  fsync: string
  fullPageWrites: string
  autovacuum: string
  maxConnections: number
  connections: number
  database: string
  user: string
  canCreate: boolean
  encoding: string
}

export async function serverFacts(db: Queryable): Promise<ServerFacts> {
  const { rows } = await db.query<ServerFacts>(`
    select current_setting('server_version') as version,
           current_setting('server_version_num')::int as "versionNumber",
           extract(epoch from clock_timestamp()) * 1000 as "nowMs",
           pg_is_in_recovery() as standby,
           current_setting('default_transaction_read_only')::bool as "readOnly",
           current_setting('synchronous_commit') as "synchronousCommit",
           current_setting('fsync') as fsync,
           current_setting('full_page_writes') as "fullPageWrites",
           current_setting('autovacuum') as autovacuum,
           current_setting('max_connections')::int
             - current_setting('superuser_reserved_connections')::int as "maxConnections",
           (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections,
           current_database() as database,
           current_user as user,
           coalesce(has_schema_privilege(current_schema(), 'create'), false) as "canCreate",
           current_setting('server_encoding') as encoding`)
  // The clock comes as numeric, which `pg` hands out as text.
  return { ...rows[0]!, nowMs: Number(rows[0]!.nowMs) }
}

/** What the schema is at, or undefined where there is none yet. */
export async function foundSchema(db: Queryable): Promise<SchemaState | undefined> {
  const { rows: found } = await db.query<{ found: boolean }>(
    `select to_regclass('pombo_migration') is not null as found`,
  )
  if (!found[0]!.found) return undefined
  return await schemaState(db)
}

/** Tables of the schema that this role may not read and write. */
export async function forbiddenTables(db: Queryable): Promise<string[]> {
  // The whole of pg_class: one row a table and partition.
  const { rows } = await db.query<{ name: string }>(/* sql */ `
    select c.relname as name
      from pg_class c
     where c.relnamespace = current_schema()::regnamespace
       and c.relkind in ('r', 'p')
       and not has_table_privilege(c.oid, 'select, insert, update, delete')
     order by c.relname = 'pombo_migration' desc, 1
     limit 20`)
  return rows.map(({ name }) => name)
}

/** The standbys that are connected, and which of them a commit waits for. */
export async function replicationFacts(db: Queryable): Promise<{
  names: string
  commit: string
  standbys: { name: string; state: string | null; behindBytes: number | null }[]
}> {
  const { rows } = await db.query<{ names: string; commit: string }>(
    `select current_setting('synchronous_standby_names') as names,
            current_setting('synchronous_commit') as commit`,
  )
  const standbys = await db.query<{
    name: string
    state: string | null
    behindBytes: number | null
  }>(
    `select application_name as name, sync_state as state,
            pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 as "behindBytes"
       from pg_stat_replication order by 1`,
  )
  return { ...rows[0]!, standbys: standbys.rows }
}

export async function liveNodes(db: Queryable): Promise<{ name: string; version: string }[]> {
  const { rows } = await db.query<{ name: string; version: string }>(
    'select name, version from node where expires_at > now() order by name',
  )
  return rows
}

/** The ids of the keys that something in the database is sealed with, in hex, and how much. */
export async function sealingKeys(db: Queryable): Promise<Map<string, number>> {
  const parts = sealedColumns.map(
    ({ table, column }) =>
      `select encode(substring(${column} from 2 for 4), 'hex') as id from ${table} where ${column} is not null`,
  )
  // Each table that holds something sealed, from end to end.
  const { rows } = await db.query<{ id: string; count: number }>(
    `select id, count(*)::int as count from (${parts.join(' union all ')}) sealed group by id`,
  )
  return new Map(rows.map(({ id, count }) => [id, count]))
}

/** What others do at the pooler decides which server connection is next: each look alone may meet the same again. */
const pooledLooks = 10

/**
 * True when statements of one connection reach different server sessions: a pooler that gives a server
 * connection for a transaction only. The second client takes the server connection that the first one used
 * last, where nobody else does, so that the first one gets another.
 */
export async function isTransactionPooled(
  first: pg.PoolClient,
  second: pg.PoolClient,
): Promise<boolean> {
  for (let look = 0; look < pooledLooks; look++)
    if (await changesSession(first, second)) return true
  return false
}

async function changesSession(first: pg.PoolClient, second: pg.PoolClient): Promise<boolean> {
  const session = `select pg_backend_pid() as pid, current_setting('pombo.doctor', true) as mark`
  await first.query(`set pombo.doctor = 'here'`)
  const before = await first.query<{ pid: number; mark: string }>(session)
  await second.query('begin')
  try {
    const taken = await second.query<{ pid: number }>(session)
    const after = await first.query<{ pid: number; mark: string }>(session)
    const { pid } = before.rows[0]!
    return (
      taken.rows[0]!.pid === pid || after.rows[0]!.pid !== pid || after.rows[0]!.mark !== 'here'
    )
  } finally {
    await second.query('rollback')
    await first.query('reset pombo.doctor')
  }
}

export interface BrokerTrouble {
  id: string
  name: string
  node: string
  state: string
  reason: string | null
  coded: Said | null
  since: Date
}

export interface DestinationTrouble {
  id: string
  address: string
  reason: string | null
  since: Date
}

/** Endpoints that lead to brokers and databases, and those of them that fail. The worst are those that last longest. */
export async function destinationTroubles(
  db: Queryable,
): Promise<{ count: number; troubles: DestinationTrouble[] }> {
  const { rows: all } = await db.query<{ n: number }>(
    'select count(*)::int as n from endpoint where destination_sealed is not null and not disabled',
  )
  const { rows } = await db.query<DestinationTrouble>(
    `select e.id, e.url as address, h.failing_since as since, a.error as reason
       from endpoint_health h
       join endpoint e on e.id = h.endpoint_id
       left join lateral (
         select f.message_id, f.attempt_id
           from failure f
          where f.tenant_id = h.tenant_id and f.endpoint_id = h.endpoint_id
            and f.hour >= date_trunc('hour', h.failing_since)
          order by f.last_at desc
          limit 1
       ) f on true
       left join attempt a on a.message_id = f.message_id and a.id = f.attempt_id
      where e.destination_sealed is not null and not e.disabled and h.failing_since is not null
      order by h.failing_since
      limit 20`,
  )
  return { count: all[0]!.n, troubles: rows }
}

/** Sources that are fed by brokers, and where a live node cannot read one. The worst are those that last longest. */
export async function brokerTroubles(
  db: Queryable,
): Promise<{ fed: number; troubles: BrokerTrouble[] }> {
  const fed = await db.query<{ n: number }>(
    'select count(*)::int as n from source where broker_sealed is not null',
  )
  const { rows } = await db.query<BrokerTrouble>(
    `select s.id, s.name, n.name as node, r.state, r.reason, r.reason_coded as coded, r.since
       from broker_reader r
       join source s on s.id = r.source_id
       join node n on n.id = r.node_id
      where n.expires_at > now()
        and (r.state = 'failing' or r.state = 'waiting'
             or (r.state = 'connecting' and r.since < now() - interval '1 minute'))
      order by r.since
      limit 20`,
  )
  return { fed: fed.rows[0]!.n, troubles: rows }
}
