// Polling endpoints, integrations, and tokens that may do one thing only.
import pg from 'pg'
import { say } from '../../src/core/sentences/sentences.ts'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { ApiException, Svix } from 'svix'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until } from '../support/receiver.ts'

let pombo: TestPombo
let svix: Svix
let appId: string

beforeAll(async () => {
  pombo = await startPombo()
  svix = clientOf(pombo.key)
})
afterAll(() => pombo.stop())
beforeEach(async () => {
  appId = (await svix.application.create({ name: 'polled' })).id
})

const clientOf = (key: string) => new Svix(key, { serverUrl: pombo.url, numRetries: 0 })
const call: TestPombo['api'] = (...given) => pombo.api(...given)
const send = (n: number, eventType = 'd.a', more: object = {}) =>
  svix.message.create(appId, { eventType, payload: { n }, ...more })
const poller = async (more: object = {}): Promise<string> =>
  (await call('POST', `/app/${appId}/polling-endpoint`, { name: 'p', ...more })).body.id as string
const refusal = async (promise: Promise<unknown>) =>
  await promise.then(
    () => undefined,
    (error: unknown) => (error as ApiException<unknown>).code,
  )
const numbers = ({ data }: { data: { payload: unknown }[] }) =>
  data.map(({ payload }) => (payload as { n: number }).n)

test('a poller reads what is meant for it, in the order of acceptance, page by page, each once', async () => {
  const id = await poller({ eventTypes: ['d.*'], filter: 'payload.n != 3' })
  for (const [n, type] of [
    [1, 'd.a'],
    [2, 'x.a'],
    [3, 'd.a'],
    [4, 'd.b'],
    [5, 'd.a'],
  ] as const)
    await send(n, type)
  const { poller: reader } = svix.message
  const first = await until(async () => {
    const page = await reader.poll(appId, id, { limit: 2 })
    return page.data.length === 2 ? page : undefined
  })
  expect([numbers(first), first.done]).toEqual([[1, 4], false])
  expect(first.data[0]).toMatchObject({ eventType: 'd.a', payload: { n: 1 }, headers: null })
  const rest = await until(async () => {
    const page = await reader.poll(appId, id, { iterator: first.iterator })
    return page.data.length > 0 ? page : undefined
  })
  expect([numbers(rest), rest.done]).toEqual([[5], true])
  expect(numbers(await reader.poll(appId, id, { iterator: rest.iterator }))).toEqual([])
  const one = await reader.poll(appId, id, { eventType: 'd.b' })
  expect(numbers(one)).toEqual([4])
})

test('a consumer gets again what it is not done with; others have places of their own; seek sets it back', async () => {
  const before = new Date()
  const id = await poller()
  await send(1)
  await send(2)
  const { poller: reader } = svix.message
  const first = await until(async () => {
    const page = await reader.consumerPoll(appId, id, 'one', { limit: 1 })
    return page.data.length > 0 ? page : undefined
  })
  expect(numbers(await reader.consumerPoll(appId, id, 'one', { limit: 1 }))).toEqual([1])
  const second = await until(async () => {
    const page = await reader.consumerPoll(appId, id, 'one', { iterator: first.iterator })
    return page.data.length > 0 ? page : undefined
  })
  expect(numbers(second)).toEqual([2])
  await reader.consumerPoll(appId, id, 'one', { iterator: second.iterator })
  expect(numbers(await reader.consumerPoll(appId, id, 'one'))).toEqual([])
  expect(numbers(await reader.consumerPoll(appId, id, 'two'))).toEqual([1, 2])
  const { iterator } = await reader.consumerSeek(appId, id, 'one', { after: before })
  expect(iterator).toMatch(/^msg_/)
  expect(numbers(await reader.consumerPoll(appId, id, 'one'))).toEqual([1, 2])
})

test('a request that waits is answered when a message comes, and when its time is over', async () => {
  const id = await poller()
  const started = performance.now()
  const waiting = call('GET', `/app/${appId}/poller/${id}?wait=20`)
  await send(1)
  expect(numbers((await waiting).body)).toEqual([1])
  expect(performance.now() - started).toBeLessThan(15_000)
  const empty = await call('GET', `/app/${appId}/poller/${id}?wait=1&event_type=none`)
  expect(empty.body).toMatchObject({ data: [], done: true })
})

