/** What sessions told of a person: names, pictures, and which LID is which phone number. */
import { noteChanges } from '../../../db/changes.ts'
import { inTransaction, type Pool, type Queryable } from '../../../db/pool.ts'

export interface ProfileRow {
  app_id: string
  jid: string
  alt_jid: string | null
  name: string | null
  image_url: string | null
}

// The tenant's apps by `app_list`, and of each its profiles from end to end: `alt_jid` has no index.
const ofTenant = /* sql */ `
      app_id in (select id from app where tenant_id = $1)
  and (jid = any($2) or alt_jid = any($2))`

export async function profilesOf(
  db: Queryable,
  tenantId: string,
  jids: readonly string[],
): Promise<ProfileRow[]> {
  const { rows } = await db.query<ProfileRow>(
    `select app_id, jid, alt_jid, name, image_url from profile where ${ofTenant}`,
    [tenantId, jids],
  )
  return rows
}

/** Nodes have them in memory, too, and are told. */
export async function forgetProfiles(
  db: Pool,
  tenantId: string,
  jids: readonly string[],
): Promise<number> {
  return await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ app_id: string }>(
      `delete from profile where ${ofTenant} returning app_id`,
      [tenantId, jids],
    )
    await noteChanges(
      client,
      rows.map((row) => ({ kind: 'profile', key: row.app_id })),
    )
    return rows.length
  })
}
