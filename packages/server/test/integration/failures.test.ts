// What failed, in groups and one by one, and what is done to many of it at once.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
let status = 200
let app = 0
let failed = 0
let uid: string
/** Answers as `status` says. */
let waiting: string
/** Gives up at once. */
let once: string

beforeAll(async () => {
  api = await startApi()
  receiver = await startReceiver(() => ({ status }))
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})
beforeEach(async () => {
  uid = `app-${++app}`
  failed = 0
  await api.svix.application.create({ name: uid, uid })
  const make = async (body: object) =>
    (await api.call('POST', `/api/v1/app/${uid}/endpoint`, { body })).body.id as string
  const circuit = { failuresToOpen: 1_000 }
  waiting = await make({ url: receiver.url, retrySchedule: [3_600], circuit })
  once = await make({ url: `${receiver.url}/once`, retrySchedule: [], circuit })
})

const post = async (path: string, body?: object, key = api.key) =>
  await api.call('POST', `/api/v1${path}`, { key, ...(body && { body }) })
const get = async (path: string, key = api.key) =>
  (await api.call('GET', `/api/v1${path}`, { key })).body

/** Messages that fail at both endpoints, settled. */
async function fail(count: number, eventType = 'a.b', answered = 503) {
  status = answered
  failed += count
  const ids: string[] = []
  for (let i = 0; i < count; i++)
    ids.push((await api.svix.message.create(uid, { eventType, payload: {} })).id)
  await until(async () => {
    const { rows } = await api.database.pool.query(
      `select count(*)::int as n from work where app_id = (select id from app where uid = $1)
          and lease_owner is null and attempt > 0`,
      [uid],
    )
    const closed = await get(`/failure/delivery?app_id=${uid}&endpoint_id=${once}&limit=250`)
    return rows[0].n >= failed && closed.data.length >= failed
  })
  await api.traffic.flush()
  return ids
}

async function finished(task: { id: string }) {
  return await until(async () => {
    const now = await get(`/background-task/${task.id}`)
    return now.status !== 'running' && now
  })
}

describe('failures', () => {
  test('are grouped by endpoint and cause, with how many, since when and one to look at', async () => {
    await fail(3)
    await fail(1, 'a.b', 404)
    const { data } = await get(`/failure?app_id=${uid}`)
    expect(
      data.map((one: Group) => [one.endpointId, one.cause.code, one.count, one.givenUp]),
    ).toEqual(
      expect.arrayContaining([
        [waiting, 'refused.503', 3, 0],
        [waiting, 'refused.404', 1, 0],
        [once, 'refused.503', 3, 3],
        [once, 'refused.404', 1, 1],
      ]),
    )
    expect(data[0]).toMatchObject({
      cause: { outcome: 'refused', statusCode: expect.any(Number), reason: null },
      circuit: 'closed',
      endpointUrl: expect.stringContaining(receiver.url),
      sample: {
        messageId: expect.stringMatching(/^msg_/),
        error: expect.stringContaining('status'),
      },
    })
    expect(Date.parse(data[0].firstAt)).toBeLessThanOrEqual(Date.parse(data[0].lastAt))
    const byCause = await get(`/failure?app_id=${uid}&group_by=cause`)
    expect(byCause.data.map((one: Group) => [one.cause.code, one.count, one.endpoints])).toEqual([
      ['refused.404', 2, 2],
      ['refused.503', 6, 2],
    ])
    const of404 = await get(`/failure?app_id=${uid}&cause=refused.404`)
    expect(of404.data.map((one: Group) => one.endpointId).toSorted()).toEqual(
      [waiting, once].toSorted(),
    )
    const later = new Date(Date.now() + 60_000).toISOString()
    const empty = await get(`/failure?app_id=${uid}&since=${later}&until=2999-01-01T00:00:00Z`)
    expect(empty.data).toEqual([])
  })

  test('are listed one by one, newest first, by cause and state, without those that got through since', async () => {
    const ids = await fail(3)
    await fail(1, 'other', 404)
    const list = async (endpoint: string, rest = '') =>
      await get(`/failure/delivery?app_id=${uid}&endpoint_id=${endpoint}${rest}`)
    expect((await list(waiting)).data).toHaveLength(4)
    const of503 = await list(waiting, '&cause=refused.503')
    expect(of503.data.map((one: Delivery) => one.messageId)).toEqual(ids.toReversed())
    expect(of503.data[0]).toMatchObject({
      state: 'waiting',
      attempts: 1,
      statusCode: 503,
      cause: { code: 'refused.503' },
      nextAttemptAt: expect.any(String),
    })
    expect((await list(waiting, '&state=exhausted')).data).toEqual([])
    const first = await list(once, '&limit=3')
    expect([first.data.length, first.done]).toEqual([3, false])
    const rest = await list(once, `&limit=3&iterator=${first.iterator}`)
    expect(rest.data.map((one: Delivery) => one.messageId)).toEqual([ids[0]])
    expect(rest.done).toBe(true)
    status = 200
    await post(`/app/${uid}/msg/${ids[1]}/endpoint/${once}/resend`)
    await until(async () => (await list(once)).data.length === 3)
    expect(JSON.stringify((await list(once)).data)).not.toContain(ids[1])
  })
})

