import type { Queryable } from './pool.ts'

/** Held while migrating, so that nodes that start together wait for one another instead of colliding. */
export const MIGRATE_LOCK = 0x506f6d62

/** Held while the first tenant is made, so that nodes that start together make one, with one key. */
export const BOOTSTRAP_LOCK = 0x506f6d63

/**
 * Held, shared, by who registers a node, and alone by a migration that older nodes do not survive: so that none comes
 * between its look at who is live and its end.
 */
export const NODES_LOCK = 0x506f6d64

export interface SchemaState {
  /** 0: none yet. */
  version: number
  /** The oldest version that code must know to work on it. */
  servesFrom: number
}

/** What the database is at. */
export async function schemaState(db: Queryable): Promise<SchemaState> {
  // By way of JSON, since the column is younger than the table.
  const { rows } = await db.query<SchemaState>(
    /* sql */ `
      select coalesce(max(version), 0) as version,
             coalesce(max((to_jsonb(m) ->> 'serves_from')::int), 0) as "servesFrom"
        from pombo_migration m`,
  )
  return rows[0]!
}

/** Why code that knows `version` cannot work on the schema; undefined: it can. */
export function schemaProblem(state: SchemaState, version: number): string | undefined {
  if (state.version < version)
    return `the database's schema is at version ${state.version}, this Pombo needs ${version}: run pombo migrate`
  if (state.servesFrom > version)
    return (
      `the database's schema is at version ${state.version} and serves only a Pombo that knows ` +
      `version ${state.servesFrom} or later; this one knows ${version}. Start a newer Pombo, ` +
      'or restore a backup from before the upgrade'
    )
  return undefined
}
