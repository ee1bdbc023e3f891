import { expect, test } from 'vitest'
import { type Answer, json, type Recorder, startRecorder } from '../test/recorder.ts'
import { PomboApiError } from './api-error.ts'
import { PomboClient } from './client.ts'

const message = { eventType: 'a', payload: {} }
const busy = (retryAfter = '0', status = 503): Answer => ({
  status,
  headers: { 'retry-after': retryAfter },
  body: JSON.stringify({ code: 'overloaded', detail: 'Nothing was accepted.' }),
})

test.each([429, 502, 503, 504])(
  '%d is retried with the same idempotency key until it passes',
  async (status) => {
    await using server = await startRecorder((_, index) =>
      index < 3 ? busy('0', status) : json({ id: 'msg_1' }, 202),
    )
    expect(await client(server).messages.create('loja', message)).toEqual({ id: 'msg_1' })
    const keys = server.requests.map(({ headers }) => headers['idempotency-key'])
    expect(keys).toHaveLength(4)
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^auto_[0-9a-f]{32}$/)
    expect(new Set(server.requests.map(({ body }) => body)).size).toBe(1)
  },
)

test('a cut connection is retried, as is a request the server is still working on', async () => {
  const stillAtIt = json({ code: 'idempotency_in_progress', detail: 'wait' }, 409)
  await using server = await startRecorder(
    (_, index) => (['reset', stillAtIt, json({ id: 'msg_1' })] as const)[index]!,
  )
  expect(await client(server).messages.create('loja', message)).toEqual({ id: 'msg_1' })
})

test("a caller's own idempotency key is used, and each call without one gets its own", async () => {
  await using server = await startRecorder(() => json({}))
  const api = client(server)
  await api.messages.create('loja', message, { idempotencyKey: 'order-17' })
  await api.messages.create('loja', message)
  await api.messages.create('loja', message)
  await api.apps.get('loja')
  const [own, first, second, get] = server.requests.map(({ headers }) => headers['idempotency-key'])
  expect(own).toBe('order-17')
  expect(first).not.toBe(second)
  expect(get).toBeUndefined()
})

test('a retry waits as long as the server asked for', async () => {
  await using server = await startRecorder((_, index) => (index === 0 ? busy('1') : json({})))
  const startedAtMs = performance.now()
  await client(server).apps.get('loja')
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(990)
})

test('a wait that the deadline does not allow is not begun: the error says how long it would be', async () => {
  await using server = await startRecorder(() => busy('3600'))
  const error = await failure(client(server).apps.get('loja'))
  expect(error).toMatchObject({
    status: 503,
    code: 'overloaded',
    detail: 'Nothing was accepted.',
    retryAfterMs: 3_600_000,
  })
  expect(server.requests).toHaveLength(1)
})

test('retries end after the number set, and none are made for health', async () => {
  await using server = await startRecorder(() => busy())
  expect((await failure(client(server, { maxRetries: 2 }).apps.get('loja'))).status).toBe(503)
  expect(server.requests).toHaveLength(3)
  await failure(client(server).health())
  expect(server.requests).toHaveLength(4)
})

test.each([400, 401, 403, 404, 409, 413, 422, 500])('%d is not retried', async (status) => {
  await using server = await startRecorder(() =>
    json({ code: 'some_code', detail: 'Why.' }, status),
  )
  const error = await failure(client(server).messages.create('loja', message))
  expect(error).toBeInstanceOf(PomboApiError)
  expect(error).toMatchObject({ status, code: 'some_code', detail: 'Why.', problems: [] })
  expect(error.message).toBe(`POST /api/v1/app/loja/msg: ${status} some_code: Why.`)
  expect(server.requests).toHaveLength(1)
})

test('a 422 names each wrong field', async () => {
  const detail = [
    { loc: ['body', 'url'], msg: 'is not a URL', type: 'value_error' },
    { loc: ['body', 'channels'], msg: 'is empty', type: 'value_error' },
  ]
  await using server = await startRecorder(() => json({ detail }, 422))
  expect(await failure(client(server).apps.get('loja'))).toMatchObject({
    status: 422,
    code: 'validation',
    detail: 'body.url: is not a URL; body.channels: is empty',
    problems: detail,
  })
})

