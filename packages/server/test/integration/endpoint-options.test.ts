import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { showId } from '../../src/core/id.ts'
import type { EndpointSettings } from '../../src/registry/endpoints/settings.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let database: TestDatabase
let node: TestNode
let receiver: Receiver
let tenantId: string
let appId: string

beforeAll(async () => {
  database = await createTestDatabase()
  node = await startNode(database.url)
  tenantId = (await node.registry.tenants.create({ name: 'tenant' })).id
})
afterAll(async () => {
  await node?.stop()
  await database?.drop()
})
beforeEach(async () => {
  receiver = await startReceiver()
  appId = (await node.registry.apps.create(tenantId, { name: 'app' })).id
})
afterEach(() => receiver.close())

const endpoint = (settings: Partial<EndpointSettings> = {}) =>
  node.registry.endpoints.create(
    { tenantId, appId },
    { url: `${receiver.url}/hook?k=1`, ...settings },
  )
const accept = async (payload: string, orderingKey: string | null = null) => {
  const accepted = await node.engine.ingest.accept({
    tenantId,
    appId,
    eventType: 'order.paid',
    payload,
    orderingKey,
  })
  if (accepted.outcome !== 'accepted') throw new Error(accepted.outcome)
  return accepted.message
}
const state = async (messageId: string) =>
  (
    await database.pool.query<{ state: string; attempts: number }>(
      'select state, attempts from history where message_id = $1 and state is not null',
      [messageId],
    )
  ).rows[0]

test('a transformation maps payload, headers and path, and what it made is what is signed', async () => {
  const { secrets } = await endpoint({
    transform: {
      payload: '{"text": payload.body, "big": payload.n, "one": 1, "type": eventType}',
      headers: '{"X-Type": eventType, "x-count": 3}',
      path: '"/" + eventType',
    },
  })
  await accept('{"body":"Olá","n":7,"extra":true}')
  const [got] = await receiver.waitFor(1)
  expect(JSON.parse(got!.body)).toEqual({ text: 'Olá', big: 7, one: 1, type: 'order.paid' })
  expect(got!.path).toBe('/hook/order.paid?k=1')
  expect(got!.headers).toMatchObject({
    'x-type': 'order.paid',
    'x-count': '3',
    'content-type': 'application/json',
  })
  expect(() =>
    new Webhook(secrets[0]!.secret.text).verify(got!.body, got!.headers as Record<string, string>),
  ).not.toThrow()
})

test('a transformation failing on a message is a recorded failure; the event goes once it is mended', async () => {
  const made = await endpoint({
    transform: { payload: 'payload.missing.deeper' },
    retryScheduleMs: [100, 100, 100, 100, 100, 100],
  })
  const message = await accept('{"a":1}')
  const attempt = await until(
    async () =>
      (
        await database.pool.query<{ outcome: string; error: string }>(
          'select outcome, error from attempt where message_id = $1',
          [message.id],
        )
      ).rows[0],
  )
  expect(attempt).toMatchObject({ outcome: 'failed', error: expect.stringContaining('missing') })
  expect(receiver.received).toHaveLength(0)
  await node.registry.endpoints.patch({ tenantId, appId }, showId('endpoint', made.id), {
    transform: null,
  })
  const [got] = await receiver.waitFor(1)
  expect(got!.body).toBe('{"a":1}')
})

test("a transformation that takes too long is given up, recorded, and holds up no other endpoint's", async () => {
  const other = await startReceiver()
  // Looks for each of fifty thousand numbers among all of them.
  const endless = 'payload.list.map(a, (-1.0 - a) in payload.list)'
  try {
    await endpoint({
      transform: { payload: endless },
      retryScheduleMs: [],
      circuit: { failuresToOpen: 1_000 },
    })
    await endpoint({ url: other.url, transform: { payload: '{"first": payload.list[0]}' } })
    const payload = JSON.stringify({ list: Array.from({ length: 50_000 }, (_, n) => n) })
    const messages: { id: string }[] = []
    for (let n = 0; n < 8; n++) messages.push(await accept(payload))
    const got = await other.waitFor(8, 40_000)
    expect(got.map(({ body }) => body)).toEqual(Array.from({ length: 8 }, () => '{"first":0}'))
    // Each of the endless ones takes its second: the others were through before the last of them was.
    const { rows } = await database.pool.query<{ count: number }>(
      `select count(*) as count from attempt where outcome = 'failed' and message_id = any($1)`,
      [messages.map(({ id }) => id)],
    )
    expect(rows[0]!.count).toBeLessThan(8)
    const failed = await until(async () => {
      const found = await database.pool.query<{ error: string }>(
        `select error from attempt where outcome = 'failed' and message_id = any($1)`,
        [messages.map(({ id }) => id)],
      )
      return found.rows.length === 8 && found.rows
    }, 60_000)
    for (const { error } of failed) expect(error).toMatch(/took longer than 1000 ms|out of memory/)
    expect(receiver.received).toHaveLength(0)
  } finally {
    await other.close()
  }
}, 150_000)

