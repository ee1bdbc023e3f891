// Endpoints, event types and operational webhooks through the API, driven by the official client.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refused, startApi, type TestApi } from '../support/api-server.ts'
import { startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let appId: string
beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => await api?.stop())
beforeEach(async () => {
  appId = (await api.svix.application.create({ name: 'app' })).id
})

const url = 'http://127.0.0.1:9/hook'
const create = async (body: object) =>
  await api.call('POST', `/api/v1/app/${appId}/endpoint`, { body: { url, ...body } })

describe('endpoints', () => {
  test('can be created, read by id and uid, changed and deleted', async () => {
    const made = await api.svix.endpoint.create(appId, {
      url,
      uid: 'ep',
      description: 'd',
      eventTypes: ['a.b'],
      channels: ['c'],
      metadata: { k: 'v' },
      throttleRate: 7,
    })
    expect(made).toMatchObject({
      url,
      uid: 'ep',
      description: 'd',
      eventTypes: ['a.b'],
      channels: ['c'],
      metadata: { k: 'v' },
      throttleRate: 7,
      disabled: false,
    })
    expect(await api.svix.endpoint.get(appId, 'ep')).toEqual(made)
    expect(await api.svix.endpoint.get(appId, made.id)).toEqual(made)
    expect((await api.svix.endpoint.list(appId)).data).toEqual([made])
    expect(
      await api.svix.endpoint.patch(appId, 'ep', { eventTypes: [], channels: null }),
    ).toMatchObject({ eventTypes: null, channels: null, description: 'd' })
    expect(await api.svix.endpoint.upsert(appId, 'ep', { url: `${url}/2` })).toMatchObject({
      id: made.id,
      url: `${url}/2`,
      description: '',
      throttleRate: null,
    })
    await api.svix.endpoint.delete(appId, 'ep')
    expect(await refused(api.svix.endpoint.get(appId, 'ep'))).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    })
  })

  test('PUT creates with 201 under the uid of the path', async () => {
    const answer = await api.call('PUT', `/api/v1/app/${appId}/endpoint/mine`, { body: { url } })
    expect(answer).toMatchObject({ status: 201, body: { uid: 'mine' } })
  })

  test("Pombo's own fields are kept and shown, and a Svix client's PUT leaves them alone", async () => {
    const own = {
      dialect: 'standard',
      retrySchedule: [1, 2.5],
      timeoutMs: 2_000,
      maxInFlight: 3,
      ordering: 'key',
      priority: 'high',
      filter: 'payload.n == 1',
      signatureHeaders: 'svix',
      rateLimit: 9,
      circuit: { failuresToOpen: 4 },
    }
    const made = await create({ uid: 'own', ...own })
    expect(made).toMatchObject({
      status: 201,
      body: { ...own, throttleRate: 9, paused: false, health: { circuit: 'closed' } },
    })
    await api.svix.endpoint.upsert(appId, 'own', { url })
    const after = await api.call('GET', `/api/v1/app/${appId}/endpoint/own`)
    const { rateLimit: _, ...kept } = own
    expect(after.body).toMatchObject({ ...kept, throttleRate: null })
  })

  test.each([
    ['a URL that is none', { url: 'not a url' }, 'url'],
    ['an address that is forbidden', { url: 'http://10.0.0.1/' }, 'url'],
    ['credentials in the URL', { url: 'http://user:word@example.com/' }, 'url'],
    ['an unknown dialect', { dialect: 'klingon' }, 'dialect'],
    ['a broken filter', { filter: 'payload.' }, 'filter'],
    ['no event types at all', { eventTypes: [] }, 'eventTypes'],
    ['a bad secret', { secret: 'whsec_short' }, 'secret'],
    ['a reserved header', { headers: { 'content-length': '5' } }, 'headers'],
    ['a timeout out of range', { timeoutMs: 5 }, 'timeoutMs'],
    ['a retry in the past', { retrySchedule: [-1] }, 'retrySchedule'],
    ['two rates', { throttleRate: 1, rateLimit: 2 }, 'rateLimit'],
    ['U+0000 in a description', { description: '\u0000' }, 'description'],
    ['U+0000 in dialect options', { dialectOptions: { a: '\u0000' } }, 'dialectOptions'],
  ])('%s is refused, naming the field', async (_, body, field) => {
    const answer = await create(body)
    expect(answer.status).toBe(422)
    expect(answer.body.detail[0].loc.slice(0, 2)).toEqual(['body', field])
  })

  test('secrets can be given, made, shown and rotated', async () => {
    const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
    await api.svix.endpoint.create(appId, { url, uid: 'given', secret })
    expect(await api.svix.endpoint.getSecret(appId, 'given')).toEqual({ key: secret })
    await api.svix.endpoint.rotateSecret(appId, 'given', {})
    const { key } = await api.svix.endpoint.getSecret(appId, 'given')
    expect(key).toMatch(/^whsec_/)
    expect(key).not.toBe(secret)
    const next = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    await api.svix.endpoint.rotateSecret(appId, 'given', { key: next, gracePeriodSeconds: 0 })
    expect(await api.svix.endpoint.getSecret(appId, 'given')).toEqual({ key: next })
  })

  test('sensitive headers are shown by name only', async () => {
    await api.svix.endpoint.create(appId, { url, uid: 'heads' })
    await api.svix.endpoint.setHeaders(appId, 'heads', {
      headers: { 'X-One': '1', Authorization: 'secret' },
    })
    expect(await api.svix.endpoint.getHeaders(appId, 'heads')).toEqual({
      headers: { 'X-One': '1' },
      sensitive: ['Authorization'],
    })
    await api.svix.endpoint.patchHeaders(appId, 'heads', {
      headers: { 'X-Two': '2' },
      deleteHeaders: ['x-one'],
    })
    expect(await api.svix.endpoint.getHeaders(appId, 'heads')).toEqual({
      headers: { 'X-Two': '2' },
      sensitive: ['Authorization'],
    })
    await api.call('PATCH', `/api/v1/app/${appId}/endpoint/heads/headers`, {
      body: { headers: { authorization: null } },
    })
    expect(await api.svix.endpoint.getHeaders(appId, 'heads')).toEqual({
      headers: { 'X-Two': '2' },
      sensitive: [],
    })
  })

  test('can be paused, resumed, disabled and enabled', async () => {
    await create({ uid: 'p', disabled: true })
    const post = async (what: string) =>
      (await api.call('POST', `/api/v1/app/${appId}/endpoint/p/${what}`)).body
    expect(await post('pause')).toMatchObject({
      paused: true,
      disabled: true,
      disabledReason: 'disabled by hand',
    })
    expect(await post('resume')).toMatchObject({ paused: false })
    expect(await post('enable')).toMatchObject({ disabled: false, disabledReason: null })
  })

  test('a circuit opened by hand holds deliveries back until it is closed, and both are told once', async () => {
    const receiver = await startReceiver()
    const operator = await startReceiver()
    await api.svix.operationalWebhook.endpoint.create({ url: operator.url, uid: 'circuits' })
    await create({ uid: 'c', url: receiver.url })
    const opened = await api.call('POST', `/api/v1/app/${appId}/endpoint/c/circuit`, {
      body: { state: 'open', seconds: 600 },
    })
    expect(opened.body.health).toMatchObject({
      circuit: 'open',
      nextProbeAt: expect.stringContaining('T'),
    })
    await api.svix.message.create(appId, { eventType: 'a', payload: {} })
    const [waiting] = (await api.svix.messageAttempt.listAttemptedMessages(appId, 'c')).data
    expect(waiting).toMatchObject({ statusText: 'pending' })
    expect(receiver.received).toHaveLength(0)
    const closed = await api.call('POST', `/api/v1/app/${appId}/endpoint/c/circuit`, {
      body: { state: 'closed' },
    })
    expect(closed.body.health).toMatchObject({ circuit: 'closed', nextProbeAt: null })
    await receiver.waitFor(1)
    // It is closed already.
    await api.call('POST', `/api/v1/app/${appId}/endpoint/c/circuit`, { body: { state: 'closed' } })
    await api.svix.endpoint.delete(appId, 'c')
    const told = () =>
      operator.received
        .map(({ body }) => JSON.parse(body) as { type: string; data: Record<string, unknown> })
        .filter(({ data }) => data['endpointUid'] === 'c')
    await until(() => told().some(({ type }) => type === 'endpoint.deleted'))
    expect(told().filter(({ type }) => type.startsWith('endpoint.circuit'))).toHaveLength(2)
    expect(told().find(({ type }) => type === 'endpoint.circuit.opened')!.data).toMatchObject({
      appId,
      nextProbeAt: opened.body.health.nextProbeAt,
    })
    await api.svix.operationalWebhook.endpoint.delete('circuits')
    await operator.close()
    await receiver.close()
  })

  test('of another app are not found', async () => {
    const made = await api.svix.endpoint.create(appId, { url })
    const other = await api.svix.application.create({ name: 'other' })
    expect(await refused(api.svix.endpoint.get(other.id, made.id))).toMatchObject({ status: 404 })
    expect(await refused(api.svix.endpoint.delete(other.id, made.id))).toMatchObject({
      status: 404,
    })
  })
})

