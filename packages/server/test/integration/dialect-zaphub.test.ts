// The routes of the dialect zaphub: Pombo, whole, over HTTP, by the document's own curl lines, its answers field by
// field.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { uuidv7 } from '../../src/core/id.ts'
import { curl } from '../support/curl.ts'
import { line, startZaphub, time, uuid, type ZaphubPombo } from '../support/dialect-zaphub.ts'
import { until, receiverOfTest } from '../support/receiver.ts'
import { programOf, startReceiver as startProgram } from '../support/receiver-process.ts'

let pombo: ZaphubPombo

beforeAll(async () => {
  pombo = await startZaphub()
})
afterAll(async () => await pombo?.stop())

const call: ZaphubPombo['api'] = (...given) => pombo.api(...given)
const newSession: ZaphubPombo['newSession'] = (...given) => pombo.newSession(...given)
const send: ZaphubPombo['send'] = (...given) => pombo.send(...given)

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
