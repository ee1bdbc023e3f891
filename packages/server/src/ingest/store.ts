import type { DedupeKey } from '../core/message.ts'
import { errorCode } from '../core/thrown.ts'
import { inTransaction, type Pool, type Queryable } from '../db/pool.ts'
import {
  deliveryColumns,
  discardedColumns,
  keyColumns,
  keyCounts,
  keyText,
  messageColumns,
  type NewMessage,
  partsOf,
  personColumns,
  rawColumns,
  traceColumns,
} from './columns.ts'

const input = /* sql */ `
  i as materialized (
    select *
      from ${messageColumns.unnest}
      with ordinality as i(${messageColumns.names}, n)
     where stored_in_time($2)
  )`

/** What only some messages have: whether they are raw, and behind which parameters their traces come, if they do. */
interface Extras {
  raw?: boolean
  traceFrom?: number
}

const messages = (from: string, { raw, traceFrom }: Extras) => {
  const parts = [
    ...(raw ? [{ name: 'content_type', columns: rawColumns }] : []),
    ...(traceFrom === undefined
      ? []
      : [{ name: 'trace_context', columns: traceColumns(traceFrom) }]),
  ]
  const extra = parts.map(({ name }) => `, ${name}`).join('')
  const joined = parts
    .map(
      ({ name, columns }) =>
        ` left join ${columns.unnest} as ${name}_of(${columns.names}) using (n)`,
    )
    .join('')
  return /* sql */ `
  m as (
    insert into message (
      id, tenant_id, app_id, event_type, event_id, channels, tags, payload, payload_bytes, form, ordering_key,
      priority, unmatched, payload_expires_at, created_at${extra})
    select
      id, tenant_id, app_id, event_type, event_id, channels::text[], tags::text[], payload, payload_bytes, form,
      ordering_key, priority, unmatched, to_timestamp(payload_expires_ms / 1000),
      to_timestamp(created_ms / 1000)${extra}
      from ${from}${joined}
  )`
}

const work = (from: string) => /* sql */ `
    insert into work (
      endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, lease_owner,
      ordering_key, seq, payload_bytes, event_type)
    select endpoint_id, message_id, delivery_id, tenant_id, app_id, priority, now(), case when leased then $1::uuid end,
           case when ordered then ordering_key end, case when ordered then nextval('work_seq') end, payload_bytes,
           event_type
      from (
        select d.endpoint_id, i.id as message_id, d.id as delivery_id, i.tenant_id, i.app_id, d.priority,
               d.leased, d.ordered, i.ordering_key, i.payload_bytes, i.event_type
          from ${deliveryColumns.unnest}
          with ordinality as d(${deliveryColumns.names}, place)
          join ${from} i using (n)
         order by d.place
      ) fresh_work`

const discardedRows = (from: string) => /* sql */ `
  x as (
    insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, reason, attempts, event_type)
    select d.id, i.tenant_id, i.app_id, d.endpoint_id, i.id, 'discarded', d.reason, 0, i.event_type
      from ${discardedColumns.unnest} as d(${discardedColumns.names})
      join ${from} i using (n)
    returning endpoint_id, tenant_id
  ),
  xs as (
    insert into endpoint_stat (endpoint_id, minute, shard, tenant_id, discarded)
    select endpoint_id, date_trunc('minute', now()), 0, tenant_id, count(*)
      from x
     group by endpoint_id, tenant_id
     order by endpoint_id
    on conflict (endpoint_id, minute, shard) do update
       set discarded = endpoint_stat.discarded + excluded.discarded
  )`

/** Takes a key unless somebody holds it whose time is not over. */
const takeKey = /* sql */ `
    on conflict (scope, key) do update
       set tenant_id = excluded.tenant_id, app_id = excluded.app_id, message_id = excluded.message_id,
           request_hash = excluded.request_hash, expires_at = excluded.expires_at
     where dedupe.expires_at < now()`

// Three statements of one shape, each of which appends a row a message and a row a delivery. The plain one is what
// nearly every batch uses, and it costs a third less than the one with all parts, which also stores whose the
// messages are and probes `dedupe` once for each key.
const plainSql = (extras: Extras) => `with ${input}, ${messages('i', extras)} ${work('i')}`
const discardingSql = (extras: Extras) =>
  `with ${input}, ${messages('i', extras)}, ${discardedRows('i')} ${work('i')}`