test('blanks around the URLs of an endpoint are taken off, and the answer shows it', async () => {
  const base = 'http://127.0.0.1:9'
  const made = await api.call('POST', `/api/v1/app/${appId}/endpoint`, {
    body: { url: `  ${base}/trim\t`, uid: 'trim', eventTypes: ['nothing.*'] },
  })
  expect(made.status, made.text).toBe(201)
  expect(made.body.url).toBe(`${base}/trim`)
  const patched = await api.call('PATCH', `/api/v1/app/${appId}/endpoint/trim`, {
    body: { url: ` ${base}/other ` },
  })
  expect(patched.body.url).toBe(`${base}/other`)
  for (const unseen of ['\u200b', '\u2060', '\ufeff', '\u200e', '\u00ad \u200b']) {
    const url = `${unseen}${base}/pasted${unseen}`
    const { body } = await api.call('PATCH', `/api/v1/app/${appId}/endpoint/trim`, {
      body: { url },
    })
    expect(body.url, JSON.stringify(unseen)).toBe(`${base}/pasted`)
  }
  const token = { tokenUrl: ` ${base}/token\n`, clientId: 'a', clientSecret: 'b' }
  const one = `/api/v1/app/${appId}/endpoint/trim`
  const oauth = { ...token, grantType: 'clientCredentials', authMethod: 'clientSecretPost' }
  await api.call('PATCH', one, { body: { auth: { type: 'oauth2', ...token } } })
  expect((await api.call('GET', one)).body.auth.tokenUrl).toBe(`${base}/token`)
  await api.call('PUT', `${one}/oauth`, { body: oauth })
  expect((await api.call('GET', `${one}/oauth`)).body.tokenUrl).toBe(`${base}/token`)
})

