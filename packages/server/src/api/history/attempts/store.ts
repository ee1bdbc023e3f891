/** Rows of attempts, read in one way by all that shows the history: the API, the dialects, and privacy. */
import type { Outcome } from '../../../core/outcome.ts'
import type { Queryable } from '../../../db/pool.ts'
import { type Bounds, type Cursor, keysetRange, spanBounds } from '../../pagination.ts'
import { madeSince } from '../span.ts'
import type { AttemptFilter } from '../filter.ts'

export interface AttemptRow {
  id: string
  delivery_id: string
  message_id: string
  endpoint_id: string
  event_type: string
  number: number
  outcome: Outcome['kind']
  status_code: number
  /** Null where it is not asked for. */
  response: string | null
  error: string | null
  duration_ms: number
  trigger: number
  url: string
  created_ms: number
}

/** The columns of an attempt `a`. `when`: SQL that says whether what was answered is shown, and what went wrong. */
export function attemptColumns(when: { response: string; error: string }): string {
  return /* sql */ `
    a.id, a.delivery_id, a.message_id, a.endpoint_id, a.event_type, a.number, a.outcome, a.status_code,
    case when ${when.response} then a.response end as response,
    case when ${when.error} then a.error end as error,
    a.duration_ms, a.trigger, a.url, (extract(epoch from a.created_at) * 1000)::float8 as created_ms`
}

export const everything = attemptColumns({ response: 'true', error: 'true' })
const withoutResponse = attemptColumns({ response: 'false', error: 'true' })

/**
 * Every class that an attempt can be of, as in the table's column: 2 delivered, else the hundreds of the status code,
 * negated. The indexes have it before the id, so that a walk by id names all that it wants.
 */
export const failedClasses = [0, -1, -2, -3, -4, -5, -6, -7, -8, -9]
export const allClasses = [2, ...failedClasses]

/**
 * The filters that the lists of attempts share, for placeholders from `first` on. An attempt is over, so it has
 * succeeded or failed: with the other statuses nothing is found.
 */
export function attemptConditions(
  filter: AttemptFilter,
  { below, above }: Bounds,
  first: number,
): { sql: string; values: unknown[] } {
  const at = (offset: number) => `$${first + offset}`
  const code = filter.status_code_class
  return {
    sql: /* sql */ `
      a.id < ${at(0)}
      and a.id >= ${at(1)}
      and (${at(2)}::text is null or ${at(2)} = any(a.channels))
      and (${at(3)}::text is null or ${at(3)} = any(a.tags))
      and (${at(4)}::text[] is null or a.event_type = any(${at(4)}))
      and (${at(5)}::int is null or a.status_code between ${at(5)} and ${at(6)})
      and ${outcomeIs(filter.status)}`,
    values: [
      below,
      above,
      filter.channel ?? null,
      filter.tag ?? null,
      filter.event_types ?? null,
      code ?? null,
      code === undefined ? null : code === 0 ? 0 : code + 99,
    ],
  }
}

function outcomeIs(status: AttemptFilter['status']): string {
  if (status === undefined) return 'true'
  if (status === 'success') return `a.outcome = 'delivered'`
  return status === 'fail' ? `a.outcome <> 'delivered'` : 'false'
}

/** Newest first. Days before the message's own are left out. */
export async function attemptsByMessage(
  db: Queryable,
  message: { appId: string; id: string },
  filter: AttemptFilter & { endpointId: string | undefined },
  cursor: Cursor,
  withContent: boolean,
): Promise<AttemptRow[]> {
  const { compare, direction, at, limit } = keysetRange(cursor)
  const { sql, values } = attemptConditions(filter, spanBounds(filter), 8)
  // A range of the primary key in each day from the message's on: its own attempts and no others.
  const { rows } = await db.query<AttemptRow>(
    /* sql */ `
      select ${attemptColumns({ response: '$4::boolean', error: '$4::boolean' })}
        from attempt a
       where a.message_id = $1
         and a.id ${compare} $2
         and a.id >= $5
         and a.app_id = $6
         and ($7::uuid is null or a.endpoint_id = $7)
         and ${sql}
       order by a.id ${direction}
       limit $3`,
    [
      message.id,
      at,
      limit,
      withContent,
      madeSince(message.id),
      message.appId,
      filter.endpointId ?? null,
      ...values,
    ],
  )
  return rows
}

/** All attempts of some messages, oldest first, with what was answered. */
export async function attemptsOf(
  db: Queryable,
  messageIds: readonly string[],
): Promise<AttemptRow[]> {
  if (messageIds.length === 0) return []
  // A range of the primary key a message, in each day from the oldest one's on.
  const { rows } = await db.query<AttemptRow>(
    /* sql */ `
      select ${everything}
        from attempt a
       where a.message_id = any($1::uuid[])
         and a.id >= $2
       order by a.id`,
    [messageIds, madeSince(messageIds.toSorted()[0]!)],
  )
  return rows
}

export async function findAttempt(
  db: Queryable,
  appId: string,
  messageId: string,
  id: string,
): Promise<AttemptRow | undefined> {
  // One row of the primary key, in one day.
  const { rows } = await db.query<AttemptRow>(
    /* sql */ `
      select ${everything}
        from attempt a
       where a.id = $1
         and a.message_id = $2
         and a.app_id = $3`,
    [id, messageId, appId],
  )
  return rows[0]
}

/** Deletes what the receiver answered. @returns whether there was such an attempt */
export async function expungeResponse(
  db: Queryable,
  appId: string,
  messageId: string,
  id: string,
): Promise<boolean> {
  // One row of the primary key, in one day.
  const { rowCount } = await db.query(
    /* sql */ `
      update attempt
         set response = 'EXPUNGED'
       where id = $1
         and message_id = $2
         and app_id = $3`,
    [id, messageId, appId],
  )
  return rowCount === 1
}

/** The last attempt of each delivery. */
export async function lastAttempts(
  db: Queryable,
  deliveries: readonly {
    id: string
    endpoint_id: string | null
    message_id: string
    attempts: number
  }[],
  response: 'response' | 'no response',
): Promise<Map<string, AttemptRow>> {
  const tried = deliveries.filter(({ attempts, endpoint_id }) => attempts > 0 && endpoint_id)
  if (tried.length === 0) return new Map()
  // For each delivery the end of a range of the primary key: a probe of each day from its message's on.
  const { rows } = await db.query<AttemptRow>(
    /* sql */ `
      select ${response === 'response' ? everything : withoutResponse}
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[])
               as p(endpoint_id, message_id, delivery_id, since_id)
       cross join lateral (
             select *
               from attempt a
              where a.message_id = p.message_id
                and a.id >= p.since_id
                and a.endpoint_id = p.endpoint_id
                and a.delivery_id = p.delivery_id
              order by a.id desc
              limit 1) a`,
    [
      tried.map((row) => row.endpoint_id),
      tried.map((row) => row.message_id),
      tried.map((row) => row.id),
      tried.map((row) => madeSince(row.message_id)),
    ],
  )
  return new Map(rows.map((row) => [row.delivery_id, row]))
}
