import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { showId } from '../../src/core/id.ts'
import type { EndpointSettings } from '../../src/registry/endpoints/settings.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let database: TestDatabase
let node: TestNode
let receiver: Receiver
let operator: Receiver
let tenantId: string
let appId: string
let operationalSecret: string

beforeAll(async () => {
  database = await createTestDatabase()
  node = await startNode(database.url)
})
afterAll(async () => {
  await node?.stop()
  await database?.drop()
})
beforeEach(async () => {
  receiver = await startReceiver()
  operator = await startReceiver()
  tenantId = (await node.registry.tenants.create({ name: 'tenant' })).id
  const operational = await node.registry.apps.operational(tenantId)
  const made = await node.registry.endpoints.create(
    { tenantId, appId: operational.id },
    { url: operator.url, retryScheduleMs: [10] },
  )
  operationalSecret = made.secrets[0]!.secret.text
  appId = (await node.registry.apps.create(tenantId, { name: 'app', uid: 'loja' })).id
})
afterEach(() => Promise.all([receiver.close(), operator.close()]))

const endpoint = (settings: Partial<EndpointSettings> = {}) =>
  node.registry.endpoints.create(
    { tenantId, appId },
    { url: receiver.url, circuit: { failuresToOpen: 1_000 }, ...settings },
  )
const accept = async () => {
  const accepted = await node.engine.ingest.accept({
    tenantId,
    appId,
    eventType: 'a',
    payload: '1',
    eventId: 'e-1',
  })
  if (accepted.outcome !== 'accepted') throw new Error(accepted.outcome)
  return accepted.message
}
interface Event {
  type: string
  data: Record<string, unknown>
}
const events = () => operator.received.map(({ body }) => JSON.parse(body) as Event)
const event = (type: string) => until(() => events().find((one) => one.type === type))

test('making, changing, disabling, enabling and deleting an endpoint is told, signed, with its ids', async () => {
  const scope = { tenantId, appId }
  const made = await endpoint({ uid: 'hook' })
  const shown = showId('endpoint', made.id)
  await node.registry.endpoints.patch(scope, shown, { description: 'changed' })
  await node.registry.endpoints.disable(scope, made.id, {
    reason: 'no success for 5 days',
    failingSinceMs: Date.UTC(2026, 0, 1),
  })
  await node.registry.endpoints.enable(scope, shown)
  await node.registry.endpoints.delete(scope, shown)
  const ids = {
    appId: showId('app', appId),
    appUid: 'loja',
    endpointId: shown,
    endpointUid: 'hook',
  }
  for (const type of [
    'endpoint.created',
    'endpoint.updated',
    'endpoint.enabled',
    'endpoint.deleted',
  ])
    expect((await event(type)).data).toMatchObject(ids)
  expect((await event('endpoint.disabled')).data).toMatchObject({
    ...ids,
    failSince: '2026-01-01T00:00:00.000Z',
  })
  const [got] = operator.received
  expect(() =>
    new Webhook(operationalSecret).verify(got!.body, got!.headers as Record<string, string>),
  ).not.toThrow()
})

test('the fourth failure, the recovery after it, and giving up are told once each', async () => {
  const made = await endpoint({ retryScheduleMs: Array.from({ length: 6 }, () => 10) })
  receiver.answer = (_, index) => ({ status: index < 5 ? 500 : 200 })
  const message = await accept()
  const data = {
    appId: showId('app', appId),
    appUid: 'loja',
    endpointId: showId('endpoint', made.id),
    msgId: showId('message', message.id),
    msgEventId: 'e-1',
  }
  expect((await event('message.attempt.failing')).data).toMatchObject({
    ...data,
    lastAttempt: { responseStatusCode: 500 },
  })
  expect((await event('message.attempt.recovered')).data).toMatchObject({
    ...data,
    lastAttempt: { responseStatusCode: 200 },
  })
  expect(events().filter(({ type }) => type === 'message.attempt.failing')).toHaveLength(1)
})

test('what comes at once is all told, whatever rate the tenant may send in', async () => {
  await node.registry.tenants.update(tenantId, { acceptRate: 1 })
  await Promise.all(['a', 'b', 'c', 'd'].map((uid) => endpoint({ uid })))
  const told = () => new Set(events().map(({ data }) => data['endpointUid']))
  await until(() => told().size === 4)
  expect(events()).toHaveLength(4)
})

test('a delivery that is given up is told', async () => {
  await endpoint({ retryScheduleMs: [] })
  receiver.answer = () => ({ status: 400 })
  const message = await accept()
  expect((await event('message.attempt.exhausted')).data).toMatchObject({
    msgId: showId('message', message.id),
    lastAttempt: { responseStatusCode: 400 },
  })
})

test('a circuit that opens and closes is told', async () => {
  await endpoint({
    retryScheduleMs: Array.from({ length: 9 }, () => 10),
    circuit: { failuresToOpen: 2, pauseMs: 200 },
  })
  receiver.answer = (_, index) => ({ status: index < 2 ? 500 : 200 })
  await accept()
  expect((await event('endpoint.circuit.opened')).data).toMatchObject({ consecutiveFailures: 2 })
  await event('endpoint.circuit.closed')
})

test('operational webhooks that fail cause no operational events', async () => {
  operator.answer = () => ({ status: 500 })
  await endpoint()
  await until(
    async () =>
      (
        await database.pool.query(
          `select 1
             from history d
             join app on app.id = d.app_id
            where app.kind = 'operational' and app.tenant_id = $1 and d.state = 'exhausted'`,
          [tenantId],
        )
      ).rows[0],
  )
  const { rows } = await database.pool.query<{ event_type: string }>(
    'select event_type from message m join app on app.id = m.app_id where app.tenant_id = $1',
    [tenantId],
  )
  expect(rows.map((row) => row.event_type)).toEqual(['endpoint.created'])
  expect(
    (await database.pool.query('select 1 from signal where tenant_id = $1', [tenantId])).rows,
  ).toEqual([])
})

test('an endpoint without a success for five days is disabled, unless one was counted meanwhile anywhere', async () => {
  const hopeless = await endpoint()
  const saved = await endpoint()
  for (const { id } of [hopeless, saved]) {
    await database.pool.query(
      `insert into endpoint_health (endpoint_id, tenant_id, consecutive_failures, failing_since)
       values ($1, $2, 9, now() - interval '6 days')`,
      [id, tenantId],
    )
  }
  await database.pool.query(
    `insert into endpoint_stat (endpoint_id, minute, shard, tenant_id, delivered)
     values ($1, date_trunc('minute', now() - interval '2 days'), 0, $2, 1)`,
    [saved.id, tenantId],
  )
  await node.engine.upkeep.disableHopeless()
  const scope = { tenantId, appId }
  expect(await node.registry.endpoints.get(scope, showId('endpoint', hopeless.id))).toMatchObject({
    disabled: true,
    disabledReason: 'no success for 5 days',
  })
  expect(await node.registry.endpoints.get(scope, showId('endpoint', saved.id))).toMatchObject({
    disabled: false,
  })
  expect((await event('endpoint.disabled')).data).toMatchObject({
    endpointId: showId('endpoint', hopeless.id),
  })
})
