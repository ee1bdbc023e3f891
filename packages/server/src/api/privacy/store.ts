import { listPartitions, type Partition } from '../../db/partitions.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import { type AttemptRow, everything } from '../history/attempts/store.ts'
import { type MessageRow, readMessageRows } from '../history/messages/store.ts'
import { madeSince } from '../history/span.ts'

/** The days that there are of a table, oldest first. */
export async function daysOf(
  db: Queryable,
  table: 'message' | 'attempt' | 'delivery',
): Promise<Partition[]> {
  const all = await listPartitions(db)
  return all.filter((one) => one.table === table && one.state === 'attached')
}

export interface Sized {
  id: string
  appId: string
  bytes: number
}

/** What a tenant has in some blocks of a day, without payloads: how much that is decides how much is read at once. */
export async function sizesIn(
  db: Queryable,
  { name }: Partition,
  tenantId: string,
  from: number,
  to: number,
): Promise<Sized[]> {
  // These blocks of the day and no others, from end to end.
  const { rows } = await db.query<Sized>(
    /* sql */ `
      select id, app_id as "appId", payload_bytes as bytes
        from ${name}
       where ctid >= $1::tid
         and ctid < $2::tid
         and tenant_id = $3
       order by id`,
    [`(${from},0)`, `(${to},0)`, tenantId],
  )
  return rows
}

export async function readHistory(
  db: Queryable,
  tenantId: string,
  keys: readonly { id: string; appId: string }[],
): Promise<MessageRow[]> {
  const rows = await readMessageRows(db, keys, 'payload')
  return rows.filter((row) => row.tenant_id === tenantId)
}

/** Messages that are known to be a person's, oldest first. */
export async function indexedMessages(
  db: Queryable,
  tenantId: string,
  hashes: readonly Buffer[],
  after: string,
  limit: number,
): Promise<{ id: string; appId: string }[]> {
  // A range of the primary key for each hash: all that the person has behind `after`, sorted.
  const { rows } = await db.query<{ id: string; appId: string }>(
    /* sql */ `
      select message_id as id, min(app_id::text) as "appId"
        from message_person
       where tenant_id = $1
         and hash = any($2::bytea[])
         and message_id > $3
       group by message_id
       order by message_id
       limit $4`,
    [tenantId, hashes, after, limit],
  )
  return rows
}

/** Attempts in some blocks of a day that say something of what was answered. */
export async function answersIn(
  db: Queryable,
  { name }: Partition,
  tenantId: string,
  from: number,
  to: number,
): Promise<AttemptRow[]> {
  // These blocks of the day and no others, from end to end.
  const { rows } = await db.query<AttemptRow>(
    /* sql */ `
      select ${everything}
        from ${name} a
       where a.ctid >= $1::tid
         and a.ctid < $2::tid
         and a.tenant_id = $3
         and (a.response <> '' or a.error is not null)`,
    [`(${from},0)`, `(${to},0)`, tenantId],
  )
  return rows
}

/** What stands in place of what was erased, where nothing would say that there never was anything. */
const erased = '(erased)'

/** Takes out of messages everything but that there was one. */
export async function blankMessages(
  db: Queryable,
  rows: readonly { id: string; app_id: string }[],
): Promise<number> {
  const ids = rows.map(({ id }) => id).toSorted()
  // One row of the primary key a message.
  const { rowCount } = await db.query(
    /* sql */ `
      update message
         set payload = null, payload_expires_at = null, event_id = null, channels = null, tags = null,
             ordering_key = null, content_type = null, trace_context = null
       where app_id = any($1::uuid[])
         and id = any($2::uuid[])
         and id between $3 and $4`,
    [[...new Set(rows.map((row) => row.app_id))], ids, ids[0], ids.at(-1)],
  )
  return rowCount ?? 0
}

const blankAnswer = /* sql */ `
  response = case when response = '' then '' else '${erased}' end,
  error = case when error is null then null else '${erased}' end`

/**
 * The same of the attempts of messages: of the URL only the server stays, since a transformation may have put
 * anything behind it.
 */
