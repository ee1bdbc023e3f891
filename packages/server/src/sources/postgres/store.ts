import type { Queryable } from '../../db/pool.ts'
import type { OutboxRow } from './row.ts'

// Whoever reads an outbox holds this lock in its database: two numbers, so that no lock of one number is it.
const TURN = [0x506f6d62, 0x6f757462] as const

/** Whether the database has an outbox. */
export async function hasOutbox(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `select to_regclass('pombo.outbox') is not null as found`,
  )
  return rows[0]!.found
}

/** Whether anything waits. One look at an index, so that it can be asked every second. */
export async function hasRows(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    'select exists (select from pombo.outbox) as found',
  )
  return rows[0]!.found
}

/**
 * Takes the turn for as long as the transaction lasts; false when another reader has it. One at a time, or rows of
 * one key could overtake each other. Held by the transaction and not by the session, so that it works behind a
 * transaction pooler and ends with a dead reader: one that fell silent is cut off after a minute.
 */
export async function takeTurn(db: Queryable): Promise<boolean> {
  await db.query(`set local idle_in_transaction_session_timeout = '60s'`)
  const { rows } = await db.query<{ mine: boolean }>(
    'select pg_try_advisory_xact_lock($1, $2) as mine',
    [...TURN],
  )
  return rows[0]!.mine
}

export interface ClaimLimits {
  rows: number
  /** Of all payloads together; one larger row comes alone. */
  bytes: number
  /** Rows above this come without their payload. */
  maxPayloadBytes: number
}

/**
 * Locks the oldest rows, in their order. Never "all above the last id": a transaction that began earlier may commit
 * later, and its smaller ids would be passed over for ever. Rows that somebody else has locked are left for later.
 */
export async function claim(db: Queryable, limits: ClaimLimits): Promise<OutboxRow[]> {
  const { rows } = await db.query<OutboxRow>(
    `with taken as materialized (
       select *,
              coalesce(octet_length(record::text), 0)
                + coalesce(octet_length(old_record::text), 0)
                + coalesce(octet_length(data::text), 0) as bytes
         from pombo.outbox
        order by id
        limit $1
          for update skip locked
     ),
     summed as (
       select *,
              bytes <= $3 as fits,
              sum(case when bytes <= $3 then bytes else 0 end) over (order by id) as total
         from taken
     )
     select id, event_id, event_type, op, table_schema, table_name, ordering_key, attempts, bytes,
            case when fits then record::text end as record,
            case when fits then old_record::text end as old_record,
            case when fits then data::text end as data
       from summed
      where total - case when fits then bytes else 0 end < $2
      order by id`,
    [limits.rows, limits.bytes, limits.maxPayloadBytes],
  )
  return rows
}

/**
 * Of these keys, those of which an older row than `beforeId` was not claimed: its younger ones must not go before it.
 */
export async function keysHeldBack(
  db: Queryable,
  claimed: readonly OutboxRow[],
): Promise<Set<string>> {
  const keys = new Set(claimed.map((row) => row.ordering_key).filter((key) => key !== null))
  if (keys.size === 0) return keys
  const { rows } = await db.query<{ ordering_key: string }>(
    `select distinct ordering_key
       from pombo.outbox
      where id < $1
        and id <> all($2::bigint[])
        and ordering_key = any($3::text[])`,
    [claimed.at(-1)!.id, claimed.map((row) => row.id), [...keys]],
  )
  return new Set(rows.map((row) => row.ordering_key))
}

export interface Settled {
  /** Are messages now. */
  accepted: readonly number[]
  /** Can never be; each with the reason. */
  refused: readonly { id: number; error: string }[]
  /** Failed at, to be tried again. */
  failed: readonly { id: number; error: string }[]
}

const keptColumns = /* sql */ `
  id, event_id, event_type, op, table_schema, table_name, record, old_record, data, ordering_key, created_at`

/** Takes what is settled out of the outbox; what was refused is set aside, where it waits for a person. */
export async function settle(db: Queryable, { accepted, refused, failed }: Settled): Promise<void> {
  if (accepted.length > 0)
    await db.query('delete from pombo.outbox where id = any($1::bigint[])', [accepted])
  if (refused.length > 0)
    await db.query(
      `with gone as (
         delete from pombo.outbox o
          using unnest($1::bigint[], $2::text[]) as why(id, error)
          where o.id = why.id
         returning o.*, why.error as reason
       )
       insert into pombo.outbox_refused (${keptColumns}, error)
       select ${keptColumns}, reason
         from gone`,
      [refused.map((one) => one.id), refused.map((one) => one.error)],
    )
  if (failed.length > 0)
    await db.query(
      `update pombo.outbox o
          set attempts = o.attempts + 1, error = why.error
         from unnest($1::bigint[], $2::text[]) as why(id, error)
        where o.id = why.id`,
      [failed.map((one) => one.id), failed.map((one) => one.error)],
    )
}