test.each<[string, Answer, object]>([
  [
    "a proxy's page",
    { status: 403, body: '<h1>Not\n for you</h1>' },
    { status: 403, code: 'http_403', detail: '<h1>Not for you</h1>' },
  ],
  ['an empty error', { status: 500 }, { status: 500, code: 'http_500', detail: '(empty answer)' }],
  [
    'JSON that is no object',
    { status: 400, body: 'null' },
    { status: 400, code: 'http_400', detail: 'null' },
  ],
  ['a page with status 200', { status: 200, body: '<html>' }, { status: 200, code: 'bad_answer' }],
  [
    'a redirect',
    { status: 307, headers: { location: 'https://elsewhere.example/' } },
    { status: 307, code: 'redirect' },
  ],
])('%s becomes an error that shows it', async (_, answer, expected) => {
  await using server = await startRecorder(() => answer)
  expect(await failure(client(server).apps.create({ name: 'x' }))).toMatchObject(expected)
  expect(server.requests).toHaveLength(1)
})

test('a server that cannot be reached is an error with what the runtime said', async () => {
  const gone = await startRecorder(() => 'hang')
  await gone[Symbol.asyncDispose]()
  const error = await failure(client(gone, { maxRetries: 0 }).apps.get('loja'))
  expect(error).toMatchObject({ status: 0, code: 'network_error', cause: expect.any(Error) })
  expect(error.detail).toContain('ECONNREFUSED')
})

test('the deadline ends a call whose server never answers, or stops within the answer', async () => {
  await using server = await startRecorder(() => 'hang')
  const error = await failure(client(server, { timeoutMs: 50 }).apps.get('loja'))
  expect(error).toMatchObject({ status: 0, code: 'timeout', detail: 'No answer within 50 ms.' })
  const half: Answer = { status: 200, headers: { 'content-length': '100' }, body: '{' }
  await using halting = await startRecorder(() => half)
  expect(await failure(client(halting).apps.get('loja', { timeoutMs: 50 }))).toMatchObject({
    code: 'timeout',
  })
})

test('an abort ends a call with its reason, before it and during it', async () => {
  await using hanging = await startRecorder(() => 'hang')
  const reason = new Error('the user left')
  await expect(
    client(hanging).apps.get('loja', { signal: AbortSignal.abort(reason) }),
  ).rejects.toBe(reason)
  expect(hanging.requests).toEqual([])
  const controller = new AbortController()
  const arrived = hanging.arrival()
  const pending = client(hanging).apps.list({ signal: controller.signal })
  await arrived
  controller.abort(reason)
  await expect(pending).rejects.toBe(reason)
  expect(hanging.requests).toHaveLength(1)
})

test('a fetch of the caller is used, and not as a method', async () => {
  const seen: unknown[] = []
  const api = new PomboClient({
    url: 'https://hooks.example.com/',
    apiKey: 'k',
    async fetch(this: unknown, url, init) {
      seen.push(this, url, init.method)
      return Response.json({ id: 'app_1' })
    },
  })
  expect(await api.apps.get('loja')).toEqual({ id: 'app_1' })
  expect(seen).toEqual([undefined, 'https://hooks.example.com/api/v1/app/loja', 'GET'])
})

test.each([
  [{ url: 'localhost' }, 'address of a Pombo server'],
  [{ url: 'ftp://a' }, 'http: or https:'],
  [{ url: 'http://user:pass@a' }, 'goes into apiKey'],
  [{ apiKey: '' }, 'apiKey'],
  [{ apiKey: 'a\nb' }, 'apiKey'],
  [{ apiKey: undefined as unknown as string }, 'apiKey'],
  [{ timeoutMs: 0 }, 'timeoutMs'],
  [{ timeoutMs: Infinity }, 'timeoutMs'],
])('the settings %j are refused at once', (change, messageText) => {
  expect(() => new PomboClient({ url: 'http://127.0.0.1:1', apiKey: 'k', ...change })).toThrow(
    messageText,
  )
})

test('an idempotency key that no header can carry is refused, not retried', async () => {
  await using server = await startRecorder(() => json({}))
  for (const idempotencyKey of ['', 'a\nb', 'ção'])
    await expect(
      client(server).messages.create('loja', message, { idempotencyKey }),
    ).rejects.toThrow('printable ASCII')
})

function client(
  server: Recorder,
  settings: { maxRetries?: number; timeoutMs?: number } = {},
): PomboClient {
  return new PomboClient({ url: server.url, apiKey: 'key_1', timeoutMs: 10_000, ...settings })
}

async function failure(pending: Promise<unknown>): Promise<PomboApiError> {
  try {
    await pending
  } catch (error) {
    return error as PomboApiError
  }
  throw new Error('The call did not fail.')
}
