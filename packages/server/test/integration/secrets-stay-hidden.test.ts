// Secrets are planted wherever Pombo takes one; then everything that it logs, stores as text, answers or delivers is
// searched for them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApi, startApi } from '../support/api-server.ts'
import { openSession, postJson } from '../support/gateway.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const planted = {
  headerValue: 'marker-header-5f1c',
  endpointSecret: `whsec_${Buffer.from('marker-endpoint-secret-24bytes').toString('base64')}`,
  sourceSecret: 'marker-source-secret-77',
  wrongKey: 'marker-wrong-key-0123456789',
  urlPassword: 'marker-url-password',
  inBadJson: 'marker-in-bad-json',
}

let api: TestApi
let receiver: Receiver
/** Everything that was answered, but for the answers whose purpose is to show a secret. */
const answers: string[] = []

beforeAll(async () => {
  receiver = await startReceiver(() => ({ status: 500, body: 'no' }))
  api = await startApi()
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

const call = async (...args: Parameters<TestApi['call']>) => {
  const answer = await api.call(...args)
  answers.push(answer.text)
  return answer
}

test('no planted secret is in an answer, a log line, an attempt or a delivered body', async () => {
  const app = (await call('POST', '/api/v1/app', { body: { name: 'a', uid: 'a' } })).body.id
  const path = `/api/v1/app/${app}`
  await call('POST', `${path}/endpoint`, {
    body: {
      uid: 'e',
      url: receiver.url,
      secret: planted.endpointSecret,
      headers: { 'x-auth': planted.headerValue },
    },
  })
  const { port } = new URL('http://127.0.0.1:9')
  await call('POST', `${path}/endpoint`, {
    body: { uid: 'off', url: `http://u:${planted.urlPassword}@127.0.0.1:${port}/x` },
  })
  const source = await api.call('POST', `${path}/source`, {
    body: { gateway: 'evolution', secret: planted.sourceSecret },
  })
  const { token, ingestUrl } = source.body as { token: string; ingestUrl: string }
  for (const [url, body] of [
    [ingestUrl, 'no json'],
    [`${api.url}/ingest/${token}/%ZZ`, '{}'],
    [ingestUrl.replace(token, `${token}x`), '{}'],
    [`${api.url}/ingest/evolution/s?token=${planted.wrongKey}`, '{}'],
  ] as const)
    answers.push(await (await fetch(url, { method: 'POST', body })).text())
  await call('GET', '/api/v1/app', { key: planted.wrongKey })
  await call('POST', '/api/v1/app', { text: `{"name": "${planted.inBadJson}" oops` })
  await call('POST', `${path}/msg`, { body: { eventType: 'a.b', payload: { n: 1 } } })
  await until(async () => {
    const { rows } = await api.database.pool.query<{ n: number }>(
      'select count(*) as n from attempt',
    )
    return rows[0]!.n >= 2 ? true : undefined
  })
  for (const list of [
    path,
    `${path}/endpoint`,
    `${path}/endpoint/e`,
    `${path}/attempt/endpoint/e`,
    `${path}/attempt/endpoint/off`,
    `${path}/msg?with_content=true`,
    `${path}/source`,
    '/api/v1/audit',
  ])
    await call('GET', list)

  const { rows: attempts } = await api.database.pool.query('select error, response from attempt')
  const { rows: audit } = await api.database.pool.query('select * from audit_log')
  const places: Record<string, string> = {
    // The address of an endpoint is its owner's setting, and shown to the owner.
    answers: answers.join('\n').replaceAll(`u:${planted.urlPassword}@`, ''),
    logs: JSON.stringify(
      api.logged.map(({ message, fields }) => [message, String(Object.values(fields))]),
    ),
    attemptLines: JSON.stringify(api.node.lines),
    attempts: JSON.stringify(attempts),
    audit: JSON.stringify(audit).replaceAll(`u:${planted.urlPassword}@`, ''),
    delivered: receiver.received.map(({ body }) => body).join('\n'),
  }
  expect(places['answers']!.length).toBeGreaterThan(1_000)
  const found = Object.entries({ ...planted, key: api.key, token }).flatMap(([name, secret]) =>
    Object.entries(places).flatMap(([place, text]) =>
      text.includes(secret) ? `${name} in ${place}` : [],
    ),
  )
  expect(found).toEqual([])
})

/** Of any path, also of those whose answers are not JSON. */
async function textOf(path: string, key: string): Promise<string> {
  const headers = { authorization: `Bearer ${key}` }
  return await (await fetch(api.url + path, { headers })).text()
}

test('without administering one sees headers’ names and where endpoints lead, and nothing that opens', async () => {
  const value = 'marker-plain-header-31d9'
  const opener = 'marker-in-an-address-77c2'
  const leads = `${receiver.url}/bot42:${opener}/send?token=${opener}`
  const headers = { 'x-plain': value, 'x-auth-token': `${value}-token` }
  const [tenant] = (await api.call('GET', '/api/v1/tenant')).body.data
  const tenantPath = `/api/v1/tenant/${tenant.id}`
  await api.call('PATCH', tenantPath, {
    body: {
      endpointDefaults: { headers: { 'x-usual': value, 'x-usual-token': `${value}-token` } },
    },
  })
  const app = '/api/v1/app/lesser'
  await api.call('POST', '/api/v1/app', { body: { name: 'lesser', uid: 'lesser' } })
  await api.call('POST', `${app}/endpoint`, { body: { uid: 'e', url: leads, headers } })
  const message = await api.call('POST', `${app}/msg`, {
    body: { eventType: 'a.b', payload: { at: 'https://hooks.slack.com/services/T/B/own' } },
  })
  const attempt = await until(async () => {
    const { body } = await api.call('GET', `${app}/attempt/endpoint/e`)
    return body.data[0]
  })
  const named = {
    tenant_id: tenant.id,
    app_id: 'lesser',
    endpoint_id: 'e',
    msg_id: message.body.id,
    attempt_id: attempt.id,
  }
  const document = JSON.parse(await textOf('/api/v1/openapi.json', api.key)) as {
    paths: Record<string, { get?: unknown }>
  }
  const paths = Object.entries(document.paths).flatMap(([path, { get }]) => {
    const filled = path.replaceAll(
      /\{(\w+)\}/g,
      (whole, name: keyof typeof named) => named[name] ?? whole,
    )
    // The stream does not end.
    return get === undefined || filled.includes('{') || path.endsWith('/stream') ? [] : [filled]
  })
  expect(paths).toContain(`${app}/endpoint/e/headers`)
  expect(paths).toContain(tenantPath)
  expect(paths).toContain(`${app}/msg/${message.body.id}/attempt/${attempt.id}/request`)
  for (const role of ['read', 'operate'] as const) {
    const { key } = (await api.call('POST', '/api/v1/key', { body: { name: role, role } })).body
    const { token } = (
      await api.call('POST', '/api/v1/auth/app-portal-access/lesser', { body: { role } })
    ).body
    const { body: usual } = await api.call('GET', tenantPath, { key })
    expect(usual.endpointDefaults).toEqual({ sensitiveHeaders: ['x-usual', 'x-usual-token'] })
    for (const presented of [key, token]) {
      const shown = await api.call('GET', `${app}/endpoint/e/headers`, { key: presented })
      expect(shown).toMatchObject({
        status: 200,
        body: { headers: {}, sensitive: ['x-auth-token', 'x-plain'] },
      })
      for (const path of paths) {
        const text = await textOf(path, presented)
        expect(text, `${role}: ${path}`).not.toContain(value)
        expect(text, `${role}: ${path}`).not.toContain(opener)
      }
      expect((await api.call('GET', `${app}/endpoint/e`, { key: presented })).body.url).toBe(
        `${receiver.url}/bot***/send?token=***`,
      )
      // What is hidden cannot be found out by searching for more and more of it.
      const found = async (q: string) =>
        (await api.call('GET', `/api/v1/search/endpoint?app_id=lesser&q=${q}`, { key: presented }))
          .body.data.length
      expect([await found('127.0.0.1'), await found(opener)]).toEqual([1, 0])
      // A message is shown to the letter, whatever is in it.
      const { body: sent } = await api.call('GET', `${app}/msg/${message.body.id}`, {
        key: presented,
      })
      expect(sent.payload.at).toBe('https://hooks.slack.com/services/T/B/own')
    }
  }
  expect((await api.call('GET', `${app}/endpoint/e`)).body.url).toBe(leads)
  const all = await api.call('GET', `${app}/endpoint/e/headers`)
  expect(all.body).toEqual({ headers: { 'x-plain': value }, sensitive: ['x-auth-token'] })
  expect((await api.call('GET', tenantPath)).body.endpointDefaults).toEqual({
    headers: { 'x-usual': value },
    sensitiveHeaders: ['x-usual-token'],
  })
})

test('an address that cannot be read is refused without repeating what opens it', async () => {
  const { body: app } = await api.call('POST', '/api/v1/app', { body: { name: 'a' } })
  for (const url of [
    'http://user:secret-word@[bad',
    'http://[bad/?token=secret-word',
    'user:secret-word//u:secret-word@x',
  ]) {
    const made = await api.call('POST', `/api/v1/app/${app.id}/endpoint`, { body: { url } })
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
