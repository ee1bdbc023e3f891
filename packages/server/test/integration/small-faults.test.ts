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
  api = await startApi()
  app = (await api.call('POST', '/api/v1/app', { body: { name: 'a' } })).body.id
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

test('blanks around the URL of an endpoint are taken off, and the answer shows it', async () => {
  const made = await api.call('POST', `/api/v1/app/${app}/endpoint`, {
    body: { url: `  ${receiver.url}/trim\t`, uid: 'trim', eventTypes: ['nothing.*'] },
  })
  expect(made.status, made.text).toBe(201)
  expect(made.body.url).toBe(`${receiver.url}/trim`)
  const patched = await api.call('PATCH', `/api/v1/app/${app}/endpoint/trim`, {
    body: { url: ` ${receiver.url}/other ` },
  })
  expect(patched.body.url).toBe(`${receiver.url}/other`)
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
