import type { DedupeKey, Message } from '../core/message.ts'
import { plainArray } from '../db/array.ts'
import { inTransaction, type Pool, type Queryable } from '../db/pool.ts'
import { priorityRank } from '../queue/queue.ts'

/** A delivery as it is inserted: with the message, in one statement. */
export interface NewDelivery {
  id: string
  endpointId: string
  /** In this node's hand from the start; else it waits. */
  leased: boolean
  ordered: boolean
  priority: Message['priority']
}

export interface NewMessage {
  message: Message
  /** The payload as it goes into the database: sealed where the tenant asks for it. */
  storedPayload: string
  payloadBytes: number
  payloadExpiresAtMs: number | null
  unmatched: string | null
  deliveries: NewDelivery[]
  /** For endpoints that are disabled: recorded as not sent. */
  discarded: { id: string; endpointId: string; reason: string }[]
  dedupe: { scope: string; key: DedupeKey }[]
  /** Hashes of the people whom it names. */
  persons: Buffer[]
}

/** The column arrays of a batch; `n` (1, 2, …) ties deliveries and keys to their message. */
function columns(batch: readonly NewMessage[]) {
  const deliveries = batch.flatMap((one, i) =>
    one.deliveries.map((delivery) => ({ ...delivery, n: i + 1 })),
  )
  const discarded = batch.flatMap((one, i) =>
    one.discarded.map((delivery) => ({ ...delivery, n: i + 1 })),
  )
  const keys = batch
    .flatMap((one, i) =>
      one.dedupe.map(({ scope, key }) => ({
        scope,
        key: `${key.kind}:${key.key}`,
        hash: key.requestHash ?? null,
        windowSeconds: key.windowSeconds,
        n: i + 1,
      })),
    )
    // Always locked in the same order, so that two nodes cannot wait for each other.
    .toSorted((a, b) => (a.scope + a.key < b.scope + b.key ? -1 : 1))
  const persons = batch.flatMap((one, i) => one.persons.map((hash) => ({ hash, n: i + 1 })))
  return { deliveries, discarded, keys, persons }
}

const arrayText = (values: string[] | null) =>
  values === null
    ? null
    : `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`

const input = `i as materialized (
    select * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::int[], $11::text[], $12::text[], $13::smallint[], $14::text[], $15::float8[], $16::float8[])
      with ordinality as i(id, tenant_id, app_id, event_type, event_id, channels, tags, payload, payload_bytes, form, ordering_key, priority, unmatched, payload_expires_ms, created_ms, n))`

const messages = (from: string) => `m as (
    insert into message (id, tenant_id, app_id, event_type, event_id, channels, tags, payload, payload_bytes, form, ordering_key, priority, unmatched, payload_expires_at, created_at)
    select id, tenant_id, app_id, event_type, event_id, channels::text[], tags::text[], payload, payload_bytes, form, ordering_key, priority, unmatched,
           to_timestamp(payload_expires_ms / 1000), to_timestamp(created_ms / 1000) from ${from})`

const work = (from: string) => `
    insert into work (endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, lease_owner, ordering_key, seq, payload_bytes, event_type)
    select endpoint_id, message_id, delivery_id, tenant_id, app_id, priority, now(), case when leased then $1::uuid end,
           case when ordered then ordering_key end, case when ordered then nextval('work_seq') end, payload_bytes, event_type
      from (select d.endpoint_id, i.id as message_id, d.id as delivery_id, i.tenant_id, i.app_id, d.priority, d.leased, d.ordered, i.ordering_key, i.payload_bytes, i.event_type
              from unnest($17::uuid[], $18::uuid[], $19::bool[], $20::bool[], $21::smallint[], $22::int[]) with ordinality as d(endpoint_id, id, leased, ordered, priority, n, place)
              join ${from} i using (n) order by d.place) fresh_work`

const discardedRows = (from: string) => `x as (
    insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, reason, attempts, event_type)
    select d.id, i.tenant_id, i.app_id, d.endpoint_id, i.id, 'discarded', d.reason, 0, i.event_type
      from unnest($23::uuid[], $24::uuid[], $25::text[], $26::int[]) as d(endpoint_id, id, reason, n) join ${from} i using (n)
    returning endpoint_id, tenant_id),
  xs as (
    insert into endpoint_stat (endpoint_id, minute, shard, tenant_id, discarded)
    select endpoint_id, date_trunc('minute', now()), 0, tenant_id, count(*) from x group by endpoint_id, tenant_id order by endpoint_id
    on conflict (endpoint_id, minute, shard) do update set discarded = endpoint_stat.discarded + excluded.discarded)`

// Three statements of one shape: the plain one is what nearly every batch uses, and it costs a third less than the one with all parts, which
// also stores whose the messages are.
const plainSql = `with ${input}, ${messages('i')} ${work('i')}`
const discardingSql = `with ${input}, ${messages('i')}, ${discardedRows('i')} ${work('i')}`
const dedupingSql = `with ${input},
  k as (
    insert into dedupe (scope, key, tenant_id, app_id, message_id, request_hash, expires_at)
    select k.scope, k.key, i.tenant_id, i.app_id, i.id, k.hash, now() + k.window_s * interval '1 second'
      from unnest($27::uuid[], $28::text[], $29::bytea[], $30::float8[], $31::int[]) with ordinality as k(scope, key, hash, window_s, n, place) join i using (n) order by k.place
    on conflict (scope, key) do update set tenant_id = excluded.tenant_id, app_id = excluded.app_id, message_id = excluded.message_id, request_hash = excluded.request_hash, expires_at = excluded.expires_at
     where dedupe.expires_at < now()
    returning message_id),
  -- New is what took all of its keys.
  fresh as materialized (
    select i.* from i left join (select message_id, count(*) as taken from k group by message_id) t on t.message_id = i.id
     where coalesce(t.taken, 0) = ($32::int[])[i.n]),
  ${messages('fresh')}, ${discardedRows('fresh')}, w as (${work('fresh')}),
  p as (
    insert into message_person (tenant_id, hash, message_id, app_id)
    select f.tenant_id, p.hash, f.id, f.app_id from unnest($33::bytea[], $34::int[]) as p(hash, n) join fresh f using (n)
    on conflict do nothing)
  select id from fresh`

