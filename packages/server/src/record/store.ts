import { type Column, columnsOf } from '../db/columns.ts'
import type { Queryable } from '../db/pool.ts'

/** One row to settle: an attempt and what follows from it, or a delivery closed without one. */
export interface Settled {
  endpointId: string
  messageId: string
  deliveryId: string
  /** The lease under which it was taken. */
  leasedBy: string
  tenantId: string
  appId: string
  eventType: string
  channels: string[] | null
  tags: string[] | null
  /** null: closed without an attempt. */
  attempt: {
    id: string
    number: number
    outcome: string
    statusCode: number
    response: string
    error: string | null
    durationMs: number
    trigger: number
    url: string
    startedAtMs: number
  } | null
  /** What the delivery becomes; `pending` waits for `delayMs` more. */
  state: 'delivered' | 'exhausted' | 'discarded' | 'pending'
  reason: string | null
  attempts: number
  delayMs: number
}

/** One row a settled delivery; `$1` is this process's leases and `$2` the shard of its counts. */
const list: readonly Column<Settled>[] = [
  ['endpoint_id', 'uuid', (one) => one.endpointId],
  ['message_id', 'uuid', (one) => one.messageId],
  ['delivery_id', 'uuid', (one) => one.deliveryId],
  ['leased_by', 'uuid', (one) => one.leasedBy],
  ['tenant_id', 'uuid', (one) => one.tenantId],
  ['app_id', 'uuid', (one) => one.appId],
  ['event_type', 'text', (one) => one.eventType],
  ['channels', 'texts', (one) => one.channels],
  ['tags', 'texts', (one) => one.tags],
  ['attempt_id', 'uuid', ({ attempt }) => attempt?.id ?? null],
  ['number', 'int', ({ attempt }) => attempt?.number ?? null],
  ['outcome', 'text', ({ attempt }) => attempt?.outcome ?? null],
  ['status_code', 'smallint', ({ attempt }) => attempt?.statusCode ?? null],
  ['response', 'text', ({ attempt }) => attempt?.response ?? null],
  ['error', 'text', ({ attempt }) => attempt?.error ?? null],
  ['duration_ms', 'int', ({ attempt }) => attempt?.durationMs ?? null],
  ['trigger', 'smallint', ({ attempt }) => attempt?.trigger ?? null],
  ['url', 'text', ({ attempt }) => attempt?.url ?? null],
  ['started_ms', 'float8', ({ attempt }) => attempt?.startedAtMs ?? null],
  ['state', 'text', (one) => one.state],
  ['reason', 'text', (one) => one.reason],
  ['attempts', 'int', (one) => one.attempts],
  ['delay_ms', 'float8', (one) => one.delayMs],
]
const columns = columnsOf<Settled>(3, list)

const input = (of: typeof columns) => /* sql */ `
  o as materialized (
    select *
      from ${of.unnest}
        as o(${of.names})
  )`

// An outcome that comes after its lease closes its delivery, unless another node has that in hand, or somebody asked
// for another attempt meanwhile (`trigger`).
//
// `work` is reached by its primary key, once for each row of the batch. `offset 0` keeps the keys apart from the rest
// of a row: PostgreSQL carries along whole what a row is deleted or updated by, to look again should another have
// changed it, and made a copy of each row with its URL and answer (with some plans a sixth of all that an event cost
// it).
const gone = (closes: string) => /* sql */ `
  gone as (
    delete from work w
     using (select endpoint_id, message_id, delivery_id, trigger from o where ${closes} offset 0) k
     where w.endpoint_id = k.endpoint_id and w.message_id = k.message_id and w.id = k.delivery_id
       and (w.lease_owner is null or w.lease_owner = any($1::uuid[])) and w.trigger = coalesce(k.trigger, w.trigger)
    returning w.id
  )`

const tried = (channels: string, tags: string) => /* sql */ `
  tried as (
    insert into attempt (
      id, tenant_id, app_id, endpoint_id, message_id, delivery_id, number, outcome, status_code, response, error,
      duration_ms, trigger, url, event_type, channels, tags, created_at, closes, reason)
    select
      o.attempt_id, o.tenant_id, o.app_id, o.endpoint_id, o.message_id, o.delivery_id, o.number, o.outcome,
      o.status_code, o.response, o.error, o.duration_ms, o.trigger, o.url, o.event_type, ${channels}, ${tags},
      to_timestamp(o.started_ms / 1000), case when gone.id is not null then o.state end,
      case when gone.id is not null then o.reason end
      from o
      left join gone on gone.id = o.delivery_id
     where o.attempt_id is not null
  )`

