// The spans of a message's way, as an OpenTelemetry collector gets them, and the trace that receivers are told of.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Collector, type SpanIn, startCollector } from '../support/collector.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const SERVER = 2
const CLIENT = 3
const PRODUCER = 4
const ERROR = 2

let collector: Collector
let pombo: TestPombo
let receiver: Receiver
let app: string

beforeAll(async () => {
  collector = await startCollector()
  pombo = await startPombo({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
    OTEL_BSP_SCHEDULE_DELAY: '20',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=a%20test',
    POMBO_LOG_LEVEL: 'info',
  })
})
afterAll(async () => {
  await pombo?.stop()
  await collector?.close()
})
beforeEach(async () => {
  receiver = await startReceiver()
  app = `a${++made}`
  await call(pombo, 'POST', '/app', { name: app, uid: app })
})
afterEach(async () => await receiver.close())
let made = 0

async function call(
  on: TestPombo,
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
) {
  const headers = { authorization: `Bearer ${on.key}`, ...more }
  const answer = await on.call(method, `/api/v1${path}`, {
    headers,
    ...(body !== undefined && { body }),
  })
  if (answer.status >= 300) throw new Error(answer.text)
  return answer.body
}

const endpoint = async (settings: object = {}) =>
  (await call(pombo, 'POST', `/app/${app}/endpoint`, { url: receiver.url, ...settings }))
    .id as string

async function send(headers: Record<string, string> = {}): Promise<string> {
  const path = `/app/${app}/msg`
  return (await call(pombo, 'POST', path, { eventType: 'a.b', payload: { n: 1 } }, headers))
    .id as string
}

let traces = 0
/** A producer's trace, and what it sends along. */
function producer(flags = '01') {
  const traceId = (++traces).toString(16).padStart(32, 'a')
  return {
    traceId,
    spanId: 'b7ad6b7169203331',
    traceparent: `00-${traceId}-b7ad6b7169203331-${flags}`,
  }
}

const ofMessage = (name: string, id: string, more: (span: SpanIn) => boolean = () => true) =>
  collector.span(
    (span) => span.name === name && span.attributes['messaging.message.id'] === id && more(span),
  )

test("a message's way is one trace, from the producer's span to the one that the receiver is told of", async () => {
  const id = await endpoint()
  const from = producer()
  const message = await send({ traceparent: from.traceparent, tracestate: 'vendor=1' })
  const [received] = await receiver.waitFor(1)
  const accept = await ofMessage('accept', message)
  const queue = await ofMessage('queue', message)
  const deliver = await ofMessage('deliver', message)
  const request = await collector.span(({ spanId }) => spanId === accept.parentSpanId)
  for (const span of [accept, queue, deliver, request]) expect(span.traceId).toBe(from.traceId)
  expect(request.parentSpanId).toBe(from.spanId)
  expect(queue.parentSpanId).toBe(accept.spanId)
  expect(deliver.parentSpanId).toBe(accept.spanId)
  expect(received!.headers).toMatchObject({
    traceparent: `00-${from.traceId}-${deliver.spanId}-01`,
    tracestate: 'vendor=1',
  })
  expect(received!.headers).not.toHaveProperty('baggage')

  expect(request).toMatchObject({
    name: 'POST /api/v1/app/:app_id/msg',
    kind: SERVER,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/api/v1/app/:app_id/msg',
      'http.response.status_code': 202,
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'client.address': '127.0.0.1',
    },
    resource: {
      'service.name': 'pombo',
      'service.version': expect.stringMatching(/^\d/),
      'service.instance.id': expect.any(String),
      'deployment.environment.name': 'a test',
    },
  })
  expect(accept).toMatchObject({
    kind: PRODUCER,
    attributes: {
      'messaging.system': 'pombo',
      'messaging.operation.name': 'accept',
      'messaging.operation.type': 'send',
      'messaging.destination.name': expect.stringMatching(/^app_/),
      'messaging.message.body.size': 7,
      'pombo.event.type': 'a.b',
      'pombo.result': 'accepted',
      'pombo.deliveries': 1,
    },
  })
  const { port } = new URL(receiver.url)
  expect(deliver).toMatchObject({
    kind: CLIENT,
    status: { code: 0 },
    attributes: {
      'messaging.operation.name': 'deliver',
      'messaging.operation.type': 'process',
      'messaging.destination.name': id,
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'url.full': receiver.url,
      'server.address': '127.0.0.1',
      'server.port': Number(port),
      'pombo.attempt': 1,
      'pombo.outcome': 'delivered',
    },
  })
  expect(deliver.attributes).not.toHaveProperty('error.type')
  expect(queue.endMs).toBe(deliver.startMs)
  expect(queue.startMs).toBeLessThanOrEqual(queue.endMs)
})