test('requests that wait look for messages together, and each is answered with those of its app', async () => {
  const quiet = await svix.application.create({ name: 'quiet' })
  const id = await poller()
  await call('POST', `/app/${quiet.id}/polling-endpoint`, { name: 'p', uid: 'quiet' })
  const query = vi.spyOn(pombo.app.pool, 'query')
  try {
    const waits = Array.from({ length: 40 }, (_, n) =>
      call(
        'GET',
        n === 0 ? `/app/${appId}/poller/${id}?wait=20` : `/app/${quiet.id}/poller/quiet?wait=5`,
      ),
    )
    await send(1)
    const answers = await Promise.all(waits)
    expect(answers.map(({ body }) => numbers(body))).toEqual([[1], ...Array(39).fill([])])
    const looks = query.mock.calls.filter(([asked]) =>
      JSON.stringify(asked).includes('from message'),
    )
    // The first of each, and what one would need alone.
    expect(looks.length).toBeLessThan(80)
  } finally {
    query.mockRestore()
  }
})

test('no message is passed over while its transaction still writes', async () => {
  const id = await poller()
  // Not of the pool, whose transactions end when they idle.
  const client = new pg.Client({ connectionString: pombo.database.url })
  await client.connect()
  try {
    await client.query('begin')
    // As a node that hangs between taking a message in and its commit.
    await client.query('create temporary table writing (n int) on commit drop')
    await send(1)
    const late = call('GET', `/app/${appId}/poller/${id}?wait=5`)
    expect((await late).body.data).toEqual([])
    await client.query('commit')
  } finally {
    await client.end()
  }
  const after = await call('GET', `/app/${appId}/poller/${id}?wait=10`)
  expect(numbers(after.body)).toEqual([1])
})

test('polling endpoints are listed, changed and deleted; a filter that cannot be read is refused', async () => {
  const id = await poller({ uid: 'mine' })
  const path = `/app/${appId}/polling-endpoint`
  const patched = await call('PATCH', `${path}/mine`, { channels: ['a'] })
  expect(patched.body).toMatchObject({ id, uid: 'mine', channels: ['a'], eventTypes: null })
  expect((await call('PATCH', `${path}/${id}`, { name: 'b' })).body.name).toBe('b')
  expect((await call('GET', path)).body.data).toMatchObject([{ id }])
  const bad = await call('POST', path, { filter: 'payload.(' })
  expect([bad.status, bad.text.includes('filter')]).toEqual([422, true])
  expect((await call('POST', path, { uid: 'mine' })).status).toBe(409)
  expect((await call('DELETE', `${path}/mine`)).status).toBe(204)
  expect((await call('GET', `/app/${appId}/poller/${id}`)).status).toBe(404)
})

test('a token of a polling endpoint reads it and nothing else, until it is rotated', async () => {
  const id = await poller()
  const other = await poller()
  const path = `/auth/app/${appId}/poller/${id}/token`
  const { token } = (await call('GET', path)).body as { token: string }
  expect((await call('GET', path)).status).toBe(409)
  const reader = clientOf(token)
  expect((await reader.message.poller.poll(appId, id)).data).toEqual([])
  expect(await refusal(reader.message.poller.poll(appId, other))).toBe(404)
  expect(await refusal(reader.message.create(appId, { eventType: 'a', payload: {} }))).toBe(403)
  expect(await refusal(reader.endpoint.list(appId))).toBe(403)
  expect(await refusal(reader.application.list())).toBe(403)
  const waiting = call('GET', `/app/${appId}/poller/${id}?wait=20`, undefined, token)
  const rotated = await call('POST', `${path}/rotate`, { expiry: 3_600 })
  expect(rotated.body).toMatchObject({ scopes: ['poll'], expiresAt: expect.any(String) })
  expect(await refusal(reader.message.poller.poll(appId, id))).toBe(401)
  expect((await clientOf(rotated.body.token).message.poller.poll(appId, id)).data).toEqual([])
  expect((await waiting).status).toBe(401)
})

test('tokens for one thing alone reach nothing by the dialects, nor one for polling the intake', async () => {
  const id = await poller()
  const poll = (await call('GET', `/auth/app/${appId}/poller/${id}/token`)).body.token as string
  const sends = `/auth/app/${appId}/create-message-token`
  const send = (await call('POST', sends, { name: 'shop' })).body.token as string
  const only = { [poll]: 'poll_only', [send]: 'send_only' }
  const ask = async (method: string, path: string, key: string, body?: object) => {
    const headers = { authorization: `Bearer ${key}`, apikey: key }
    return await pombo.call(method, path, { headers, ...(body && { body }) })
  }
  for (const [key, code] of Object.entries(only)) {
    const device = { authorization: `Basic ${btoa(`x:${key}`)}` }
    for (const refused of [
      await ask('GET', '/api/v1/sessions', key),
      await ask('GET', `/api/v1/sessions/${appId}`, key),
      await ask('POST', `/api/v1/sessions/${appId}/webhook/retry`, key, {}),
      await ask('GET', '/api/whatsmeow/webhook/logs', key),
      await ask('GET', '/webhook/logs/export', key),
      await ask('GET', '/api/webhooks/endpoints', key),
      await ask('POST', '/api/webhooks/trigger', key, {}),
      await pombo.call('GET', '/api/devices', { headers: device }),
    ])
      expect([refused.status, refused.text]).toEqual([
        403,
        expect.stringContaining(say(code as 'poll_only')),
      ])
  }
  const event = { event: 'messages.upsert', data: {} }
  expect((await ask('POST', `/ingest/baileys/${appId}`, send, event)).status).toBe(200)
  for (const path of [`/ingest/baileys/${appId}`, `/evolution/${appId}`])
    expect((await ask('POST', path, poll, event)).status).toBe(403)
})

