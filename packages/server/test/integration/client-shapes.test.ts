// Clients of every generation: the names they use, the paths they ask for, and what they must find in answers.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  api = await startApi()
  receiver = await startReceiver()
})
afterAll(async () => {
  await receiver?.close()
  await api?.stop()
})

const post = (path: string, body?: unknown) => api.call('POST', `/api/v1${path}`, { body })
const get = (path: string) => api.call('GET', `/api/v1${path}`)

async function app(uid: string): Promise<string> {
  expect((await post('/app', { name: uid, uid })).status).toBe(201)
  return `/app/${uid}`
}

test('filterTypes is eventTypes, in requests and answers, and an endpoint gets nothing else', async () => {
  const path = await app('names')
  const made = await post(`${path}/endpoint`, {
    uid: 'e',
    url: receiver.url,
    version: 1,
    filterTypes: ['invoice.paid'],
  })
  const names = { version: 1, eventTypes: ['invoice.paid'], filterTypes: ['invoice.paid'] }
  expect(made.body).toMatchObject(names)
  await post(`${path}/msg`, { eventType: 'password.reset', payload: {} })
  const sent = await post(`${path}/msg`, { eventType: 'invoice.paid', payload: { mine: 1 } })
  await until(() => receiver.received.length > 0)
  expect(receiver.received.map(({ body }) => String(body))).toEqual(['{"mine":1}'])
  const destinations = await get(`${path}/msg/${sent.body.id}/endpoint`)
  expect(destinations.body.data).toMatchObject([{ ...names, rateLimit: null }])

  const one = `/api/v1${path}/endpoint/e`
  const both = { eventTypes: ['a.a', 'b.b'], filterTypes: ['b.b', 'a.a'] }
  const put = await api.call('PUT', one, { body: { url: receiver.url, ...both } })
  expect(put.body.filterTypes).toEqual(['a.a', 'b.b'])
  const patched = await api.call('PATCH', one, { body: { filterTypes: ['c.c'], eventTypes: null } })
  expect(patched.body).toMatchObject({ eventTypes: ['c.c'], filterTypes: ['c.c'] })
  const all = await api.call('PATCH', one, { body: { filterTypes: [] } })
  expect(all.body).toMatchObject({ eventTypes: null, filterTypes: null })
})

test('two names of one thing with different values are refused; version can only be 1', async () => {
  const path = await app('differing')
  const url = receiver.url
  for (const [body, at] of [
    [{ url, eventTypes: ['a.a'], filterTypes: ['b.b'] }, 'filterTypes'],
    [{ url, throttleRate: 1, rateLimit: 2 }, 'rateLimit'],
    [{ url, version: 2 }, 'version'],
  ] as const) {
    const { status, body: answer } = await post(`${path}/endpoint`, body)
    expect(status).toBe(422)
    expect(answer.detail[0].loc).toEqual(['body', at])
  }
  const two = await post('/app', { name: 'x', throttleRate: 1, rateLimit: 2 })
  expect(two.body.detail[0].loc).toEqual(['body', 'rateLimit'])
  const message = await post(`${path}/msg`, { eventType: 'a.a', payload: { a: 1 }, data: { a: 2 } })
  expect(message.body.detail[0].loc).toEqual(['body', 'data'])
})

test('rateLimit is throttleRate, of applications and of endpoints', async () => {
  const path = await app('rates')
  const patched = await api.call('PATCH', `/api/v1${path}`, { body: { rateLimit: 3 } })
  expect(patched.body).toMatchObject({ rateLimit: 3, throttleRate: 3 })
  const made = await post(`${path}/endpoint`, {
    url: receiver.url,
    rateLimit: 4,
    throttleRate: null,
  })
  expect(made.body).toMatchObject({ rateLimit: 4, throttleRate: 4 })
})

test('data is payload, delivered to the letter', async () => {
  const path = await app('data')
  await post(`${path}/endpoint`, { url: receiver.url })
  const before = receiver.received.length
  const sent = await api.call('POST', `/api/v1${path}/msg`, {
    text: '{"eventType":"d.a","data":{"n":1.0,"z":"\\u00e9"}}',
    headers: { 'content-type': 'application/json' },
  })
  expect(sent.status).toBe(202)
  await until(() => receiver.received.length > before)
  expect(String(receiver.received.at(-1)!.body)).toBe('{"n":1.0,"z":"\\u00e9"}')
  const none = await post(`${path}/msg`, { eventType: 'd.a' })
  expect(none.body.detail[0].loc).toEqual(['body', 'payload'])
})

