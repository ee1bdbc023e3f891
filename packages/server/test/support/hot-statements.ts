// The statements that every event goes through, made by the code that sends them.
import type pg from 'pg'
import { uuidv7 } from '../../src/core/id.ts'
import type { Queryable } from '../../src/db/pool.ts'
import type { NewMessage } from '../../src/ingest/columns.ts'
import { insertBatch } from '../../src/ingest/store.ts'
import { claim, release } from '../../src/queue/claim/store.ts'
import { settle, type Settled } from '../../src/record/store.ts'
import type { Statement } from './statement-plans.ts'

/** Rows of one call. */
export const rowsACall = 50
const nodeId = uuidv7(Date.now())

export interface HotStatement {
  name: string
  /**
   * Pages that one row may touch at most: twice what was measured on a quiet table. After a burst an index stays deep
   * and its rows lie apart, so that a claim takes 9 to 16. A plan that reads the table takes 58 on the
   * smallest of them.
   */
  pagesARow: number
  /** Whether the deliveries are leased to this node before, or wait. */
  leased: boolean
  statement: Statement
}

/** What one call does to `rowsACall` deliveries that wait or are leased, as Pombo's own code words it. */
export async function hotStatements(pool: pg.Pool): Promise<HotStatement[]> {
  const { rows } = await pool.query<{ id: string; tenant_id: string; app_id: string }>(
    `select id, tenant_id, app_id from endpoint where uid = 'well'`,
  )
  const { id: endpointId, tenant_id: tenantId, app_id: appId } = rows[0]!
  const keys = Array.from({ length: rowsACall }, () => ({
    endpointId,
    tenantId,
    appId,
    messageId: uuidv7(Date.now()),
    deliveryId: uuidv7(Date.now()),
    leasedBy: nodeId,
  }))
  const settled = (state: Settled['state']): Settled[] =>
    keys.map((key) => ({
      ...key,
      eventType: 'a.b',
      channels: null,
      tags: null,
      attempt: {
        id: uuidv7(Date.now()),
        number: 1,
        outcome: state === 'delivered' ? 'delivered' : 'refused',
        statusCode: state === 'delivered' ? 200 : 503,
        response: 'ok',
        error: null,
        durationMs: 3,
        trigger: 0,
        url: 'http://127.0.0.1/',
        startedAtMs: Date.now(),
      },
      state,
      reason: null,
      attempts: 1,
      delayMs: 5_000,
    }))
  const of = async (
    name: string,
    pagesARow: number,
    leased: boolean,
    call: (db: Queryable) => Promise<unknown>,
  ): Promise<HotStatement> => {
    let statement: Statement | undefined
    await call({
      query: async (config: string | Statement, values: unknown[] = []) => {
        statement = typeof config === 'string' ? { name, text: config, values } : { ...config }
        return await Promise.resolve({ rows: [], rowCount: 0 })
      },
    } as unknown as Queryable)
    const setUp = `insert into work (endpoint_id, message_id, id, tenant_id, app_id, priority,
      next_attempt_at, lease_owner, payload_bytes, event_type) values ${keys
        .map(
          (key) =>
            `('${endpointId}', '${key.messageId}', '${key.deliveryId}', '${tenantId}', '${appId}', 1,
              now() - interval '1 second', ${leased ? `'${nodeId}'` : 'null'}, 10, 'a.b')`,
        )
        .join(', ')}`
    // What is accepted is not there before.
    return {
      name,
      pagesARow,
      leased,
      statement: name === 'accept' ? statement! : { ...statement!, setUp },
    }
  }
  const accepted = keys.map(
    ({ messageId, deliveryId }): NewMessage =>
      newMessage(endpointId, tenantId, appId, messageId, deliveryId),
  )
  return [
    await of('accept', 25, false, (db) => insertBatch(db, nodeId, accepted)),
    await of('settle delivered', 25, true, (db) => settle(db, [nodeId], 1, settled('delivered'))),
    await of('settle retried', 25, true, (db) => settle(db, [nodeId], 1, settled('pending'))),
    await of('release', 28, true, (db) => release(db, keys)),
    await of('claim', 20, false, (db) =>
      claim(db, nodeId, [{ endpointId, free: rowsACall, order: [1, 0, 2], floors: [0, 0, 0] }]),
    ),
  ]
}

function newMessage(
  endpointId: string,
  tenantId: string,
  appId: string,
  id: string,
  deliveryId: string,
): NewMessage {
  return {
    message: {
      id,
      tenantId,
      appId,
      eventType: 'a.b',
      eventId: null,
      channels: null,
      tags: null,
      payload: '{}',
      contentType: null,
      form: null,
      orderingKey: null,
      priority: 'normal',
      createdAtMs: Date.now(),
    },
    storedPayload: '{}',
    payloadBytes: 2,
    payloadExpiresAtMs: null,
    unmatched: null,
    deliveries: [{ id: deliveryId, endpointId, leased: true, ordered: false, priority: 'normal' }],
    discarded: [],
    dedupe: [],
    persons: [],
  }
}
