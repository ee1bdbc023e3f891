import { inTransaction, type Pool, type Queryable } from '../../db/pool.ts'
import { dropProbesOf } from '../claim/probe/store.ts'
import { NODES_LOCK, schemaProblem, schemaState } from '../../db/schema-state.ts'

const nodesSql = /* sql */ `
  select array(select id::text from node where expires_at > now() order by id) as nodes,
         (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms`

interface NodesRow {
  nodes: string[]
  now_ms: number
}

/**
 * Adds this node and answers who is live, and the database's time. Throws where the schema no longer serves this
 * node's code: it was migrated while the node did not count as live.
 */
export async function register(
  pool: Pool,
  node: { id: string; name: string; version: string; schemaVersion: number; leaseMs: number },
): Promise<{ nodes: string[]; nowMs: number }> {
  await inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock_shared($1)', [NODES_LOCK])
    const problem = schemaProblem(await schemaState(client), node.schemaVersion)
    if (problem) throw new Error(problem)
    await client.query(
      `insert into node (id, name, version, schema_version, expires_at)
       values ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond')`,
      [node.id, node.name, node.version, node.schemaVersion, node.leaseMs],
    )
  })
  const { rows } = await pool.query<NodesRow>(nodesSql)
  return { nodes: rows[0]!.nodes, nowMs: rows[0]!.now_ms }
}

/** Pushes the lease on; undefined when it was taken over. */
export async function beat(
  pool: Pool,
  id: string,
  leaseMs: number,
): Promise<{ nodes: string[]; nowMs: number } | undefined> {
  const { rows } = await pool.query<NodesRow & { kept: boolean }>(
    `with kept as (update node set expires_at = now() + $2 * interval '1 millisecond' where id = $1 returning id)
     select array(select id::text from node where expires_at > now() or id = $1 order by id) as nodes,
            (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms, exists (select from kept) as kept`,
    [id, leaseMs],
  )
  const row = rows[0]!
  return row.kept ? { nodes: row.nodes, nowMs: row.now_ms } : undefined
}

/** Gives back what the node still holds, its probes too, and the node's row, in one transaction. */
export async function resign(pool: Pool, ids: string[]): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query('update work set lease_owner = null where lease_owner = any($1::uuid[])', [
      ids,
    ])
    await dropProbesOf(client, ids)
    await client.query('delete from node where id = any($1::uuid[])', [ids])
  })
}

/**
 * Takes over the leases of nodes whose heartbeat stopped: their work waits again, and they must register anew. Work
 * leased to a node that has no row at all (a restored backup, a row deleted by hand) is freed by `rescueStrays`.
 */
// One scan of `work` when a node died, none otherwise: an index on lease_owner would cost every healthy delivery an
// entry.
export async function rescue(pool: Pool): Promise<{ nodes: string[]; deliveries: number }> {
  return await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      'delete from node where expires_at < now() returning id',
    )
    const nodes = rows.map((row) => row.id)
    if (nodes.length === 0) return { nodes, deliveries: 0 }
    const { rowCount } = await client.query(
      'update work set lease_owner = null where lease_owner = any($1::uuid[])',
      [nodes],
    )
    await dropProbesOf(client, nodes)
    return { nodes, deliveries: rowCount ?? 0 }
  })
}

/** The database's time, exactly: for `rescueStrays`. */
export async function databaseTime(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ now: string }>('select clock_timestamp()::text as now')
  return rows[0]!.now
}

/**
 * Frees work leased to nodes that do not exist, and work of this node that it does not know of: what was asked of the
 * database over a connection that broke may have been done.
 * @param known what this node has in hand, is storing, or has not recorded yet, listed after `before`; work from
 * later is not looked at
 */
export async function rescueStrays(
  db: Queryable,
  ownIds: readonly string[],
  known: readonly string[],
  before: string,
): Promise<number> {
  const { rowCount } = await db.query(
    `update work set lease_owner = null where lease_owner is not null
       and ((lease_owner = any($1::uuid[]) and created_at < $3::timestamptz and not (id = any($2::uuid[])))
         or (not (lease_owner = any($1::uuid[])) and not exists (select from node where node.id = lease_owner)))`,
    [ownIds, known, before],
  )
  return rowCount ?? 0
}
