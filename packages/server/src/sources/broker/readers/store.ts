/** How nodes fare with the brokers that sources are fed by, and what only one of them may have. */
import { type Said, saidOf } from '../../../core/said.ts'
import type { Pool, Queryable } from '../../../db/pool.ts'
import type { SourceRow } from '../../intake/registered/row.ts'
import type { BrokerSlots } from '../slots.ts'

export type ReaderState = 'connecting' | 'reading' | 'waiting' | 'failing'

export interface ReaderKey {
  sourceId: string
  tenantId: string
  nodeId: string
}

/** Sources that a broker feeds, of all tenants. */
export async function fedSources(db: Queryable): Promise<SourceRow[]> {
  const { rows } = await db.query<SourceRow>({
    name: 'fed-sources',
    // The index of those that have one.
    text: 'select * from source where broker_sealed is not null order by id',
  })
  return rows
}

/** `since` moves with the state alone, so that another reason for the same trouble does not hide how long it lasts. */
export async function noteReader(
  db: Queryable,
  { sourceId, tenantId, nodeId }: ReaderKey,
  state: ReaderState,
  reason: Said | null,
): Promise<void> {
  await db.query(
    `insert into broker_reader as r (source_id, node_id, tenant_id, state, reason, reason_coded)
     select id, $2, $3, $4, $5, $6
       from source
      where id = $1
     on conflict (source_id, node_id) do update
        set state = excluded.state,
            reason = excluded.reason,
            reason_coded = excluded.reason_coded,
            since = case when r.state = excluded.state then r.since else now() end
      where (r.state, r.reason) is distinct from (excluded.state, excluded.reason)`,
    [sourceId, nodeId, tenantId, state, reason?.msg ?? null, reason && JSON.stringify(reason)],
  )
}

export async function forgetReader(db: Queryable, { sourceId, nodeId }: ReaderKey): Promise<void> {
  await db.query('delete from broker_reader where source_id = $1 and node_id = $2', [
    sourceId,
    nodeId,
  ])
}

/** What nodes that are gone have left behind. */
export async function forgetGoneReaders(db: Queryable): Promise<void> {
  await db.query(
    `delete from broker_reader r
      where not exists (select from node n where n.id = r.node_id and n.expires_at > now())`,
  )
}

export interface ReaderFact {
  node: string
  state: ReaderState
  reason: Said | null
  sinceMs: number
}

interface ReaderRow {
  source_id: string
  node: string
  state: ReaderState
  reason: string | null
  reason_coded: Said | null
  since: Date
}

/** How live nodes fare, by source; those that nobody reads are not in it. */
export async function readersOf(
  db: Queryable,
  sourceIds: readonly string[],
): Promise<Map<string, ReaderFact[]>> {
  const { rows } = await db.query<ReaderRow>(
    `select r.source_id, n.name as node, r.state, r.reason, r.reason_coded, r.since
       from broker_reader r
       join node n on n.id = r.node_id
      where r.source_id = any($1::uuid[])
        and n.expires_at > now()
      order by n.name, n.id`,
    [sourceIds],
  )
  const found = Map.groupBy(rows, (row) => row.source_id)
  return new Map(
    [...found].map(([id, facts]) => [
      id,
      facts.map(({ node, state, reason, reason_coded, since }) => ({
        node,
        state,
        reason: saidOf(reason, reason_coded),
        sinceMs: since.getTime(),
      })),
    ]),
  )
}

const orphaned = /* sql */ `(
  s.node_id is null
  or not exists (select from node n where n.id = s.node_id and n.expires_at > now()))`

/** The slots of one source, as a node sees them. `lease` is asked each time: a node that lost its lease has another. */
export function slotsOf(
  pool: Pool,
  source: { id: string; tenantId: string },
  lease: { id: string; ids: string[] },
): BrokerSlots {
  return {
    async claim(name) {
      const { rows } = await pool.query<{ position: string | null }>(
        `insert into broker_slot as s (source_id, name, tenant_id, node_id)
         select id, $2, $3, $4
           from source
          where id = $1
         on conflict (source_id, name) do update
            set node_id = excluded.node_id
          where s.node_id = $4 or ${orphaned}
         returning position`,
        [source.id, name, source.tenantId, lease.id],
      )
      return rows[0]
    },

    async share(names) {
      if (names)
        await pool.query(
          `insert into broker_slot (source_id, name, tenant_id)
           select s.id, n.name, $3
             from source s, unnest($2::text[]) as n (name)
            where s.id = $1
           on conflict do nothing`,
          [source.id, names, source.tenantId],
        )
      // Of two nodes that take the same one, the second finds it taken; of two that make one, one makes it.
      const { rows } = await pool.query<{ name: string }>(
        `with all_slots as materialized (
           select s.name, s.node_id is not distinct from $3 as mine, ${orphaned} as free
             from broker_slot s
            where s.source_id = $1
              and ($4::text[] is null or s.name = any($4))
         ),
         share as (
           select greatest(1, ceil(count(s.name)::numeric / live))::int as most, count(s.name)::int as count, live
             from (select greatest(1, count(*)) as live from node where expires_at > now()) l
             left join all_slots s on true
            group by live
         ),
         taken as materialized (
           select name
             from all_slots
            where mine or free
            order by mine desc, name
            limit (select most from share)
         ),
         made as (
           insert into broker_slot (source_id, name, tenant_id, node_id)
           select src.id, 's' || share.count, $2, $3
             from share, source src
            where src.id = $1
              and $4::text[] is null
              and share.count < share.live
              and not exists (select from taken)
           on conflict do nothing
           returning name
         ),
         held as (
           update broker_slot s
              set node_id = case when s.name in (select name from taken) then $3::uuid end
             from all_slots a
            where s.source_id = $1
              and a.name = s.name
              and (s.node_id = $3 or (${orphaned} and s.name in (select name from taken)))
           returning s.name, s.node_id
         )
        select name from held where node_id is not null
         union all
         select name from made`,
        [source.id, source.tenantId, lease.id, names ?? null],
      )
      return rows.map(({ name }) => name).toSorted()
    },

    async names() {
      const { rows } = await pool.query<{ name: string }>(
        'select name from broker_slot where source_id = $1',
        [source.id],
      )
      return rows.map(({ name }) => name)
    },

    async advance(name, position) {
      const { rowCount } = await pool.query(
        'update broker_slot set position = $4 where source_id = $1 and name = $2 and node_id = $3',
        [source.id, name, lease.id, position],
      )
      return rowCount === 1
    },

    async release(names) {
      await pool.query(
        `update broker_slot
            set node_id = null
          where source_id = $1
            and name = any($2)
            and node_id = any($3::uuid[])`,
        [source.id, names, lease.ids],
      )
    },
  }
}
