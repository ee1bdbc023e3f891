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

const post = (path: string, body: unknown) => api.call('POST', path, { body })

test('a transformation can be tried on a message or a payload, without anything being sent', async () => {
  await post('/api/v1/app', { name: 'a', uid: 'try' })
  await post('/api/v1/app/try/endpoint', {
    url: receiver.url,
    uid: 'e',
    disabled: true,
    transform: { payload: '{"t": payload.a + 1.0, "type": eventType}' },
  })
  const sent = await post('/api/v1/app/try/msg', { eventType: 'x', payload: { a: 41 } })
  const path = '/api/v1/app/try/endpoint/e/transform'
  const onMessage = await post(path, { messageId: (sent.body as { id: string }).id })
  expect(onMessage.body).toEqual({
    ok: true,
    problem: null,
    problemCoded: null,
    payload: { t: 42, type: 'x' },
    headers: null,
    path: null,
  })
  const onPayload = await post(path, {
    payload: { a: 'x' },
    transform: { headers: '{"x-a": payload.a}', path: '"/" + payload.a' },
  })
  expect(onPayload.body).toEqual({
    ok: true,
    problem: null,
    problemCoded: null,
    payload: null,
    headers: { 'x-a': 'x' },
    path: '/x',
  })
  const failing = await post(path, { payload: {} })
  expect(failing.body).toMatchObject({ ok: false, problem: expect.stringContaining('a') })
  expect((await post(path, { messageId: 'nothing' })).status).toBe(404)
  expect(receiver.received).toHaveLength(0)
})

test('the options of an endpoint are kept, shown and refused by name', async () => {
  await post('/api/v1/app', { name: 'b', uid: 'opts' })
  const options = {
    transform: { path: '"/a"' },
    batch: { maxEvents: 10, maxWaitMs: 100 },
    onExhausted: 'stop',
    oversize: { maxBytes: 5_000, action: 'link' },
    rateLimit: 600,
    throttleWindowMs: 60_000,
  }
  const made = await post('/api/v1/app/opts/endpoint', { url: 'https://example.com/', ...options })
  expect(made.status).toBe(201)
  expect(made.body).toMatchObject(options)
  const refused = await post('/api/v1/app/opts/endpoint', {
    url: 'https://example.com/',
    batch: { maxEvents: 1, maxWaitMs: 0 },
    transform: { payload: 'nope(' },
    oversize: { maxBytes: 1, action: 'send' },
    throttleWindowMs: 10,
  })
  expect(refused.status).toBe(422)
  expect(
    (refused.body as { detail: { loc: string[] }[] }).detail
      .map(({ loc }) => loc.join('.'))
      .toSorted(),
  ).toEqual([
    'body.batch.maxEvents',
    'body.oversize.maxBytes',
    'body.throttleWindowMs',
    'body.transform.payload',
  ])
})

test('an open delivery can be given up by hand, and is recorded as not sent', async () => {
  await post('/api/v1/app', { name: 'c', uid: 'skip' })
  await post('/api/v1/app/skip/endpoint', { url: receiver.url, uid: 'e' })
  await post('/api/v1/app/skip/endpoint/e/pause', {})
  const sent = (await post('/api/v1/app/skip/msg', { eventType: 'x', payload: 1 })).body as {
    id: string
  }
  expect((await api.call('DELETE', `/api/v1/app/skip/msg/${sent.id}/endpoint/e`)).status).toBe(204)
  expect((await api.call('DELETE', `/api/v1/app/skip/msg/${sent.id}/endpoint/e`)).status).toBe(409)
  const { rows } = await api.database.pool.query<{ reason: string }>(
    'select reason from history where state is not null order by closed_at desc limit 1',
  )
  expect(rows[0]!.reason).toBe('not sent: given up by hand')
})

test('a delivery given up by hand is counted as discarded', async () => {
  await post('/api/v1/app', { name: 'c', uid: 'skip-count' })
  await post('/api/v1/app/skip-count/endpoint', { url: receiver.url, uid: 'e' })
  await post('/api/v1/app/skip-count/endpoint/e/pause', {})
  const sent = (await post('/api/v1/app/skip-count/msg', { eventType: 'x', payload: 1 })).body as {
    id: string
  }
  await api.call('DELETE', `/api/v1/app/skip-count/msg/${sent.id}/endpoint/e`)
  const { rows } = await api.database.pool.query<{ discarded: number }>(
    `select sum(s.discarded)::int as discarded
       from endpoint_stat s join endpoint e on e.id = s.endpoint_id join app a on a.id = e.app_id
      where a.uid = 'skip-count'`,
  )
  expect(rows[0]!.discarded).toBe(1)
})

test('a link to a part of a payload gives its exact text; an altered one is refused', async () => {
  await post('/api/v1/app', { name: 'd', uid: 'link' })
  await post('/api/v1/app/link/endpoint', {
    url: receiver.url,
    oversize: { maxBytes: 1_500, action: 'link' },
  })
  const text = 'é'.repeat(5_000)
  await post('/api/v1/app/link/msg', { eventType: 'x', payload: { n: 1, text } })
  const got = await until(() =>
    receiver.received.find(({ body }) => body.includes('"omitted":true')),
  )
  const link = new URL((JSON.parse(got.body) as { text: { url: string } }).text.url)
  const fetched = await fetch(`${api.url}${link.pathname}${link.search}`)
  expect(fetched.status).toBe(200)
  expect(await fetched.text()).toBe(JSON.stringify(text))
  const altered = await fetch(
    `${api.url}${link.pathname}${link.search.replace('pointer=%2Ftext', 'pointer=%2Fn')}`,
  )
  expect(altered.status).toBe(403)
})