test('the other names are read by what Svix’s cloud has besides too, and answered', async () => {
  const path = await app('cloud-names')
  await post(`${path}/endpoint`, { uid: 'e', url: receiver.url, eventTypes: ['cloud.b'] })
  const simulated = await post(`${path}/endpoint/e/transformation/simulate`, {
    code: 'payload.n',
    eventType: 'a.b',
    data: { n: 7 },
  })
  expect(simulated.body.payload).toBe('7')
  const poller = await post(`${path}/polling-endpoint`, { name: 'p', filterTypes: ['a.b'] })
  expect(poller.body).toMatchObject({ eventTypes: ['a.b'], filterTypes: ['a.b'] })
  const since = new Date(Date.now() - 60_000).toISOString()
  const replayed = await post(`${path}/endpoint/e/bulk-replay`, { since, filterTypes: ['cloud.b'] })
  expect(replayed.status).toBe(202)
  const before = receiver.received.length
  expect((await post('/msg/broadcast', { eventType: 'cloud.b', data: { n: 1.5 } })).status).toBe(
    202,
  )
  await until(() => receiver.received.length > before)
  expect(String(receiver.received.at(-1)!.body)).toBe('{"n":1.5}')
  const both = { eventType: 'a.b', data: { n: 1 }, payload: { n: 2 } }
  expect((await post('/msg/broadcast', both)).body.detail[0].loc).toEqual(['body', 'data'])
})

test('metadata of null is none', async () => {
  const path = await app('meta')
  const url = receiver.url
  const calls = [
    ['POST', '/app', { name: 'x', metadata: null }],
    ['PUT', path, { name: 'x', metadata: null }],
    ['PATCH', path, { metadata: null }],
    ['POST', `${path}/endpoint`, { url, uid: 'm', metadata: null }],
    ['PUT', `${path}/endpoint/m`, { url, metadata: null }],
    ['PATCH', `${path}/endpoint/m`, { metadata: null }],
  ] as const
  for (const [method, at, body] of calls) {
    const answer = await api.call(method, `/api/v1${at}`, { body })
    expect(answer.status, `${method} ${at}`).toBeLessThan(300)
    expect(answer.body.metadata).toEqual({})
  }
})

test('a slash at the end of a path changes nothing, with a query and without', async () => {
  const path = await app('slashes')
  expect((await get(`${path}/`)).body.uid).toBe('slashes')
  expect(
    (await post(`${path}/msg/?with_content=false`, { eventType: 'a.a', payload: {} })).status,
  ).toBe(202)
  expect((await get('/health/')).status).toBe(204)
  const again = async (at: string) =>
    await api.call('POST', `/api/v1${at}`, {
      body: { name: 'once' },
      headers: { 'idempotency-key': 'slash' },
    })
  const once = await again('/app/')
  expect((await again('/app')).body).toEqual(once.body)
  const wrong = await api.call('DELETE', '/api/v1/health/')
  expect(wrong.status).toBe(405)
  expect(wrong.headers.get('allow')).toBe('GET')
})

test('endpoints are listed newest first', async () => {
  const path = await app('order')
  for (const uid of ['1', '2', '3', '4', '5'])
    await post(`${path}/endpoint`, { uid, url: receiver.url })
  const uids = async (query: string) =>
    (await get(`${path}/endpoint?${query}`)).body.data.map((one: { uid: string }) => one.uid)
  expect(await uids('limit=2')).toEqual(['5', '4'])
  expect(await uids('limit=2&order=ascending')).toEqual(['1', '2'])
})

test('the paths of clients 1.x answer: dashboard access, attempts of a message and of its endpoint', async () => {
  const path = await app('older')
  const endpoint = await post(`${path}/endpoint`, { uid: 'e', url: receiver.url })
  const { id } = (await post(`${path}/msg`, { eventType: 'a.a', payload: {} })).body
  const attempts = await until(async () => {
    const { body } = await get(`${path}/msg/${id}/attempt`)
    return body.data.length > 0 && body.data
  })
  expect(attempts).toMatchObject([{ msgId: id, endpointId: endpoint.body.id }])
  expect((await get(`${path}/msg/${id}/endpoint/e/attempt/`)).body.data).toEqual(attempts)

  // One that was deleted since is told of by its id, and by nothing else.
  await api.call('DELETE', `/api/v1${path}/endpoint/e`)
  const other = (await post(`${path}/msg`, { eventType: 'a.a', payload: {} })).body.id
  for (const of of [
    `${path}/msg/${id}/endpoint/ID/attempt`,
    `${path}/msg/${id}/attempt?endpoint_id=ID`,
    `${path}/attempt/msg/${id}?endpoint_id=ID`,
  ]) {
    const found = await get(of.replace('ID', endpoint.body.id))
    expect([of, found.status, found.body.data]).toEqual([of, 200, attempts])
    expect((await get(of.replace('ID', 'e'))).status).toBe(404)
    expect((await get(of.replace(id, other).replace('ID', endpoint.body.id))).status).toBe(404)
  }

  const access = await post('/auth/dashboard-access/older')
  expect(access.body).toEqual({
    token: expect.any(String),
    url: expect.stringContaining('/portal?tenant='),
  })
  const seen = await api.call('GET', `/api/v1${path}`, { key: access.body.token })
  expect(seen.status).toBe(200)
})

