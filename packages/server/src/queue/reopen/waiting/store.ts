import { uuidFloor, lowestId } from '../../../core/id.ts'
import type { Queryable } from '../../../db/pool.ts'
import type { ClaimedRow } from '../../claim/store.ts'
import type { ClosedDelivery, ClosedPage, Meant, Place } from '../store.ts'

/** Which open deliveries are meant. */
export interface Waiting extends Meant {
  /** Only those that were tried before. */
  triedOnly: boolean
}

type Row = Pick<ClaimedRow, 'endpoint_id' | 'message_id' | 'id' | 'app_id' | 'payload_bytes'>

/**
 * Open deliveries that nobody has in hand, behind a place: endpoint by endpoint, each a walk of the primary key. The
 * cost depends on `limit` alone, but that what is left out by type or by having been tried is walked over too.
 */
export async function lookAtWaiting(
  db: Queryable,
  meant: Waiting,
  behind: Place | undefined,
  limit: number,
): Promise<ClosedPage> {
  const { rows } = await db.query<Row & { wanted: boolean }>(
    /* sql */ `
      select w.endpoint_id, w.message_id, w.id, w.app_id, w.payload_bytes,
             (w.lease_owner is null and (w.attempt > 0 or not $8)
              and ($7::text[] is null or exists (
                    select from unnest($7::text[]) as t (type)
                     where w.event_type = t.type
                        or (right(t.type, 1) = '*' and starts_with(w.event_type, left(t.type, -1)))))) as wanted
        from work w
       where (w.endpoint_id, w.message_id) > ($4::uuid, $5::uuid) and w.tenant_id = $1
         and ($2::uuid is null or w.app_id = $2) and ($3::uuid is null or w.endpoint_id = $3)
         and w.message_id >= $9 and w.message_id < $10
       order by w.endpoint_id, w.message_id
       limit $6`,
    [
      meant.tenantId,
      meant.appId,
      meant.endpointId,
      behind?.endpointId ?? meant.endpointId ?? lowestId,
      behind?.messageId ?? lowestId,
      limit,
      meant.eventTypes,
      meant.triedOnly,
      uuidFloor(Math.max(0, meant.sinceMs)),
      uuidFloor(meant.untilMs),
    ],
  )
  const last = rows.at(-1)
  return {
    found: rows.filter(({ wanted }) => wanted).map(shown),
    next:
      last !== undefined && rows.length === limit
        ? { endpointId: last.endpoint_id, messageId: last.message_id }
        : undefined,
  }
}

function shown(row: Row): ClosedDelivery {
  return {
    endpointId: row.endpoint_id,
    messageId: row.message_id,
    id: row.id,
    appId: row.app_id,
    payloadBytes: row.payload_bytes,
  }
}

/**
 * Makes open deliveries due now, as `resend` does with one. Those that a node has in hand are on their way.
 * @returns the endpoint of each
 */
export async function bringForward(
  db: Queryable,
  deliveries: readonly ClosedDelivery[],
): Promise<string[]> {
  if (deliveries.length === 0) return []
  const { rows } = await db.query<{ endpoint_id: string }>(
    /* sql */ `
      with meant as (
        select w.endpoint_id, w.message_id
          from unnest($1::uuid[], $2::uuid[]) as k (endpoint_id, message_id)
          join work w on w.endpoint_id = k.endpoint_id and w.message_id = k.message_id
         where w.lease_owner is null
         order by 1, 2
           for update of w skip locked
      )
      update work w set next_attempt_at = least(w.next_attempt_at, now()), trigger = 1
        from meant
       where w.endpoint_id = meant.endpoint_id and w.message_id = meant.message_id
      returning w.endpoint_id`,
    [deliveries.map(({ endpointId }) => endpointId), deliveries.map(({ messageId }) => messageId)],
  )
  return rows.map((row) => row.endpoint_id)
}