const wholeSql = (extras: Extras) => /* sql */ `
  with ${input},
  k as (
    insert into dedupe (scope, key, tenant_id, app_id, message_id, request_hash, expires_at)
    select k.scope, k.key, i.tenant_id, i.app_id, i.id, k.hash, now() + k.window_s * interval '1 second'
      from ${keyColumns.unnest}
      with ordinality as k(${keyColumns.names}, place)
      join i using (n)
     order by k.place
    ${takeKey}
    returning message_id
  ),
  -- New is what took all of its keys.
  fresh as materialized (
    select i.*
      from i
      left join (select message_id, count(*) as taken from k group by message_id) t on t.message_id = i.id
     where coalesce(t.taken, 0) = ($${personColumns.next}::int[])[i.n]
  ),
  ${messages('fresh', extras)},
  ${discardedRows('fresh')},
  w as (${work('fresh')}),
  p as (
    insert into message_person (tenant_id, hash, message_id, app_id)
    select f.tenant_id, p.hash, f.id, f.app_id
      from ${personColumns.unnest} as p(${personColumns.names})
      join fresh f using (n)
    on conflict do nothing
  )
  select id from fresh`

/** Each in its two forms, by the names under which they are prepared. */
const statements = {
  plain: bothForms('ingest-plain', plainSql, deliveryColumns.next),
  discarding: bothForms('ingest-discarding', discardingSql, discardedColumns.next),
  deduping: bothForms('ingest-deduping', wholeSql, keyCounts.next),
  raw: bothForms('ingest-raw', (extras) => wholeSql({ ...extras, raw: true }), rawColumns.next),
}

function bothForms(name: string, text: (extras: Extras) => string, next: number) {
  return {
    untraced: { name, text: text({}) },
    traced: { name: `${name}-traced`, text: text({ traceFrom: next }) },
    traces: traceColumns(next),
  }
}

/**
 * The database's time where it refused messages since they were made too long ago (`stored_in_time`): nothing was
 * stored. Undefined: it is another error.
 */
export function refusedAsLate(error: unknown): number | undefined {
  if (errorCode(error) !== 'PB001') return undefined
  return Number((error as { detail?: string }).detail)
}

/** Outcome of a batch: which messages were stored; the others are repeats. */
export type Stored = ReadonlySet<string> | 'all'

/**
 * Stores messages, their deliveries and their keys by one statement, which is one transaction. A key may stand at
 * most once in a batch, and a message whose keys mean different things must come alone (see `insertAlone`). Several
 * keys of one meaning (a gateway's event under two identities) may be taken in part by a repeat: then they all name
 * the same event from there on.
 */
export async function insertBatch(
  db: Queryable,
  node: string,
  batch: readonly NewMessage[],
): Promise<Stored> {
  const discarded = partsOf(batch, (one) => one.discarded)
  const persons = partsOf(batch, (one) => one.persons.map((hash) => ({ hash })))
  // Always locked in the same order, so that two nodes cannot wait for each other.
  const order = ({ scope, key }: { scope: string; key: DedupeKey }) => scope + keyText(key)
  const keys = partsOf(batch, (one) => one.dedupe).toSorted((a, b) =>
    order(a) < order(b) ? -1 : 1,
  )
  const values = [
    node,
    Math.min(...batch.map(({ message }) => message.createdAtMs)),
    ...messageColumns.values(batch),
    ...deliveryColumns.values(partsOf(batch, (one) => one.deliveries)),
  ]
  const raw = partsOf(batch, ({ message: { contentType } }) =>
    contentType == null ? [] : [{ contentType }],
  )
  const whole = keys.length > 0 || persons.length > 0 || raw.length > 0
  const traces = partsOf(batch, ({ message: { trace } }) => (trace == null ? [] : [{ trace }]))
  const run = <Row extends object>(kind: keyof typeof statements) => {
    const { traced, untraced, traces: columns } = statements[kind]
    if (traces.length === 0) return db.query<Row>({ ...untraced, values })
    return db.query<Row>({ ...traced, values: [...values, ...columns.values(traces)] })
  }
  if (discarded.length === 0 && !whole) {
    await run('plain')
    return 'all'
  }
  values.push(...discardedColumns.values(discarded))
  if (!whole) {
    await run('discarding')
    return 'all'
  }
  values.push(
    ...keyColumns.values(keys),
    ...personColumns.values(persons),
    ...keyCounts.values(batch),
  )
  if (raw.length > 0) values.push(...rawColumns.values(raw))
  const { rows } = await run<{ id: string }>(raw.length > 0 ? 'raw' : 'deduping')
  return new Set(rows.map((row) => row.id))
}

class Repeated extends Error {}

/**
 * Stores one message that carries several keys: all of them are new, or nothing is stored.
 * @returns whether it was stored
 */
export async function insertAlone(pool: Pool, node: string, one: NewMessage): Promise<boolean> {
  try {
    await inTransaction(pool, async (client) => {
      for (const dedupe of one.dedupe.toSorted((a, b) => (a.key.kind < b.key.kind ? -1 : 1))) {
        const { rowCount } = await client.query(
          /* sql */ `
          insert into dedupe (scope, key, tenant_id, app_id, message_id, request_hash, expires_at)
          values ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')
          ${takeKey}`,
          [
            dedupe.scope,
            keyText(dedupe.key),
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
    [scope, keyText(key)],
  )
  const row = rows[0]
  return row && { messageId: row.message_id, requestHash: row.request_hash }
}
