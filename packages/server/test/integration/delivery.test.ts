import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { showId } from '../../src/core/id.ts'
import type { EndpointSettings } from '../../src/registry/endpoints/settings.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeNode, startNode, type TestNode } from '../support/node.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let database: TestDatabase
let node: TestNode
let receiver: Receiver
let tenantId: string
let appId: string

beforeAll(async () => {
  database = await createTestDatabase()
  node = await startNode(database.url)
  tenantId = (await node.registry.tenants.create({ name: 'tenant' })).id
})
afterAll(async () => {
  await node?.stop()
  await database?.drop()
})
beforeEach(async () => {
  receiver = await startReceiver()
  appId = (await node.registry.apps.create(tenantId, { name: 'app' })).id
})
afterEach(async () => await receiver.close())

const endpoint = async (settings: Partial<EndpointSettings> = {}) => {
  const made = await node.registry.endpoints.create(
    { tenantId, appId },
    { url: receiver.url, ...settings },
  )
  return { ...made, uuid: made.id, id: showId('endpoint', made.id) }
}
const accept = async (payload = '{"n":1}', more: object = {}) => {
  const accepted = await node.engine.ingest.accept({
    tenantId,
    appId,
    eventType: 'message.received',
    payload,
    ...more,
  })
  if (accepted.outcome !== 'accepted') throw new Error(accepted.outcome)
  return accepted.message
}
const one = async <T extends object>(sql: string, values: unknown[]): Promise<T | undefined> =>
  (await database.pool.query<T & { [key: string]: unknown }>(sql, values)).rows[0]
const delivery = (messageId: string) =>
  one<{ state: string; reason: string | null; attempts: number }>(
    'select state, reason, attempts from history where message_id = $1 and state is not null',
    [messageId],
  )
const closed = (messageId: string) => until(() => delivery(messageId))

test('a message is delivered once, signed, with its payload to the byte as it was sent in', async () => {
  const { secrets } = await endpoint()
  const payload = '{"n": 12345678901234567890, "x": 1.0,"a":"\\u0000é"}'
  const message = await accept(payload)
  const [got] = await receiver.waitFor(1)
  expect(got!.body).toBe(payload)
  expect(got!.headers['webhook-id']).toBe(showId('message', message.id))
  expect(() =>
    new Webhook(secrets[0]!.secret.text).verify(got!.body, got!.headers as Record<string, string>),
  ).not.toThrow()
  expect(await closed(message.id)).toMatchObject({ state: 'delivered', attempts: 1 })
  expect(await one('select 1 from work where message_id = $1', [message.id])).toBeUndefined()
  expect(
    await one('select outcome, status_code, number from attempt where message_id = $1', [
      message.id,
    ]),
  ).toEqual({ outcome: 'delivered', status_code: 200, number: 1 })
})

test('a failed attempt is retried by the schedule, under the same id, until it succeeds', async () => {
  await endpoint({ retryScheduleMs: [20, 20, 20] })
  receiver.answer = (_, index) => ({ status: index < 2 ? 500 : 200 })
  const message = await accept()
  const got = await receiver.waitFor(3)
  expect(new Set(got.map((request) => request.headers['webhook-id']))).toEqual(
    new Set([showId('message', message.id)]),
  )
  expect(await closed(message.id)).toMatchObject({ state: 'delivered', attempts: 3 })
})

test('a delivery that keeps failing is given up after its schedule, and recorded as exhausted', async () => {
  await endpoint({ retryScheduleMs: [10] })
  receiver.answer = () => ({ status: 500, body: 'no' })
  const message = await accept()
  expect(await closed(message.id)).toMatchObject({
    state: 'exhausted',
    attempts: 2,
    reason: 'gave up after 2 attempts',
  })
  const { rows } = await database.pool.query(
    'select number, outcome, status_code, response from attempt where message_id = $1 order by id',
    [message.id],
  )
  expect(rows).toEqual(
    [1, 2].map((number) => ({ number, outcome: 'refused', status_code: 500, response: 'no' })),
  )
})