describe('event types', () => {
  const schemas = { '1': { type: 'object', properties: { id: { type: 'string' } } } }

  test('can be created, read, changed, archived and expunged', async () => {
    const made = await api.svix.eventType.create({ name: 'user.signup', description: 'd', schemas })
    expect(made).toMatchObject({
      name: 'user.signup',
      description: 'd',
      schemas,
      archived: false,
      deprecated: false,
    })
    expect(await api.svix.eventType.get('user.signup')).toMatchObject({ schemas })
    expect(
      await refused(api.svix.eventType.create({ name: 'user.signup', description: 'again' })),
    ).toMatchObject({ status: 409 })
    expect(await api.svix.eventType.patch('user.signup', { deprecated: true })).toMatchObject({
      deprecated: true,
      description: 'd',
    })
    await api.svix.eventType.delete('user.signup')
    expect((await api.svix.eventType.list()).data.map(({ name }) => name)).not.toContain(
      'user.signup',
    )
    expect((await api.svix.eventType.list({ includeArchived: true })).data).toEqual([
      expect.objectContaining({ name: 'user.signup', archived: true }),
    ])
    expect(
      await api.svix.eventType.create({ name: 'user.signup', description: 'back' }),
    ).toMatchObject({ archived: false })
    await api.svix.eventType.delete('user.signup', { expunge: true })
    expect(await refused(api.svix.eventType.get('user.signup'))).toMatchObject({ status: 404 })
  })

  test('lists go forwards and back by name, also with a name that begins with a dash', async () => {
    for (const name of ['-dash', 'l.a', 'l.b', 'l.c'])
      await api.svix.eventType.upsert(name, { description: name })
    const seen: string[] = []
    let page = await api.svix.eventType.list({ limit: 2 })
    const [first] = page.data
    for (;;) {
      seen.push(...page.data.map(({ name }) => name))
      if (page.done) break
      page = await api.svix.eventType.list({ limit: 2, iterator: page.iterator! })
    }
    expect(seen.toSorted()).toEqual(['-dash', 'l.a', 'l.b', 'l.c'])
    const back = await api.svix.eventType.list({ limit: 2, iterator: page.prevIterator! })
    expect(back.data[0]).toMatchObject({ name: first!.name })
  })

  test('a schema of boundless depth is refused', async () => {
    const text = `{"name":"deep","description":"","schemas":{"1":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}}`
    const answer = await api.call('POST', '/api/v1/event-type', { text })
    expect(answer).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'schemas'], msg: expect.stringContaining('deeper') }] },
    })
  })
})

