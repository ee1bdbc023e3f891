// The routes of the dialect zaphub: Pombo, whole, over HTTP, by the document's own curl lines, its answers field by
// field.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { uuidv7 } from '../../src/core/id.ts'
import { curl } from '../support/curl.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { startReceiver, until, receiverOfTest } from '../support/receiver.ts'
import { programOf, startReceiver as startProgram } from '../support/receiver-process.ts'

let pombo: TestPombo

beforeAll(async () => {
  pombo = await startPombo({
    WEBHOOK_RETRY_ATTEMPTS: '2',
    WEBHOOK_RETRY_DELAY_MS: '60',
    WEBHOOK_TIMEOUT_MS: '1000',
    WEBHOOK_MAX_BODY_SIZE: '64',
    QUEUE_CONCURRENCY: '7',
  })
})
afterAll(async () => await pombo?.stop())

const call: TestPombo['api'] = (...given) => pombo.api(...given)

let sessions = 0
async function newSession(webhookUrl?: string, more: object = {}): Promise<string> {
  sessions += 1
  const id = `session-${sessions}`
  const made = await call('POST', '/sessions', {
    id,
    label: 'Support Team',
    ...(webhookUrl && { webhook_url: webhookUrl }),
    ...more,
  })
  expect(made.status).toBe(201)
  return id
}

/** The document's lines name the session abc-123 and the receiver your-app.com. */
function line(text: string, session: string, url = ''): string {
  return text.replaceAll('abc-123', session).replaceAll('https://your-app.com/webhook', url)
}

async function send(session: string, eventType: string, payload: object) {
  const sent = await call('POST', `/app/${session}/msg`, { eventType, payload })
  expect(sent.status).toBe(202)
}

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

test('a session is made and changed by the document’s lines, and its webhook_url read by the third', async () => {
  const { url } = await receiverOfTest()
  const made = await curl(
    pombo,
    line(
      `curl -X POST "http://localhost:3000/api/v1/sessions" \\
  -H "Authorization: Bearer your-api-key" \\
  -H "Content-Type: application/json" \\
  -d '{
    "label": "Support Team",
    "webhook_url": "https://your-app.com/webhook"
  }'`,
      '',
      url,
    ),
  )
  expect(made.status).toBe(201)
  expect(made.body).toEqual({
    success: true,
    data: {
      id: expect.stringMatching(uuid),
      label: 'Support Team',
      webhook_url: url,
      webhook_enabled: true,
      webhook_disabled_reason: null,
      webhook_events: null,
      webhook_signed: false,
      created_at: expect.stringMatching(time),
      updated_at: expect.stringMatching(time),
    },
    message: 'Session created successfully',
  })
  const { id } = made.body.data as { id: string }
  const patched = await curl(
    pombo,
    line(
      `curl -X PATCH "http://localhost:3000/api/v1/sessions/abc-123" \\
  -H "Authorization: Bearer your-api-key" \\
  -H "Content-Type: application/json" \\
  -d '{
    "webhook_url": "https://your-app.com/webhook"
  }'`,
      id,
      `${url}/other`,
    ),
  )
  expect(patched.body).toMatchObject({ success: true, data: { webhook_url: `${url}/other` } })
  const read = await curl(
    pombo,
    line(
      `curl -X GET "http://localhost:3000/api/v1/sessions/abc-123" \\
  -H "Authorization: Bearer your-api-key" | jq '.data.webhook_url'`,
      id,
    ),
  )
  expect(read.body).toMatchObject({
    success: true,
    data: { id, label: 'Support Team', webhook_url: `${url}/other` },
  })
})

test('sessions are listed newest first, page by page, and a deleted one is gone', async () => {
  const ids = [await newSession(), await newSession(), await newSession()].toReversed()
  const first = await call('GET', '/sessions?limit=2')
  expect(first.body.data.map((one: { id: string }) => one.id)).toEqual(ids.slice(0, 2))
  const second = await call('GET', '/sessions?limit=1&offset=2')
  expect(second.body.data[0].id).toBe(ids[2])
  const { total } = second.body.pagination
  expect(second.body.pagination).toEqual({ limit: 1, offset: 2, total })
  expect((await call('DELETE', `/sessions/${ids[0]}`)).body).toEqual({
    success: true,
    data: { id: ids[0] },
    message: 'Session deleted successfully',
  })
  expect((await call('GET', `/sessions/${ids[0]}`)).status).toBe(404)
  expect((await call('GET', '/sessions')).body.pagination.total).toBe(total - 1)
})