test('a failed attempt is an error with its status, and the retry a child of the same message', async () => {
  receiver.answer = (_, index) => (index === 0 ? { status: 503 } : {})
  await endpoint({ retrySchedule: [1] })
  const message = await send()
  const failed = await ofMessage('deliver', message, (one) => one.status.code === ERROR)
  expect(failed).toMatchObject({
    status: { message: 'status 503' },
    attributes: { 'http.response.status_code': 503, 'error.type': '503', 'pombo.verdict': 'retry' },
  })
  const second = await ofMessage('deliver', message, (one) => one.attributes['pombo.attempt'] === 2)
  expect(second).toMatchObject({
    traceId: failed.traceId,
    parentSpanId: failed.parentSpanId,
    status: { code: 0 },
    attributes: { 'http.request.resend_count': 1, 'http.response.status_code': 200 },
  })
  const attempts = pombo.errors.filter(
    ({ msg, message: id }) => msg === 'attempt' && id === message,
  )
  expect(attempts).toMatchObject([
    { trace_id: failed.traceId, span_id: failed.spanId, trace_flags: '01' },
    { trace_id: second.traceId, span_id: second.spanId },
  ])
})

test('an endpoint that cannot be reached is an error whose type is one of few words', async () => {
  const gone = await startReceiver()
  await gone.close()
  await endpoint({ url: gone.url, retrySchedule: [] })
  const deliver = await ofMessage('deliver', await send())
  expect(deliver.attributes).toMatchObject({
    'error.type': 'connect-refused',
    'pombo.verdict': 'exhausted',
  })
  expect(deliver.status.code).toBe(ERROR)
})

test('an hour after its message an attempt begins a trace of its own, which links to it', async () => {
  const id = await endpoint()
  await call(pombo, 'POST', `/app/${app}/endpoint/${id}/pause`)
  const from = producer()
  const message = await send({ traceparent: from.traceparent })
  const accept = await ofMessage('accept', message)
  await pombo.database.pool.query(
    `update message set created_at = now() - interval '61 minutes'
      where app_id in (select id from app where uid = $1)`,
    [app],
  )
  await call(pombo, 'POST', `/app/${app}/endpoint/${id}/resume`)
  const deliver = await ofMessage('deliver', message)
  expect(deliver.links).toEqual([{ traceId: from.traceId, spanId: accept.spanId }])
  expect(deliver.parentSpanId).toBe('')
  expect(deliver.traceId).not.toBe(from.traceId)
  const [received] = await receiver.waitFor(1)
  expect(received!.headers['traceparent']).toBe(`00-${deliver.traceId}-${deliver.spanId}-01`)
})

test('messages that leave in one request are linked to by one span', async () => {
  const id = await endpoint({ batch: { maxEvents: 3, maxWaitMs: 1_000 } })
  await call(pombo, 'POST', `/app/${app}/endpoint/${id}/pause`)
  const messages = [await send(), await send(), await send()]
  const accepts = await Promise.all(messages.map((message) => ofMessage('accept', message)))
  await call(pombo, 'POST', `/app/${app}/endpoint/${id}/resume`)
  const deliver = await collector.span(
    ({ name, attributes }) => name === 'deliver' && attributes['messaging.destination.name'] === id,
  )
  expect(deliver.attributes['messaging.batch.message_count']).toBe(3)
  expect(deliver.links.map(({ spanId }) => spanId).toSorted()).toEqual(
    accepts.map(({ spanId }) => spanId).toSorted(),
  )
})

test('what the producer does not record is not recorded, and the receiver is told so', async () => {
  await endpoint()
  const from = producer('00')
  await send({ traceparent: from.traceparent })
  const [received] = await receiver.waitFor(1)
  expect(received!.headers['traceparent']).toMatch(
    new RegExp(`^00-${from.traceId}-[0-9a-f]{16}-00$`),
  )
  const later = await send()
  await ofMessage('deliver', later)
  expect(collector.spans.filter(({ traceId }) => traceId === from.traceId)).toEqual([])
})

