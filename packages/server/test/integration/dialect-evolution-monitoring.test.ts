// The monitoring API and the monitoring webhook: Pombo, whole, over HTTP, against the document's JSON.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import type { Called } from '../support/called.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let database: TestDatabase
let pombo: TestPombo
let monitoring: Receiver
let ok: Receiver
let down: Receiver
let refusing: Receiver

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown

beforeAll(async () => {
  database = await createTestDatabase()
  monitoring = await startReceiver()
  ok = await startReceiver(() => ({ status: 200, body: 'ok' }))
  down = await startReceiver(() => ({ status: 503 }))
  refusing = await startReceiver(() => ({ status: 404, body: '=1+1' }))
  pombo = await startPombo(
    {
      WEBHOOK_MONITORING_ENABLED: 'true',
      WEBHOOK_MONITORING_URL: `${monitoring.url}/monitoring`,
      WEBHOOK_MONITORING_INTERVAL: '1s',
      WEBHOOK_RETRY_INITIAL_DELAY_SECONDS: '300',
      POMBO_SERVER_URL: 'http://localhost:8080',
    },
    database,
  )
})
afterAll(async () => {
  await pombo?.stop()
  for (const receiver of [monitoring, ok, down, refusing]) await receiver?.close()
  await database?.drop()
})

function call(method: string, path: string, body?: unknown): Promise<Called> {
  return pombo.call(method, path, {
    ...(body === undefined ? {} : { body }),
    headers: { apikey: pombo.key },
  })
}

async function setUp(instance: string, url: string): Promise<void> {
  const set = await call('POST', `/webhook/set/${instance}`, { webhook: { enabled: true, url } })
  expect(set.status).toBe(201)
}

let ids = 0
async function send(instance: string): Promise<void> {
  ids += 1
  const key = { remoteJid: '5511999999999@s.whatsapp.net', fromMe: false, id: `MON${ids}` }
  const posted = await call('POST', `/evolution/${instance}`, {
    event: 'messages.upsert',
    instance,
    data: { key, message: { conversation: 'Olá' }, messageTimestamp: 1_705_314_600 },
  })
  expect(posted.body.data.accepted).toBe(1)
}

const health = async () => (await call('GET', '/webhook/health')).body
const metrics = async () => (await call('GET', '/webhook/metrics')).body
const logs = async (query = '') => (await call('GET', `/webhook/logs${query}`)).body.data
const failed = async (query = '') => (await call('GET', `/webhook/failed${query}`)).body.data

function reported(event: string, instance?: string) {
  return monitoring.received
    .map(({ body }) => JSON.parse(body))
    .filter((body) => body['event'] === event && (!instance || body['instance'] === instance))
}

test('before anything was sent the system is healthy', async () => {
  expect(await health()).toEqual({
    status: 'SUCCESS',
    data: {
      healthy: true,
      timestamp: time,
      summary: { successRate: 100, totalWebhooks: 0, pendingRetries: 0, avgResponseTime: 0 },
      config: { globalWebhookEnabled: false, monitoringWebhookEnabled: true },
    },
  })
})

test('health and metrics count what was sent, per instance and by category of error', async () => {
  await setUp('instance1', ok.url)
  await setUp('instance2', refusing.url)
  for (let n = 0; n < 19; n++) await send('instance1')
  await until(async () => (await health()).data.summary.totalWebhooks === 19)
  await send('instance2')
  // 19 of 20 is 95 %: healthy still. One more is not.
  const counted = await until(async () => {
    const body = await health()
    return body.data.summary.totalWebhooks === 20 && body
  })
  expect(counted.data).toMatchObject({
    healthy: true,
    summary: { successRate: 95, pendingRetries: 0 },
  })
  await send('instance2')
  await until(async () => (await health()).data.summary.totalWebhooks === 21)
  expect((await health()).data).toMatchObject({ healthy: false, summary: { successRate: 90.5 } })
  expect(await metrics()).toEqual({
    status: 'SUCCESS',
    metrics: {
      total: 21,
      successful: 19,
      failed: 2,
      retries: 0,
      averageResponseTime: expect.any(Number) as unknown,
      errorsByType: { client_error: 2 },
      instanceStats: {
        instance1: { total: 19, successful: 19, failed: 0 },
        instance2: { total: 2, successful: 0, failed: 2 },
      },
      retry: { pending: 0, totalFailed: 2, averageAttempts: 0 },
      summary: { successRate: 90.5, errorRate: 9.5, retryRate: 0 },
    },
  })
})