/** Outcome of a batch: which messages were stored; the others are repeats. */
export type Stored = ReadonlySet<string> | 'all'

/**
 * Stores messages, their deliveries and their keys by one statement, which is one transaction.
 * A key may stand at most once in a batch, and a message whose keys mean different things must come alone (see `insertAlone`). Several keys
 * of one meaning (a gateway's event under two identities) may be taken in part by a repeat: then they all name the same event from there on.
 */
export async function insertBatch(
  db: Queryable,
  node: string,
  batch: readonly NewMessage[],
): Promise<Stored> {
  const { deliveries, discarded, keys, persons } = columns(batch)
  const values: unknown[] = [
    node,
    plainArray(batch.map(({ message }) => message.id)),
    plainArray(batch.map(({ message }) => message.tenantId)),
    plainArray(batch.map(({ message }) => message.appId)),
    batch.map(({ message }) => message.eventType),
    batch.map(({ message }) => message.eventId),
    batch.map(({ message }) => arrayText(message.channels)),
    batch.map(({ message }) => arrayText(message.tags)),
    batch.map(({ storedPayload }) => storedPayload),
    plainArray(batch.map(({ payloadBytes }) => payloadBytes)),
    batch.map(({ message }) => message.form),
    batch.map(({ message }) => message.orderingKey),
    plainArray(batch.map(({ message }) => priorityRank[message.priority])),
    batch.map(({ unmatched }) => unmatched),
    plainArray(batch.map(({ payloadExpiresAtMs }) => payloadExpiresAtMs)),
    plainArray(batch.map(({ message }) => message.createdAtMs)),
    plainArray(deliveries.map((delivery) => delivery.endpointId)),
    plainArray(deliveries.map((delivery) => delivery.id)),
    plainArray(deliveries.map((delivery) => delivery.leased)),
    plainArray(deliveries.map((delivery) => delivery.ordered)),
    plainArray(deliveries.map((delivery) => priorityRank[delivery.priority])),
    plainArray(deliveries.map((delivery) => delivery.n)),
  ]
  const whole = keys.length > 0 || persons.length > 0
  if (discarded.length === 0 && !whole) {
    await db.query({ name: 'ingest-plain', text: plainSql, values })
    return 'all'
  }
  values.push(
    plainArray(discarded.map((one) => one.endpointId)),
    plainArray(discarded.map((one) => one.id)),
    discarded.map((one) => one.reason),
    plainArray(discarded.map((one) => one.n)),
  )
  if (!whole) {
    await db.query({ name: 'ingest-discarding', text: discardingSql, values })
    return 'all'
  }
  values.push(
    plainArray(keys.map((key) => key.scope)),
    keys.map((key) => key.key),
    keys.map((key) => key.hash),
    plainArray(keys.map((key) => key.windowSeconds)),
    plainArray(keys.map((key) => key.n)),
    plainArray(batch.map(({ dedupe }) => dedupe.length)),
    persons.map((person) => person.hash),
    plainArray(persons.map((person) => person.n)),
  )
  const { rows } = await db.query<{ id: string }>({
    name: 'ingest-deduping',
    text: dedupingSql,
    values,
  })
  return new Set(rows.map((row) => row.id))
}

class Repeated extends Error {}

/** Stores one message that carries several keys: all of them are new, or nothing is stored. @returns whether it was stored */
export async function insertAlone(pool: Pool, node: string, one: NewMessage): Promise<boolean> {
  try {
    await inTransaction(pool, async (client) => {
      for (const dedupe of one.dedupe.toSorted((a, b) => (a.key.kind < b.key.kind ? -1 : 1))) {
        const { rowCount } = await client.query(
          `insert into dedupe (scope, key, tenant_id, app_id, message_id, request_hash, expires_at) values ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')
           on conflict (scope, key) do update set tenant_id = excluded.tenant_id, app_id = excluded.app_id, message_id = excluded.message_id, request_hash = excluded.request_hash, expires_at = excluded.expires_at
            where dedupe.expires_at < now()`,
          [
            dedupe.scope,
            `${dedupe.key.kind}:${dedupe.key.key}`,
            one.message.tenantId,
            one.message.appId,
            one.message.id,
            dedupe.key.requestHash ?? null,
            dedupe.key.windowSeconds,
          ],
        )
        if (rowCount === 0) throw new Repeated()
      }
      await insertBatch(client, node, [{ ...one, dedupe: [] }])
    })
    return true
  } catch (error) {
    if (error instanceof Repeated) return false
    throw error
  }
}

/** The message that holds a key, and the hash of the request it came with. */
export async function keyHolder(
  db: Queryable,
  scope: string,
  key: DedupeKey,
): Promise<{ messageId: string; requestHash: Buffer | null } | undefined> {
  const { rows } = await db.query<{ message_id: string; request_hash: Buffer | null }>(
    'select message_id, request_hash from dedupe where scope = $1 and key = $2 and expires_at >= now()',
    [scope, `${key.kind}:${key.key}`],
  )
  const row = rows[0]
  return row && { messageId: row.message_id, requestHash: row.request_hash }
}
