import { Ordering, Svix } from 'svix'
import { expect, test } from 'vitest'
import { json, type Recorded, startRecorder } from '../test/recorder.ts'
import { PomboClient } from './client.ts'

const at = new Date('2026-01-02T03:04:05.678Z')
const app = { id: 'app_1', name: 'Loja', metadata: {}, createdAt: at, updatedAt: at }
const endpoint = {
  id: 'ep_1',
  url: 'https://a.example',
  description: '',
  metadata: {},
  createdAt: at,
  updatedAt: at,
}
const message = { id: 'msg_1', eventType: 'message.received', payload: {}, timestamp: at }
const page = { data: [], done: true, iterator: null, prevIterator: null }
const settings = {
  eventTypes: ['message.*'],
  channels: ['a'],
  url: 'https://a.example',
  description: 'x',
}

// The same call by both clients; the official one is the oracle for method, path, query and body.
const calls: [
  string,
  unknown,
  (ours: PomboClient) => Promise<unknown>,
  (svix: Svix) => Promise<unknown>,
][] = [
  [
    'apps.create',
    app,
    (c) => c.apps.create({ name: 'Loja', uid: 'loja' }),
    (s) => s.application.create({ name: 'Loja', uid: 'loja' }),
  ],
  [
    'apps.getOrCreate',
    app,
    (c) => c.apps.getOrCreate({ name: 'Loja', uid: 'loja' }),
    (s) => s.application.getOrCreate({ name: 'Loja', uid: 'loja' }),
  ],
  ['apps.get', app, (c) => c.apps.get('loja'), (s) => s.application.get('loja')],
  [
    'apps.list',
    page,
    (c) => c.apps.list({ limit: 7, order: 'descending', iterator: 'app_0' }),
    (s) => s.application.list({ limit: 7, order: Ordering.Descending, iterator: 'app_0' }),
  ],
  [
    'apps.update',
    app,
    (c) => c.apps.update('loja', { name: 'Nova' }),
    (s) => s.application.upsert('loja', { name: 'Nova' }),
  ],
  [
    'apps.patch',
    app,
    (c) => c.apps.patch('loja', { metadata: { a: 'b' } }),
    (s) => s.application.patch('loja', { metadata: { a: 'b' } }),
  ],
  ['apps.delete', undefined, (c) => c.apps.delete('loja'), (s) => s.application.delete('loja')],
  [
    'endpoints.create',
    endpoint,
    (c) => c.endpoints.create('loja', settings),
    (s) => s.endpoint.create('loja', settings),
  ],
  [
    'endpoints.get',
    endpoint,
    (c) => c.endpoints.get('loja', 'ep_1'),
    (s) => s.endpoint.get('loja', 'ep_1'),
  ],
  [
    'endpoints.list',
    page,
    (c) => c.endpoints.list('loja', { limit: 3 }),
    (s) => s.endpoint.list('loja', { limit: 3 }),
  ],
  [
    'endpoints.update',
    endpoint,
    (c) => c.endpoints.update('loja', 'ep_1', settings),
    (s) => s.endpoint.upsert('loja', 'ep_1', settings),
  ],
  [
    'endpoints.patch',
    endpoint,
    (c) => c.endpoints.patch('loja', 'ep_1', { disabled: true }),
    (s) => s.endpoint.patch('loja', 'ep_1', { disabled: true }),
  ],
  [
    'endpoints.delete',
    undefined,
    (c) => c.endpoints.delete('loja', 'ep_1'),
    (s) => s.endpoint.delete('loja', 'ep_1'),
  ],
  [
    'endpoints.getSecret',
    { key: 'whsec_x' },
    (c) => c.endpoints.getSecret('loja', 'ep_1'),
    (s) => s.endpoint.getSecret('loja', 'ep_1'),
  ],
  [
    'endpoints.rotateSecret',
    undefined,
    (c) => c.endpoints.rotateSecret('loja', 'ep_1'),
    (s) => s.endpoint.rotateSecret('loja', 'ep_1', {}),
  ],
  [
    'endpoints.recover',
    { id: 'qtask_1', status: 'running', task: 'endpoint.recover', updatedAt: at },
    (c) => c.endpoints.recover('loja', 'ep_1', { since: at }),
    (s) => s.endpoint.recover('loja', 'ep_1', { since: at }),
  ],
  [
    'endpoints.stats',
    { success: 1, pending: 0, sending: 0, fail: 0, canceled: 0 },
    (c) => c.endpoints.stats('loja', 'ep_1', { since: at, until: at }),
    (s) => s.endpoint.getStats('loja', 'ep_1', { since: at, until: at }),
  ],
  [
    'messages.create',
    message,
    (c) =>
      c.messages.create('loja', {
        eventType: 'message.received',
        eventId: 'e1',
        channels: ['a'],
        payload: { n: 1 },
      }),
    (s) =>
      s.message.create('loja', {
        eventType: 'message.received',
        eventId: 'e1',
        channels: ['a'],
        payload: { n: 1 },
      }),
  ],
  [
    'messages.get',
    message,
    (c) => c.messages.get('loja', 'msg_1', { withContent: false }),
    (s) => s.message.get('loja', 'msg_1', { withContent: false }),
  ],
  [
    'messages.list',
    page,
    (c) =>
      c.messages.list('loja', {
        eventTypes: ['a.b', 'c'],
        channel: 'x',
        tag: 't',
        before: at,
        after: at,
        withContent: false,
      }),
    (s) =>
      s.message.list('loja', {
        eventTypes: ['a.b', 'c'],
        channel: 'x',
        tag: 't',
        before: at,
        after: at,
        withContent: false,
      }),
  ],
  [
    'attempts.listByEndpoint',
    page,
    (c) =>
      c.attempts.listByEndpoint('loja', 'ep_1', {
        status: 'fail',
        statusCodeClass: 500,
        limit: 2,
        withContent: true,
      }),
    (s) =>
      s.messageAttempt.listByEndpoint('loja', 'ep_1', {
        status: 2,
        statusCodeClass: 500,
        limit: 2,
        withContent: true,
      }),
  ],
  [
    'attempts.listByMessage',
    page,
    (c) =>
      c.attempts.listByMessage('loja', 'msg_1', {
        status: 'success',
        endpointId: 'ep_1',
        withContent: false,
      }),
    (s) => s.messageAttempt.listByMsg('loja', 'msg_1', { status: 0, endpointId: 'ep_1' }),
  ],
  [
    'attempts.resend',
    undefined,
    (c) => c.attempts.resend('loja', 'msg_1', 'ep_1'),
    (s) => s.messageAttempt.resend('loja', 'msg_1', 'ep_1'),
  ],
  ['health', undefined, (c) => c.health(), (s) => s.health.get()],
]

