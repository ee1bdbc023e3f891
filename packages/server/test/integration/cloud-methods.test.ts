import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Svix } from 'svix'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let pombo: TestPombo
let receiver: Receiver
let svix: Svix
let appId: string
const since = new Date(Date.now() - 60_000)

beforeAll(async () => {
  pombo = await startPombo()
  svix = new Svix(pombo.key, { serverUrl: pombo.url, numRetries: 0 })
})
afterAll(() => pombo.stop())
beforeEach(async () => {
  receiver = await startReceiver()
  appId = (await svix.application.create({ name: 'cloud' })).id
  return () => receiver.close()
})

const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  pombo.call(method, path, {
    headers: { authorization: `Bearer ${pombo.key}`, ...headers },
    ...(body === undefined ? {} : { body }),
  })
const endpoint = () => svix.endpoint.create(appId, { url: receiver.url })
const send = (n: number, more: object = {}) =>
  svix.message.create(appId, { eventType: 'd.a', payload: { n }, ...more })
const bodies = () => receiver.received.map(({ body }) => body).toSorted()
const shown = (app: string, id: string) => svix.message.get(app, id, { withContent: true })
const finished = (id: string) =>
  until(async () => {
    const task = await svix.backgroundTask.get(id)
    return task.status === 'running' ? undefined : task
  })
/** Whether all that was sent has been recorded too. */
const recorded = (endpointId: string, count: number) =>
  until(async () => (await svix.endpoint.getStats(appId, endpointId)).success >= count)

test('a bulk replay sends what was delivered again, of its channel and of its type only', async () => {
  const { id } = await endpoint()
  await send(1, { channels: ['a'] })
  await send(2, { channels: ['b'], tags: ['t'] })
  await send(3, { eventType: 'd.b', channels: ['a'] })
  await receiver.waitFor(3)
  await recorded(id, 3)
  const task = await svix.endpoint.bulkReplay(appId, id, {
    since,
    channel: 'a',
    eventTypes: ['d.a'],
    status: 0,
  })
  expect(task.task).toBe('endpoint.bulk-replay')
  expect(await finished(task.id)).toMatchObject({ status: 'finished', data: { done: 1 } })
  await receiver.waitFor(4)
  await finished((await svix.endpoint.bulkReplay(appId, id, { since, tag: 't' })).id)
  await receiver.waitFor(5)
  expect(bodies()).toEqual(['{"n":1}', '{"n":1}', '{"n":2}', '{"n":2}', '{"n":3}'])
})

test('an endpoint gets the messages of before it was made that it would take now, once, and no others', async () => {
  const old = await endpoint()
  await send(1)
  await send(2, { eventType: 'd.b' })
  await send(3, { channels: ['other'] })
  await send(4, { transformationsParams: { rawPayload: '<n/>' }, payload: {} })
  await receiver.waitFor(4)
  await svix.endpoint.delete(appId, old.id)
  const { id } = await svix.endpoint.create(appId, {
    url: new URL('/new', receiver.url).href,
    eventTypes: ['d.a'],
  })
  await call('PATCH', `/api/v1/app/${appId}/endpoint/${id}`, { filter: 'payload.n != 3' })
  const got = () =>
    receiver.received
      .filter(({ path }) => path.endsWith('new'))
      .map(({ body }) => body)
      .toSorted()
  const task = await svix.endpoint.replayMissing(appId, id, { since })
  expect(task.task).toBe('endpoint.replay')
  expect(await finished(task.id)).toMatchObject({ status: 'finished', data: { done: 1 } })
  await receiver.waitFor(5)
  await recorded(id, 1)
  const again = await svix.endpoint.replayMissing(appId, id, { since })
  expect(await finished(again.id)).toMatchObject({ data: { matched: 0, done: 0 } })
  await send(5)
  await receiver.waitFor(6)
  expect(got()).toEqual(['{"n":1}', '{"n":5}'])
})

test.each([{ status: 1 }, { statusCodeClass: 400 }, { until: '2020-01-01T00:00:00Z' }])(
  'a bulk replay by %j is refused, and names it',
  async (given) => {
    const { id } = await endpoint()
    const path = `/api/v1/app/${appId}/endpoint/${id}/bulk-replay`
    const { status, text } = await call('POST', path, { since: since.toISOString(), ...given })
    expect(status).toBe(422)
    expect(text).toContain(Object.keys(given)[0])
  },
)

test('payloads of named messages are deleted, and each answer says which were there', async () => {
  const { id } = await send(1)
  await send(2, { eventId: 'two' })
  const kept = await send(3)
  const { results } = await svix.message.bulkExpungeContent(appId, { ids: [id, 'two', 'none'] })
  expect(results).toEqual({ [id]: 'expunged', two: 'expunged', none: 'not-found' })
  expect((await shown(appId, id)).payload).toEqual({ expired: true })
  expect((await shown(appId, kept.id)).payload).toEqual({ n: 3 })
})

