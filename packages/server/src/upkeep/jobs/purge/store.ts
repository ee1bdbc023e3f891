import type { Queryable } from '../../../db/pool.ts'

/**
 * Deletes the payloads of an app's next messages behind one. @returns the last that was looked at, and how many lost
 * theirs
 */
export async function purgePayloads(
  db: Queryable,
  appId: string,
  { behind, before, limit }: { behind: string; before: string; limit: number },
): Promise<{ last: string | null; looked: number; purged: number }> {
  const { rows } = await db.query<{ last: string | null; looked: number; purged: number }>(
    /* sql */ `
      with page as materialized (
        select id
          from message
         where app_id = $1 and id > $2 and id < $3
         order by id
         limit $4
      ),
      gone as (
        update message m
           set payload = null, payload_expires_at = null
          from page
         where m.app_id = $1 and m.id = page.id and m.payload is not null
           and m.id > $2 and m.id < $3
        returning m.id
      )
      select (select id from page order by id desc limit 1) as last,
             (select count(*) from page) as looked,
             (select count(*) from gone) as purged`,
    [appId, behind, before, limit],
  )
  return rows[0]!
}