test.each(calls)('%s asks what the official Svix client asks', async (_, answer, ours, svix) => {
  await using server = await startRecorder(() =>
    answer === undefined ? { status: 204 } : json(answer),
  )
  const result = await ours(new PomboClient({ url: server.url, apiKey: 'key_1' }))
  await svix(new Svix('key_1', { serverUrl: server.url }))
  const [first, second] = server.requests.map(shape)
  expect(first).toEqual(second)
  expect(result).toEqual(answer && JSON.parse(JSON.stringify(answer)))
})

test('pause and resume are posts beside the endpoint', async () => {
  await using server = await startRecorder(() => json(endpoint))
  const client = new PomboClient({ url: `${server.url}/hooks/`, apiKey: 'key_1' })
  expect(await client.endpoints.pause('loja', 'ep_1')).toBeUndefined()
  expect(await client.endpoints.resume('loja', 'ep_1')).toBeUndefined()
  expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /hooks/api/v1/app/loja/endpoint/ep_1/pause',
    'POST /hooks/api/v1/app/loja/endpoint/ep_1/resume',
  ])
})

test('payloadText arrives to the byte, alone and in a batch', async () => {
  const payloadText = '{"n": 12345678901234567890, "x": 1.0, "ção": "\\u0000"}'
  const results = [
    { status: 202, message },
    { status: 422, error: { detail: [{ loc: ['body', 'messages', '1'], msg: 'no', type: 'x' }] } },
  ]
  await using server = await startRecorder(({ url }) =>
    json(url.includes('/batch') ? { results } : message, 202),
  )
  const client = new PomboClient({ url: server.url, apiKey: 'key_1' })
  await client.messages.create('loja', { eventType: 'a', payloadText, tags: ['t'] })
  const batch = await client.messages.createBatch('loja', [
    { eventType: 'a', payloadText },
    { eventType: 'b', payload: null },
  ])
  expect(batch).toEqual(JSON.parse(JSON.stringify(results)))
  expect(server.requests.map(({ body }) => body)).toEqual([
    `{"payload":${payloadText},"eventType":"a","tags":["t"]}`,
    `{"messages":[{"payload":${payloadText},"eventType":"a"},{"payload":null,"eventType":"b"}]}`,
  ])
  expect(server.requests[1]?.url).toBe('/api/v1/app/loja/msg/batch?with_content=false')
})

