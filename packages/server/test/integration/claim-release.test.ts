import { afterAll, beforeAll, expect, test } from 'vitest'
import { claim, release } from '../../src/queue/claim/store.ts'
import { uuidv7 } from '../../src/core/id.ts'
import { DAY_MS } from '../../src/core/clock.ts'
import { makePartitions } from '../../src/db/partitions.ts'
import { resend } from '../../src/queue/reopen/store.ts'
import { bringForward } from '../../src/queue/reopen/waiting/store.ts'
import { endedNothing } from '../../src/record/doubt/store.ts'
import { settle } from '../../src/record/store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => await database?.drop())

const uuid = (last: string) => `01000000-0000-7000-8000-0000000000${last}`
const [endpointId, messageId, tenantId, appId, node] = ['01', '02', '03', '04', '05'].map(uuid)
const work = {
  endpointId: endpointId!,
  messageId: messageId!,
  tenantId: tenantId!,
  appId: appId!,
  eventType: 'a',
  payloadBytes: 1,
  priority: 1,
  orderingKey: null,
}
const claimed = async () =>
  await claim(database.pool, node!, [
    { endpointId: endpointId!, free: 5, order: [0, 1, 2], floors: [0, 0, 0] },
  ])
const putBack = async (deliveryId: string, leasedBy = node!) => {
  await release(database.pool, [{ ...work, deliveryId, leasedBy }])
}

test('a delivery that was resent is not freed by the one that it replaced being put back', async () => {
  await resend(database.pool, { ...work, deliveryId: uuid('0a') })
  expect((await claimed()).map(({ id }) => id)).toEqual([uuid('0a')])
  await resend(database.pool, { ...work, deliveryId: uuid('0b') })
  expect((await claimed()).map(({ id }) => id)).toEqual([uuid('0b')])
  await putBack(uuid('0a'))
  expect(await claimed()).toEqual([])
  await putBack(uuid('0b'))
  expect((await claimed()).map(({ id }) => id)).toEqual([uuid('0b')])
})

test('a delivery that another node has taken over is not freed by the one that had it before', async () => {
  await resend(database.pool, { ...work, deliveryId: uuid('0c') })
  expect((await claimed()).map(({ id }) => id)).toEqual([uuid('0c')])
  await putBack(uuid('0c'), uuid('06'))
  expect(await claimed()).toEqual([])
  await putBack(uuid('0c'))
  expect((await claimed()).map(({ id }) => id)).toEqual([uuid('0c')])
})

test.each([
  ['resent', async (deliveryId: string) => await resend(database.pool, { ...work, deliveryId })],
  [
    'brought forward with others',
    async (id: string) => await bringForward(database.pool, [{ ...work, id }]),
  ],
])(
  'a delivery that was %s after its node was taken for gone is not closed by what that node brings',
  async (_, again) => {
    const { pool } = database
    await makePartitions(pool, Date.now() - DAY_MS, Date.now() + DAY_MS)
    await pool.query('delete from work')
    await pool.query(
      `insert into work (endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, lease_owner,
                         payload_bytes, event_type)
       values ($1, $2, $3, $4, $5, 1, now(), $6, 1, 'a')`,
      [endpointId, messageId, uuid('0d'), tenantId, appId, node],
    )
    await pool.query('update work set lease_owner = null')
    await again(uuid('0e'))
    const attempt = {
      id: uuidv7(Date.now()),
      number: 8,
      outcome: 'refused',
      statusCode: 500,
      response: '',
      error: null,
      durationMs: 1,
      trigger: 0,
      url: '',
      startedAtMs: Date.now(),
    }
    const last = { ...work, deliveryId: uuid('0d'), leasedBy: node!, channels: null, tags: null }
    await settle(pool, [node!], 0, [
      { ...last, attempt, state: 'exhausted', reason: null, attempts: 8, delayMs: 0 },
    ])
    const { rows } = await pool.query<{ id: string }>('select id from work')
    expect(rows).toEqual([{ id: uuid('0d') }])
    // Recorded all the same, and nobody is told that it was given up.
    const ended = await endedNothing(pool, [{ ...last, attemptId: attempt.id }])
    expect([...ended]).toEqual([attempt.id])
  },
)
