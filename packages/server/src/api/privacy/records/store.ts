/** What names a person beside messages and attempts: the audit log, tasks that are over, what devices said last. */
import { lowestId } from '../../../core/id.ts'
import { PomboError } from '../../../core/error.ts'
import { mentions } from '../../../core/person.ts'
import type { Partition } from '../../../db/partitions.ts'
import type { Payloads } from '../../../db/payload.ts'
import { inTransaction, type Pool, type Queryable } from '../../../db/pool.ts'

const erased = '(erased)'
const atATime = 1_000

interface Entry {
  id: string
  actor: string
  on_behalf_of: string | null
  target: string
  changes: Record<string, unknown>
}

/** All rows of a tenant in a table, a page at a time: by an index that leads with the tenant, or the primary key. */
async function* pagesOf<Row extends { id: string }>(
  db: Queryable,
  table: string,
  columns: string,
  tenantId: string,
): AsyncGenerator<Row[]> {
  for (let after = lowestId; ; ) {
    const { rows } = await db.query<Row>(
      /* sql */ `
        select id, ${columns}
          from ${table}
         where tenant_id = $1
           and id > $2
         order by id
         limit $3`,
      [tenantId, after, atATime],
    )
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows
    after = last.id
  }
}

/** The log is append-only but for this (migrations/0008-erasure.sql). @returns how many entries named the person */
export async function eraseFromAudit(
  db: Pool,
  tenantId: string,
  keys: ReadonlySet<string>,
): Promise<number> {
  let count = 0
  const columns = 'actor, on_behalf_of, target, changes'
  for await (const rows of pagesOf<Entry>(db, 'audit_log', columns, tenantId)) {
    const meant = rows
      .filter((row) => mentions([row.actor, row.on_behalf_of, row.target, row.changes], keys))
      .map((row) => withoutPerson(row, keys))
    if (meant.length === 0) continue
    await inTransaction(db, async (client) => {
      await client.query(`select set_config('pombo.erasing', 'on', true)`)
      // One row of the primary key an entry.
      await client.query(
        /* sql */ `
          update audit_log a
             set actor = v.actor, on_behalf_of = v.on_behalf_of, target = v.target, changes = v.changes
            from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[])
                   as v(id, actor, on_behalf_of, target, changes)
           where a.id = v.id
             and a.tenant_id = $6`,
        [
          meant.map(({ id }) => id),
          meant.map(({ actor }) => actor),
          meant.map(({ on_behalf_of }) => on_behalf_of),
          meant.map(({ target }) => target),
          meant.map(({ changes }) => JSON.stringify(changes)),
          tenantId,
        ],
      )
    })
    count += meant.length
  }
  return count
}

function withoutPerson(entry: Entry, keys: ReadonlySet<string>): Entry {
  const kept = (text: string): string => (mentions(text, keys) ? erased : text)
  return {
    id: entry.id,
    actor: kept(entry.actor),
    on_behalf_of: entry.on_behalf_of === null ? null : kept(entry.on_behalf_of),
    target: kept(entry.target),
    changes: Object.fromEntries(
      Object.entries(entry.changes).map(([column, value]) => [
        column,
        mentions(value, keys) ? erased : value,
      ]),
    ),
  }
}

/** What of a task's arguments people say in their own words. */
interface TaskArgs extends Record<string, unknown> {
  payloadFilter?: string | null
  /** Why deliveries are given up. */
  reason?: string | null
  /** Of a broadcast that is under way. */
  message?: { payload: string }
}

/**
 * Tasks by a filter or a reason that names the person keep it as long as they are listed, and a broadcast its message
 * until it is sent. Those under way are stopped: what they go by is gone.
 */
export async function eraseFromJobs(
  { db, payloads }: { db: Queryable; payloads: Pick<Payloads, 'open'> },
  tenantId: string,
  keys: ReadonlySet<string>,
): Promise<number> {
  let count = 0
  type Row = { id: string; args: TaskArgs; error: string | null }
  for await (const rows of pagesOf<Row>(db, 'job', 'args, error', tenantId)) {
    const meant = rows.flatMap(({ id, args, error }) => {
      const { payloadFilter, reason, message, ...rest } = args
      const sent = message && { ...message, payload: openedOf(payloads, message.payload, id) }
      if (!mentions([payloadFilter, reason, sent, error], keys)) return []
      const kept = (text: string | null | undefined) =>
        text && (mentions(text, keys) ? erased : text)
      return {
        id,
        error: kept(error) ?? null,
        args: {
          ...rest,
          ...(payloadFilter !== undefined && { payloadFilter: kept(payloadFilter) }),
          ...(reason !== undefined && { reason: kept(reason) }),
          ...(message !== undefined && !mentions(sent, keys) && { message }),
        },
      }
    })
    // One row of the primary key a task.
    const { rowCount } = await db.query(
      /* sql */ `
        update job j
           set args = v.args,
               error = v.error,
               status = case when j.status = 'running' then 'canceled' else j.status end,
               updated_at = now()
          from unnest($2::uuid[], $3::jsonb[], $4::text[]) as v(id, args, error)
         where j.id = v.id
           and j.tenant_id = $1`,
      [
        tenantId,
        meant.map(({ id }) => id),
        meant.map(({ args }) => JSON.stringify(args)),
        meant.map(({ error }) => error),
      ],
    )
    count += rowCount ?? 0
  }
  return count
}

