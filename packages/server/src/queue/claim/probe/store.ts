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