test('logs are the document’s, newest first, by instance and errors alone', async () => {
  const all = await logs('?type=main')
  expect(all.total).toBe(21)
  const times = all.logs.map((log: { timestamp: string }) => log.timestamp)
  expect(times).toEqual(times.toSorted().toReversed())
  expect(await logs('?type=main&instance=instance1&limit=1')).toEqual({
    logs: [
      {
        timestamp: time,
        type: 'main',
        event: 'messages.upsert',
        instance: 'instance1',
        webhookUrl: ok.url,
        result: { success: true, statusCode: 200, responseTime: expect.any(Number) as unknown },
        metadata: { attempt: 1, queueSize: 0 },
      },
    ],
    total: 1,
  })
  const errors = await logs('?type=errors')
  expect(errors.total).toBe(2)
  expect(errors.logs[0].result).toMatchObject({
    success: false,
    statusCode: 404,
    error: 'status 404',
    errorType: 'client_error',
  })
  expect(await logs('?instance=nobody')).toEqual({ logs: [], total: 0 })
  expect((await call('GET', '/webhook/logs?limit=0')).body).toMatchObject({ status: 'ERROR' })
})

test('logs are exported as JSON and CSV', async () => {
  const json = await call('GET', '/webhook/logs/export?format=json&type=main')
  expect(json.body).toMatchObject({ status: 'SUCCESS', data: { total: 21 } })
  expect(json.body.data.logs).toHaveLength(21)
  expect(json.headers.get('content-disposition')).toContain('webhook-logs.json')
  const csv = await call('GET', '/webhook/logs/export?format=csv&type=errors')
  expect(csv.headers.get('content-type')).toContain('text/csv')
  const lines = csv.text.trimEnd().split('\r\n')
  expect(lines[0]).toBe(
    'timestamp,type,event,instance,webhookUrl,success,statusCode,responseTime,error,errorType,attempt',
  )
  expect(lines).toHaveLength(3)
  expect(lines[1]).toMatch(
    /^2\d{3}-[^,]*Z,main,messages\.upsert,instance2,http:[^,]*,false,404,\d+,status 404,client_error,1$/,
  )
  expect((await call('GET', '/webhook/logs/export?format=xml')).status).toBe(422)
})

test('what waits for a retry is listed with its payload, and is removed one by one and all at once', async () => {
  await setUp('waiting', down.url)
  for (let n = 0; n < 3; n++) await send('waiting')
  const waiting = await until(async () => {
    const data = await failed()
    return data.total === 3 && data
  })
  expect(waiting.failedWebhooks[0]).toEqual({
    id: expect.stringMatching(/^dlv_/) as unknown,
    instance: 'waiting',
    payload: expect.objectContaining({ event: 'messages.upsert', instance: 'waiting' }) as unknown,
    webhookUrl: down.url,
    attempts: 1,
    lastAttempt: time,
    nextRetry: time,
    lastError: 'status 503',
    lastStatusCode: 503,
  })
  expect((await failed('?limit=2')).failedWebhooks).toHaveLength(2)
  const next = (await failed('?limit=2')).nextCursor as string
  expect((await failed(`?limit=2&cursor=${next}`)).failedWebhooks).toHaveLength(1)
  expect((await metrics()).metrics.retry).toMatchObject({ pending: 3, averageAttempts: 1 })
  expect((await health()).data.summary.pendingRetries).toBe(3)

  const [first] = waiting.failedWebhooks
  expect((await call('DELETE', `/webhook/failed/${first.id}`)).body).toMatchObject({
    status: 'SUCCESS',
  })
  const again = await call('DELETE', `/webhook/failed/${first.id}`)
  expect([again.status, again.body.status, again.body.error]).toEqual([404, 'ERROR', 'not_found'])
  expect((await call('DELETE', '/webhook/failed')).body).toMatchObject({
    status: 'SUCCESS',
    data: { removed: 2 },
  })
  expect(await failed()).toEqual({ failedWebhooks: [], total: 0 })
})

