// The webhooks of the dialect zaphub: tried, looked back on and sent again by the document's own curl lines.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { curl } from '../support/curl.ts'
import { line, startZaphub, time, uuid, type ZaphubPombo } from '../support/dialect-zaphub.ts'
import { startReceiver, until, receiverOfTest } from '../support/receiver.ts'
import { startReceiver as startProgram } from '../support/receiver-process.ts'

let pombo: ZaphubPombo

beforeAll(async () => {
  pombo = await startZaphub()
})
afterAll(async () => await pombo?.stop())

const call: ZaphubPombo['api'] = (...given) => pombo.api(...given)
const newSession: ZaphubPombo['newSession'] = (...given) => pombo.newSession(...given)
const send: ZaphubPombo['send'] = (...given) => pombo.send(...given)

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
