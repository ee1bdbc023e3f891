// Environments exported and imported, tenants and keys as Svix's management knows them, limits, the stream of messages.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Svix } from 'svix'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { startReceiver, until } from '../support/receiver.ts'

let pombo: TestPombo

beforeAll(async () => {
  pombo = await startPombo()
})
afterAll(() => pombo.stop())

const call = (key: string, method: string, path: string, body?: unknown) =>
  pombo.api(method, path, body, key)
async function tenant() {
  const { body } = await call(pombo.key, 'POST', '/tenant', { name: 'of its own' })
  const key = String(body.key)
  return {
    id: String(body.id),
    svix: new Svix(key, { serverUrl: pombo.url, numRetries: 0 }),
    call: (method: string, path: string, given?: unknown) => call(key, method, path, given),
  }
}

/** Event types of every kind. */
async function filled() {
  const made = await tenant()
  const schemas = { 1: { type: 'object' }, 2: { type: 'object', required: ['id'] } }
  await made.svix.eventType.create({ name: 'a.b', description: 'first', schemas, groupName: 'g' })
  await made.svix.eventType.create({ name: 'c.d', description: 'second', featureFlags: ['beta'] })
  await made.svix.eventType.create({ name: 'e.f', description: 'gone' })
  await made.svix.eventType.delete('e.f')
  const retrySchedule = [{ secs: 1, nanos: 500_000_000 }]
  await made.call('PUT', '/event-type/a.b/retry-schedule', { retrySchedule })
  await made.call('PATCH', '/event-type/a.b', { payloadCheck: 'report', deprecated: true })
  await call(pombo.key, 'PATCH', `/tenant/${made.id}`, { signatureHeaders: 'both' })
  return made
}

test('an exported environment makes another one the same, and changes nothing where it is the same', async () => {
  const from = await filled()
  const exported = await from.svix.environment.export()
  const raw = (await from.call('POST', '/environment/export')).body
  const same = await from.call('POST', '/environment/import', raw)
  expect(same.body).toEqual({
    applied: true,
    eventTypes: { created: [], changed: [], unchanged: 3 },
    settings: {},
  })
  const to = await tenant()
  const made = await to.call('POST', '/environment/import', raw)
  expect(made.body.eventTypes.created).toEqual(['a.b', 'c.d', 'e.f'])
  const timeless = (given: { eventTypes: object[]; settings: unknown }) => ({
    settings: given.settings,
    eventTypes: given.eventTypes.map((type) => ({ ...type, createdAt: '', updatedAt: '' })),
  })
  expect(timeless((await to.call('POST', '/environment/export')).body)).toEqual(timeless(raw))
  // The client's own words.
  const third = await tenant()
  await third.svix.environment.import({
    eventTypes: exported.eventTypes.map(({ name, description }) => ({ name, description })),
  })
  expect((await third.svix.eventType.list()).data.map(({ name }) => name)).toEqual([
    'a.b',
    'c.d',
    'e.f',
  ])
})

test('a dry run shows each field before and after, and leaves all as it is', async () => {
  const { call: ask, svix } = await filled()
  const given = {
    dryRun: true,
    eventTypes: [
      { name: 'c.d', description: 'changed', featureFlags: ['beta'] },
      { name: 'new', description: 'made' },
    ],
    settings: { signatureHeaders: null },
  }
  const { body } = await ask('POST', '/environment/import', given)
  expect(body).toEqual({
    applied: false,
    eventTypes: {
      created: ['new'],
      changed: [{ name: 'c.d', fields: { description: { before: 'second', after: 'changed' } } }],
      unchanged: 0,
    },
    settings: { signatureHeaders: { before: 'both', after: null } },
  })
  expect((await svix.eventType.get('c.d')).description).toBe('second')
  const applied = await ask('POST', '/environment/import', { ...given, dryRun: false })
  expect(applied.body).toEqual({ ...body, applied: true })
  expect((await svix.eventType.get('c.d')).description).toBe('changed')
  expect((await svix.eventType.get('a.b')).description).toBe('first')
})

test.each([
  [
    {
      eventTypes: [
        { name: 'x', description: '' },
        { name: 'x', description: '' },
      ],
    },
    'twice',
  ],
  [{ eventTypes: [{ name: 'y', description: '', schemas: { 1: { type: 'strng' } } }] }, 'schemas'],
  [{ eventTypes: [{ name: 'z', description: '' }], connectors: [{ name: 'c' }] }, 'connectors'],
  [{ eventTypes: [{ name: 'z', description: '', nosuch: 1 }] }, 'nosuch'],
])('an import of %j is refused as a whole', async (given, word) => {
  const { call: ask, svix } = await tenant()
  const refused = await ask('POST', '/environment/import', given)
  expect([refused.status, refused.text.includes(word)]).toEqual([422, true])
  expect((await svix.eventType.list()).data).toEqual([])
})

test('environments are tenants: made with a key that works, listed, renamed, for the operator alone', async () => {
  const path = '/management/environment'
  const made = await call(pombo.key, 'POST', path, { name: 'staging', type: 'development' })
  expect(made).toMatchObject({
    status: 201,
    body: { name: 'staging', type: 'development', region: 'self-hosted' },
  })
  const { id, key } = made.body as { id: string; key: string }
  expect((await call(key, 'GET', '/app')).body.data).toEqual([])
  expect((await call(key, 'GET', path)).status).toBe(403)
  const renamed = await call(pombo.key, 'PUT', `${path}/${id}`, { name: 'test' })
  expect(renamed.body).toMatchObject({ id, name: 'test', type: 'development' })
  expect((await call(pombo.key, 'GET', `${path}/${id}`)).body).toEqual(renamed.body)
  const { data } = (await call(pombo.key, 'GET', path)).body as { data: { id: string }[] }
  expect(data.map((one) => one.id)).toContain(id)
})