test('the test tells what the webhook answered, and is neither queued nor logged', async () => {
  const before = (await logs('?limit=1000')).total
  const payload = {
    event: 'test.webhook',
    instance: 'test',
    data: { message: 'Teste de conectividade' },
  }
  const tried = async (url: string) => (await call('POST', '/webhook/test', { url, payload })).body
  expect(await tried(`${ok.url}/test`)).toEqual({
    status: 'SUCCESS',
    data: {
      success: true,
      statusCode: 200,
      responseTime: expect.any(Number) as unknown,
      error: null,
    },
  })
  const request = ok.received.find(({ path }) => path === '/test')
  expect(JSON.parse(request!.body)).toEqual(payload)
  expect((await tried(refusing.url)).data).toMatchObject({
    success: false,
    statusCode: 404,
    error: 'status 404',
  })
  const location = 'https://new.example.com/hook'
  const moved = await startReceiver(() => ({ status: 308, headers: { location } }))
  expect((await tried(moved.url)).data).toMatchObject({
    statusCode: 308,
    error: expect.stringContaining(`status 308, Location: ${location}`) as unknown,
  })
  await moved.close()
  expect((await tried('http://127.0.0.1:1/')).data).toMatchObject({
    success: false,
    statusCode: null,
    error: expect.stringMatching(/./) as unknown,
  })
  expect((await tried('http://10.0.0.1/')).data.error).toMatch(/10\.0\.0\.1/)
  expect((await call('POST', '/webhook/test', {})).status).toBe(422)
  expect((await logs('?limit=1000&type=main')).total).toBeLessThanOrEqual(before)
})

test('the monitoring webhook gets queue.stats of every instance at its interval, once each', async () => {
  const [first, second] = await until(() => {
    const found = reported('queue.stats', 'instance1')
    return found.length >= 2 && found
  })
  expect(first).toEqual({
    event: 'queue.stats',
    timestamp: time,
    instance: 'instance1',
    data: {
      queueSize: expect.any(Number) as unknown,
      processedCount: expect.any(Number) as unknown,
      audioFilterStats: { tooShort: 0, tooLong: 0, processed: 0 },
    },
    server_url: 'http://localhost:8080',
  })
  const gapMs = Date.parse(String(second!['timestamp'])) - Date.parse(String(first!['timestamp']))
  expect(gapMs).toBeGreaterThan(500)
  const last = await until(() =>
    reported('queue.stats', 'instance1').find(({ data }) => data.processedCount === 19),
  )
  expect(last['data']).toMatchObject({ queueSize: 0 })
  expect(monitoring.received.every(({ path }) => path === '/monitoring')).toBe(true)
})

test('queue.stats counts the sounds of an instance, each once, on several nodes', async () => {
  const second = await startPombo(
    {
      WEBHOOK_MONITORING_ENABLED: 'true',
      WEBHOOK_MONITORING_URL: `${monitoring.url}/monitoring`,
      WEBHOOK_MONITORING_INTERVAL: '1s',
    },
    database,
  )
  await setUp('sounds', ok.url)
  const sound = async (id: string) => {
    const key = { remoteJid: '5511999999999@s.whatsapp.net', fromMe: false, id }
    const data = {
      key,
      message: { audioMessage: { seconds: 15, mimetype: 'audio/mpeg' } },
      messageType: 'audioMessage',
      messageTimestamp: 1_705_314_600,
    }
    await call('POST', '/evolution/sounds', { event: 'messages.upsert', instance: 'sounds', data })
  }
  const processed = () =>
    reported('queue.stats', 'sounds').at(-1)?.['data'].audioFilterStats.processed as number
  await sound('SND1')
  await sound('SND2')
  await send('sounds')
  await until(() => processed() === 2, 60_000)
  await sound('SND3')
  await until(() => processed() === 3, 60_000)
  await second.stop()
  const counts = reported('queue.stats', 'sounds').map(({ data }) => data.audioFilterStats)
  expect(Math.max(...counts.map((one) => one.processed))).toBe(3)
  expect(counts.every(({ tooShort, tooLong }) => tooShort === 0 && tooLong === 0)).toBe(true)
}, 150_000)

test('two nodes report an interval once', async () => {
  const second = await startPombo(
    {
      WEBHOOK_MONITORING_ENABLED: 'true',
      WEBHOOK_MONITORING_URL: `${monitoring.url}/monitoring`,
      WEBHOOK_MONITORING_INTERVAL: '1s',
    },
    database,
  )
  const from = reported('queue.stats', 'instance1').length
  await until(() => reported('queue.stats', 'instance1').length >= from + 8)
  await second.stop()
  const times = reported('queue.stats', 'instance1')
    .slice(from)
    .map(({ timestamp }) => Date.parse(String(timestamp)))
  const seconds = (times.at(-1)! - times[0]!) / 1_000
  // Twice each would be twice as many; one that a busy machine made late is near the next.
  expect(times.length - 1).toBeLessThanOrEqual(seconds + 2)
})

