// The routes of the dialect device-status: Pombo, whole, over HTTP, against document 002's calls and JSON.
import { createHmac, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deviceStatus } from '../../src/dialects/device-status/device-status.ts'
import { curl } from '../support/curl.ts'
import { endpointOf, outgoing, samplesOf } from '../support/dialect-samples.ts'
import type { Called } from '../support/called.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until, receiverOfTest } from '../support/receiver.ts'
import { startReceiver as startProgram } from '../support/receiver-process.ts'

let pombo: TestPombo

beforeAll(async () => {
  pombo = await startPombo({ POMBO_LOG_LEVEL: 'warn' })
})
afterAll(async () => await pombo?.stop())

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Called> {
  return await pombo.call(method, path, {
    ...(body === undefined ? {} : { body }),
    headers: { authorization: basic(`anyone:${pombo.key}`), ...headers },
  })
}

async function register(body: object): Promise<string> {
  const made = await call('POST', '/api/devices', body)
  expect(made.status).toBe(201)
  return made.body.deviceHash as string
}

test('the document’s registration gives a device with a hash of 16 hex digits', async () => {
  const made = await curl(
    pombo,
    `curl -X POST http://localhost:3000/api/devices \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Basic <token>" \\
  -d '{
    "statusWebhookUrl": "https://meusite.com/webhook/status",
    "statusWebhookSecret": "meu-secret-super-seguro"
  }'`,
  )
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown
  expect(made.status).toBe(201)
  const device = {
    deviceHash: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
    status: 'disconnected',
    statusWebhookUrl: 'https://meusite.com/webhook/status',
    statusWebhookSigned: true,
    statusWebhookDisabled: null,
    gatewayUrl: null,
    gateway: null,
    lastEvent: null,
    createdAt: time,
    updatedAt: time,
  }
  expect(made.body).toEqual(device)
  const { deviceHash } = made.body
  expect((await call('GET', `/api/devices/${deviceHash}`)).body).toEqual(made.body)
  const { devices, total } = (await call('GET', '/api/devices')).body
  expect(total).toBe(devices.length)
  expect(devices).toContainEqual(made.body)
})

test('the document’s update sets another URL and another secret on the device that the header names', async () => {
  const [old, next] = [await receiverOfTest(), await receiverOfTest()]
  const hash = 'a1b2c3d4e5f67890'
  await register({
    deviceHash: hash,
    statusWebhookUrl: old.url,
    statusWebhookSecret: 'meu-secret',
  })
  const line = `curl -X PUT http://localhost:3000/api/devices \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Basic <token>" \\
  -H "x-instance-id: a1b2c3d4e5f67890" \\
  -d '{
    "statusWebhookUrl": "https://novosite.com/webhook/status",
    "statusWebhookSecret": "novo-secret"
  }'`
  const asItStands = await curl(pombo, line)
  expect(asItStands.status).toBe(200)
  expect(asItStands.body).toMatchObject({
    deviceHash: hash,
    statusWebhookUrl: 'https://novosite.com/webhook/status',
    statusWebhookSigned: true,
  })
  const put = await curl(pombo, line.replace('https://novosite.com/webhook/status', next.url))
  expect(put.body).toMatchObject({ deviceHash: hash, statusWebhookUrl: next.url })
  await call('POST', `/api/devices/${hash}/events`, { code: 'CONTAINER_START', message: 'x' })
  const [request] = await next.waitFor(1)
  expect(request!.headers['x-webhook-signature']).toBe(
    createHmac('sha256', 'novo-secret').update(request!.body).digest('hex'),
  )
  expect(old.received).toEqual([])
})

test('a device that moves here keeps its hash, which nobody else can take', async () => {
  const deviceHash = randomBytes(8).toString('hex')
  const target = await receiverOfTest()
  const made = await call('POST', '/api/devices', { deviceHash, statusWebhookUrl: target.url })
  expect(made.body).toMatchObject({ deviceHash })
  await call('POST', `/api/devices/${deviceHash}/events`, { code: 'CONTAINER_START' })
  const [request] = await target.waitFor(1)
  expect(JSON.parse(request!.body).device).toEqual({ deviceHash, status: 'running' })
  expect((await call('POST', '/api/devices', { deviceHash })).status).toBe(409)
  expect((await call('POST', '/api/devices', { deviceHash: 'A1' })).status).toBe(422)
})

