import { afterAll, beforeAll, expect, test } from 'vitest'
import { claim, release } from '../../src/queue/claim/store.ts'
import { resend } from '../../src/queue/reopen/store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database?.drop()
})

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