test('attempts are found by type in every form of the parameter', async () => {
  const path = await app('types')
  await post(`${path}/endpoint`, { uid: 'e', url: receiver.url })
  for (const eventType of ['a.b', 'c.d']) await post(`${path}/msg`, { eventType, payload: {} })
  await until(async () => (await get(`${path}/attempt/endpoint/e`)).body.data.length === 2)
  for (const name of ['event_types', 'event_types[]', 'event_types[0]']) {
    const { body } = await get(`${path}/attempt/endpoint/e?${name}=a.b`)
    expect(
      body.data.map((one: { eventType: string }) => one.eventType),
      name,
    ).toEqual(['a.b'])
  }
})

test('an application that comes along with a message says its uid, which is the path’s', async () => {
  const send = (application: object) =>
    post('/app/newone/msg', { eventType: 'a.a', payload: {}, application })
  for (const application of [{ name: 'n' }, { name: 'n', uid: 'other' }]) {
    const { status, body } = await send(application)
    expect(status).toBe(422)
    expect(body.detail[0].loc).toEqual(['body', 'application', 'uid'])
  }
  expect((await send({ name: 'n', uid: 'newone' })).status).toBe(202)
  // What the registry refuses of it is found in it too.
  const uid = 'app_01hzy3k9v2e8r5c7m4n6p8q0sa'
  const message = { eventType: 'a.a', payload: {}, application: { name: 'n', uid } }
  const { body } = await post(`/app/${uid}/msg`, message)
  expect(body.detail).toMatchObject([{ loc: ['body', 'application', 'uid'], code: 'taken_form' }])
})

test('a PUT creates under no uid that a POST would refuse, and names the path', async () => {
  const path = await app('puts')
  const put = (at: string, body: object) => api.call('PUT', `/api/v1${at}`, { body })
  for (const uid of ['a b', 'é', 'a/b', '\u200bx', 'a:b'])
    for (const [at, body, parameter] of [
      ['/app', { name: 'x' }, 'app_id'],
      ['/app', { name: 'x', uid: null }, 'app_id'],
      [`${path}/endpoint`, { url: receiver.url }, 'endpoint_id'],
      ['/operational-webhook/endpoint', { url: receiver.url }, 'endpoint_id'],
    ] as const) {
      const answer = await put(`${at}/${encodeURIComponent(uid)}`, body)
      expect([at, uid, answer.status]).toEqual([at, uid, 422])
      expect(answer.body.detail).toMatchObject([
        { loc: ['path', parameter], code: 'name_characters' },
      ])
    }
  const made = await put(`${path}/endpoint/a-b_c.d`, { url: receiver.url })
  expect([made.status, made.body.uid]).toEqual([201, 'a-b_c.d'])
})

test('a rotated secret is answered to clients from 2.8 on, and to no others', async () => {
  const path = await app('rotating')
  await post(`${path}/endpoint`, { uid: 'e', url: receiver.url })
  const rotate = (agent: string, body?: object) =>
    api.call('POST', `/api/v1${path}/endpoint/e/secret/rotate`, {
      ...(body && { body }),
      headers: { 'user-agent': agent },
    })
  for (const agent of ['svix-libs/1.99.1/javascript', 'svix-libs/2.7.0/go', 'curl/8'])
    expect((await rotate(agent)).status, agent).toBe(204)
  const key = `whsec_${Buffer.alloc(75, 5).toString('base64')}`
  expect((await rotate('svix-libs/2.8.0/python', { key })).body).toEqual({ key })
  for (const agent of ['svix-libs/2.10/java', 'svix-libs/3.0.0/rust'])
    expect((await rotate(agent)).body, agent).toEqual({ key: expect.stringMatching(/^whsec_/) })
})

test('secrets of 24 to 75 bytes are taken', async () => {
  const path = await app('secrets')
  const made = (bytes: number) =>
    post(`${path}/endpoint`, {
      url: receiver.url,
      secret: `whsec_${Buffer.alloc(bytes, 5).toString('base64')}`,
    })
  for (const bytes of [24, 64, 65, 75]) expect((await made(bytes)).status).toBe(201)
  for (const bytes of [23, 76]) expect((await made(bytes)).status).toBe(422)
})

test('health says its parts where they are asked for', async () => {
  expect((await get('/health')).status).toBe(204)
  const { status, body } = await get('/health?detail=true')
  expect(status).toBe(200)
  expect(body).toMatchObject({ ready: true, checks: expect.any(Array) })
})
