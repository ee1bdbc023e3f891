import type { Queryable } from './pool.ts'

/**
 * `app` (key: app): the app, its endpoints, their secrets or their health; `key` (key: tenant): its API keys; `tenant`
 * (key: tenant): its limits; `event-type` (key: tenant); `profile` (key: app): names of people were erased.
 */
export const changeKinds = ['app', 'key', 'tenant', 'event-type', 'profile'] as const
export type ChangeKind = (typeof changeKinds)[number]

export interface Change {
  kind: ChangeKind
  key: string
  /** Of an app: only this endpoint of it was made, changed or deleted. */
  endpointId?: string | undefined
}

/**
 * How long changes are kept for nodes that stand still. One that was away for longer has to forget everything it knows.
 */
export const CHANGES_KEPT_MS = 3_600_000

/** Tells the other nodes, when the transaction of `db` commits, that what they may have cached is out of date. */
export async function noteChange(
  db: Queryable,
  kind: ChangeKind,
  key: string,
  endpointId?: string,
): Promise<void> {
  await noteChanges(db, [{ kind, key, endpointId }])
}

/** The same for several, by one statement. */
export async function noteChanges(db: Queryable, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return
  await db.query(
    `insert into change (kind, key, endpoint_id)
     select distinct * from unnest($1::text[], $2::uuid[], $3::uuid[])`,
    [
      changes.map(({ kind }) => kind),
      changes.map(({ key }) => key),
      changes.map(({ endpointId }) => endpointId ?? null),
    ],
  )
}

export interface ChangesRead {
  /** Pass it to the next read. */
  snapshot: string
  changes: Change[]
  /**
   * The database's transaction counter stepped back (a restore, a fail-over that lost commits): nothing that is cached
   * can be trusted.
   */
  rewound: boolean
}

/**
 * What was committed after the snapshot of an earlier read; without one, where to begin. "After" is what this snapshot
 * sees and that one did not, so a transaction that began early and committed late is neither missed nor seen twice,
 * which a growing number per row cannot promise. The comparison with the snapshot's xmin only spares the index what
 * both have seen.
 */
export async function readChanges(db: Queryable, since: string | undefined): Promise<ChangesRead> {
  if (since === undefined) {
    const { rows } = await db.query<{ snapshot: string }>(
      'select pg_current_snapshot()::text as snapshot',
    )
    return { snapshot: rows[0]!.snapshot, changes: [], rewound: false }
  }
  const { rows } = await db.query<{
    snapshot: string
    kind: ChangeKind | null
    key: string
    endpointId: string | null
  }>({
    name: 'changes',
    // The index on txid, from the oldest transaction that was open at the last reading: a few rows.
    text: /* sql */ `
      select now.snapshot, c.kind, c.key, c.endpoint_id as "endpointId"
        from (select pg_current_snapshot()::text as snapshot) now
        left join (
          select distinct kind, key, endpoint_id
            from change
           where txid >= pg_snapshot_xmin($1::pg_snapshot)
             and not pg_visible_in_snapshot(txid, $1::pg_snapshot)
        ) c on true`,
    values: [since],
  })
  const snapshot = rows[0]!.snapshot
  const changes = rows.flatMap(({ kind, key, endpointId }) =>
    kind === null ? [] : [{ kind, key, endpointId: endpointId ?? undefined }],
  )
  return { snapshot, changes, rewound: xmax(snapshot) < xmax(since) }
}

/** Deletes what no node needs any more; upkeep's to call, every few minutes. */
export async function forgetChanges(db: Queryable): Promise<number> {
  const { rowCount } = await db.query(
    `delete from change where at < now() - $1 * interval '1 millisecond'`,
    [CHANGES_KEPT_MS],
  )
  return rowCount ?? 0
}

/** A snapshot is printed as `xmin:xmax:running,…`. */
function xmax(snapshot: string): bigint {
  return BigInt(snapshot.split(':')[1]!)
}