test('the monitoring webhook is told of what was given up, of errors, and of disabled webhooks', async () => {
  const given = await until(() => reported('webhook.failed', 'instance2')[0])
  expect(given['data']).toMatchObject({
    event: 'messages.upsert',
    webhookUrl: refusing.url,
    attempts: 1,
    statusCode: 404,
    error: 'status 404',
    reason: 'status 404 is not retried',
  })
  const gone = await startReceiver(() => ({ status: 410 }))
  await setUp('gone', gone.url)
  await send('gone')
  const disabled = await until(() => reported('webhook.disabled', 'gone')[0])
  expect(disabled['data']).toMatchObject({
    webhookUrl: gone.url,
    reason: expect.stringMatching(/410/),
  })
  await setUp('broken', down.url)
  for (let n = 0; n < 12; n++) await send('broken')
  const error = await until(() => reported('error', 'broken')[0])
  expect(error['data']).toMatchObject({ type: 'endpoint.circuit.opened', webhookUrl: down.url })
  await gone.close()
})

test('business events do not reach the monitoring webhook, and its own do not reach the others', () => {
  const events = new Set(
    monitoring.received.map(({ body }) => (JSON.parse(body) as { event: string }).event),
  )
  expect([...events].toSorted()).toEqual([
    'error',
    'queue.stats',
    'webhook.disabled',
    'webhook.failed',
  ])
  expect(ok.received.some(({ body }) => /queue\.stats|webhook\.failed/.test(body))).toBe(false)
})

test('deleting the logs clears logs and metrics; what comes after is counted from nothing', async () => {
  await call('DELETE', '/webhook/failed')
  expect((await call('DELETE', '/webhook/logs')).body.status).toBe('SUCCESS')
  expect((await logs('?type=main')).total).toBe(0)
  expect((await metrics()).metrics).toMatchObject({ total: 0, errorsByType: {}, instanceStats: {} })
  expect((await call('GET', '/webhook/logs/export?type=main')).body.data).toEqual({
    logs: [],
    total: 0,
  })
  await send('instance1')
  await until(async () => (await metrics()).metrics.total === 1)
  expect((await logs('?type=main')).total).toBe(1)
  // Nothing that was recorded is gone.
  const { rows } = await database.pool.query<{ count: number }>(
    'select count(*) as count from attempt',
  )
  expect(rows[0]!.count).toBeGreaterThan(30)
})

test('a failing monitoring webhook never feeds itself', async () => {
  const other = await createTestDatabase()
  const failing = await startReceiver(() => ({ status: 400 }))
  const second = await startPombo(
    {
      WEBHOOK_MONITORING_ENABLED: 'true',
      WEBHOOK_MONITORING_URL: failing.url,
      WEBHOOK_MONITORING_INTERVAL: '1h',
    },
    other,
  )
  try {
    await second.call('POST', '/webhook/set/alone', {
      body: { webhook: { enabled: true, url: refusing.url } },
      headers: { apikey: second.key },
    })
    await second.call('POST', '/evolution/alone', {
      body: {
        event: 'connection.update',
        instance: 'alone',
        data: { instance: 'alone', state: 'open', statusReason: 200 },
      },
      headers: { apikey: second.key },
    })
    await failing.waitFor(1)
    // Its own failure is given up at once, noted, and read: and nothing more is made of it.
    const signals = async () => {
      const { rows } = await other.pool.query<{ open: number; messages: number; given: number }>(
        // The figures of the start may come before the instance or after it.
        `select (select count(*) from signal) as open,
                (select count(*) from message where event_type <> 'queue.stats') as messages,
                (select count(*) from history where state = 'exhausted' and event_type <> 'queue.stats') as given`,
      )
      return rows[0]!
    }
    await until(async () => {
      const { open, given } = await signals()
      return open === 0 && given === 2
    })
    expect(await signals()).toEqual({ open: 0, messages: 2, given: 2 })
    const told = failing.received.map(({ body }) => (JSON.parse(body) as { event: string }).event)
    expect(told.filter((event) => event !== 'queue.stats')).toEqual(['webhook.failed'])
    const health = await second.call('GET', '/webhook/metrics', { headers: { apikey: second.key } })
    expect(health.body.metrics).toMatchObject({ total: 1, failed: 1 })
    expect(second.errors).toEqual([])
  } finally {
    await second.stop()
    await failing.close()
    await other.drop()
  }
})

test('nothing went wrong beside the requests', () => {
  expect(pombo.errors).toEqual([])
})