describe('a bulk action', () => {
  const filter = () => ({ appId: uid, cause: 'refused.503' })

  test('is shown before it is done, and does nothing until then', async () => {
    await fail(6)
    await fail(1, 'a.b', 404)
    const { body } = await post('/bulk/preview', { action: 'retry', filter: filter() })
    expect(body).toMatchObject({ count: 12, exact: true, endpoints: 2 })
    expect(body.sample).toHaveLength(5)
    expect(body.sample[0]).toMatchObject({ eventType: 'a.b', cause: { code: 'refused.503' } })
    const before = receiver.received.length
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(receiver.received.length).toBe(before)
  })

  test('retries what waits and what was given up, of one cause, and says what it did', async () => {
    await fail(4)
    await fail(1, 'a.b', 404)
    status = 200
    const before = receiver.received.length
    const { status: code, body: task } = await post('/bulk', { action: 'retry', filter: filter() })
    expect([code, task.task, task.data.cause]).toEqual([202, 'bulk.retry', 'refused.503'])
    expect((await finished(task)).data).toMatchObject({ total: 8, done: 8, skipped: 0 })
    await receiver.waitFor(before + 8)
    await until(
      async () =>
        (await get(`/failure/delivery?app_id=${uid}&endpoint_id=${waiting}`)).data.length === 1,
    )
    const left = await get(`/failure/delivery?app_id=${uid}&endpoint_id=${waiting}`)
    expect(left.data[0].cause.code).toBe('refused.404')
  })

  test('gives up what waits, with the reason, and leaves the rest', async () => {
    const ids = await fail(3)
    const reason = 'the <b>order</b> was cancelled'
    const discard = { action: 'discard', reason, filter: { appId: uid } }
    expect((await post('/bulk/preview', discard)).body.count).toBe(3)
    const task = (await post('/bulk', discard)).body
    expect((await finished(task)).data).toMatchObject({ total: 3, done: 3, reason })
    const list = await get(`/failure/delivery?app_id=${uid}&endpoint_id=${waiting}`)
    expect(list.data).toEqual([])
    const { rows } = await api.database.pool.query(
      `select distinct reason from delivery where state = 'discarded' and app_id = (select id from app where uid = $1)`,
      [uid],
    )
    expect(rows).toEqual([{ reason: `not sent: given up by hand: ${reason}` }])
    const still = await get(`/failure/delivery?app_id=${uid}&endpoint_id=${once}`)
    expect(still.data).toHaveLength(ids.length)
  })

  test('does it to those that were chosen by hand alone', async () => {
    const ids = await fail(3)
    const chosen = [
      { messageId: ids[1], endpointId: waiting },
      { messageId: ids[2], endpointId: once },
    ]
    status = 200
    const task = (
      await post('/bulk', { action: 'retry', filter: { appId: uid }, deliveries: chosen })
    ).body
    expect((await finished(task)).data).toMatchObject({ total: 2, done: 2 })
    const left = async (endpoint: string) =>
      (await get(`/failure/delivery?app_id=${uid}&endpoint_id=${endpoint}`)).data.map(
        (one: Delivery) => one.messageId,
      )
    await until(async () => !(await left(waiting)).includes(ids[1]))
    await until(async () => !(await left(once)).includes(ids[2]))
    expect([await left(waiting), await left(once)]).toEqual([
      [ids[2], ids[0]],
      [ids[1], ids[0]],
    ])
  })

  test('can be canceled on its way', async () => {
    await fail(3)
    const { body: task } = await post('/bulk', {
      action: 'retry',
      filter: { appId: uid },
      ratePerSecond: 0.1,
    })
    await until(async () => (await get(`/background-task/${task.id}`)).data.done === 1)
    expect((await post(`/background-task/${task.id}/cancel`)).status).toBe(200)
    const { data } = await get(`/background-task/${task.id}`)
    expect(data).toMatchObject({ phase: 'canceled', done: 1 })
  })

  test('replays what is closed since a time', async () => {
    status = 200
    const { id } = await api.svix.message.create(uid, { eventType: 'a.b', payload: {} })
    const got = () => receiver.received.filter(({ headers }) => headers['webhook-id'] === id).length
    await until(() => got() === 2)
    const since = new Date(Date.now() - 60_000).toISOString()
    await until(async () => {
      const replay = { action: 'replay', filter: { appId: uid, states: ['delivered'], since } }
      return (await post('/bulk/preview', replay)).body.count === 2 && (await post('/bulk', replay))
    })
    await until(() => got() === 4)
  })

  test.each([
    [{ action: 'discard', filter: {} }, ['reason']],
    [{ action: 'retry', filter: {}, reason: 'no' }, ['reason']],
    [{ action: 'discard', reason: 'x', filter: { states: ['exhausted'] } }, ['filter', 'states']],
    [{ action: 'replay', filter: { states: ['waiting'] } }, ['filter', 'states']],
    [{ action: 'retry' }, ['filter']],
    [{ action: 'retry', filter: { cause: 'drop table' } }, ['filter', 'cause']],
    [{ action: 'retry', filter: { endpointId: 'a-uid' } }, ['filter', 'endpointId']],
    [{ action: 'eat', filter: {} }, ['action']],
  ])('%j is refused, and the field named', async (body, loc) => {
    for (const path of ['/bulk', '/bulk/preview']) {
      const answer = await post(path, body)
      expect(answer.status).toBe(422)
      expect(answer.body.detail[0].loc).toEqual(['body', ...loc])
    }
  })
})