describe('send-example', () => {
  test.each([
    [
      "the schema's own example",
      { '1': { type: 'object', examples: [{ n: 1 }, { n: 2 }] } },
      undefined,
      { n: 1 },
    ],
    [
      'the example with an index',
      { '1': { type: 'object', examples: [{ n: 1 }, { n: 2 }] } },
      1,
      { n: 2 },
    ],
    [
      'one made of the schema',
      {
        '1': {
          type: 'object',
          properties: { s: { type: 'string' }, l: { type: 'array', items: { type: 'integer' } } },
        },
      },
      undefined,
      { s: 'text', l: [1] },
    ],
    ['the newest version', { '2': { example: 2 }, '10': { example: 10 } }, undefined, 10],
  ])('sends %s to this endpoint alone', async (_, schemas, exampleIndex, payload) => {
    const receiver = await startReceiver()
    await api.svix.eventType.upsert('ex.ample', { description: '', schemas })
    await api.svix.eventType.upsert('something.else', { description: '' })
    await api.svix.endpoint.create(appId, {
      url: receiver.url,
      uid: 'target',
      eventTypes: ['something.else'],
    })
    await api.svix.endpoint.create(appId, { url: `${receiver.url}/other` })
    const answer = await api.call('POST', `/api/v1/app/${appId}/endpoint/target/send-example`, {
      body: { eventType: 'ex.ample', exampleIndex },
    })
    expect(answer).toMatchObject({ status: 200, body: { eventType: 'ex.ample', payload } })
    const [got] = await receiver.waitFor(1)
    expect(JSON.parse(got!.body)).toEqual(payload)
    expect(got!.path).toBe('/')
    await receiver.close()
  })

  test('sends a general one for a type that nobody described, and refuses an index that is not there', async () => {
    await api.svix.endpoint.create(appId, { url, uid: 'general' })
    expect(
      await api.svix.endpoint.sendExample(appId, 'general', { eventType: 'un.known' }),
    ).toMatchObject({ payload: { example: true } })
    expect(
      await refused(
        api.svix.endpoint.sendExample(appId, 'general', { eventType: 'un.known', exampleIndex: 3 }),
      ),
    ).toMatchObject({ status: 422 })
  })
})

