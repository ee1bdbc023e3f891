import { noteChanges } from '../../../db/changes.ts'
import type { Queryable } from '../../../db/pool.ts'

/**
 * Takes the right to probe an open circuit; one node at a time has it, for `forMs`.
 * @returns whether this node may send one delivery
 */
export async function takeProbe(
  db: Queryable,
  endpointId: string,
  node: string,
  forMs: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    /* sql */ `
    update endpoint_health
       set circuit = 'half-open',
           probe_node = $2,
           probe_until = now() + $3 * interval '1 millisecond',
           updated_at = now()
     where endpoint_id = $1
       and (circuit = 'open' and open_until <= now()
            or circuit = 'half-open' and (probe_until is null or probe_until < now()))`,
    [endpointId, node, forMs],
  )
  return rowCount === 1
}

/** Gives the right to probe back, unused. */
export async function dropProbe(db: Queryable, endpointId: string, node: string): Promise<void> {
  await db.query(
    /* sql */ `
    update endpoint_health
       set circuit = 'open', probe_node = null, probe_until = null
     where endpoint_id = $1
       and probe_node = $2
       and circuit = 'half-open'`,
    [endpointId, node],
  )
}

/** The same for all that nodes have which are gone: the next probe need not wait until theirs would have ended. */
export async function dropProbesOf(db: Queryable, nodes: readonly string[]): Promise<void> {
  const { rows } = await db.query<{ app_id: string; endpoint_id: string }>(
    // Reads all of `endpoint_health`, which has the endpoints that fail; locked in the order in which all lock them.
    /* sql */ `
    with theirs as materialized (
      select endpoint_id
        from endpoint_health
       where probe_node = any($1::uuid[])
         and circuit = 'half-open'
       order by endpoint_id
         for update
    )
    update endpoint_health h
       set circuit = 'open', probe_node = null, probe_until = null
      from theirs join endpoint e on e.id = theirs.endpoint_id
     where h.endpoint_id = theirs.endpoint_id
    returning e.app_id, h.endpoint_id`,
    [nodes],
  )
  // Who has looked meanwhile knows of the time for which they had it.
  await noteChanges(
    db,
    rows.map((row) => ({ kind: 'app', key: row.app_id, endpointId: row.endpoint_id })),
  )
}
