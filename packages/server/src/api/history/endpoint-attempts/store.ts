/** The attempts of endpoints, which are lists of millions: each walks an index that leads to what it is asked for. */
import { highestId, uuidFloor } from '../../../core/id.ts'
import type { Queryable } from '../../../db/pool.ts'
import { type Bounds, type Cursor, keysetRange, spanBounds } from '../../pagination.ts'
import {
  allClasses,
  attemptColumns,
  attemptConditions,
  type AttemptRow,
  failedClasses,
} from '../attempts/store.ts'
import type { AttemptFilter } from '../filter.ts'
import { nearAndFar } from '../span.ts'

function classesOf({ status, status_code_class: code }: AttemptFilter): number[] {
  const answered = code === undefined ? allClasses : code === 200 ? [2, -2] : [0 - code / 100]
  if (status === undefined) return answered
  if (status === 'success') return answered.filter((one) => one === 2)
  return status === 'fail' ? answered.filter((one) => one !== 2) : []
}

/**
 * Newest first. Whatever is asked for, an index is walked that leads to it: of each class of answers, of each event
 * type's classes, or of a channel or tag, the page's worth is read in order, day by day, and the page is made of
 * these.
 */
export async function attemptsByEndpoint(
  db: Queryable,
  endpointId: string,
  filter: AttemptFilter,
  cursor: Cursor,
  withContent: boolean,
): Promise<AttemptRow[]> {
  const { limit } = keysetRange(cursor)
  const found: AttemptRow[] = []
  for (const bounds of nearAndFar(cursor, spanBounds(filter))) {
    const missing = limit - found.length
    if (missing > 0)
      found.push(
        ...(await attemptsWithin(db, endpointId, filter, bounds, cursor, missing, withContent)),
      )
  }
  return found
}

async function attemptsWithin(
  db: Queryable,
  endpointId: string,
  filter: AttemptFilter,
  bounds: Bounds,
  cursor: Cursor,
  limit: number,
  withContent: boolean,
): Promise<AttemptRow[]> {
  const wanted = classesOf(filter)
  if (wanted.length === 0) return []
  const { compare, direction, at } = keysetRange(cursor)
  const { sql, values } = attemptConditions(filter, bounds, 5)
  const { channel, tag, event_types: types } = filter
  const label = channel === undefined ? tag && `t:${tag}` : `c:${channel}`
  const columns = attemptColumns({ response: '$4::boolean', error: '$4::boolean' })
  const [ofType, typeColumn, typeSame] = types
    ? ['and a.event_type = t.type', ', a.event_type', 'and a.event_type = p.event_type']
    : ['', '', '']
  const walked =
    label === undefined
      ? // A page's worth of each class from the index alone, most of which is not on the page; then the page's rows.
        /* sql */ `
          select a.*
            from (
                 select w.*
                   from ${types ? 'unnest($13::text[]) as t(type) cross join' : ''} unnest($12::smallint[]) as c(class)
                  cross join lateral (
                        select a.id, a.class ${typeColumn}
                          from attempt a
                         where a.endpoint_id = $1 ${ofType}
                           and a.class = c.class
                           and a.id ${compare} $2
                           and a.id < $5
                           and a.id >= $6
                         order by a.id ${direction}
                         limit $3) w
                  order by w.id ${direction}
                  limit $3) p
           cross join lateral (
                 select ${columns}
                   from attempt a
                  where a.endpoint_id = $1 ${typeSame}
                    and a.class = p.class
                    and a.id = p.id
                    and ${sql}
                  limit 1) a
           order by a.id ${direction}`
      : // The label's own index in order. The limit of one keeps the planner from joining all of the label's attempts
        // before it sorts them.
        /* sql */ `
          select a.*
            from attempt_label l
           cross join lateral (
                 select ${columns}
                   from attempt a
                  where a.message_id = l.message_id
                    and a.id = l.id
                    and a.class = any($12)
                    and ${sql}
                  limit 1) a
           where l.endpoint_id = $1
             and l.label = $13
             and l.id ${compare} $2
             and l.id < $5
             and l.id >= $6
           order by l.id ${direction}
           limit $3`
  const { rows } = await db.query<AttemptRow>(walked, [
    endpointId,
    at,
    limit,
    withContent,
    ...values,
    wanted,
    ...(label === undefined ? (types ? [[...new Set(types)]] : []) : [label]),
  ])
  return rows
}

/** Attempts of many endpoints, as the dialects ask for them. */
export interface AttemptSpan {
  endpointIds: readonly string[]
  eventTypes: readonly string[] | null
  failed: boolean | undefined
}

const spanConditions = /* sql */ `
      a.endpoint_id = any($1::uuid[])
  and a.class = any($2::smallint[])
  and ($3::text[] is null or a.event_type = any($3))
  and a.id < $4
  and a.id >= $5`

function spanValues({ endpointIds, eventTypes, failed }: AttemptSpan, { below, above }: Bounds) {
  const classes = failed === undefined ? allClasses : failed ? failedClasses : [2]
  return [endpointIds, classes, eventTypes, below, above]
}

/** One slice of a scan (time-slices.ts), newest first. */
export async function readAttempts(
  db: Queryable,
  span: AttemptSpan,
  bounds: Bounds,
  limit: number,
): Promise<AttemptRow[]> {
  // A range of `attempt_endpoint` for each endpoint and class, sorted; the slice is chosen so that there are few.
  const { rows } = await db.query<AttemptRow>(
    /* sql */ `
      select ${attemptColumns({ response: 'false', error: 'true' })}
        from attempt a
       where ${spanConditions}
       order by a.id desc
       limit $6`,
    [...spanValues(span, bounds), limit],
  )
  return rows
}

export async function countAttempts(
  db: Queryable,
  span: AttemptSpan,
  fromMs: number,
  toMs: number | undefined,
): Promise<number> {
  const bounds = {
    below: toMs === undefined ? highestId : uuidFloor(toMs),
    above: uuidFloor(Math.max(0, fromMs)),
  }
  // The same ranges, counted in the index alone where no event type is asked for.
  const { rows } = await db.query<{ count: number }>(
    /* sql */ `select count(*) as count from attempt a where ${spanConditions}`,
    spanValues(span, bounds),
  )
  return rows[0]!.count
}
