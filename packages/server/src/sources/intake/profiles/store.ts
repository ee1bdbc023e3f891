import type { Queryable } from '../../../db/pool.ts'
import type { Profile } from './facts.ts'

export interface ProfileKey {
  appId: string
  jid: string
}

/** A change of a profile; what is left out stays. */
export interface ProfileChange extends ProfileKey {
  tenantId: string
  altId?: string
  name?: string
  /** null removes it. */
  imageUrl?: string | null
}

export async function loadProfiles(
  db: Queryable,
  keys: readonly ProfileKey[],
): Promise<(Profile & ProfileKey)[]> {
  const { rows } = await db.query<Profile & ProfileKey>({
    name: 'profiles',
    text: `select p.app_id as "appId", p.jid, p.alt_jid as "altId", p.name, p.image_url as "imageUrl"
             from unnest($1::uuid[], $2::text[]) as k (app_id, jid)
             join profile p using (app_id, jid)`,
    values: [keys.map(({ appId }) => appId), keys.map(({ jid }) => jid)],
  })
  return rows
}

/**
 * Writes what was learned; rows that say the same already are not touched, and those of apps that are gone are
 * dropped.
 */
export async function saveProfiles(
  db: Queryable,
  changes: readonly ProfileChange[],
): Promise<void> {
  await db.query({
    name: 'profiles-save',
    text: `insert into profile as p (app_id, jid, tenant_id, alt_jid, name, image_url)
      select c.app_id, c.jid, c.tenant_id, c.alt_jid, c.name, nullif(c.image_url, '')
        from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[])
          as c (app_id, jid, tenant_id, alt_jid, name, image_url)
        join app on app.id = c.app_id
       order by c.app_id, c.jid
         -- An app that is being deleted is waited for; found by the foreign key, it would refuse the names of all.
         for key share of app
      on conflict (app_id, jid) do update
         set alt_jid = coalesce(excluded.alt_jid, p.alt_jid),
             name = coalesce(excluded.name, p.name),
             image_url = coalesce(excluded.image_url, p.image_url),
             updated_at = now()
       where coalesce(excluded.alt_jid, p.alt_jid) is distinct from p.alt_jid
          or coalesce(excluded.name, p.name) is distinct from p.name
          or coalesce(excluded.image_url, p.image_url) is distinct from p.image_url`,
    values: [
      changes.map(({ appId }) => appId),
      changes.map(({ jid }) => jid),
      changes.map(({ tenantId }) => tenantId),
      changes.map(({ altId }) => altId ?? null),
      changes.map(({ name }) => name ?? null),
      changes.map(({ imageUrl }) => imageUrl ?? null),
    ],
  })
  const without = changes.filter(({ imageUrl }) => imageUrl === null)
  if (without.length === 0) return
  await db.query(
    `update profile
        set image_url = null, updated_at = now()
       from (select * from unnest($1::uuid[], $2::text[]) as c (app_id, jid) order by 1, 2) c
      where profile.app_id = c.app_id
        and profile.jid = c.jid
        and image_url is not null`,
    [without.map(({ appId }) => appId), without.map(({ jid }) => jid)],
  )
}