test('a bad transformation is refused when it is saved, naming the part', async () => {
  await expect(
    endpoint({ transform: { payload: 'payload.', headers: '{"a": unknown}' } }),
  ).rejects.toMatchObject({
    status: 422,
    problems: [
      { loc: ['body', 'transform', 'payload'] },
      { loc: ['body', 'transform', 'headers'] },
    ],
  })
})

test('a header that a transformation makes cannot break the request', async () => {
  await endpoint({ transform: { headers: '{"x-a": payload.a}' }, retryScheduleMs: [] })
  const message = await accept('{"a":"1\\r\\nhost: evil"}')
  await until(() => state(message.id))
  expect(await state(message.id)).toMatchObject({ state: 'exhausted' })
  expect(receiver.received).toHaveLength(0)
})

test('a batch is one request with each event under its own id, signed as a whole', async () => {
  const { secrets } = await endpoint({ batch: { maxEvents: 5, maxWaitMs: 2_000 } })
  const messages = await Promise.all(Array.from({ length: 5 }, (_, n) => accept(`{"n": ${n}.0}`)))
  const [got] = await receiver.waitFor(1)
  const items = JSON.parse(got!.body) as { id: string; eventType: string; payload: { n: number } }[]
  expect(items.map(({ id }) => id).toSorted()).toEqual(
    messages.map(({ id }) => showId('message', id)).toSorted(),
  )
  expect(got!.body).toContain('{"n": 0.0}')
  expect(() =>
    new Webhook(secrets[0]!.secret.text).verify(got!.body, got!.headers as Record<string, string>),
  ).not.toThrow()
  await until(async () =>
    (await Promise.all(messages.map(({ id }) => state(id)))).every(
      (each) => each?.state === 'delivered',
    ),
  )
})

test('a batch that is not full goes after its time', async () => {
  await endpoint({ batch: { maxEvents: 100, maxWaitMs: 100 } })
  await accept('1')
  await accept('2')
  const [got] = await receiver.waitFor(1)
  expect((JSON.parse(got!.body) as { payload: number }[]).map(({ payload }) => payload)).toEqual([
    1, 2,
  ])
})

test('a batch is retried as a whole', async () => {
  await endpoint({ batch: { maxEvents: 3, maxWaitMs: 1_000 }, retryScheduleMs: [50, 50] })
  receiver.answer = (_, index) => ({ status: index === 0 ? 500 : 200 })
  const messages = await Promise.all([accept('1'), accept('2'), accept('3')])
  const [first, second] = await receiver.waitFor(2)
  const ids = (body: string) => (JSON.parse(body) as { id: string }[]).map(({ id }) => id)
  expect(ids(second!.body)).toEqual(ids(first!.body))
  expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
  await until(async () =>
    (await Promise.all(messages.map(({ id }) => state(id)))).every((each) => each?.attempts === 2),
  )
})

test('batches keep the order of a key, through failures', async () => {
  await endpoint({
    batch: { maxEvents: 4, maxWaitMs: 30 },
    ordering: 'key',
    retryScheduleMs: Array.from({ length: 20 }, () => 5),
    circuit: { failuresToOpen: 1_000 },
  })
  const seen: number[] = []
  receiver.answer = ({ body }, index) => {
    if (index % 3 === 1) return { status: 503 }
    seen.push(...(JSON.parse(body) as { payload: number }[]).map(({ payload }) => payload))
    return {}
  }
  for (let n = 0; n < 25; n++) await accept(String(n), 'chat')
  await until(() => seen.length >= 25)
  expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => n))
  expect(receiver.received.length).toBeLessThan(25)
})