test("an app's payloads are all deleted at once, and no other app's", async () => {
  const ids = await Promise.all([1, 2, 3].map(async (n) => (await send(n)).id))
  const other = await svix.application.create({ name: 'other' })
  const its = await svix.message.create(other.id, { eventType: 'd.a', payload: { n: 4 } })
  const task = await svix.message.expungeAllContents(appId)
  expect(task.task).toBe('application.purge_content')
  expect(await finished(task.id)).toMatchObject({ status: 'finished', data: { done: 3 } })
  for (const id of ids) expect((await shown(appId, id)).payload).toEqual({ expired: true })
  expect((await shown(other.id, its.id)).payload).toEqual({ n: 4 })
})

test('the health says how its parts stand, where that is asked for', async () => {
  expect((await call('GET', '/api/v1/health')).status).toBe(204)
  const { status, body } = await call('GET', '/api/v1/health?detail=true')
  expect(status).toBe(200)
  expect(body.ready).toBe(true)
  expect(body.checks.map(({ name }: { name: string }) => name)).toContain('database')
})

test('every path that the official client knows is served, or answers 501 with what to use instead', async () => {
  const folder = join(import.meta.dirname, '../../../../node_modules/svix/src')
  const sources = ['api', 'api_internal'].flatMap((part) =>
    readdirSync(join(folder, part)).map((file) => readFileSync(join(folder, part, file), 'utf8')),
  )
  const calls = sources.flatMap((text) => [
    ...text.matchAll(/HttpMethod\.(\w+),\s*"(\/(?:api|ingest)\/[^"]+)"/g),
  ])
  const { body: document } = await pombo.call('GET', '/api/v1/openapi.json')
  const served = new Set(
    Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  )
  const form = (path: string) => path.replaceAll(/\{\w+\}/g, '{}')
  const forms = new Set([...served].map(form))
  const asked = calls.filter(([, method, path]) => !forms.has(form(`${method!} ${path!}`)))
  expect(calls.length).toBeGreaterThan(100)
  for (const [, method, path] of asked) {
    const { status, body } = await call(method!, path!.replaceAll(/\{\w+\}/g, 'x'))
    expect([method, path, status, body?.code]).toEqual([method, path, 501, 'not_offered'])
    expect(body.detail.length).toBeGreaterThan(60)
  }
  // Pombo has something of its own at this path, which no client of Svix's would ever have done with.
  await expect(svix.streaming.stream.list()).rejects.toMatchObject({
    code: 501,
    body: expect.stringContaining('not_offered'),
  })
  const python = { accept: '*/*', 'user-agent': 'svix-libs/2.5.0/python' }
  expect((await call('GET', '/api/v1/stream', undefined, python)).status).toBe(501)
})

// Of releases 1.15 to 1.99, where 2.5 has no such path any more.
const older = `
GET /app/x/attempt/endpoint/x/count
GET /app/x/msg/x/raw
GET /app/x/msg/x/attempt/x/headers
GET /app/x/msg/x/attempt
GET /app/x/msg/x/endpoint/x/attempt
POST /app/x/endpoint/x/msg/test-attempt
POST /app/x/endpoint/x/transformation/simulate
PUT /app/x/endpoint/x/oauth
PUT /app/x/endpoint/x/mtls
PUT /app/x/endpoint/x/auto-config
GET /app/x/integration/x/key
GET /app/x/stats
GET /app/x/events
POST /app/x/events/subscription/x/create-token
POST /app/x/inbound/rotate-url
POST /app/x/sink
GET /app/x/polling-endpoint/x/consumer/x
POST /app/x/polling-endpoint/x/consumer/x/commit
GET /app/stats/usage
POST /auth/dashboard-access/x
POST /auth/one-time-token
POST /auth/app/x/create-message-token
GET /auth/app/x/poller/x/token
POST /auth/app/x/poller/x/token/rotate
GET /environment/settings
POST /event-type/export/openapi
POST /event-type/schema/generate-example
GET /event-type/x/retry-schedule
GET /events
GET /management/authentication/api-token
POST /management/authentication/api-token/x/expire
GET /management/environment
DELETE /management/environment/x
GET /management/environment-settings
PUT /management/environment-settings/customer-otel
POST /msg/broadcast
GET /stats/app/x/attempt
GET /stats/app/x/ep/x/attempt
GET /transformation-template
POST /transformation-template/simulate
POST /ingest/api/v1/source
`
  .trim()
  .split('\n')

test.each(older)(
  '%s of older clients is served, or answers 501 with what to use instead',
  async (one) => {
    const [method, path] = one.split(' ') as [string, string]
    const body = method === 'GET' || method === 'DELETE' ? undefined : {}
    const url = path.startsWith('/ingest/') ? path : `/api/v1${path}`
    const { status, body: answer } = await call(method, url, body)
    expect([status, answer?.code]).not.toEqual([405, 'method_not_allowed'])
    expect(answer?.code).not.toBe('no_route')
    if (status === 501) expect(answer.detail.length).toBeGreaterThan(60)
  },
)

test('what nobody knows is still a 404, whatever an app is called', async () => {
  for (const path of [
    '/api/v1/nosuch',
    '/api/v1/app/stream/nosuch',
    '/api/v1/app/x/endpoint/poller/x',
  ])
    expect((await call('GET', path)).status).toBe(404)
})
