import type { Queryable } from '../../db/pool.ts'

export interface ClaimedRow {
  endpoint_id: string
  message_id: string
  id: string
  tenant_id: string
  app_id: string
  attempt: number
  priority: number
  trigger: number
  payload_bytes: number
  event_type: string
  ordering_key: string | null
  created_ms: number
  /** When it was due. */
  due_ms: number
}

const claimedColumns = /* sql */ `
  w.endpoint_id, w.message_id, w.id, w.tenant_id, w.app_id, w.attempt, w.priority, w.trigger, w.payload_bytes,
  w.event_type, w.ordering_key, (extract(epoch from w.created_at) * 1000)::float8 as created_ms,
  (extract(epoch from w.next_attempt_at) * 1000)::float8 as due_ms`

// Index work_due: as many rows as are taken.
const arm = (priority: 'p0' | 'p1' | 'p2') => /* sql */ `
  select *
    from (
      select ctid
        from work
       where endpoint_id = request.endpoint_id and priority = request.${priority}
         and lease_owner is null and ordering_key is null
         and next_attempt_at >= request.from_${priority} and next_attempt_at <= now()
       order by next_attempt_at
       limit request.free
         for update skip locked
    ) ${priority}`

/** What to take of one endpoint: at most `free`, beginning with the given order of priorities. */
export interface ClaimRequest {
  endpointId: string
  free: number
  /**
   * A permutation of 0 (high), 1 (normal), 2 (low): the first is served first, so drawing it at random by weight
   * gives shares.
   */
  order: readonly [number, number, number]
  /** By priority, from when on due work is looked at (floors.ts), in milliseconds; 0: from the start. */
  floors: readonly [number, number, number]
}

/**
 * Claims due work without order: `free` rows of each endpoint, oldest due first within a priority. The cost depends
 * on the endpoints and rows asked for, not on what else waits. The arms of the union are read one after the other
 * until `free` is filled, so that rows which are not taken are not locked either. The rows are updated by their place
 * (`ctid`), which the lock holds still: joined by key, the planner takes its guess of their number for a reason to
 * hash the whole table (1.5 s beside 1,000,000 waiting, instead of 6 ms).
 */
export async function claim(
  db: Queryable,
  node: string,
  requests: readonly ClaimRequest[],
): Promise<ClaimedRow[]> {
  const { rows } = await db.query<ClaimedRow>(
    /* sql */ `
    with request as (
      select endpoint_id, free, p0, p1, p2,
             to_timestamp(f0 / 1000) as from_p0,
             to_timestamp(f1 / 1000) as from_p1,
             to_timestamp(f2 / 1000) as from_p2
        from unnest(
          $2::uuid[], $3::int[], $4::smallint[], $5::smallint[], $6::smallint[],
          $7::float8[], $8::float8[], $9::float8[]
        ) as request(endpoint_id, free, p0, p1, p2, f0, f1, f2)
    ),
    picked as materialized (
      select taken.*
        from request
       cross join lateral (
         select *
           from (${arm('p0')} union all ${arm('p1')} union all ${arm('p2')}) arms
          limit request.free
       ) taken
    )
    update work w
       set lease_owner = $1
     where w.ctid = any (array(select ctid from picked))
    returning ${claimedColumns}`,
    [
      node,
      requests.map((request) => request.endpointId),
      requests.map((request) => request.free),
      requests.map((request) => request.order[0]),
      requests.map((request) => request.order[1]),
      requests.map((request) => request.order[2]),
      requests.map(({ order, floors }) => floors[order[0]]!),
      requests.map(({ order, floors }) => floors[order[1]]!),
      requests.map(({ order, floors }) => floors[order[2]]!),
    ],
  )
  return rows
}

/** What to take of one endpoint that keeps order: the heads of up to `free` keys, from `afterKey` on. */
export interface OrderedClaimRequest {
  endpointId: string
  free: number
  afterKey: string
  /** How many of a key may be taken in one go, oldest first: more than one only to be sent in one request. */
  run: number
}

/** Keys looked at in one claim, for each endpoint; the next claim goes on behind the last one. */
export const keysPerClaim = 200

