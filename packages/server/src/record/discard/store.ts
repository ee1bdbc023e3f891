import type { Queryable } from '../../db/pool.ts'

/** Open deliveries that wait; every part that is given narrows the choice. */
export interface WaitingDeliveries {
  endpointIds: readonly string[]
  /** With these named, it is waited for whoever has one of them locked, and all are closed at once. */
  messageIds?: readonly string[]
  deliveryId?: string
  /** Of messages older than this one. */
  beforeMessageId?: string
  /** Only those that were tried before. */
  triedOnly?: true
}

/**
 * Closes open deliveries without an attempt: each is removed from `work`, appended to `delivery` as discarded, and
 * counted. One that is leased stays: its attempt is under way, and the node that sends it records it.
 * @returns how many; without `messageIds` a thousand at most, so call it until it answers 0
 */
export async function discardDeliveries(
  db: Queryable,
  { endpointIds, messageIds, deliveryId, beforeMessageId, triedOnly }: WaitingDeliveries,
  reason: string,
): Promise<number> {
  const values: unknown[] = [endpointIds, reason]
  const parameter = (value: unknown) => `$${values.push(value)}`
  const chosen = ['endpoint_id = any($1::uuid[])', 'lease_owner is null']
  if (messageIds) chosen.push(`message_id = any(${parameter(messageIds)}::uuid[])`)
  if (deliveryId) chosen.push(`id = ${parameter(deliveryId)}`)
  if (beforeMessageId) chosen.push(`message_id < ${parameter(beforeMessageId)}`)
  if (triedOnly) chosen.push('attempt > 0')
  const { rows } = await db.query<{ count: number }>(
    // The primary key of `work` finds the rows of the endpoints; each row closed is one delete, one append and one
    // more in its count.
    /* sql */ `
    with batch as (
      select endpoint_id, message_id
        from work
       where ${chosen.join(' and ')}
       ${messageIds ? 'for update' : 'limit 1000 for update skip locked'}
    ),
    gone as (
      delete from work w
       using batch
       where w.endpoint_id = batch.endpoint_id and w.message_id = batch.message_id
      returning w.*
    ),
    kept as (
      insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, reason, attempts, event_type)
      select id, tenant_id, app_id, endpoint_id, message_id, 'discarded', $2, attempt, event_type
        from gone
      returning endpoint_id, tenant_id
    ),
    counted as (
      insert into endpoint_stat (endpoint_id, minute, shard, tenant_id, discarded)
      select endpoint_id, date_trunc('minute', now()), 0, tenant_id, count(*)
        from kept
       group by endpoint_id, tenant_id
       order by endpoint_id
      on conflict (endpoint_id, minute, shard) do update
         set discarded = endpoint_stat.discarded + excluded.discarded
    )
    select count(*) as count from kept`,
    values,
  )
  return rows[0]!.count
}

/**
 * The same for exactly these, in the transaction of `db`.
 * @returns the endpoint of each that was closed
 */
export async function discardThese(
  db: Queryable,
  deliveries: readonly { endpointId: string; messageId: string }[],
  reason: string,
): Promise<string[]> {
  const closed: string[] = []
  for (const [endpointId, some] of Map.groupBy(deliveries, (one) => one.endpointId)) {
    const messageIds = some.map(({ messageId }) => messageId)
    const count = await discardDeliveries(db, { endpointIds: [endpointId], messageIds }, reason)
    for (let i = 0; i < count; i++) closed.push(endpointId)
  }
  return closed
}

/** All that wait for an endpoint, a thousand at a time. */
export async function discardAll(db: Queryable, endpointId: string, reason: string): Promise<void> {
  while ((await discardDeliveries(db, { endpointIds: [endpointId] }, reason)) > 0);
}