test('a webhook_url of null takes the webhook away, and no mistake leaves half a session behind', async () => {
  const target = await receiverOfTest()
  const id = await newSession(target.url)
  const gone = await call('PATCH', `/sessions/${id}`, { webhook_url: null, label: 'Vendas' })
  expect(gone.body.data).toMatchObject({
    webhook_url: null,
    webhook_enabled: false,
    label: 'Vendas',
  })
  for (const [body, field] of [
    [{ webhook_url: 'http://10.0.0.1/hook' }, 'webhook_url'],
    [{ webhook_url: 'no url' }, 'webhook_url'],
    [{ webhook_secret: 's3cret' }, 'webhook_secret'],
    [{ webhookUrl: target.url }, 'webhookUrl'],
  ] as const) {
    const refused = await call('POST', '/sessions', { id: 'half', label: 'x', ...body })
    expect(refused.status).toBe(422)
    expect(refused.body).toMatchObject({ success: false, data: null, error: 'validation' })
    expect(refused.body.message).toContain(field)
  }
  expect((await call('GET', '/sessions/half')).status).toBe(404)
  expect((await call('POST', '/sessions', { id })).body).toMatchObject({
    success: false,
    error: 'conflict',
  })
})

test('without a key, with a wrong one, and for no session, the answer has the document’s form', async () => {
  const path = '/api/v1/sessions/nobody'
  const without = await pombo.call('GET', path)
  expect(without.status).toBe(401)
  expect(without.body).toEqual({
    success: false,
    data: null,
    message: expect.stringContaining('Authorization: Bearer'),
    error: 'authentication_failed',
  })
  const wrong = { headers: { authorization: 'Bearer your-api-key' } }
  expect((await pombo.call('GET', path, wrong)).status).toBe(401)
  const missing = await call('GET', '/sessions/nobody')
  expect(missing.status).toBe(404)
  expect(missing.body.message).toBe('There is no session "nobody" here.')
})

test('the document’s test line shows what the endpoint answered, field by field', async () => {
  const target = await receiverOfTest(() => ({
    headers: { 'content-type': 'application/json' },
    body: '{"status":"ok","received":true}',
  }))
  const session = await newSession()
  const { status, body } = await curl(
    pombo,
    line(
      `curl -X POST "http://localhost:3000/api/v1/sessions/abc-123/webhook/test" \\
  -H "Authorization: Bearer your-api-key" \\
  -H "Content-Type: application/json" \\
  -d '{
    "url": "https://your-app.com/webhook",
    "event": "webhook.test"
  }'`,
      session,
      target.url,
    ),
  )
  expect(status).toBe(200)
  expect(body).toEqual({
    success: true,
    data: {
      url: target.url,
      statusCode: 200,
      statusText: 'OK',
      ok: true,
      headers: expect.objectContaining({ 'content-type': 'application/json' }),
      response: '{"status":"ok","received":true}',
      latency: expect.any(Number),
    },
    message: 'Webhook test successful',
  })
  const [request] = await target.waitFor(1)
  const sent = JSON.parse(request!.body) as Record<string, unknown>
  expect(Object.keys(sent)).toEqual(['event', 'sessionId', 'payload', 'timestamp', 'deliveryId'])
  expect(sent).toMatchObject({ event: 'webhook.test', sessionId: session })
  expect(request!.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'ZapHub-Webhook/1.0',
    'x-zaphub-event': 'webhook.test',
    'x-zaphub-session': session,
    'x-zaphub-delivery': sent['deliveryId'],
  })
})

test('a test that nobody answers, or too late, or with an error, says which', async () => {
  const closed = await startReceiver()
  await closed.close()
  const session = await newSession()
  const tested = async (url: string) =>
    (await call('POST', `/sessions/${session}/webhook/test`, { url })).body
  const refused = await tested(closed.url)
  expect(refused).toEqual({
    success: false,
    data: {
      url: closed.url,
      error: expect.stringContaining(`request to ${closed.url} failed, reason: ECONNREFUSED`),
      errorType: 'TypeError',
      timeout: false,
      networkError: 'ECONNREFUSED',
    },
    message: `Webhook test failed: ${refused.data.error}`,
  })
  const slow = await receiverOfTest(() => ({ hang: true }))
  expect(await tested(slow.url)).toMatchObject({
    success: false,
    data: { errorType: 'TimeoutError', timeout: true, networkError: null },
  })
  const failing = await receiverOfTest(() => ({ status: 500, body: 'não deu '.repeat(20) }))
  const answered = await tested(failing.url)
  expect(answered).toMatchObject({
    success: false,
    data: { statusCode: 500, statusText: 'Internal Server Error', ok: false },
    message: 'Webhook test failed: the endpoint answered 500 Internal Server Error',
  })
  // WEBHOOK_MAX_BODY_SIZE, between two characters.
  expect(Buffer.byteLength(answered.data.response)).toBeLessThanOrEqual(64)
  expect('não deu '.repeat(20).startsWith(answered.data.response)).toBe(true)
  expect(await tested('http://10.0.0.1/hook')).toMatchObject({
    success: false,
    data: { networkError: null, timeout: false },
  })
})