/**
 * One count an endpoint goes up. It is the statement itself, so that nothing comes back: nobody asks which were closed,
 * and a row for each cost both sides.
 */
const counted = /* sql */ `
    insert into endpoint_stat (
      endpoint_id, minute, shard, tenant_id, delivered, exhausted, discarded, attempts, failed_attempts, duration_ms)
    select o.endpoint_id, date_trunc('minute', now()), $2, o.tenant_id,
           count(gone.id) filter (where o.state = 'delivered'),
           count(gone.id) filter (where o.state = 'exhausted'),
           count(gone.id) filter (where o.state = 'discarded'),
           count(o.attempt_id),
           count(o.attempt_id) filter (where o.outcome <> 'delivered'),
           coalesce(sum(o.duration_ms), 0)
      from o
      left join gone on gone.id = o.delivery_id
     group by o.endpoint_id, o.tenant_id
     order by o.endpoint_id
    on conflict (endpoint_id, minute, shard) do update
       set delivered = endpoint_stat.delivered + excluded.delivered,
           exhausted = endpoint_stat.exhausted + excluded.exhausted,
           discarded = endpoint_stat.discarded + excluded.discarded,
           attempts = endpoint_stat.attempts + excluded.attempts,
           failed_attempts = endpoint_stat.failed_attempts + excluded.failed_attempts,
           duration_ms = endpoint_stat.duration_ms + excluded.duration_ms`

const settleSql = /* sql */ `
  with ${input(columns)},
  ${gone("o.state <> 'pending'")},
  back as (
    update work w
       set attempt = k.attempts, trigger = 0, lease_owner = null,
           next_attempt_at = now() + k.delay_ms * interval '1 millisecond'
      from (
        select endpoint_id, message_id, delivery_id, leased_by, attempts, delay_ms
          from o
         where o.state = 'pending'
        offset 0
      ) k
     where w.endpoint_id = k.endpoint_id and w.message_id = k.message_id and w.id = k.delivery_id
       and w.lease_owner = k.leased_by
  ),
  closed as (
    insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, reason, attempts, event_type)
    select o.delivery_id, o.tenant_id, o.app_id, o.endpoint_id, o.message_id, o.state, o.reason, o.attempts,
           o.event_type
      from o
      join gone on gone.id = o.delivery_id
     where o.attempt_id is null
  ),
  ${tried('o.channels::text[]', 'o.tags::text[]')},
  labelled as (
    insert into attempt_label (endpoint_id, label, id, message_id, tenant_id)
    select o.endpoint_id, l.label, o.attempt_id, o.message_id, o.tenant_id
      from o
     cross join lateral (
       select 'c:' || unnest(o.channels::text[]) union select 't:' || unnest(o.tags::text[])
     ) as l(label)
     where o.attempt_id is not null and (o.channels is not null or o.tags is not null)
  )
  ${counted}`

// What nearly every batch is: attempts that close their deliveries, of messages without channels and tags. Without the
// parts that have nothing to do a batch costs PostgreSQL a fifth less.
const plainColumns = columnsOf<Settled>(
  3,
  list.filter(
    ([name]) => !['leased_by', 'channels', 'tags', 'attempts', 'delay_ms'].includes(name),
  ),
)
const plainSql = /* sql */ `
  with ${input(plainColumns)}, ${gone('true')}, ${tried('null::text[]', 'null::text[]')} ${counted}`

function isPlain({ attempt, state, channels, tags }: Settled): boolean {
  return attempt !== null && state !== 'pending' && channels === null && tags === null
}

/**
 * Settles a batch by one statement: open work is removed or put back, finished deliveries and attempts are appended,
 * the counts by the minute go up. Work that another node has meanwhile is left to it; the attempt is recorded all the
 * same.
 */
export async function settle(
  db: Queryable,
  nodes: readonly string[],
  shard: number,
  batch: readonly Settled[],
): Promise<void> {
  const plain = batch.every(isPlain)
  await db.query({
    name: plain ? 'settle-plain' : 'settle',
    text: plain ? plainSql : settleSql,
    values: [nodes, shard, ...(plain ? plainColumns : columns).values(batch)],
  })
}