test('a 410 disables the endpoint and keeps its message for when it is enabled again', async () => {
  const made = await endpoint()
  receiver.answer = () => ({ status: 410 })
  const message = await accept()
  await until(
    async () => (await node.registry.endpoints.get({ tenantId, appId }, made.id)).disabled,
  )
  expect(await one('select attempt from work where message_id = $1', [message.id])).toEqual({
    attempt: 1,
  })
  const while_disabled = await accept('{"n":2}')
  expect(await closed(while_disabled.id)).toMatchObject({
    state: 'discarded',
    reason: 'not sent: endpoint disabled',
  })
  receiver.answer = () => ({})
  await node.registry.endpoints.enable({ tenantId, appId }, made.id)
  expect(await closed(message.id)).toMatchObject({ state: 'delivered', attempts: 2 })
})

test('Retry-After is honoured', async () => {
  await endpoint({ retryScheduleMs: [10] })
  receiver.answer = (_, index) =>
    index === 0 ? { status: 503, headers: { 'retry-after': '1' } } : {}
  await accept()
  const [first, second] = await receiver.waitFor(2)
  expect(second!.at - first!.at).toBeGreaterThan(950)
})

test('a message that matches nobody says why', async () => {
  const message = await accept()
  expect(await one('select unmatched from message where id = $1', [message.id])).toEqual({
    unmatched: 'the app has no endpoints',
  })
})

test('an event id counts once in an app, an idempotency key in the tenant, also when both come together', async () => {
  const dedupe = [
    { kind: 'event-id' as const, key: 'e1', windowSeconds: 60 },
    { kind: 'idempotency' as const, key: 'i1', windowSeconds: 60, requestHash: Buffer.from('a') },
  ]
  const ingest = node.engine.ingest
  const send = (keys: typeof dedupe) =>
    ingest.accept({ tenantId, appId, eventType: 'a', payload: '1', dedupe: keys })
  const answers = await Promise.all([
    send(dedupe),
    send(dedupe),
    send(dedupe.slice(0, 1)),
    send(dedupe.slice(0, 1)),
  ])
  const accepted = answers.flatMap((answer) =>
    answer.outcome === 'accepted' ? [answer.message.id] : [],
  )
  expect(accepted).toHaveLength(1)
  for (const answer of answers)
    if (answer.outcome === 'duplicate') expect(answer.of).toBe(accepted[0])
  // A refused message leaves no key behind: a new idempotency key with a taken event id is free afterwards.
  const refused = await send([dedupe[0]!, { ...dedupe[1]!, key: 'i2' }])
  expect(refused).toMatchObject({ outcome: 'duplicate', kind: 'event-id' })
  expect(await one(`select 1 from dedupe where key = 'idempotency:i2'`, [])).toBeUndefined()
})

test('an event under two identities is one event, also when a repeat brings one of them, or another one', async () => {
  const send = (...keys: string[]) =>
    node.engine.ingest.accept({
      tenantId,
      appId,
      eventType: 'a',
      payload: '1',
      dedupe: keys.map((key) => ({ kind: 'source' as const, key, windowSeconds: 60 })),
    })
  expect((await send('lid:1', 'pn:1')).outcome).toBe('accepted')
  expect((await send('pn:1')).outcome).toBe('duplicate')
  expect((await send('lid:1', 'other:1')).outcome).toBe('duplicate')
  expect((await send('other:1')).outcome).toBe('duplicate')
  const together = await Promise.all([send('lid:2', 'pn:2'), send('pn:2'), send('lid:3')])
  expect(together.map(({ outcome }) => outcome)).toEqual(['accepted', 'duplicate', 'accepted'])
})

