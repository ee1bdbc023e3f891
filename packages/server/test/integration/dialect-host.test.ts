// The ports on which the dialects' routes stand, on a real engine.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDialectPorts } from '../../src/api/dialects/create-ports.ts'
import { openIntake } from '../../src/api/ingest/open.ts'
import type { IncomingMessage } from '../../src/core/message.ts'
import { createSeal } from '../../src/db/seal.ts'
import { createDevices } from '../../src/sources/gateway-websocket/devices.ts'
import { createDialects } from '../../src/dialects/dialects.ts'
import type { Caller } from '../../src/dialects/contract/caller.ts'
import type { DialectApp } from '../../src/dialects/contract/caller.ts'
import type { DialectPorts } from '../../src/dialects/contract/ports.ts'
import { PomboError } from '../../src/core/error.ts'
import { bearer } from '../../src/dialects/contract/request.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let database: TestDatabase
let node: TestNode
let ports: DialectPorts
let receiver: Receiver
let caller: Caller
let key: string
const sealKey = Buffer.alloc(32, 7).toString('base64')
const reported: unknown[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  node = await startNode(database.url)
  receiver = await startReceiver()
  await node.registry.tenants.bootstrap()
  key = (await node.registry.tenants.firstKey())!
  const accept = (messages: IncomingMessage[]) => node.engine.ingest.acceptMany(messages)
  const intake = openIntake({
    pool: database.pool,
    clock: node.engine.clock,
    seal: createSeal([sealKey]),
    registry: node.registry,
    accept,
    serverUrl: () => 'http://pombo.example.com',
    retentionDays: 30,
    log: (_message, error) => reported.push(error),
  })
  ports = createDialectPorts({
    db: database.pool,
    clock: node.engine.clock,
    registry: node.registry,
    dialects: createDialects(),
    accept: (message) => node.engine.ingest.accept(message),
    intake,
    wake: (endpointId) => node.engine.dispatcher.wake(endpointId),
    send: (request) => node.engine.send(request),
    urlProblem: () => undefined,
    devices: createDevices({ pool: database.pool, seal: createSeal([sealKey]), changed() {} }),
    liveNodes: () => 1,
    payloads: node.payloads,
    serverUrl: () => 'http://pombo.example.com',
    isAway: () => false,
    report: (error) => reported.push(error),
  })
  caller = await ports.authenticate(key, bearer)
})

afterAll(async () => {
  await node?.stop()
  await receiver?.close()
  await database?.drop()
})

async function send(app: DialectApp, eventType = 'order.paid', payload = '{"n":1}') {
  const accepted = await ports.accept({ tenantId: app.tenantId, appId: app.id, eventType, payload })
  if (accepted.outcome !== 'accepted') throw new Error('not accepted')
  return accepted.message.id
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'done',
    (error: unknown) => (error instanceof PomboError ? error.code : String(error)),
  )
}

test('a key is known by what it is, and a missing, unknown or revoked one is refused', async () => {
  expect(caller).toEqual(await ports.operator())
  expect(await codeOf(ports.authenticate(undefined, bearer))).toBe('authentication_failed')
  expect(await codeOf(ports.authenticate('pombo_wrong', bearer))).toBe('authentication_failed')
  const made = await node.registry.keys.create(caller.tenantId, { name: 'old' })
  await node.registry.keys.revoke(caller.tenantId, made.key.id)
  expect(await codeOf(ports.authenticate(made.text, bearer))).toBe('authentication_failed')
})

test('an app is made on first use and found ever after, and an app’s token reaches that app alone', async () => {
  const app = await ports.apps.ensure(caller, 'sessão 1', { metadata: { kind: 'session' } })
  expect(await ports.apps.ensure(caller, 'sessão 1')).toEqual(app)
  const other = await ports.apps.ensure(caller, 'other')
  const token: Caller = { ...caller, appId: app.id }
  expect(await ports.apps.find(token, 'sessão 1')).toEqual(app)
  expect(await ports.apps.find(token, 'other')).toBeUndefined()
  expect(await codeOf(ports.apps.ensure(token, 'third'))).toBe('permission_denied')
  expect(await codeOf(ports.apps.patch(token, other.id, { name: 'x' }))).toBe('not_found')
  const listed = await ports.apps.list(caller, { metadata: { kind: 'session' }, limit: 10 })
  expect(listed).toMatchObject({ rows: [{ id: app.id, uid: 'sessão 1' }], total: 1 })
  expect((await ports.apps.list(token, { limit: 10 })).total).toBe(1)
})

