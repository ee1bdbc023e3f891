import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApi, startApi } from '../support/api-server.ts'
import { openSession, postJson } from '../support/gateway.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
let app: string

beforeAll(async () => {
  receiver = await startReceiver((request) =>
    request.path.startsWith('/moved')
      ? { status: 302, headers: { location: 'https://u:hidden@new.example.com/hook?token=hidden' } }
      : {},
  )
  const commit = { maxBatch: 20, windowMs: 3, maxWaiting: 40, maxWaitingBytes: 67_108_864 }
  api = await startApi({ engine: { commit } })
  app = (await api.call('POST', '/api/v1/app', { body: { name: 'a' } })).body.id
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

test('blanks around the URLs of an endpoint are taken off, and the answer shows it', async () => {
  const made = await api.call('POST', `/api/v1/app/${app}/endpoint`, {
    body: { url: `  ${receiver.url}/trim\t`, uid: 'trim', eventTypes: ['nothing.*'] },
  })
  expect(made.status, made.text).toBe(201)
  expect(made.body.url).toBe(`${receiver.url}/trim`)
  const patched = await api.call('PATCH', `/api/v1/app/${app}/endpoint/trim`, {
    body: { url: ` ${receiver.url}/other ` },
  })
  expect(patched.body.url).toBe(`${receiver.url}/other`)
  for (const unseen of ['\u200b', '\u2060', '\ufeff', '\u200e', '\u00ad \u200b']) {
    const url = `${unseen}${receiver.url}/pasted${unseen}`
    const { body } = await api.call('PATCH', `/api/v1/app/${app}/endpoint/trim`, { body: { url } })
    expect(body.url, JSON.stringify(unseen)).toBe(`${receiver.url}/pasted`)
  }
  const token = { tokenUrl: ` ${receiver.url}/token\n`, clientId: 'a', clientSecret: 'b' }
  const one = `/api/v1/app/${app}/endpoint/trim`
  const oauth = { ...token, grantType: 'clientCredentials', authMethod: 'clientSecretPost' }
  await api.call('PATCH', one, { body: { auth: { type: 'oauth2', ...token } } })
  expect((await api.call('GET', one)).body.auth.tokenUrl).toBe(`${receiver.url}/token`)
  await api.call('PUT', `${one}/oauth`, { body: oauth })
  expect((await api.call('GET', `${one}/oauth`)).body.tokenUrl).toBe(`${receiver.url}/token`)
})

test('an attempt that was redirected shows where to, without what opens it', async () => {
  const endpoint = await api.call('POST', `/api/v1/app/${app}/endpoint`, {
    body: { url: `${receiver.url}/moved`, eventTypes: ['moved.now'] },
  })
  const sent = await api.call('POST', `/api/v1/app/${app}/msg`, {
    body: { eventType: 'moved.now', payload: {} },
  })
  const [row] = await until(async () => {
    const { rows } = await api.database.pool.query<{ error: string; status_code: number }>(
      'select error, status_code from attempt where url like $1',
      ['%/moved'],
    )
    return rows.length > 0 ? rows : undefined
  })
  expect(sent.status).toBe(202)
  expect(row!.status_code).toBe(302)
  expect(row!.error).toContain('new.example.com/hook')
  expect(row!.error).not.toContain('hidden')
  await api.call('DELETE', `/api/v1/app/${app}/endpoint/${endpoint.body.id}`)
})

test('a list of more events than may wait for a commit is taken whole, in its order', async () => {
  const session = await openSession(api, undefined, 'hubspot')
  const events = Array.from({ length: 300 }, (_, n) => ({
    subscriptionType: 'contact.creation',
    eventId: n,
  }))
  const taken = await postJson(session.ingestUrl, events)
  expect(await taken.json()).toMatchObject({ accepted: 300, duplicate: 0 })
  const stored = await session.messages()
  expect(stored.map(({ payload }) => (JSON.parse(payload) as { eventId: number }).eventId)).toEqual(
    events.map(({ eventId }) => eventId),
  )
  expect(await (await postJson(session.ingestUrl, events)).json()).toMatchObject({ duplicate: 300 })
})

test('an address that cannot be read is refused without repeating what opens it', async () => {
  for (const url of [
    'http://user:secret-word@[bad',
    'http://[bad/?token=secret-word',
    'user:secret-word//u:secret-word@x',
  ]) {
    const made = await api.call('POST', `/api/v1/app/${app}/endpoint`, { body: { url } })
    expect(made.status).toBe(422)
    expect(made.text).not.toContain('secret-word')
  }
})

test.each(['%ZZ', '%E0%A4%A', '%00'])(
  'a path that cannot be read (%s) is refused without repeating the token in it',
  async (bad) => {
    const token = 'pombosrc_0123456789abcdefghijklmnop'
    const response = await fetch(`${api.url}/ingest/${token}/${bad}`, {
      method: 'POST',
      body: '{}',
    })
    const text = await response.text()
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.status).toBeLessThan(500)
    expect(text).not.toContain(token)
  },
)

test.each([
  ['in the data', (inner: object) => JSON.stringify({ data: JSON.stringify(inner) })],
  ['as the whole body', (inner: object) => JSON.stringify(JSON.stringify(inner))],
  [
    'two strings deep',
    (inner: object) => JSON.stringify({ data: JSON.stringify(JSON.stringify(inner)) }),
  ],
])("a gateway's key in JSON inside a JSON string is delivered to nobody: %s", async (_, wrap) => {
  const session = await openSession(api, receiver, 'evolution')
  const marker = 'B6D711FCDE4D4FD5936544120E713976'
  const inner = {
    event: 'chats.update',
    instance: 'i',
    apikey: marker,
    data: { id: '1@s.whatsapp.net' },
  }
  const outer = JSON.parse(wrap(inner)) as unknown
  const body =
    typeof outer === 'string'
      ? wrap(inner)
      : JSON.stringify({ event: 'chats.update', instance: 'i', ...(outer as object) })
  await postJson(`${session.ingestUrl}`, body)
  await until(() => session.delivered()[0], 3_000).catch(() => {})
  const stored = JSON.stringify(await session.messages())
  expect(stored).not.toContain(marker)
  for (const { body: sent } of session.delivered()) expect(sent).not.toContain(marker)
})

test('an event in Pombo’s own words with a field that it does not know is refused, and the nearest named', async () => {
  const { body } = await api.call('POST', `/api/v1/app/${app}/source`, {
    body: { gateway: 'events' },
  })
  const send = async (more: object) => {
    const response = await fetch(`${api.url}/ingest/events?token=${body.token}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ eventType: 'own.words', payload: {}, ...more }),
    })
    return { status: response.status, text: await response.text() }
  }
  const refused = await send({ evntId: 'x' })
  expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('evntId')])
  expect(refused.text).toContain('eventId')
  expect((await send({ evntId: null })).status).toBe(200)
})

test('what is there already is refused with the code of the sentence that says so', async () => {
  const own = { name: 'twice', uid: 'twice', url: receiver.url, gateway: 'waha', description: '' }
  const made = async (path: string, fields: (keyof typeof own)[]) => {
    const body = Object.fromEntries(fields.map((field) => [field, own[field]]))
    const ask = async () => await api.call('POST', `/api/v1${path}`, { body })
    expect((await ask()).status, path).toBeLessThan(300)
    return await ask()
  }
  for (const [code, path, ...fields] of [
    ['app_uid_taken', '/app', 'name', 'uid'],
    ['endpoint_uid_taken', `/app/${app}/endpoint`, 'uid', 'url'],
    ['poller_uid_taken', `/app/${app}/polling-endpoint`, 'uid', 'name'],
    ['source_name_taken', `/app/${app}/source`, 'name', 'gateway'],
    ['event_type_taken', '/event-type', 'name', 'description'],
  ] as const)
    expect(await made(path, [...fields])).toMatchObject({
      status: 409,
      body: { code: 'conflict', because: { code } },
    })
})