test('the short test line takes the session’s own webhook, with its signature; without one it is refused', async () => {
  const secret = 'segredo: ação!'
  const program = await startProgram('zaphub/receiver.ts', { WEBHOOK_SECRET: secret })
  try {
    const session = await newSession(program.url, { webhook_secret: secret })
    const own = await call('POST', `/sessions/${session}/webhook/test`, {})
    expect(own.body).toMatchObject({ success: true, data: { url: program.url, statusCode: 200 } })
    expect(await program.next()).toMatchObject({ status: 200, event: 'webhook.test' })
    // The same receiver by another URL is a stranger's: the session's secret signs nothing for it.
    const other = await curl(
      pombo,
      line(
        `curl -X POST "http://localhost:3000/api/v1/sessions/abc-123/webhook/test" \\
  -H "Authorization: Bearer your-api-key" \\
  -H "Content-Type: application/json" \\
  -d '{"url": "https://your-app.com/webhook"}'`,
        session,
        `${program.url}?other`,
      ),
    )
    expect(other.body).toMatchObject({ success: false, data: { statusCode: 401, ok: false } })
  } finally {
    await program.stop()
  }
  const none = await call('POST', `/sessions/${await newSession()}/webhook/test`, {})
  expect(none.status).toBe(400)
  expect(none.body.message).toContain('has no webhook_url')
})

test('the history shows each attempt as the document’s rows, by status, newest first, with their count', async () => {
  let failures = 2
  const target = await receiverOfTest(() => (failures-- > 0 ? { status: 500 } : {}))
  const session = await newSession(target.url)
  await send(session, 'message.received', { n: 1 })
  const history = async (query: string) =>
    (await call('GET', `/sessions/${session}/webhook/events${query}`)).body
  await until(async () => (await history('')).pagination.total === 3)
  const delivered = await curl(
    pombo,
    line(
      `curl -X GET "http://localhost:3000/api/v1/sessions/abc-123/webhook/events?limit=10&status=delivered" \\
  -H "Authorization: Bearer your-api-key"`,
      session,
    ),
  )
  expect(delivered.body).toEqual({
    success: true,
    data: [
      {
        id: expect.stringMatching(uuid),
        eventType: 'webhook.delivered',
        eventCategory: 'webhook',
        payload: { event: 'message.received', webhookUrl: target.url, status: 200, attempt: 3 },
        severity: 'debug',
        created_at: expect.stringMatching(time),
      },
    ],
    pagination: { limit: 10, offset: 0, total: 1 },
  })
  const failed = await curl(
    pombo,
    line(
      `curl -X GET "http://localhost:3000/api/v1/sessions/abc-123/webhook/events?status=failed" \\
  -H "Authorization: Bearer your-api-key"`,
      session,
    ),
  )
  expect(failed.body.pagination).toEqual({ limit: 50, offset: 0, total: 2 })
  expect(failed.body.data.map((one: { payload: object }) => one.payload)).toEqual(
    [2, 1].map((attempt) => ({
      event: 'message.received',
      webhookUrl: target.url,
      error: 'Webhook returned status 500',
      attempt,
    })),
  )
  expect(failed.body.data[0]).toMatchObject({ eventType: 'webhook.failed', severity: 'warn' })
  const all = await history('?limit=1&offset=1')
  expect(all.data).toEqual([failed.body.data[0]])
  for (const query of ['?limit=101', '?limit=0', '?offset=-1', '?status=pending'])
    expect((await call('GET', `/sessions/${session}/webhook/events${query}`)).status).toBe(422)
})