test('a payloadText that is not one JSON value cannot smuggle fields into the request', async () => {
  await using server = await startRecorder(() => json(message))
  const client = new PomboClient({ url: server.url, apiKey: 'key_1' })
  for (const payloadText of ['{},"eventId":"x"', '', '{', 'undefined'])
    await expect(client.messages.create('loja', { eventType: 'a', payloadText })).rejects.toThrow(
      'not JSON',
    )
  await expect(
    client.messages.create('loja', { eventType: 'a', payload: undefined }),
  ).rejects.toThrow('needs a payload')
  expect(server.requests).toEqual([])
})

test('going over a list fetches page after page and keeps its filters', async () => {
  const pages = [
    { data: [1, 2], done: false, iterator: 'b' },
    { data: [], done: false, iterator: 'c' },
    { data: [3], done: true, iterator: 'd' },
  ]
  await using server = await startRecorder((_, index) => json(pages[index]))
  const client = new PomboClient({ url: server.url, apiKey: 'key_1' })
  const seen: unknown[] = []
  for await (const item of client.messages.list('loja', { limit: 2, channel: 'x' })) seen.push(item)
  expect(seen).toEqual([1, 2, 3])
  expect(server.requests.map(({ url }) => url)).toEqual([
    '/api/v1/app/loja/msg?limit=2&channel=x',
    '/api/v1/app/loja/msg?limit=2&channel=x&iterator=b',
    '/api/v1/app/loja/msg?limit=2&channel=x&iterator=c',
  ])
})

test('leaving a list early fetches no further page', async () => {
  await using server = await startRecorder(() => json({ data: [1, 2], done: false, iterator: 'b' }))
  for await (const item of new PomboClient({ url: server.url, apiKey: 'key_1' }).apps.list())
    if (item) break
  expect(server.requests).toHaveLength(1)
})

test('a server that names no next page, or the same again, ends the list with an error, not going round', async () => {
  for (const [iterator, requests] of [
    [null, 1],
    ['same', 2],
  ] as const) {
    await using server = await startRecorder(() => json({ data: [1], done: false, iterator }))
    const walk = async () => {
      for await (const item of new PomboClient({ url: server.url, apiKey: 'key_1' }).apps.list())
        void item
    }
    await expect(walk()).rejects.toThrow('more pages')
    expect(server.requests).toHaveLength(requests)
  }
})

test('ids are kept inside their part of the path, and an empty one never reaches the list in its place', async () => {
  await using server = await startRecorder(() => json(app))
  const client = new PomboClient({ url: server.url, apiKey: 'key_1' })
  await client.apps.get('a/../b?c#d é')
  expect(server.requests[0]?.url).toBe('/api/v1/app/a%2F..%2Fb%3Fc%23d%20%C3%A9')
  for (const id of ['', '.', '..', undefined as unknown as string]) {
    await expect(client.apps.delete(id)).rejects.toThrow('missing')
    await expect(client.endpoints.list(id)).rejects.toThrow('missing')
  }
  expect(server.requests).toHaveLength(1)
})

/** What of a request must be the same by both clients. */
function shape({ method, url, headers, body }: Recorded) {
  const { pathname, searchParams } = new URL(url, 'http://x')
  // Of Svix's own cloud, not of its public API.
  searchParams.delete('expanded_statuses')
  return {
    method,
    pathname,
    query: Object.fromEntries(searchParams),
    authorization: headers.authorization,
    contentType: headers['content-type'],
    hasKey: headers['idempotency-key'] !== undefined,
    body: body === '' ? '' : (JSON.parse(body) as unknown),
  }
}