test('a message token sends to its application and can do nothing else', async () => {
  const other = await svix.application.create({ name: 'other', uid: `other-${Date.now()}` })
  const path = `/auth/app/${appId}/create-message-token`
  const { body } = await call('POST', path, { name: 'shop', expiry: 3_600 })
  expect(body).toMatchObject({ name: 'shop', scopes: ['send'] })
  const sender = clientOf(body.token)
  expect((await sender.message.create(appId, { eventType: 'a.b', payload: {} })).id).toMatch(
    /^msg_/,
  )
  expect(await refusal(sender.message.create(other.id, { eventType: 'a.b', payload: {} }))).toBe(
    404,
  )
  const brought = { eventType: 'a.b', payload: {}, application: { name: 'new', uid: 'brought' } }
  expect(await refusal(sender.message.create('brought', brought))).toBe(404)
  expect(await refusal(sender.message.list(appId))).toBe(403)
  expect(await refusal(sender.endpoint.create(appId, { url: 'https://example.com' }))).toBe(403)
  const me = await call('GET', '/auth/whoami', undefined, body.token)
  expect(me.body).toMatchObject({ appId, use: 'send', operator: false })
  expect((await call('GET', '/auth/whoami')).body).toMatchObject({ appId: null, operator: true })
})

test("an integration's key reaches its application, is shown again, rotated, and ends with it", async () => {
  const { id } = await svix.integration.create(appId, {
    name: 'Storefront',
    featureFlags: ['beta'],
  })
  expect((await svix.integration.list(appId)).data).toMatchObject([{ id, name: 'Storefront' }])
  const keyPath = `/app/${appId}/integration/${id}/key`
  const { key } = (await call('GET', keyPath)).body as { key: string }
  expect((await call('GET', keyPath)).body.key).toBe(key)
  expect((await clientOf(key).endpoint.list(appId)).data).toEqual([])
  expect(await refusal(clientOf(key).application.list())).toBe(403)
  expect((await call('GET', keyPath, undefined, key)).status).toBe(403)
  await svix.authentication.expireAll(appId, {})
  expect((await clientOf(key).endpoint.list(appId)).data).toEqual([])
  const renamed = await svix.integration.update(appId, id, { name: 'Shop' })
  expect(renamed).toMatchObject({ name: 'Shop', featureFlags: [] })
  const rotated = await svix.integration.rotateKey(appId, id)
  expect(await refusal(clientOf(key).endpoint.list(appId))).toBe(401)
  expect((await call('GET', keyPath)).body.key).toBe(rotated.key)
  const { rows } = await pombo.database.pool.query('select * from audit_log, integration')
  expect(JSON.stringify(rows)).not.toContain(rotated.key)
  await svix.integration.delete(appId, id)
  expect(await refusal(clientOf(rotated.key).endpoint.list(appId))).toBe(401)
  expect((await call('GET', keyPath)).status).toBe(404)
})

test('tokens of an application end after a time, or those of some sessions alone', async () => {
  const token = async (sessionId: string) =>
    (await svix.authentication.appPortalAccess(appId, { sessionId } as never)).token
  const [one, two] = [await token('one'), await token('two')]
  const path = `/auth/app/${appId}/expire-all`
  expect((await call('POST', path, { sessionIds: ['one'] })).status).toBe(204)
  expect(await refusal(clientOf(one).endpoint.list(appId))).toBe(401)
  expect((await clientOf(two).endpoint.list(appId)).data).toEqual([])
  expect((await call('POST', path, { expiry: 3_600 })).status).toBe(204)
  const me = await call('GET', '/auth/whoami', undefined, two)
  expect(Date.parse(me.body.expiresAt)).toBeLessThan(Date.now() + 3_601_000)
})