test('what an update leaves out stays, and null takes it away', async () => {
  const target = await receiverOfTest()
  const hash = await register({ statusWebhookUrl: target.url, statusWebhookSecret: 's1' })
  const put = async (body: object) => (await call('PUT', `/api/devices/${hash}`, body)).body
  expect(await put({})).toMatchObject({ statusWebhookUrl: target.url, statusWebhookSigned: true })
  expect(await put({ statusWebhookSecret: null })).toMatchObject({
    statusWebhookUrl: target.url,
    statusWebhookSigned: false,
  })
  expect(await put({ statusWebhookUrl: null })).toMatchObject({ statusWebhookUrl: null })
  expect(await put({ statusWebhookUrl: target.url })).toMatchObject({
    statusWebhookUrl: target.url,
  })
})

test.each(
  samplesOf('device-status').filter(({ provenance }) =>
    provenance.startsWith('document 002, Exemplos Práticos'),
  ),
)('$file: a report arrives as the document’s JSON', async ({ file, payload }) => {
  const target = await receiverOfTest()
  const hash = await register({ statusWebhookUrl: target.url })
  const { at, raw } = payload as { at: string; raw: { event: Record<string, unknown> } }
  const posted = await call('POST', `/api/devices/${hash}/events`, { ...raw.event, timestamp: at })
  expect(posted.status).toBe(202)
  const [request] = await target.waitFor(1)
  const sample = samplesOf('device-status').find((one) => one.file === file)!
  const formatted = deviceStatus.format(outgoing(sample), endpointOf('device-status'))
  const expected = JSON.parse(formatted) as { device: { deviceHash: string }; timestamp: string }
  expected.device.deviceHash = hash
  expect(JSON.parse(request!.body)).toEqual(expected)
  expect(expected.timestamp).toBe(at)
})

test('the document’s receiver takes what a report becomes, and its handlers are called', async () => {
  const program = await startProgram('device-status/receiver.ts', { WEBHOOK_SECRET: 'segredo' })
  try {
    const hash = await register({ statusWebhookUrl: program.url, statusWebhookSecret: 'segredo' })
    for (const [report, said] of [
      [{ code: 'LOGIN_SUCCESS', message: 'ok' }, ['handleLoginSuccess']],
      [{ code: 'LIST_DEVICES', devices: [] }, ['handleDeviceDisconnected']],
      [{ code: 'AUTH_FAILURE', error: { reason: 'x' } }, ['handleAuthFailed', 'handleDeviceError']],
      [{ code: 'CONTAINER_STOP' }, ['handleContainerEvent', 'handleContainerStopped']],
    ] as const) {
      await call('POST', `/api/devices/${hash}/events`, report)
      expect(await program.next()).toMatchObject({ status: 200, handlers: said })
    }
  } finally {
    await program.stop()
  }
})

test('keys that nobody knows are kept, with all digits', async () => {
  const target = await receiverOfTest()
  const hash = await register({ statusWebhookUrl: target.url })
  const posted = await pombo.call('POST', `/api/devices/${hash}/events`, {
    text: '{"code":"OOM_KILLED","message":"sem memória","status":"error","bytes":12345678901234567890,"load":1.0}',
    headers: { authorization: basic(`x:${pombo.key}`) },
  })
  expect(posted.body).toMatchObject({
    id: expect.stringMatching(/^msg_/),
    deviceHash: hash,
    status: 'error',
    event: { type: 'container_event', code: 'GENERIC' },
  })
  const [request] = await target.waitFor(1)
  expect(request!.body).toContain('"bytes":12345678901234567890,"load":1.0')
  expect(request!.headers['webhook-id']).toBe(posted.body.id)
  expect(JSON.parse(request!.body).event).toMatchObject({
    type: 'container_event',
    code: 'GENERIC',
    original_code: 'OOM_KILLED',
    message: 'sem memória',
  })
})

test('a device shows its status and what was heard last', async () => {
  const hash = await register({})
  await call('POST', `/api/devices/${hash}/events`, {
    code: 'AUTH_FAILURE',
    message: 'Authentication failed - session expired',
    timestamp: '2025-08-12T14:20:15.678Z',
  })
  const shown = async () => (await call('GET', `/api/devices/${hash}`)).body
  expect(await shown()).toMatchObject({
    status: 'error',
    lastEvent: {
      type: 'auth_failed',
      code: 'AUTH_FAILURE',
      message: 'Authentication failed - session expired',
      timestamp: '2025-08-12T14:20:15.678Z',
    },
  })
  // Late news is news to the webhook, not to the device.
  await call('POST', `/api/devices/${hash}/events`, {
    code: 'LOGIN_SUCCESS',
    timestamp: '2025-08-12T14:00:00.000Z',
  })
  expect(await shown()).toMatchObject({ status: 'error' })
  // A report that says nothing about the status leaves it as it was.
  await call('POST', `/api/devices/${hash}/events`, { code: 'BATTERY_LOW' })
  expect(await shown()).toMatchObject({ status: 'error', lastEvent: { code: 'GENERIC' } })
})

