// GLOBAL_QUEUE_RATE_LIMIT: one rate over all main webhooks of a tenant, on two nodes.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createDialects } from '../../src/dialects/dialects.ts'
import { documented } from '../../src/dialects/settings.ts'
import type { EndpointSettings } from '../../src/registry/endpoints/settings.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { startPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

vi.setConfig({ testTimeout: 120_000 })

const perMinute = 600

let database: TestDatabase
let nodes: TestNode[]
let receiver: Receiver
let tenantId: string

beforeAll(async () => {
  database = await createTestDatabase()
  const dialects = createDialects({
    evolution: { ...documented().evolution, queueEnabled: true, queueRateLimit: perMinute },
  })
  nodes = await Promise.all(
    [1, 2].map(() => startNode(database.url, { dialects, leaseMs: 15_000 })),
  )
  await until(() => nodes.every((node) => node.engine.lease.liveNodes === 2))
})
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await database.drop()
})
beforeEach(async () => {
  receiver = await startReceiver()
  tenantId = (await nodes[0]!.registry.tenants.create({ name: 'tenant' })).id
})
afterEach(() => receiver.close())

async function instance(name: string, uids: string[], given: Partial<EndpointSettings> = {}) {
  const app = await nodes[0]!.registry.apps.create(tenantId, { name })
  for (const uid of uids)
    await nodes[0]!.registry.endpoints.create(
      { tenantId, appId: app.id },
      { url: `${receiver.url}/${name}/${uid}`, uid, dialect: 'evolution', ...given },
    )
  return app.id
}

function send(appId: string, count: number): Promise<unknown> {
  return Promise.all(
    Array.from({ length: count }, (_, n) =>
      nodes[n % 2]!.engine.ingest.accept({
        tenantId,
        appId,
        eventType: 'messages.upsert',
        payload: JSON.stringify({ n }),
      }),
    ),
  )
}

const at = (path: string) => receiver.received.filter((request) => request.path === path)

test('the webhooks of all instances and the global ones keep to one rate, on both nodes together', async () => {
  const apps = await Promise.all(
    ['one', 'two'].map((name) => instance(name, ['evolution-main', 'evolution-global'])),
  )
  const startedAt = performance.now()
  for (const appId of apps) await send(appId, 12)
  const got = await receiver.waitFor(48, 60_000)
  expect(new Set(got.map(({ path, body }) => `${path} ${body}`)).size).toBe(48)
  // A second's worth, ten, may go at once; the others take 3.8 s. Each webhook alone would have needed 0.2 s.
  expect(performance.now() - startedAt).toBeGreaterThan(3_700)
})

test('a backlog of one instance does not shut out another', async () => {
  const busy = await instance('busy', ['evolution-main'])
  const quiet = await instance('quiet', ['evolution-main'])
  await send(busy, 40)
  await send(quiet, 4)
  const got = await receiver.waitFor(44, 60_000)
  const last = got.findLastIndex(({ path }) => path.startsWith('/quiet'))
  expect(got.slice(last).length).toBeGreaterThan(10)
})

test('while one instance goes on and on, each delivery that becomes possible is somebody’s turn', async () => {
  const flood = await instance('flood', ['evolution-main'])
  const quiet = await Promise.all(
    Array.from({ length: 3 }, (_, n) => instance(`quiet-${n}`, ['evolution-main'])),
  )
  await send(flood, 60)
  let going = true
  const flooding = (async () => {
    while (going) await send(flood, 4)
  })()
  for (const appId of quiet) await send(appId, 3)
  await until(() => quiet.every((_, n) => at(`/quiet-${n}/evolution-main`).length === 3), 90_000)
  going = false
  await flooding
  const order = receiver.received.map(({ path }) => path)
  const first = order.findIndex((path) => path.startsWith('/quiet'))
  const last = order.findLastIndex((path) => path.startsWith('/quiet'))
  // Nine of theirs, and as many turns of the flood on two nodes; without turns it would be all of them.
  expect(last - first).toBeLessThan(40)
})

test('what waits for a later attempt takes no turn from what is due, and keeps to the rate too', async () => {
  const failing = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      instance(`failing-${n}`, ['evolution-main'], { retryScheduleMs: [600_000] }),
    ),
  )
  receiver.answer = ({ path }) => ({ status: path.startsWith('/failing') ? 503 : 200 })
  for (const appId of failing) await send(appId, 1)
  await receiver.waitFor(30, 60_000)
  const fine = await instance('fine', ['evolution-main'])
  const startedAt = performance.now()
  await send(fine, 20)
  await until(() => at('/fine/evolution-main').length === 20, 60_000)
  expect(performance.now() - startedAt).toBeGreaterThan(900)
})

test('the monitoring webhook, other dialects and other tenants are outside of it', async () => {
  const flooded = await instance('flooded', ['evolution-main'])
  await send(flooded, 300)
  const outside = await instance('outside', ['evolution-monitoring'])
  const native = await instance('native', ['hook'], { dialect: 'standard' })
  for (const appId of [outside, native]) await send(appId, 20)
  await until(() => at('/outside/evolution-monitoring').length === 20, 60_000)
  await until(() => at('/native/hook').length === 20, 60_000)
  tenantId = (await nodes[0]!.registry.tenants.create({ name: 'other' })).id
  const other = await instance('other', ['evolution-main'])
  await send(other, 5)
  await until(() => at('/other/evolution-main').length === 5, 60_000)
  // Half a minute's worth, of which most still waits.
  expect(at('/flooded/evolution-main').length).toBeLessThan(300)
})

test('keeps to it also where the webhook keeps order', async () => {
  const ordered = await instance('ordered', ['evolution-main'], { ordering: 'key' })
  const startedAt = performance.now()
  for (let n = 0; n < 25; n++)
    await nodes[n % 2]!.engine.ingest.accept({
      tenantId,
      appId: ordered,
      eventType: 'messages.upsert',
      payload: JSON.stringify({ n }),
      orderingKey: `chat-${n % 5}`,
    })
  await receiver.waitFor(25, 60_000)
  expect(performance.now() - startedAt).toBeGreaterThan(1_400)
})

test('the document’s GLOBAL_QUEUE_ENABLED and GLOBAL_QUEUE_RATE_LIMIT switch it on', async () => {
  const pombo = await startPombo({
    WEBHOOK_GLOBAL_ENABLED: 'true',
    WEBHOOK_GLOBAL_URL: `${receiver.url}/global`,
    GLOBAL_QUEUE_ENABLED: 'true',
    GLOBAL_QUEUE_RATE_LIMIT: '60',
  })
  try {
    const headers = { apikey: pombo.key }
    await pombo.call('POST', '/webhook/set/loja', {
      body: { webhook: { enabled: true, url: `${receiver.url}/own` } },
      headers,
    })
    const startedAt = performance.now()
    for (const id of ['1', '2'])
      await pombo.call('POST', '/evolution/loja', {
        body: {
          event: 'messages.upsert',
          instance: 'loja',
          data: {
            key: { remoteJid: '5511999999999@s.whatsapp.net', fromMe: false, id },
            message: { conversation: 'Olá' },
            messageTimestamp: 1_705_314_600,
          },
        },
        headers,
      })
    await receiver.waitFor(4, 60_000)
    expect(performance.now() - startedAt).toBeGreaterThan(2_800)
    expect([at('/own').length, at('/global').length]).toEqual([2, 2])
  } finally {
    await pombo.stop()
  }
})