/**
 * Claims in order: for each ordering key only its oldest open delivery, and only if that one is due and in nobody's
 * hand. The head is found without a lock (a locked one must not be skipped in favour of its successor) and then
 * locked by its key, with the conditions read again.
 */
export async function claimOrdered(
  db: Queryable,
  node: string,
  requests: readonly OrderedClaimRequest[],
): Promise<(ClaimedRow & { last_key: string; seq: number })[]> {
  const { rows } = await db.query<ClaimedRow & { last_key: string; seq: number }>(
    // Index work_order: one probe a key for its head, and as many rows as are taken.
    /* sql */ `
    with recursive request as (
      select *
        from unnest($2::uuid[], $3::int[], $4::text[], $5::int[]) as request(endpoint_id, free, after_key, run)
    ),
    keys as (
      select endpoint_id, free, run,
             (select w.ordering_key
                from work w
               where w.endpoint_id = request.endpoint_id and w.ordering_key > request.after_key
               order by w.ordering_key
               limit 1) as key,
             1 as n
        from request
      union all
      select endpoint_id, free, run,
             (select w.ordering_key
                from work w
               where w.endpoint_id = keys.endpoint_id and w.ordering_key > keys.key
               order by w.ordering_key
               limit 1),
             n + 1
        from keys
       where key is not null and n < ${keysPerClaim}
    ),
    heads as (
      select keys.endpoint_id, keys.free, keys.run, head.message_id,
             row_number() over (partition by keys.endpoint_id order by keys.n) as place
        from keys
       cross join lateral (
         select message_id, lease_owner, next_attempt_at
           from work w
          where w.endpoint_id = keys.endpoint_id and w.ordering_key = keys.key
          order by w.seq
          limit 1
       ) head
       where keys.key is not null and head.lease_owner is null and head.next_attempt_at <= now()
    ),
    locked as materialized (
      select head.*, heads.run
        from heads
       cross join lateral (
         select endpoint_id, ordering_key, seq
           from work w
          where w.endpoint_id = heads.endpoint_id and w.message_id = heads.message_id
            and w.lease_owner is null and w.next_attempt_at <= now()
          limit 1
            for update skip locked
       ) head
       where heads.place <= heads.free
    ),
    -- Whoever has the head has the key: nobody else can reach its followers.
    picked as materialized (
      select locked.endpoint_id, follower.message_id
        from locked
       cross join lateral (
         select message_id, bool_and(lease_owner is null and next_attempt_at <= now()) over (order by seq) as due
           from (
             select *
               from work w
              where w.endpoint_id = locked.endpoint_id and w.ordering_key = locked.ordering_key and w.seq >= locked.seq
              order by w.seq
              limit locked.run
           ) run_of_key
       ) follower
       where follower.due
    ),
    -- Locked, waiting where someone brings one forward by hand: skipped, its successor would overtake it.
    places as materialized (
      select place.ctid
        from picked
       cross join lateral (
         select ctid
           from work w
          where w.endpoint_id = picked.endpoint_id and w.message_id = picked.message_id
          limit 1
            for update
       ) place
    )
    update work w
       set lease_owner = $1
     where w.ctid = any (array(select ctid from places))
    returning ${claimedColumns}, w.ordering_key as last_key, w.seq`,
    [
      node,
      requests.map((request) => request.endpointId),
      requests.map((request) => request.free),
      requests.map((request) => request.afterKey),
      requests.map((request) => request.run),
    ],
  )
  return rows
}

/**
 * Puts claimed work back that was not sent, where it is still the same delivery, under the lease under which it was
 * taken.
 */
export async function release(
  db: Queryable,
  claims: readonly {
    endpointId: string
    messageId: string
    deliveryId: string
    leasedBy: string
  }[],
): Promise<void> {
  if (claims.length === 0) return
  await db.query(
    // By the primary key, a row each.
    /* sql */ `
    update work w
       set lease_owner = null
      from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) as back(endpoint_id, message_id, id, lease_owner)
     where w.endpoint_id = back.endpoint_id
       and w.message_id = back.message_id
       and w.id = back.id
       and w.lease_owner = back.lease_owner`,
    [
      claims.map((claim) => claim.endpointId),
      claims.map((claim) => claim.messageId),
      claims.map((claim) => claim.deliveryId),
      claims.map((claim) => claim.leasedBy),
    ],
  )
}