test('a webhook that fails is tried as often as the environment says, then given up', async () => {
  const target = await receiverOfTest(() => ({ status: 503 }))
  const session = await newSession(target.url)
  await send(session, 'message.sent', { messageId: 'uuid-789' })
  const requests = await target.waitFor(3)
  const ids = requests.map(({ body }) => (JSON.parse(body) as { deliveryId: string }).deliveryId)
  expect(new Set(ids).size).toBe(1)
  const [first, second, third] = requests.map(({ at }) => at)
  expect(second! - first!).toBeGreaterThan(50)
  expect(third! - second!).toBeGreaterThan(110)
  const { body } = await call('GET', `/app/${session}/endpoint`)
  expect(body.data).toMatchObject([{ maxInFlight: 7, dialect: 'zaphub' }])
  await until(async () => {
    const { body } = await call('GET', `/sessions/${session}/webhook/events`)
    return body.pagination.total === 3
  })
  expect(target.received).toHaveLength(3)
  const lines = pombo.errors.filter((one) => one['sessionId'] === session)
  expect(lines).toMatchObject(
    [1, 2, 3].map((attempt) => ({
      level: 'error',
      msg: '[WebhookWorker] Webhook delivery failed',
      webhookUrl: target.url,
      event: 'message.sent',
      error: 'Webhook returned status 503',
      attempt,
    })),
  )
})

test('the document’s retry line sends the event again, under the job id that it answered, to the digit', async () => {
  const target = await receiverOfTest()
  const session = await newSession(target.url)
  const { status, body } = await curl(
    pombo,
    line(
      `curl -X POST "http://localhost:3000/api/v1/sessions/abc-123/webhook/retry" \\
  -H "Authorization: Bearer your-api-key" \\
  -H "Content-Type: application/json" \\
  -d '{
    "event": "message.received",
    "payload": {
      "messageId": "uuid-456",
      "from": "5511999999999@s.whatsapp.net",
      "type": "text",
      "content": { "text": "Hello" }
    }
  }'`,
      session,
    ),
  )
  expect(status).toBe(200)
  expect(body).toEqual({
    success: true,
    data: {
      jobId: expect.stringMatching(
        new RegExp(`^webhook-${session}-message\\.received-\\d{10}-[a-z0-9]+$`),
      ),
      webhookUrl: target.url,
      event: 'message.received',
    },
    message: 'Webhook retry queued successfully',
  })
  const [request] = await target.waitFor(1)
  expect(request!.headers['x-zaphub-delivery']).toBe(body.data.jobId)
  const sent = JSON.parse(request!.body) as Record<string, unknown>
  expect(sent).toEqual({
    event: 'message.received',
    sessionId: session,
    payload: {
      messageId: 'uuid-456',
      from: '5511999999999@s.whatsapp.net',
      type: 'text',
      content: { text: 'Hello' },
    },
    timestamp: expect.stringMatching(time),
    deliveryId: body.data.jobId,
  })
  const big = '{"event":"x.y","payload":{"raw_media":{"fileLength":12345678901234567890}}}'
  await pombo.call('POST', `/api/v1/sessions/${session}/webhook/retry`, {
    text: big,
    headers: { authorization: `Bearer ${pombo.key}` },
  })
  expect((await target.waitFor(2))[1]!.body).toContain('"fileLength":12345678901234567890')
})

test('a retry goes to the session’s webhook only, whatever it subscribed to, and needs one enabled', async () => {
  const target = await receiverOfTest()
  const other = await receiverOfTest()
  const session = await newSession(target.url, { webhook_events: ['session.connected'] })
  await call('POST', `/app/${session}/endpoint`, { url: other.url })
  const retry = { event: 'message.failed', payload: { messageId: 'uuid-999' } }
  await call('POST', `/sessions/${session}/webhook/retry`, retry)
  await send(session, 'session.connected', {})
  await target.waitFor(2)
  expect(
    target.received.map(({ headers }) => String(headers['x-zaphub-event'])).toSorted(),
  ).toEqual(['message.failed', 'session.connected'])
  await other.waitFor(1)
  expect(other.received).toHaveLength(1)
  const without = await call('POST', `/sessions/${await newSession()}/webhook/retry`, retry)
  expect(without.status).toBe(400)
  const noPayload = await call('POST', `/sessions/${session}/webhook/retry`, { event: 'x' })
  expect(noPayload.status).toBe(422)
  expect(noPayload.body.problems[0].loc).toEqual(['body', 'payload'])
})