test('an open circuit sends nothing and uses up no attempt; a probe closes it and the queue drains', async () => {
  const made = await endpoint({
    retryScheduleMs: Array.from({ length: 20 }, () => 10),
    circuit: { failuresToOpen: 3, pauseMs: 1_000, maxPauseMs: 1_000 },
  })
  receiver.answer = () => ({ status: 500 })
  const message = await accept()
  await until(() =>
    one(`select 1 from endpoint_health where circuit = 'open' and endpoint_id = $1`, [made.uuid]),
  )
  const seen = receiver.received.length
  const second = await accept('{"n":2}')
  receiver.answer = () => ({})
  expect(await closed(message.id)).toMatchObject({ state: 'delivered', attempts: 4 })
  expect(await closed(second.id)).toMatchObject({ state: 'delivered', attempts: 1 })
  expect(seen).toBe(3)
  expect(
    await one('select 1 from endpoint_health where endpoint_id = $1', [made.uuid]),
  ).toBeUndefined()
})

test('a paused endpoint keeps its queue, and resuming drains it', async () => {
  const made = await endpoint()
  await node.registry.endpoints.pause({ tenantId, appId }, made.id)
  const message = await accept()
  expect(await one('select lease_owner from work where message_id = $1', [message.id])).toEqual({
    lease_owner: null,
  })
  await node.registry.endpoints.resume({ tenantId, appId }, made.id)
  expect(await closed(message.id)).toMatchObject({ state: 'delivered' })
})

test('work of a deleted endpoint is closed as not sent', async () => {
  const made = await endpoint()
  await node.registry.endpoints.pause({ tenantId, appId }, made.id)
  const message = await accept()
  await node.registry.endpoints.delete({ tenantId, appId }, made.id)
  expect(await closed(message.id)).toMatchObject({
    state: 'discarded',
    reason: 'not sent: endpoint deleted',
  })
})

test('work of a deleted endpoint is counted as discarded when it is closed', async () => {
  const made = await endpoint()
  await node.registry.endpoints.pause({ tenantId, appId }, made.id)
  await accept()
  const message = await accept()
  await node.registry.endpoints.delete({ tenantId, appId }, made.id)
  await closed(message.id)
  expect(
    await one(
      `select sum(discarded)::int as discarded from endpoint_stat
        where endpoint_id = (select endpoint_id from history where message_id = $1 and state is not null)`,
      [message.id],
    ),
  ).toEqual({ discarded: 2 })
})

test('more messages than fit in flight all arrive, each once', async () => {
  await endpoint({ maxInFlight: 3 })
  let inFlight = 0
  let most = 0
  receiver.answer = () => {
    inFlight += 1
    most = Math.max(most, inFlight)
    setTimeout(() => (inFlight -= 1), 5)
    return { delayMs: 5 }
  }
  await Promise.all(Array.from({ length: 60 }, (_, i) => accept(String(i))))
  const got = await receiver.waitFor(60)
  expect(new Set(got.map((request) => request.body)).size).toBe(60)
  expect(most).toBeLessThanOrEqual(3)
})

test('one attempt is one log line, without the payload', async () => {
  await endpoint()
  const message = await accept('{"secret":"abc123"}')
  await closed(message.id)
  const line = await until(() =>
    node.lines.find((each) => JSON.stringify(each).includes(showId('message', message.id))),
  )
  expect(line).toMatchObject({ outcome: 'delivered' })
  expect(JSON.stringify(line)).not.toContain('abc123')
})

test('a message that comes while the node starts waits for it, on a database without a partition yet', async () => {
  const other = await createTestDatabase()
  const starting = makeNode(other.url)
  try {
    const tenant = await starting.registry.tenants.create({ name: 'early' })
    const app = await starting.registry.apps.create(tenant.id, { name: 'early' })
    await starting.registry.endpoints.create(
      { tenantId: tenant.id, appId: app.id },
      { url: `${receiver.url}/early` },
    )
    const accepted = starting.engine.ingest.accept({
      tenantId: tenant.id,
      appId: app.id,
      eventType: 'a',
      payload: '"early"',
    })
    await starting.engine.start()
    expect(await accepted).toMatchObject({ outcome: 'accepted', deliveries: 1 })
    await until(() => receiver.received.some(({ path }) => path === '/early'))
  } finally {
    await starting.stop()
    await other.drop()
  }
})