test('an endpoint’s secret can be set, replaced and taken away', async () => {
  const app = await ports.apps.ensure(caller, 'secrets')
  const made = await ports.endpoints.create(app, {
    url: receiver.url,
    dialect: 'whatsmeow',
    uid: 'hook',
  })
  expect(await ports.endpoints.secret(app, made.id)).toBeNull()
  for (const secret of ['um segredo', 'outro', 'um segredo']) {
    await ports.endpoints.patch(app, made.id, { secret })
    const endpoint = await ports.endpoints.find(app, 'hook')
    expect(endpoint!.secrets.map((one) => one.secret.text)).toEqual([secret])
  }
  await ports.endpoints.patch(app, made.id, { secret: null })
  expect((await ports.endpoints.find(app, 'hook'))!.secrets).toEqual([])
})

test('deliveries and attempts are listed newest first, by page, over endpoints, none left out or twice', async () => {
  const apps = await Promise.all(['log-1', 'log-2'].map((uid) => ports.apps.ensure(caller, uid)))
  for (const app of apps)
    await ports.endpoints.create(app, { url: receiver.url, dialect: 'evolution', uid: 'main' })
  const sent: string[] = []
  for (let round = 0; round < 15; round++) for (const app of apps) sent.push(await send(app))
  const query = { dialect: 'evolution', uids: ['main'] } as const
  await until(async () => (await ports.attempts.count(caller, query)) === 30)

  for (const port of [ports.deliveries, ports.attempts]) {
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await port.list(caller, { ...query, limit: 7, ...(after && { after }) })
      seen.push(...page.rows.map((row) => row.messageId))
      after = page.next ?? undefined
    } while (after)
    expect(seen.toSorted()).toEqual(sent.toSorted())
    if (port === ports.deliveries) expect(seen).toEqual(sent.toSorted().toReversed())
    const skipped = await port.list(caller, { ...query, limit: 5, offset: 10 })
    expect(skipped.rows.map((row) => row.messageId)).toEqual(seen.slice(10, 15))
  }
  const streamed = []
  for await (const batch of ports.attempts.stream(caller, query)) streamed.push(...batch)
  expect(streamed).toHaveLength(30)
  const { all, apps: byApp } = await ports.attempts.stats(caller, query)
  expect(all).toMatchObject({ attempts: 30, failedAttempts: 0, retries: 0, delivered: 30 })
  expect(byApp.map(({ counts }) => counts.attempts)).toEqual([15, 15])
  const token = { ...caller, appId: apps[0]!.id }
  expect(await ports.attempts.count(token, query)).toBe(15)
  expect((await ports.deliveries.list(caller, { ...query, limit: 1, untilMs: 1e12 })).rows).toEqual(
    [],
  )
})

