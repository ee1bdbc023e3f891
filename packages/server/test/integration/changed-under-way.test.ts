// What people change by hand while deliveries are under way, wait in memory, or are gathered for one request.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { readId } from '../../src/core/id.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { messagesOf } from '../support/app-messages.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
let appId: string
beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => await api?.stop())
beforeEach(async () => {
  receiver = await startReceiver()
  appId = (await api.svix.application.create({ name: 'app' })).id
})
afterEach(async () => await receiver.close())

const { send } = messagesOf(
  () => api,
  () => appId,
)
const endpoint = async (settings: object) => {
  const made = await api.call('POST', `/api/v1/app/${appId}/endpoint`, { body: settings })
  expect(made.status).toBe(201)
}
const call = async (method: string, path: string, body?: object) => {
  const { status } = await api.call(method, `/api/v1/app/${appId}/endpoint/e${path}`, { body })
  expect(status).toBeLessThan(300)
}
/** Messages of all requests to a path. */
const arrived = (path: string) =>
  receiver.received
    .filter((one) => one.path === path)
    .flatMap(({ body }) => JSON.parse(body) as { payload: number } | { payload: number }[] | number)
    .map((one) => (typeof one === 'number' ? one : one.payload))
/** Of the app: what its endpoint has taken, and what waits in the queue. */
const work = async () => {
  const { rows } = await api.database.pool.query<{ leased: number; waiting: number }>(
    `select count(lease_owner) as leased, count(*) - count(lease_owner) as waiting
       from work where app_id = $1`,
    [readId('app', appId)],
  )
  return rows[0]!
}
const idle = async () =>
  await until(async () => {
    const { leased, waiting } = await work()
    return leased + waiting === 0
  })

/**
 * One request under way, which is answered by what is returned, and three more messages that were gathered behind it
 * and wait in memory.
 */
async function threeWait(settings: object = {}): Promise<() => void> {
  const held = Promise.withResolvers<void>()
  receiver.answer = ({ path }) => (path === '/e' ? { after: held.promise } : {})
  const batch = { maxEvents: 10, maxWaitMs: 100 }
  await endpoint({
    url: `${receiver.url}/e`,
    uid: 'e',
    maxInFlight: 1,
    // As long as it takes: a request that ran out of time would come again.
    timeoutMs: 60_000,
    batch,
    ...settings,
  })
  await send({ eventType: 'a', payload: 0 })
  await receiver.waitFor(1)
  // What is gathered beside them as long says when they are.
  await endpoint({ url: `${receiver.url}/beside`, uid: 'beside', batch })
  for (const payload of [1, 2, 3]) await send({ eventType: 'a', payload })
  await until(() => arrived('/beside').length === 3)
  receiver.answer = () => ({})
  return held.resolve
}