test('a token sees and touches its own app alone; another tenant nothing; who only reads touches nothing', async () => {
  await fail(1)
  const first = uid
  await api.svix.application.create({ name: 'quiet', uid: 'quiet' })
  const { token } = await api.svix.authentication.appPortalAccess('quiet')
  const other = (await post('/tenant', { name: 'other' })).body.key
  for (const key of [token, other]) {
    expect((await get('/failure', key)).data).toEqual([])
    expect((await api.call('GET', `/api/v1/failure?app_id=${first}`, { key })).status).toBe(404)
    const path = `/api/v1/failure/delivery?endpoint_id=${once}`
    expect((await api.call('GET', path, { key })).status).toBe(404)
    const all = { action: 'retry', filter: {} }
    expect((await post('/bulk/preview', all, key)).body.count).toBe(0)
    expect((await post('/bulk', { action: 'retry', filter: { appId: first } }, key)).status).toBe(
      404,
    )
  }
  const reader = (await post('/key', { name: 'reader', role: 'read' })).body.key
  const body = { action: 'retry', filter: { appId: first } }
  expect((await post('/bulk/preview', body, reader)).status).toBe(200)
  expect((await post('/bulk', body, reader)).status).toBe(403)
})

test('a message is sent again to every endpoint that it was for', async () => {
  status = 200
  const { id } = await api.svix.message.create(uid, { eventType: 'a.b', payload: {} })
  const got = () => receiver.received.filter(({ headers }) => headers['webhook-id'] === id).length
  await until(() => got() === 2)
  await until(async () => (await get(`/app/${uid}/attempt/msg/${id}`)).data.length === 2)
  const answer = await post(`/app/${uid}/msg/${id}/resend`)
  expect([answer.status, answer.body]).toEqual([202, { deliveries: 2 }])
  await until(() => got() === 4)
})

interface Group {
  endpointId: string
  cause: { code: string }
  count: number
  givenUp: number
  endpoints: number
}
interface Delivery {
  messageId: string
  cause: { code: string }
}