test('an environment that is deleted takes its keys, applications and sources along; the first one stays', async () => {
  const { id, svix, call: ask } = await tenant()
  const receiver = await startReceiver()
  const app = await svix.application.create({ name: 'a', uid: 'shop' })
  await svix.endpoint.create(app.id, { url: receiver.url })
  await svix.message.create('shop', { eventType: 'a', payload: {} })
  await receiver.waitFor(1)
  const source = await ask('POST', `/app/shop/source`, { name: 'zap', gateway: 'webhook' })
  const ingest = new URL(String(source.body.ingestUrl), pombo.url)
  const came = async () => (await fetch(ingest, { method: 'POST', body: '{"type":"a"}' })).status
  expect(await came()).toBeLessThan(300)
  const path = `/management/environment/${id}`
  expect((await ask('DELETE', path)).status).toBe(403)
  expect((await call(pombo.key, 'DELETE', path)).status).toBe(204)
  expect((await ask('GET', '/app')).status).toBe(401)
  expect(await came()).toBe(401)
  expect((await call(pombo.key, 'GET', path)).status).toBe(404)
  expect((await call(pombo.key, 'DELETE', path)).status).toBe(404)
  const { data } = (await call(pombo.key, 'GET', '/tenant')).body as { data: { id: string }[] }
  const kept = await call(pombo.key, 'DELETE', `/tenant/${data[0]!.id}`)
  expect([kept.status, kept.text.includes('operator')]).toEqual([409, true])
  expect((await call(pombo.key, 'GET', '/app')).status).toBe(200)
  await receiver.close()
})

test('API tokens are keys: shown once, with their role, and ended at once or later', async () => {
  const { call: ask } = await tenant()
  const path = '/management/authentication/api-token'
  const made = await ask('POST', path, { name: 'reader', scopes: ['read'] })
  expect(made.body).toMatchObject({ name: 'reader', scopes: ['read'], expiresAt: null })
  const { id, token } = made.body as { id: string; token: string }
  expect((await call(token, 'GET', '/app')).status).toBe(200)
  expect((await call(token, 'POST', '/app', { name: 'a' })).status).toBe(403)
  const listed = await ask('GET', path)
  expect(listed.text).not.toContain(token)
  expect(listed.body.data).toMatchObject([{ name: 'first' }, { id, scopes: ['read'] }])
  expect((await ask('POST', `${path}/${id}/expire`, { expiry: 60 })).status).toBe(204)
  expect((await call(token, 'GET', '/app')).status).toBe(200)
  expect((await ask('POST', `${path}/${id}/expire`)).status).toBe(204)
  expect((await call(token, 'GET', '/app')).status).toBe(401)
  const stranger = await tenant()
  expect((await stranger.call('POST', `${path}/${id}/expire`)).status).toBe(404)
  expect((await ask('POST', path, { name: 'x', scopes: ['everything'] })).status).toBe(422)
})

test("an endpoint's limits are shown, and how far they are used up", async () => {
  const receiver = await startReceiver()
  const { svix, call: ask } = await tenant()
  const app = await svix.application.create({ name: 'a' })
  const { id } = await svix.endpoint.create(app.id, { url: receiver.url, throttleRate: 1 })
  const path = `/app/${app.id}/endpoint/${id}`
  await ask('PATCH', path, { throttleWindowMs: 3_600_000 })
  await svix.message.create(app.id, { eventType: 'a', payload: {} })
  await receiver.waitFor(1)
  await svix.message.create(app.id, { eventType: 'a', payload: {} })
  const shown = await until(async () => {
    const { body } = await ask('GET', `${path}/rate-limit`)
    return body.attemptsInWindow === 1 && body.waiting + body.sending === 1 ? body : undefined
  })
  expect(shown).toMatchObject({ throttleRate: 1, throttleWindowMs: 3_600_000, maxInFlight: 20 })
  await receiver.close()
})

test("an application's messages are read as a stream of pages, without an endpoint", async () => {
  const { svix, call: ask } = await tenant()
  const app = await svix.application.create({ name: 'a' })
  for (const [n, channel] of [
    [1, 'x'],
    [2, 'y'],
    [3, 'x'],
  ] as const)
    await svix.message.create(app.id, { eventType: 'a.b', channels: [channel], payload: { n } })
  const numbers = (body: { data: { payload: { n: number } }[] }) =>
    body.data.map(({ payload }) => payload.n)
  const all = await until(async () => {
    const { body } = await ask('GET', `/app/${app.id}/events`)
    return body.data.length === 3 ? body : undefined
  })
  expect([numbers(all), all.done]).toEqual([[1, 2, 3], true])
  const first = (await ask('GET', `/app/${app.id}/events?limit=1&channels=x`)).body
  expect([numbers(first), first.done]).toEqual([[1], false])
  const rest = await ask('GET', `/app/${app.id}/events?channels=x&iterator=${first.iterator}`)
  expect(numbers(rest.body)).toEqual([3])
  expect(numbers((await ask('GET', `/app/${app.id}/events?event_types=c`)).body)).toEqual([])
})
