// Counts and series: what went through, by app, endpoint and event type, over time and on all nodes together.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readId } from '../../src/core/id.ts'
import { forgetTraffic } from '../../src/traffic/store.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let two: TestApi
let good: Receiver
let endpoint: string
let failing: string

beforeAll(async () => {
  api = await startApi()
  two = await api.second()
  good = await startReceiver()
  for (const uid of ['busy', 'quiet']) await api.svix.application.create({ name: uid, uid })
  endpoint = (await api.svix.endpoint.create('busy', { url: good.url })).id
  const never = { body: { url: 'http://127.0.0.1:9/', retrySchedule: [], uid: 'failing' } }
  failing = (await api.call('POST', '/api/v1/app/busy/endpoint', never)).body.id
  for (let i = 0; i < 6; i++)
    await (i % 2 ? api : two).svix.message.create('busy', {
      eventType: i < 4 ? 'order.made' : 'order.paid',
      payload: {},
    })
  await api.svix.message.create('quiet', { eventType: 'order.made', payload: {} })
  await until(async () => {
    for (const one of [api, two]) await one.traffic.flush({ all: true })
    const { rows } = await api.database.pool.query(
      `select sum(attempts)::int as n from traffic where grain = 0 and app_id = $1 and event_type = ''`,
      [nil],
    )
    return rows[0].n === 12
  })
})
afterAll(async () => {
  await two?.stop()
  await api?.stop()
  await good?.close()
})

interface Shown {
  key: string
  total: Record<string, number>
}

/** Of no app: all of the tenant's. */
const nil = '00000000-0000-0000-0000-000000000000'

const get = async (query: string, key?: string) => {
  const answer = await api.call('GET', `/api/v1/series?${query}`, key === undefined ? {} : { key })
  expect(answer.status, answer.text).toBe(200)
  return answer.body
}

test('counts of all nodes add up, for the account, an app, an endpoint and an event type', async () => {
  for (const step of ['60', '3600', '86400']) {
    const all = await get(`span=15m&step=${step}`)
    expect(all.series).toHaveLength(1)
    expect(all.series[0].total).toMatchObject({
      messages: 7,
      deliveries: 6,
      failures: 6,
      attempts: 12,
      failedAttempts: 6,
    })
    expect(all.series[0].total.deliveryMs.p99).toBeGreaterThan(0)
    const summed = all.series[0].points.reduce(
      (sum: number, one: { messages: number }) => sum + one.messages,
      0,
    )
    expect(summed).toBe(7)
  }
  expect((await get('app_id=busy')).series[0].total.messages).toBe(6)
  expect((await get('app_id=quiet')).series[0].total).toMatchObject({ messages: 1, attempts: 0 })
  expect((await get('event_type=order.paid')).series[0].total.messages).toBe(2)
  expect((await get('event_type=order.paid,order.made')).series[0].total.messages).toBe(7)
  expect((await get(`app_id=busy&endpoint_id=${endpoint}`)).series[0].total).toMatchObject({
    messages: null,
    deliveries: 6,
    failedAttempts: 0,
  })
})

test('grouped, each endpoint and each event type has a series of its own', async () => {
  const byEndpoint = await get('app_id=busy&group_by=endpoint&span=1h&step=300')
  expect(byEndpoint.stepSeconds).toBe(300)
  const failures = byEndpoint.series.map(({ key, total }: Shown) => [key, total.failures])
  expect(Object.fromEntries(failures)).toEqual({ [endpoint]: 0, [failing]: 6 })
  const byType = await get('app_id=busy&group_by=eventType')
  expect(byType.series.map(({ key, total }: Shown) => [key, total.messages])).toEqual([
    ['order.made', 4],
    ['order.paid', 2],
  ])
})

test('every step of the span has a point, whole steps of the clock', async () => {
  const { series, since, until: end, stepSeconds } = await get('span=24h')
  expect(stepSeconds).toBe(900)
  expect(Date.parse(since) % 900_000).toBe(0)
  expect(series[0].points).toHaveLength((Date.parse(end) - Date.parse(since)) / 900_000)
  expect(series[0].points[0]).toMatchObject({ at: since, messages: 0, deliveryMs: null })
})

