// Metrics and logs as an OpenTelemetry collector gets them, and traces where Prometheus looks: at exemplars.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Collector, startCollector } from '../support/collector.ts'
import { freePort } from '../support/free-port.ts'
import { blocksOf, noCurl } from '../support/guides.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const has = await promisify(execFile)('prometheus', ['--version']).then(
  () => true,
  () => false,
)
let collector: Collector
let pombo: TestPombo
let receiver: Receiver
let message: string

beforeAll(async () => {
  collector = await startCollector()
  receiver = await startReceiver(({ path }) => (path === '/bad' ? { status: 500 } : {}))
  pombo = await startPombo({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_METRIC_EXPORT_INTERVAL: '100',
    OTEL_BSP_SCHEDULE_DELAY: '10',
    OTEL_BLRP_SCHEDULE_DELAY: '10',
    POMBO_LOG_LEVEL: 'info',
  })
  await call('POST', '/app', { name: 'a', uid: 'a' })
  for (const path of ['/good', '/bad'])
    await call('POST', '/app/a/endpoint', { url: new URL(path, receiver.url).href })
  message = (
    await call('POST', '/app/a/msg', { eventType: 'a.b', payload: { secret: 'hidden-word' } })
  ).id
  await receiver.waitFor(2)
})
afterAll(async () => {
  await pombo?.stop()
  await receiver?.close()
  await collector?.close()
})

async function call(method: string, path: string, body: object) {
  const headers = { authorization: `Bearer ${pombo.key}` }
  const answer = await pombo.call(method, `/api/v1${path}`, { body, headers })
  if (answer.status >= 300) throw new Error(answer.text)
  return answer.body
}

const deliver = (status: number) =>
  collector.span(
    ({ name, attributes }) =>
      name === 'deliver' && attributes['http.response.status_code'] === status,
  )

test('each attempt is a log record with its facts, in its trace', async () => {
  for (const [status, outcome] of [
    [200, 'delivered'],
    [500, 'refused'],
  ] as const) {
    const span = await deliver(status)
    const record = await until(async () =>
      collector.records.find(({ body, spanId }) => body === 'attempt' && spanId === span.spanId),
    )
    expect(record).toMatchObject({
      severityText: 'info',
      traceId: span.traceId,
      attributes: { message, eventType: 'a.b', outcome, status, attempt: 1 },
    })
  }
  expect(JSON.stringify(collector.records)).not.toContain('hidden-word')
})

test('figures are sent under the names of /metrics, with units, and those of the conventions for HTTP', async () => {
  interface Point {
    attributes: Record<string, unknown>
    asDouble?: number
    count?: unknown
    bucketCounts?: unknown[]
    explicitBounds?: unknown[]
  }
  const latest = (name: string, found: (point: Point) => boolean) =>
    until(async () => {
      const metric = collector.metrics.findLast((one) => one.name === name)
      const point = (metric?.points as unknown as Point[] | undefined)?.find(found)
      return point && { ...point, unit: metric!.unit }
    })
  const delivered = await latest(
    'webhooks_total',
    (point) => point.attributes['status'] === 'success' && point.asDouble === 1,
  )
  expect(delivered.attributes).toEqual({ event_type: 'a.b', status: 'success' })
  expect((await latest('process_resident_memory_bytes', () => true)).unit).toBe('By')
  const durations = await latest('webhook_duration_seconds', ({ count }) => String(count) === '2')
  expect(durations).toMatchObject({ unit: 's', attributes: { event_type: 'a.b' } })
  const counts = durations.bucketCounts!.map(Number)
  expect(counts).toHaveLength(durations.explicitBounds!.length + 1)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2)
  const requests = await latest(
    'http.client.request.duration',
    (point) => point.attributes['error.type'] === '500',
  )
  expect(requests).toMatchObject({
    unit: 's',
    attributes: {
      'http.request.method': 'POST',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(receiver.url).port),
      'http.response.status_code': 500,
    },
  })
  const route = '/api/v1/app/:app_id/msg'
  const served = await latest(
    'http.server.request.duration',
    (point) => point.attributes['http.route'] === route,
  )
  expect(served.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.response.status_code': 202,
  })
})

test('a scrape in OpenMetrics names the traces of what it counts, and Prometheus keeps them', async (context) => {
  const span = await deliver(200)
  const answer = await pombo.call('GET', '/metrics', {
    headers: { accept: 'application/openmetrics-text; version=1.0.0' },
  })
  expect(answer.headers.get('content-type')).toBe(
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  )
  expect(answer.text).toContain(`# {trace_id="${span.traceId}",span_id="${span.spanId}"}`)
  const reason =
    'Prometheus is not installed (apt-get install prometheus); the exemplars were not read by it'
  if (!has && process.env['CI'] === 'true') throw new Error(reason)
  if (!has) context.skip(reason)
  const folder = await mkdtemp(join(tmpdir(), 'pombo-exemplars-'))
  const port = await freePort()
  const prometheus = await startPrometheus(folder, port)
  try {
    const found = await until(async () => {
      const query = new URLSearchParams({
        query: 'webhooks_total',
        start: String(Date.now() / 1_000 - 3_600),
        end: String(Date.now() / 1_000 + 60),
      })
      const url = `http://127.0.0.1:${port}/api/v1/query_exemplars?${query.toString()}`
      const response = await fetch(url).catch(() => undefined)
      if (response?.status !== 200) return undefined
      const { data } = (await response.json()) as { data: { exemplars: { labels: object }[] }[] }
      const all = data.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels))
      return all.length > 0 ? all : undefined
    })
    expect(found).toContainEqual({ trace_id: span.traceId, span_id: span.spanId })
  } finally {
    prometheus.kill()
    if (prometheus.exitCode === null) await once(prometheus, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
})

test.skipIf(noCurl)("the guide's command shows the same, in both languages", async () => {
  await deliver(200)
  for (const page of ['observability.md', 'observability.pt-BR.md']) {
    const [command] = blocksOf(page).filter((block) => block.startsWith('curl'))
    const env = { PATH: process.env['PATH'], POMBO: pombo.url }
    const { stdout } = await promisify(execFile)(
      'sh',
      ['-c', command!.replace('curl', 'curl -sS')],
      { env },
    )
    expect(stdout).toMatch(/ # \{trace_id="[0-9a-f]{32}"/)
  }
})

async function startPrometheus(folder: string, port: number): Promise<ChildProcess> {
  const config = join(folder, 'prometheus.yml')
  const targets = [new URL(pombo.url).host]
  await writeFile(
    config,
    JSON.stringify({
      global: { scrape_interval: '500ms' },
      scrape_configs: [{ job_name: 'pombo', static_configs: [{ targets }] }],
    }),
  )
  return spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    { cwd: folder, stdio: 'ignore' },
  )
}