test('the catalogue begins with the document’s eight events, with their payloads', async () => {
  const { status, body } = await curl(
    pombo,
    `curl -X GET "http://localhost:3000/api/v1/webhook/events" \\
  -H "Authorization: Bearer your-api-key"`,
  )
  expect(status).toBe(200)
  expect(body).toMatchObject({
    success: true,
    message: `${body.data.length} webhook event types available`,
  })
  expect(body.data[0]).toEqual({
    event: 'session.qr_updated',
    description: 'QR code was generated or updated',
    category: 'session',
    payload: { qr_code: 'base64_string', generated_at: 'timestamp' },
  })
  expect(body.data[1]).toEqual({
    event: 'session.connected',
    description: 'Session successfully connected to WhatsApp',
    category: 'session',
    payload: { connected_at: 'timestamp', phone_number: 'string (if available)' },
  })
  const received = body.data[3]
  expect(received).toMatchObject({ event: 'message.received', description: 'New message received' })
  expect(received.payload).toMatchObject({
    messageId: 'uuid',
    from: 'jid',
    type: 'text|image|video|...',
    content: 'object',
    timestamp: 'timestamp',
  })
  expect(body.data.slice(0, 8).map((one: { event: string }) => one.event)).toEqual([
    'session.qr_updated',
    'session.connected',
    'session.disconnected',
    'message.received',
    'message.sent',
    'message.delivered',
    'message.read',
    'message.failed',
  ])
})

test('the audit shows what came in, what was queued and what was delivered, with severity and category', async () => {
  const target = await receiverOfTest()
  const session = await newSession(target.url)
  await send(session, 'session.connected', { connected_at: '2025-11-13T10:30:30Z' })
  const audit = async (query = '') =>
    (await call('GET', `/sessions/${session}/events${query}`)).body
  await until(async () => (await audit()).data.length === 3)
  const { data, pagination } = await audit()
  expect(pagination).toEqual({ limit: 50, offset: 0, total: 3 })
  expect(data[0]).toMatchObject({ eventType: 'webhook.delivered', severity: 'debug' })
  const [message] = (await audit('?category=session')).data
  expect(message).toEqual({
    id: expect.stringMatching(uuid),
    eventType: 'session.connected',
    eventCategory: 'session',
    payload: {},
    severity: 'info',
    created_at: expect.stringMatching(time),
  })
  const webhook = await audit('?category=webhook&limit=1&offset=1')
  expect(webhook.data).toEqual([
    {
      id: expect.stringMatching(uuid),
      eventType: 'webhook.delivery.queued',
      eventCategory: 'webhook',
      payload: { event: 'session.connected', webhookUrl: target.url },
      severity: 'debug',
      created_at: message.created_at,
    },
  ])
  expect(webhook.pagination).toEqual({ limit: 1, offset: 1, total: 2 })
  expect((await audit('?limit=1')).pagination).toEqual({ limit: 1, offset: 0, total: 3 })
})

test('the audit of a category finds what lies behind many events of another', async () => {
  const session = await newSession()
  await send(session, 'session.connected', { phone_number: '5511999999999' })
  await send(session, 'order.paid', { id: 1 })
  for (let n = 0; n < 8; n++) await send(session, 'message.sent', { messageId: `uuid-${n}` })
  const audit = async (query: string) => {
    const { data, pagination } = (await call('GET', `/sessions/${session}/events${query}`)).body
    return [data.map((one: { eventType: string }) => one.eventType), pagination.total]
  }
  expect(await audit('?category=session&limit=2')).toEqual([['session.connected'], 1])
  expect(await audit('?category=other&limit=2')).toEqual([['order.paid'], 1])
  expect(await audit('?category=message&limit=2')).toEqual([['message.sent', 'message.sent'], 8])
  expect(await audit('?category=webhook&limit=2')).toEqual([[], 0])
  expect(await audit('?limit=2&offset=8')).toEqual([['order.paid', 'session.connected'], 10])
})

test.for(['zaphub/receiver.ts', 'zaphub/receiver.py'])(
  'the document’s %s takes what a session’s webhook gets, and refuses a request that is not signed with its secret',
  async (file, context) => {
    if (programOf(file) === null) context.skip(`there is no program for ${file} on this machine`)
    const program = await startProgram(file, { WEBHOOK_SECRET: 'um segredo' })
    try {
      const session = await newSession(program.url, { webhook_secret: 'um segredo' })
      await send(session, 'message.received', {
        from: '5511999999999@s.whatsapp.net',
        content: { text: 'Hello, I need help' },
      })
      expect(await program.next()).toMatchObject({
        status: 200,
        event: 'message.received',
        printed: expect.arrayContaining([
          'New message from 5511999999999@s.whatsapp.net: Hello, I need help',
        ]),
      })
      await call('PATCH', `/sessions/${session}`, { webhook_secret: 'another one' })
      await send(session, 'message.received', { from: 'x', content: { text: uuidv7(Date.now()) } })
      expect(await program.next()).toMatchObject({ status: 401 })
      // Its next try would go to whoever has the port by then.
      await call('DELETE', `/sessions/${session}`)
    } finally {
      await program.stop()
    }
  },
)