test('with onExhausted "stop" a given-up delivery holds its key until someone acts; other keys go on', async () => {
  const made = await endpoint({ ordering: 'key', retryScheduleMs: [10], onExhausted: 'stop' })
  receiver.answer = ({ body }) => ({ status: body === '"bad"' ? 500 : 200 })
  const bad = await accept('"bad"', 'a')
  await accept('"after"', 'a')
  await accept('"other"', 'b')
  await until(() => receiver.received.some(({ body }) => body === '"other"'))
  await until(
    async () =>
      (
        await database.pool.query(
          'select 1 from work where message_id = $1 and attempt = 2 and lease_owner is null',
          [bad.id],
        )
      ).rows[0],
  )
  expect(receiver.received.some(({ body }) => body === '"after"')).toBe(false)
  receiver.answer = () => ({})
  await database.pool.query('update work set next_attempt_at = now() where message_id = $1', [
    bad.id,
  ])
  node.engine.dispatcher.wake(made.id)
  await until(() => receiver.received.some(({ body }) => body === '"after"'))
})

test("a payload above the endpoint's size leaves with signed links to its large members’ exact text", async () => {
  await endpoint({ oversize: { maxBytes: 2_000, action: 'link' } })
  const big = 'A'.repeat(100_000)
  const message = await accept(`{"n": 1.0, "file": {"base64": "${big}"}}`)
  const [got] = await receiver.waitFor(1)
  expect(got!.body.startsWith('{"n": 1.0, "file": {"base64": {"omitted":true')).toBe(true)
  const { url, sizeBytes } = (
    JSON.parse(got!.body) as { file: { base64: { url: string; sizeBytes: number } } }
  ).file.base64
  expect(sizeBytes).toBe(100_002)
  const link = new URL(url)
  const query = Object.fromEntries(link.searchParams)
  const shown = link.pathname.split('/').at(-1)!
  const now = Date.now()
  expect(node.payloadLinks.read(shown, query, now)).toMatchObject({
    ok: true,
    part: { messageId: message.id, pointer: '/file/base64' },
  })
  expect(node.payloadLinks.read(shown, { ...query, pointer: '' }, now)).toMatchObject({ ok: false })
  expect(node.payloadLinks.read(shown, query, now + 8 * 86_400_000)).toMatchObject({
    ok: false,
    problem: 'it has expired',
  })
})

test('a payload of several megabytes arrives whole, and small ones beside it do not wait for it', async () => {
  await endpoint()
  const big = `"${'é'.repeat(3_000_000)}"`
  const [, small] = await Promise.all([accept(big), accept('"small"')])
  const got = await receiver.waitFor(2)
  expect(got.map(({ body }) => body.length).toSorted((a, b) => a - b)).toEqual([7, 3_000_002])
  expect(await until(() => state(small.id))).toMatchObject({ state: 'delivered' })
})

test('messages of one ordering key arrive in the order in which they came together, whatever their sizes', async () => {
  await endpoint({ ordering: 'key' })
  const large = 'x'.repeat(100 * 1024)
  const incoming = Array.from({ length: 40 }, (_, n) => ({
    tenantId,
    appId,
    eventType: 'order.paid',
    payload: JSON.stringify({ n, text: n % 7 === 3 || n % 7 === 4 ? large : '' }),
    orderingKey: n % 2 === 0 ? 'even' : 'odd',
    // Two keys of their own: such a message is stored by a transaction of its own.
    ...(n % 5 === 1 && {
      dedupe: [
        { kind: 'idempotency' as const, key: `i${n}`, windowSeconds: 60 },
        { kind: 'event-id' as const, key: `e${n}`, windowSeconds: 60 },
      ],
    }),
  }))
  await node.engine.ingest.acceptMany(incoming)
  const got = (await receiver.waitFor(40)).map(({ body }) => (JSON.parse(body) as { n: number }).n)
  const all = [...incoming.keys()]
  expect(got.filter((n) => n % 2 === 0)).toEqual(all.filter((n) => n % 2 === 0))
  expect(got.filter((n) => n % 2 === 1)).toEqual(all.filter((n) => n % 2 === 1))
})
