import { showId, lowestId } from '../../../core/id.ts'
import type { Queryable } from '../../../db/pool.ts'
import type { ReplayArgs } from '../store.ts'

/** Messages looked at in one page, whatever their apps. */
const messagesAtATime = 20_000

export interface AppUsage {
  appId: string
  appUid: string | null
  messageDestinations: number
}

/**
 * The deliveries that were finished to each of the next apps, by the counts of their endpoints: of all apps that were
 * asked for, and else of those that had any.
 */
export async function nextAppUsage(
  db: Queryable,
  { tenantId, args }: { tenantId: string; args: ReplayArgs },
  behind: string,
  limit: number,
): Promise<{ rows: AppUsage[]; last: string | undefined }> {
  const asked = args.appIds ?? null
  const { rows } = await db.query<{ id: string; uid: string | null; count: number }>(
    /* sql */ `
      with page as materialized (
        select id, uid
          from app
         where tenant_id = $1 and kind = 'app' and id > $2 and ($3::uuid[] is null or id = any($3))
         order by id
         limit $4
      )
      select page.id, page.uid, coalesce(sum(s.delivered + s.exhausted + s.discarded), 0)::float8 as count
        from page
        left join endpoint e on e.app_id = page.id
        left join endpoint_stat s
          on s.endpoint_id = e.id and s.minute >= date_trunc('minute', to_timestamp($5)) and s.minute < to_timestamp($6)
       group by page.id, page.uid
       order by page.id`,
    [tenantId, behind, asked, limit, args.sinceMs / 1_000, args.untilMs / 1_000],
  )
  return {
    rows: rows
      .filter(({ count }) => asked !== null || count > 0)
      .map(({ id, uid, count }) => ({
        appId: showId('app', id),
        appUid: uid,
        messageDestinations: count,
      })),
    last: rows.length < limit ? undefined : rows.at(-1)!.id,
  }
}

/** Counts the event types of the tenant's next messages behind `app/message`, app by app. */
export async function nextEventTypes(
  db: Queryable,
  { tenantId, args }: { tenantId: string; args: ReplayArgs },
  behind: string,
): Promise<{
  counts: { name: string; count: number }[]
  looked: number
  next: string | undefined
}> {
  const [appBefore, messageBefore] = behind.split('/')
  const counts: { name: string; count: number }[] = []
  let looked = 0
  let app = messageBefore === undefined ? await appBehind(db, tenantId, appBefore!) : appBefore!
  let message = messageBefore ?? lowestId
  while (app !== undefined) {
    const limit = messagesAtATime - looked
    const { rows } = await db.query<{ name: string; count: number; last: string }>(
      /* sql */ `
        with page as materialized (
          select id, event_type
            from message
           where app_id = $1 and id > $2 and created_at < to_timestamp($4)
           order by id
           limit $3
        )
        select event_type as name, count(*)::float8 as count,
               (select id from page order by id desc limit 1) as last
          from page
         group by event_type`,
      [app, message, limit, args.untilMs / 1_000],
    )
    counts.push(...rows.map(({ name, count }) => ({ name, count })))
    const found = rows.reduce((sum, { count }) => sum + count, 0)
    looked += found
    if (found === limit) return { counts, looked, next: `${app}/${rows[0]!.last}` }
    app = await appBehind(db, tenantId, app)
    message = lowestId
  }
  return { counts, looked, next: undefined }
}

async function appBehind(
  db: Queryable,
  tenantId: string,
  behind: string,
): Promise<string | undefined> {
  const { rows } = await db.query<{ id: string }>(
    `select id from app where tenant_id = $1 and kind = 'app' and id > $2 order by id limit 1`,
    [tenantId, behind],
  )
  return rows[0]?.id
}