test('what waits for another attempt is listed with error and payload, and can be taken off the queue', async () => {
  const failing = await startReceiver(() => ({ status: 503, body: 'down' }))
  const app = await ports.apps.ensure(caller, 'failing')
  await ports.endpoints.create(app, {
    url: failing.url,
    dialect: 'whatsmeow',
    retryScheduleMs: [60_000, 60_000],
  })
  for (let n = 0; n < 3; n++) await send(app, 'order.paid', `{"n":${n}}`)
  const selection = { appId: app.id }
  await until(async () => (await ports.retries.count(caller, selection)).count === 3)
  expect(await ports.retries.count(caller, selection)).toEqual({ count: 3, averageAttempts: 1 })
  expect(await ports.retries.queues(caller, selection)).toEqual({
    waiting: { high: 0, normal: 0, low: 0 },
    retrying: 3,
    sending: 0,
  })
  const { rows } = await ports.retries.list(caller, { ...selection, limit: 2 })
  expect(rows[0]).toMatchObject({
    state: 'retrying',
    attempts: 1,
    maxAttempts: 3,
    url: failing.url,
    lastAttempt: { statusCode: 503, outcome: 'refused', error: 'status 503' },
  })
  expect(rows[0]!.nextAttemptAtMs).toBeGreaterThan(ports.clock.now() + 30_000)
  expect(rows[0]!.event!.payload()).toEqual({ n: 2 })

  expect(await ports.retries.discard(caller, rows[0]!.id, selection)).toBe('discarded')
  expect(await ports.retries.discard(caller, rows[0]!.id, selection)).toBe('missing')
  expect(await ports.retries.discard(caller, 'abc123', selection)).toBe('missing')
  const found = await ports.deliveries.find(caller, rows[0]!.id)
  expect(found).toMatchObject({ state: 'discarded', reason: 'taken out of the queue by hand' })
  expect(found!.lastAttempt).toMatchObject({ response: 'down', statusCode: 503 })
  expect(await ports.retries.discardAll(caller, selection)).toBe(2)
  expect((await ports.retries.count(caller, selection)).count).toBe(0)
  const states = await ports.deliveries.list(caller, {
    ...selection,
    limit: 9,
    states: ['discarded'],
  })
  expect(states.rows).toHaveLength(3)
  expect((await ports.attempts.stats(caller, selection)).failures).toEqual([
    { outcome: 'refused', statusCode: 503, count: 3 },
  ])
  await failing.close()
})

test('a message that nobody got is found with the reason', async () => {
  const app = await ports.apps.ensure(caller, 'nobody')
  const id = await send(app)
  const page = await ports.messages.list(caller, { appId: app.id, unmatched: true, limit: 5 })
  expect(page.rows).toMatchObject([{ message: { id }, unmatched: 'the app has no endpoints' }])
  expect(await ports.messages.find(caller, app, id)).toMatchObject({
    message: { payload: '{"n":1}' },
    deliveries: [],
  })
})

test('a dialect’s words in a query mean all the engine’s types behind them', async () => {
  const app = await ports.apps.ensure(caller, 'words')
  await ports.endpoints.create(app, { url: receiver.url, dialect: 'whatsmeow' })
  const taken = await ports.gateways.take({
    gateway: 'whatsmeow',
    keys: [key],
    headers: {},
    rawBody: Buffer.from('{"type":"Connected","event":{}}'),
    session: 'words',
    event: null,
  })
  expect(taken).toMatchObject({ accepted: 1, messages: [{ eventType: 'session.connected' }] })
  await send(app)
  const query = { appId: app.id, dialect: 'whatsmeow', limit: 5 } as const
  const connected = await ports.deliveries.list(caller, { ...query, eventTypes: ['connected'] })
  expect(connected.rows.map((row) => row.eventType)).toEqual(['session.connected'])
})

test('a probe is one request outside the queue, and goes to no forbidden address', async () => {
  const outcome = await ports.probe({
    url: receiver.url,
    body: '{}',
    headers: {},
    timeoutMs: 2_000,
  })
  expect(outcome).toMatchObject({ kind: 'delivered', statusCode: 200 })
  const blocked = await ports.probe({
    url: 'http://10.0.0.1/',
    body: '{}',
    headers: {},
    timeoutMs: 2_000,
  })
  expect(blocked).toMatchObject({ kind: 'blocked', reason: 'address' })
})

test('notes are kept by tenant, dialect and key', async () => {
  await ports.notes.put(caller, 'agentes', 'flow/1', { url: 'a' })
  await ports.notes.put(caller, 'agentes', 'flow/1', { url: 'b' })
  await ports.notes.put(caller, 'agentes', 'other', {})
  expect(await ports.notes.get(caller, 'agentes', 'flow/1')).toMatchObject({ value: { url: 'b' } })
  expect(await ports.notes.get(caller, 'zaphub', 'flow/1')).toBeUndefined()
  expect(await ports.notes.list(caller, 'agentes', 'flow/')).toHaveLength(1)
  expect(await ports.notes.delete(caller, 'agentes', 'flow/1')).toBe(true)
  expect(await ports.notes.delete(caller, 'agentes', 'flow/1')).toBe(false)
})