test("an endpoint's own header of that name is sent instead", async () => {
  const own = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01'
  await endpoint({ headers: { Traceparent: own } })
  await send({ traceparent: producer().traceparent })
  const [received] = await receiver.waitFor(1)
  expect(received!.headers['traceparent']).toBe(own)
})

test('a traceparent that is none begins a trace, and nothing of it is handed on', async () => {
  await endpoint()
  const message = await send({ traceparent: '00-zz-1-01' })
  const accept = await ofMessage('accept', message)
  const request = await collector.span(({ spanId }) => spanId === accept.parentSpanId)
  expect(request.parentSpanId).toBe('')
})

test('neither headers nor payload nor what opens an address are in any span', async () => {
  await endpoint({
    url: `${receiver.url}/x?token=hidden-word`,
    headers: { 'X-Key': 'hidden-word' },
  })
  const path = `/app/${app}/msg`
  const body = { eventType: 'a.b', payload: { text: 'hidden-word' }, orderingKey: 'hidden-word' }
  const { id } = await call(pombo, 'POST', path, body)
  await ofMessage('deliver', id)
  const said = collector.spans.filter((span) => span.attributes['messaging.message.id'] === id)
  expect(said.map(({ name }) => name).toSorted()).toEqual(['accept', 'deliver', 'queue'])
  expect(JSON.stringify(collector.spans)).not.toContain('hidden-word')
  expect(JSON.stringify(collector.spans)).not.toContain(pombo.key)
})

test('a node that was started later goes on in the trace of the one that accepted', async () => {
  const id = await endpoint()
  await call(pombo, 'POST', `/app/${app}/endpoint/${id}/pause`)
  const message = await send()
  const accept = await ofMessage('accept', message)
  const { database } = pombo
  await pombo.app.stop()
  pombo = await startPombo(
    {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20key',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_BSP_SCHEDULE_DELAY: '20',
      OTEL_PROPAGATORS: 'tracecontext,baggage',
      POMBO_LOG_LEVEL: 'info',
    },
    database,
  )
  await call(pombo, 'POST', `/app/${app}/endpoint/${id}/resume`)
  const deliver = await ofMessage('deliver', message)
  expect(deliver.parentSpanId).toBe(accept.spanId)
  // This one is asked for JSON, packed, with a key, and hands baggage on.
  const sent = collector.requests.at(-1)!
  expect(sent.headers).toMatchObject({
    'content-type': 'application/json',
    'content-encoding': 'gzip',
    'api-key': 'a key',
  })
  await send({ traceparent: producer().traceparent, baggage: 'tier=gold' })
  const received = await receiver.waitFor(2)
  expect(received[1]!.headers['baggage']).toBe('tier=gold')
})

test("without OpenTelemetry a producer's trace is neither kept nor handed on", async () => {
  const plain = await startPombo({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_SDK_DISABLED: 'true',
  })
  try {
    await call(plain, 'POST', '/app', { name: 'plain', uid: 'plain' })
    await call(plain, 'POST', '/app/plain/endpoint', { url: receiver.url })
    const message = { eventType: 'a.b', payload: {} }
    const { traceparent } = producer()
    await call(plain, 'POST', '/app/plain/msg', message, { traceparent })
    const [received] = await receiver.waitFor(1)
    expect(received!.headers).not.toHaveProperty('traceparent')
    const { rows } = await plain.database.pool.query('select trace_context from message')
    expect(rows).toEqual([{ trace_context: null }])
  } finally {
    await plain.stop()
  }
})

test('the last spans are sent before a stop is done', async () => {
  const slow = await startPombo({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '3600000',
  })
  await call(slow, 'POST', '/app', { name: 'slow', uid: 'slow' })
  await call(slow, 'POST', '/app/slow/endpoint', { url: receiver.url })
  const { id } = await call(slow, 'POST', '/app/slow/msg', { eventType: 'a.b', payload: {} })
  await receiver.waitFor(1)
  await until(async () => {
    const { rows } = await slow.database.pool.query('select 1 from work')
    return rows.length === 0 ? true : undefined
  })
  await slow.stop()
  expect(collector.spans.map((span) => span.attributes['messaging.message.id'])).toContain(id)
})
