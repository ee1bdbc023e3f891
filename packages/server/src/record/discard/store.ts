import type { Queryable } from '../../db/pool.ts'

// What is leased stays: its attempt is under way, and who sends it records it.
const close = `
     gone as (delete from work w using batch where w.endpoint_id = batch.endpoint_id and w.message_id = batch.message_id returning w.*),
     kept as (insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, reason, attempts, event_type)
              select id, tenant_id, app_id, endpoint_id, message_id, 'discarded', $2, attempt, event_type from gone returning endpoint_id, tenant_id),
     counted as (insert into endpoint_stat (endpoint_id, minute, shard, tenant_id, discarded)
              select endpoint_id, date_trunc('minute', now()), 0, tenant_id, count(*) from kept group by endpoint_id, tenant_id order by endpoint_id
              on conflict (endpoint_id, minute, shard) do update set discarded = endpoint_stat.discarded + excluded.discarded)
     select count(*) as count from kept`

/** Takes one open delivery out of the queue by hand. @returns whether it waited there */
export async function discardOne(
  db: Queryable,
  work: { endpointId: string; messageId: string; deliveryId: string },
  reason: string,
): Promise<boolean> {
  const { rows } = await db.query<{ count: number }>(
    `with batch as (select endpoint_id, message_id from work where endpoint_id = $1 and message_id = $3 and id = $4 and lease_owner is null for update), ${close}`,
    [work.endpointId, reason, work.messageId, work.deliveryId],
  )
  return rows[0]!.count > 0
}

/** Takes what was tried and waits for another attempt out of the queue, a thousand at a time. @returns how many */
export async function discardRetries(
  db: Queryable,
  endpointIds: readonly string[],
  reason: string,
): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `with batch as (select endpoint_id, message_id from work where endpoint_id = any($1::uuid[]) and attempt > 0 and lease_owner is null limit 1000 for update skip locked), ${close}`,
    [endpointIds, reason],
  )
  return rows[0]!.count
}

/** Takes messages' open deliveries to these endpoints out of the queue. @returns how many */
export async function discardMessages(
  db: Queryable,
  endpointIds: readonly string[],
  messageIds: readonly string[],
  reason: string,
): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `with batch as (select endpoint_id, message_id from work where endpoint_id = any($1::uuid[]) and message_id = any($3::uuid[]) and lease_owner is null for update), ${close}`,
    [endpointIds, reason, messageIds],
  )
  return rows[0]!.count
}