export async function blankAttempts(db: Queryable, messageIds: readonly string[]): Promise<number> {
  const first = madeSince(messageIds.toSorted()[0]!)
  // A range of the primary key a message, in each day from the oldest one's on.
  const { rowCount } = await db.query(
    /* sql */ `
      update attempt
         set ${blankAnswer}, channels = null, tags = null,
             url = regexp_replace(url, '^(https?://[^/?#]+).*$', '\\1/${erased}')
       where message_id = any($1::uuid[])
         and id >= $2`,
    [messageIds, first],
  )
  // No index leads from a message to its labels: the days from the oldest message's on are read.
  await db.query(
    /* sql */ `
      delete from attempt_label
       where message_id = any($1::uuid[])
         and id >= $2`,
    [messageIds, first],
  )
  return rowCount ?? 0
}

/** Of attempts of other messages only what was answered. */
export async function blankAnswers(
  db: Queryable,
  keys: readonly { id: string; message_id: string }[],
): Promise<number> {
  if (keys.length === 0) return 0
  const ids = keys.map(({ id }) => id).toSorted()
  // One row of the primary key an attempt.
  const { rowCount } = await db.query(
    /* sql */ `
      update attempt
         set ${blankAnswer}
       where message_id = any($1::uuid[])
         and id = any($2::uuid[])
         and id between $3 and $4`,
    [keys.map((key) => key.message_id), ids, ids[0], ids.at(-1)],
  )
  return rowCount ?? 0
}

export async function forgetIndex(
  db: Queryable,
  tenantId: string,
  messageIds: readonly string[],
): Promise<number> {
  const ids = messageIds.toSorted()
  // The key leads with the hash: the tenant's part of each day between the two messages is read.
  const { rowCount } = await db.query(
    /* sql */ `
      delete from message_person
       where tenant_id = $1
         and message_id = any($2::uuid[])
         and message_id between $3 and $4`,
    [tenantId, ids, ids[0], ids.at(-1)],
  )
  return rowCount ?? 0
}

/** Deliveries of messages that are being sent right now. */
export async function underWay(
  db: Queryable,
  endpointIds: readonly string[],
  messageIds: readonly string[],
): Promise<number> {
  // One probe of the primary key for each endpoint and message.
  const { rows } = await db.query<{ count: number }>(
    /* sql */ `
      select count(*) as count
        from work
       where endpoint_id = any($1::uuid[])
         and message_id = any($2::uuid[])
         and lease_owner is not null`,
    [endpointIds, messageIds],
  )
  return rows[0]!.count
}

export interface DedupeKeyRow {
  scope: string
  key: string
  message_id: string
}

/** A tenant's keys of repeats, a page at a time. */
export async function dedupeKeys(
  db: Queryable,
  tenantId: string,
  after: { scope: string; key: string },
  limit: number,
): Promise<DedupeKeyRow[]> {
  // The primary key in order from there; other tenants' rows between are passed over.
  const { rows } = await db.query<DedupeKeyRow>(
    /* sql */ `
      select scope, key, message_id
        from dedupe
       where tenant_id = $1
         and (scope, key) > ($2, $3)
       order by scope, key
       limit $4`,
    [tenantId, after.scope, after.key, limit],
  )
  return rows
}

export async function forgetDedupe(
  db: Queryable,
  keys: readonly { scope: string; key: string }[],
): Promise<number> {
  if (keys.length === 0) return 0
  // One row of the primary key each.
  const { rowCount } = await db.query(
    /* sql */ `
      delete from dedupe d
       using unnest($1::uuid[], $2::text[]) as k(scope, key)
       where d.scope = k.scope
         and d.key = k.key`,
    [keys.map(({ scope }) => scope), keys.map(({ key }) => key)],
  )
  return rowCount ?? 0
}

export async function forgetFiles(
  db: Pool,
  tenantId: string,
  ids: readonly string[],
): Promise<number> {
  if (ids.length === 0) return 0
  // One row of the primary key a file.
  const { rowCount } = await db.query(
    'delete from media where tenant_id = $1 and id = any($2::uuid[])',
    [tenantId, ids],
  )
  return rowCount ?? 0
}