test('a report is answered while its receiver hangs', async () => {
  const target = await receiverOfTest(() => ({ hang: true }))
  const hash = await register({ statusWebhookUrl: target.url })
  await call('POST', `/api/devices/${hash}/events`, { code: 'CONTAINER_START' })
  await target.waitFor(1)
  const startedAt = performance.now()
  for (let n = 0; n < 5; n++)
    expect((await call('POST', `/api/devices/${hash}/events`, { code: 'GENERIC' })).status).toBe(
      202,
    )
  expect(performance.now() - startedAt).toBeLessThan(30_000)
})

test('a webhook that fails is tried again after 1 s, and logged in the document’s words', async () => {
  const target = await receiverOfTest((_, index) => ({ status: index === 0 ? 503 : 200 }))
  const hash = await register({ statusWebhookUrl: target.url })
  await call('POST', `/api/devices/${hash}/events`, { code: 'CONTAINER_START' })
  const [first, second] = await target.waitFor(2)
  expect(second!.at - first!.at).toBeGreaterThan(900)
  expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
  expect(second!.body).toBe(first!.body)
  const line = await until(() => pombo.errors.find(({ msg }) => String(msg).startsWith('Webhook')))
  expect(line).toMatchObject({
    level: 'warn',
    msg: 'Webhook falhou (tentativa 1/3), tentando novamente em 1000ms',
  })
  expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

test('a device’s events arrive in their order, also when one of them is tried again', async () => {
  const target = await receiverOfTest((_, index) => ({ status: index === 0 ? 500 : 200 }))
  const hash = await register({ statusWebhookUrl: target.url })
  await call('POST', `/api/devices/${hash}/events`, { code: 'LIST_DEVICES', devices: [] })
  await call('POST', `/api/devices/${hash}/events`, { code: 'LIST_DEVICES', devices: [{}] })
  const bodies = (await target.waitFor(3)).map(({ body }) => JSON.parse(body).event.type as string)
  expect(bodies).toEqual(['disconnected', 'disconnected', 'connected'])
})

test('the key is the password of any user, or the whole of what is encoded; nothing else lets in', async () => {
  const status = async (authorization?: string) =>
    (await pombo.call('GET', '/api/devices', { headers: authorization ? { authorization } : {} }))
      .status
  expect(await status(basic(`admin:${pombo.key}`))).toBe(200)
  expect(await status(basic(`:${pombo.key}`))).toBe(200)
  expect(await status(basic(pombo.key))).toBe(200)
  expect(await status(basic('admin:wrong'))).toBe(401)
  expect(await status(`Bearer ${pombo.key}`)).toBe(401)
  expect(await status()).toBe(401)
})

test('the API is described where the document says', async () => {
  const page = await fetch(`${pombo.url}/api/docs`)
  expect([page.status, page.url]).toEqual([200, `${pombo.url}/api/v1/docs`])
  expect(page.headers.get('content-type')).toContain('text/html')
})

test('mistakes are answered with what was wrong', async () => {
  const problems = async (method: string, path: string, body?: unknown) => {
    const { status, body: answer } = await call(method, path, body)
    return {
      status,
      code: answer.code,
      loc: answer.problems?.map((one: { loc: string[] }) => one.loc.join('.')),
    }
  }
  expect(await problems('POST', '/api/devices', { statusWebhookUrl: 'ftp://x' })).toEqual({
    status: 422,
    code: 'validation',
    loc: ['body.statusWebhookUrl'],
  })
  expect(await problems('POST', '/api/devices', { statusWebhookSecret: 'x' })).toMatchObject({
    loc: ['body.statusWebhookSecret'],
  })
  expect(
    await problems('POST', '/api/devices', { gatewayUrl: 'http://127.0.0.1/ws' }),
  ).toMatchObject({ loc: ['body.gatewayUrl'] })
  expect(await problems('POST', '/api/devices', { gatewayUrl: 'ws://10.0.0.1/ws' })).toMatchObject({
    loc: ['body.gatewayUrl'],
  })
  expect(await problems('PUT', '/api/devices', {})).toMatchObject({
    status: 422,
    loc: ['header.x-instance-id'],
  })
  const unknown = randomBytes(8).toString('hex')
  expect(await problems('GET', `/api/devices/${unknown}`)).toMatchObject({ status: 404 })
  const hash = await register({})
  expect(await problems('POST', `/api/devices/${hash}/events`, { message: 'x' })).toMatchObject({
    status: 422,
    loc: ['body.code'],
  })
  expect((await call('DELETE', `/api/devices/${hash}`)).status).toBe(204)
  expect(await problems('DELETE', `/api/devices/${hash}`)).toMatchObject({ status: 404 })
})