test.each([
  ['span=1h&since=2026-01-01T00:00:00Z', 'span'],
  ['until=2026-01-01T00:00:00Z', 'until'],
  ['since=2999-01-01T00:00:00Z', 'since'],
  ['span=30d&step=60', 'step'],
  ['span=fortnight', 'span'],
  ['span=24h&step=900&group_by=eventType', 'step'],
  ['group_by=endpoint', 'app_id'],
  ['app_id=busy&endpoint_id=failing&event_type=a', 'event_type'],
  ['app_id=busy&endpoint_id=failing&group_by=eventType', 'group_by'],
])('%s is refused, and the field named', async (query, field) => {
  const { status, body } = await api.call('GET', `/api/v1/series?${query}`)
  expect(status).toBe(422)
  expect(body.detail[0].loc).toEqual(['query', field])
})

test('a token of one app, and another tenant, see their own alone', async () => {
  const { token } = await api.svix.authentication.appPortalAccess('quiet')
  expect((await get('span=1h', token)).series[0].total.messages).toBe(1)
  const other = await api.call('POST', '/api/v1/tenant', { body: { name: 'other' } })
  expect((await get('span=1h', other.body.key)).series[0].total.messages).toBe(0)
  for (const key of [token, other.body.key])
    expect((await api.call('GET', '/api/v1/series?app_id=busy', { key })).status).toBe(404)
  const overview = async (key: string) => (await api.call('GET', '/api/v1/overview', { key })).body
  expect(await overview(token)).toMatchObject({ apps: 1, nodes: null, endpoints: { total: 0 } })
  expect(await overview(other.body.key)).toMatchObject({ apps: 0, eventsPerSecond: 0, nodes: null })
})

test('the overview says what goes through, what waits, what fails and who is there', async () => {
  await api.call('POST', '/api/v1/app/busy/endpoint/failing/pause')
  // The other node hears of it within a second, and may send what comes before.
  const uuid = readId('endpoint', failing)!
  await until(
    async () => (await two.node.engine.cache.endpoints([uuid])).get(uuid)?.endpoint.paused === true,
  )
  await api.svix.message.create('busy', { eventType: 'order.made', payload: {} })
  // The queue is counted every two seconds while somebody looks.
  const body = await until(async () => {
    const { body: seen } = await api.call('GET', '/api/v1/overview?app_id=busy')
    return seen.queue.waiting === 1 && seen.endpoints.paused === 1 && seen
  })
  expect(body).toMatchObject({
    queue: { waiting: 1, retrying: 0, oldestWaitingAt: expect.any(String) },
    endpoints: { total: 2, failing: 1, paused: 1, disabled: 0 },
    apps: 1,
    nodes: [{ version: expect.any(String) }, { name: expect.any(String) }],
    successRate: 0.5,
  })
  expect(body.eventsPerSecond).toBeGreaterThan(0)
})

test('minutes, hours and days are forgotten each after its time', async () => {
  const { pool } = api.database
  const zeros = Array.from({ length: 50 }, () => 0).join(', ')
  for (const grain of [0, 1, 2])
    for (const days of [2, 10, 100, 1_000])
      await pool.query(
        `insert into traffic values ($1, $1, $2, $1, 'old', now() - $3 * interval '1 day', ${zeros})`,
        [nil, grain, days],
      )
  await forgetTraffic(pool, 30)
  const { rows } = await pool.query(
    `select grain, count(*)::int as n from traffic where event_type = 'old' group by 1 order by 1`,
  )
  expect(rows).toEqual([
    { grain: 0, n: 1 },
    { grain: 1, n: 2 },
    { grain: 2, n: 3 },
  ])
})

test('while the database refuses, counts are kept and added later, once', async () => {
  const { pool } = api.database
  await pool.query('alter table traffic rename to traffic_away')
  await api.svix.message.create('quiet', { eventType: 'kept', payload: {} })
  await api.traffic.flush()
  await api.traffic.flush()
  expect(api.logged.map(({ message }) => message)).toContainEqual(
    expect.stringContaining('it is tried again'),
  )
  await pool.query('alter table traffic_away rename to traffic')
  await api.traffic.flush()
  expect((await get('event_type=kept')).series[0].total.messages).toBe(1)
})