describe('operational webhooks', () => {
  test("have endpoints of their own that hear of the tenant's endpoints", async () => {
    const receiver = await startReceiver()
    const made = await api.svix.operationalWebhook.endpoint.create({
      url: receiver.url,
      uid: 'ops',
      eventTypes: ['endpoint.created'],
    })
    expect(made).toMatchObject({ url: receiver.url, uid: 'ops', eventTypes: ['endpoint.created'] })
    expect((await api.svix.operationalWebhook.endpoint.list()).data).toHaveLength(1)
    const endpoint = await api.svix.endpoint.create(appId, { url, uid: 'heard' })
    // Those of the tests before may still come in.
    const heard = await until(() =>
      receiver.received
        .map(({ body }) => JSON.parse(body))
        .find(({ data }) => data.endpointId === endpoint.id),
    )
    expect(heard).toMatchObject({ type: 'endpoint.created', data: { endpointUid: 'heard', appId } })
    expect(
      receiver.received.every(({ body }) => JSON.parse(body).type === 'endpoint.created'),
    ).toBe(true)
    expect((await api.svix.operationalWebhook.endpoint.getSecret('ops')).key).toMatch(/^whsec_/)
    await api.svix.operationalWebhook.endpoint.rotateSecret('ops', {})
    await api.svix.operationalWebhook.endpoint.setHeaders('ops', { headers: { 'X-A': '1' } })
    expect(await api.svix.operationalWebhook.endpoint.getHeaders('ops')).toMatchObject({
      headers: { 'X-A': '1' },
    })
    expect(
      await api.svix.operationalWebhook.endpoint.upsert('ops', { url: `${receiver.url}/b` }),
    ).toMatchObject({ id: made.id })
    const changed = await api.call('PATCH', '/api/v1/operational-webhook/endpoint/ops', {
      body: { disabled: true, description: 'at night' },
    })
    expect(changed.body).toMatchObject({
      id: made.id,
      url: `${receiver.url}/b`,
      disabled: true,
      description: 'at night',
    })
    const untold = { body: { eventTypes: ['endpoint.create'] } }
    expect(
      await api.call('PATCH', '/api/v1/operational-webhook/endpoint/ops', untold),
    ).toMatchObject({
      status: 422,
      body: { detail: [{ code: 'unknown_event_type', values: { near: 'endpoint.created' } }] },
    })
    await api.svix.operationalWebhook.endpoint.delete('ops')
    expect((await api.svix.operationalWebhook.endpoint.list()).data).toHaveLength(0)
    await receiver.close()
  })

  test('their app stays hidden', async () => {
    await api.svix.operationalWebhook.endpoint.create({ url, uid: 'hidden' })
    const { rows } = await api.database.pool.query<{ name: string }>(
      `select name from app where kind = 'operational'`,
    )
    expect(rows).toHaveLength(1)
    await until(async () =>
      (await api.svix.application.list({ limit: 250 })).data.every(
        ({ name }) => name !== rows[0]!.name,
      ),
    )
  })
})

test('what is there already is refused with the code of the sentence that says so', async () => {
  const own = { name: 'twice', uid: 'twice', url, gateway: 'waha', description: '' }
  const made = async (path: string, fields: (keyof typeof own)[]) => {
    const body = Object.fromEntries(fields.map((field) => [field, own[field]]))
    const ask = async () => await api.call('POST', `/api/v1${path}`, { body })
    expect((await ask()).status, path).toBeLessThan(300)
    return await ask()
  }
  for (const [code, path, ...fields] of [
    ['app_uid_taken', '/app', 'name', 'uid'],
    ['endpoint_uid_taken', `/app/${appId}/endpoint`, 'uid', 'url'],
    ['poller_uid_taken', `/app/${appId}/polling-endpoint`, 'uid', 'name'],
    ['source_name_taken', `/app/${appId}/source`, 'name', 'gateway'],
    ['event_type_taken', '/event-type', 'name', 'description'],
  ] as const)
    expect(await made(path, [...fields])).toMatchObject({
      status: 409,
      body: { code: 'conflict', because: { code } },
    })
})