/** Null where its key is missing: whose it is, nobody can tell. */
function openedOf(payloads: Pick<Payloads, 'open'>, stored: string, id: string): string | null {
  try {
    return payloads.open(stored, id)
  } catch (error) {
    if (error instanceof PomboError) return null
    throw error
  }
}

/** Why deliveries in some blocks of a day were given up: a few reasons, said many times. */
export async function reasonsIn(
  db: Queryable,
  { name }: Partition,
  tenantId: string,
  from: number,
  to: number,
): Promise<string[]> {
  // These blocks of the day and no others, from end to end.
  const { rows } = await db.query<{ reason: string }>(
    /* sql */ `
      select distinct reason
        from ${name}
       where ctid >= $1::tid
         and ctid < $2::tid
         and tenant_id = $3
         and reason is not null`,
    [`(${from},0)`, `(${to},0)`, tenantId],
  )
  return rows.map(({ reason }) => reason)
}

export async function blankReasons(
  db: Queryable,
  { name }: Partition,
  tenantId: string,
  from: number,
  to: number,
  reasons: readonly string[],
): Promise<number> {
  if (reasons.length === 0) return 0
  // The same blocks once more.
  const { rowCount } = await db.query(
    /* sql */ `
      update ${name}
         set reason = '${erased}'
       where ctid >= $1::tid
         and ctid < $2::tid
         and tenant_id = $3
         and reason = any($4)`,
    [`(${from},0)`, `(${to},0)`, tenantId, reasons],
  )
  return rowCount ?? 0
}

/** Why a source's last request was refused, in the sender's words. */
export async function eraseFromRefusals(
  db: Queryable,
  tenantId: string,
  keys: ReadonlySet<string>,
): Promise<number> {
  // All sessions of the tenant: no index leads from it to them.
  const { rows: refused } = await db.query<{ source_id: string; app_id: string; said: string }>(
    /* sql */ `
      select source_id, app_id, last_refusal as said
        from source_session
       where tenant_id = $1
         and last_refusal is not null`,
    [tenantId],
  )
  const named = refused.filter((one) => mentions(one.said, keys))
  // One row of the primary key a session.
  const { rowCount } = await db.query(
    /* sql */ `
      update source_session s
         set last_refusal = $1, last_refusal_coded = jsonb_build_object('msg', $1::text)
        from unnest($2::uuid[], $3::uuid[]) as v(source_id, app_id)
       where s.source_id = v.source_id
         and s.app_id = v.app_id`,
    [erased, named.map((one) => one.source_id), named.map((one) => one.app_id)],
  )
  return rowCount ?? 0
}

/** What a device's container or gateway said last, in its own words: often the account's number. */
export async function eraseFromDevices(
  db: Queryable,
  tenantId: string,
  keys: ReadonlySet<string>,
): Promise<number> {
  let count = 0
  const columns = 'last_message as said, problem'
  type Row = { id: string; said: string | null; problem: string | null }
  for await (const rows of pagesOf<Row>(db, 'device', columns, tenantId)) {
    const meant = rows.filter(({ said, problem }) => mentions([said, problem], keys))
    // One row of the primary key a device.
    const { rowCount } = await db.query(
      /* sql */ `
        update device
           set last_message = case when last_message is null then null else $2 end,
               problem = case when problem is null then null else $2 end
         where tenant_id = $1
           and id = any($3::uuid[])`,
      [tenantId, erased, meant.map(({ id }) => id)],
    )
    count += rowCount ?? 0
  }
  return count
}

/** What people set, by its table, and where they may have put names. */
const settings = {
  app: 'uid, name, metadata',
  endpoint: 'uid, url, description, channels, metadata, filter, transform, chat_filter',
  api_key: 'name',
  source: 'name, filters, webhook',
  poller: 'uid, name, filter',
  integration: 'name',
} as const

export const settingKinds = Object.keys(settings) as (keyof typeof settings)[]

export interface Setting {
  kind: keyof typeof settings
  id: string
}

/** What people set and that names the person still: theirs to change, since Pombo cannot know what works without it. */
export async function settingsNaming(
  db: Queryable,
  tenantId: string,
  keys: ReadonlySet<string>,
): Promise<Setting[]> {
  const found: Setting[] = []
  for (const kind of settingKinds)
    for await (const rows of pagesOf<{ id: string }>(db, kind, settings[kind], tenantId))
      for (const { id, ...texts } of rows) if (mentions(texts, keys)) found.push({ kind, id })
  return found
}