test('messages that wait to be sent together are each sent where batches are turned off', async () => {
  const release = await threeWait()
  await call('PATCH', '', { batch: null })
  await send({ eventType: 'a', payload: 4 })
  release()
  await idle()
  expect(arrived('/e').toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
})

test('what waits in memory is not sent once its endpoint is paused, and is when it is resumed', async () => {
  const release = await threeWait()
  await call('POST', '/pause')
  // Whoever gives up what waits reaches it, while the request before it is still under way.
  await until(async () => (await work()).waiting === 3)
  release()
  await until(async () => (await work()).leased === 0)
  expect(arrived('/e')).toEqual([0])
  await call('POST', '/resume')
  await idle()
  expect(arrived('/e').toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
})

test.each(['endpoint', 'app'])(
  'what waits in memory is not sent once its %s is deleted, though nothing new comes',
  async (what) => {
    const release = await threeWait()
    const path = `/api/v1/app/${appId}${what === 'app' ? '' : '/endpoint/e'}`
    expect((await api.call('DELETE', path)).status).toBe(204)
    release()
    await idle()
    expect(arrived('/e')).toEqual([0])
  },
)

test('what waits in memory is put back once a node hears again of what was paused', async () => {
  const release = await threeWait()
  await api.database.pool.query('alter table change rename to change_elsewhere')
  const uuid = readId('app', appId)!
  // That its routes are not in memory would not say that: they are not for a moment after a change that was read, too.
  await until(async () => {
    const routes = api.node.registry.cache.routes(api.tenantId, uuid)
    return await routes.then(
      () => false,
      () => true,
    )
  })
  // As another node would, whose change comes too late for this one to be told of it alone.
  await api.database.pool.query(
    `update endpoint set paused = true where app_id = $1 and uid = 'e'`,
    [uuid],
  )
  await api.database.pool.query('alter table change_elsewhere rename to change')
  await until(async () => (await work()).waiting === 3)
  release()
  await call('POST', '/resume')
  await idle()
  expect(arrived('/e')).toEqual([0, 1, 2, 3])
})

test('what is gathered goes to the URL that its endpoint has when it is sent', async () => {
  const batch = { maxEvents: 2, maxWaitMs: 60_000 }
  await endpoint({ url: `${receiver.url}/e`, uid: 'e', batch })
  await send({ eventType: 'a', payload: 0 })
  await call('PATCH', '', { url: `${receiver.url}/moved` })
  await send({ eventType: 'a', payload: 1 })
  await idle()
  expect([arrived('/e'), arrived('/moved')]).toEqual([[], [0, 1]])
})

test('what is gathered is given up by whoever pauses its endpoint first', async () => {
  const batch = { maxEvents: 2, maxWaitMs: 60_000 }
  await endpoint({ url: `${receiver.url}/e`, uid: 'e', batch })
  const { body } = await send({ eventType: 'a', payload: 0 })
  expect(await work()).toEqual({ leased: 1, waiting: 0 })
  await call('POST', '/pause')
  await until(async () => (await work()).waiting === 1)
  const { status } = await api.call('DELETE', `/api/v1/app/${appId}/msg/${body.id}/endpoint/e`)
  expect(status).toBe(204)
  await call('POST', '/resume')
  await idle()
  expect(arrived('/e')).toEqual([])
})

test('what waits under ordering keys is sent where order is turned off', async () => {
  await endpoint({ url: `${receiver.url}/e`, uid: 'e', ordering: 'key' })
  await call('POST', '/pause')
  for (const payload of [0, 1]) await send({ eventType: 'a', payload, orderingKey: 'k' })
  await call('PATCH', '', { ordering: 'none' })
  await call('POST', '/resume')
  await send({ eventType: 'a', payload: 2 })
  await idle()
  expect(arrived('/e').toSorted((a, b) => a - b)).toEqual([0, 1, 2])
})

test('a circuit that is opened by hand stays open though what was under way then succeeds', async () => {
  const held = Promise.withResolvers<void>()
  receiver.answer = () => ({ after: held.promise })
  await endpoint({ url: `${receiver.url}/e`, uid: 'e' })
  await send({ eventType: 'a', payload: 0 })
  await receiver.waitFor(1)
  await call('POST', '/circuit', { state: 'open', seconds: 3_600 })
  // What the node knows of the endpoint is in its memory again with this.
  await send({ eventType: 'a', payload: 1 })
  held.resolve()
  await until(async () => {
    const { leased, waiting } = await work()
    return leased + waiting === 1
  })
  const { body } = await api.call('GET', `/api/v1/app/${appId}/endpoint/e`)
  expect(body.health.circuit).toBe('open')
  expect(arrived('/e')).toEqual([0])
})

test('a circuit of an endpoint that is deleted at that moment is not found', async () => {
  await endpoint({ url: `${receiver.url}/e`, uid: 'e' })
  const client = await api.database.pool.connect()
  await client.query('begin')
  await client.query(`delete from endpoint where uid = 'e'`)
  const opened = api.call('POST', `/api/v1/app/${appId}/endpoint/e/circuit`, {
    body: { state: 'open' },
  })
  await until(async () => {
    const waits = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    return (await api.database.pool.query(waits)).rowCount === 1
  })
  await client.query('commit')
  client.release()
  expect(await opened).toMatchObject({ status: 404, body: { code: 'not_found' } })
})

test('an open circuit whose probes find nothing left to send goes on to the next delivery at once', async () => {
  const batch = { maxEvents: 2, maxWaitMs: 10 }
  await endpoint({ url: `${receiver.url}/e`, uid: 'e', batch, timeoutMs: 1_000 })
  await call('POST', '/circuit', { state: 'open', seconds: 3_600 })
  for (let payload = 0; payload < 9; payload++) {
    const { body } = await send({ eventType: 'a', payload })
    if (payload < 8) await api.call('DELETE', `/api/v1/app/${appId}/msg/${body.id}/content`)
  }
  await call('POST', '/circuit', { state: 'open', seconds: 1 })
  await idle()
  expect(arrived('/e')).toEqual([8])
})

test('a message that was resent during its last attempt is not told as given up', async () => {
  const held = Promise.withResolvers<void>()
  receiver.answer = ({ path }) => (path === '/told' ? {} : { status: 500, after: held.promise })
  const { registry } = api.node
  const operational = await registry.apps.operational(api.tenantId)
  await registry.endpoints.create(
    { tenantId: api.tenantId, appId: operational.id },
    { url: `${receiver.url}/told`, eventTypes: ['message.attempt.exhausted'] },
  )
  await endpoint({ url: `${receiver.url}/e`, uid: 'e', retrySchedule: [] })
  const { body: resent } = await send({ eventType: 'a', payload: 1 })
  await receiver.waitFor(1)
  receiver.answer = () => ({})
  await api.svix.messageAttempt.resend(appId, resent.id, 'e')
  await idle()
  held.resolve()
  receiver.answer = ({ path }) => (path === '/told' ? {} : { status: 500 })
  const { body: failed } = await send({ eventType: 'a', payload: 2 })
  await until(() => receiver.received.some(({ path }) => path === '/told'))
  expect(
    receiver.received
      .filter(({ path }) => path === '/told')
      .map(({ body }) => (JSON.parse(body) as { data: { msgId: string } }).data.msgId),
  ).toEqual([failed.id])
  // Both failures are counted, and one message that was given up.
  const group = await until(async () => {
    await api.traffic.flush({ all: true })
    const { body } = await api.call('GET', `/api/v1/failure?app_id=${appId}`)
    return body.data[0]?.count === 2 ? body.data[0] : undefined
  })
  expect(group.givenUp).toBe(1)
})
