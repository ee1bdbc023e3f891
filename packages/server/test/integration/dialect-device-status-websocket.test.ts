// The gateway's websocket as a source: a real one that speaks go-whatsapp-web-multidevice's frames, followed by real
// nodes.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPool } from '../../src/db/pool.ts'
import { createSeal } from '../../src/db/seal.ts'
import { createGuard } from '../../src/deliver/guard/guard.ts'
import { createSocketOpener } from '../../src/deliver/send/websocket.ts'
import { createDevices, type Devices } from '../../src/sources/gateway-websocket/devices.ts'
import { GatewayWebsockets } from '../../src/sources/gateway-websocket/gateway-websocket.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openLine } from '../support/database-line.ts'
import { type Gateway, startGateway } from '../support/gateway-websocket.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { startPombo } from '../support/pombo-app.ts'
import { startReceiver, until } from '../support/receiver.ts'

const seal = createSeal([Buffer.alloc(32, 7).toString('base64')])
const jid = '5511999999999:12@s.whatsapp.net'

let database: TestDatabase
let gateway: Gateway
const running: { stop(): Promise<unknown> }[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  gateway = await startGateway()
})
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop()
  await gateway?.close()
  await database?.drop()
})

interface Following {
  node: TestNode
  devices: Devices
  problems: string[]
  stop(): Promise<void>
}

/** A node that follows gateways, asking often and calling back soon. */
async function follow(databaseUrl = database.url, pollMs = 50): Promise<Following> {
  const node = await startNode(databaseUrl, { leaseMs: 6_000 })
  const pool = openPool(databaseUrl, 5)
  const problems: string[] = []
  const websockets = new GatewayWebsockets({
    pool,
    clock: node.engine.clock,
    seal,
    lease: node.engine.lease,
    open: createSocketOpener(createGuard({ allowSubnets: ['127.0.0.0/8'], httpsOnly: false })),
    accept: (message) => node.engine.ingest.accept(message),
    sessionOf: async (tenantId, appId) =>
      (await node.registry.cache.routes(tenantId, appId))?.app.uid ?? undefined,
    log: (message) => problems.push(message),
    pollMs,
    pauseMs: 20,
    lookMs: 50,
  })
  const devices = createDevices({ pool: database.pool, seal, changed: () => websockets.look() })
  websockets.start()
  let stopped = false
  const following: Following = {
    node,
    devices,
    problems,
    async stop() {
      if (stopped) return
      stopped = true
      await websockets.stop()
      await node.stop()
      await pool.end()
    },
  }
  running.push(following)
  return following
}

async function deviceOn({ node, devices }: Following, url = gateway.url) {
  const { tenantId } = await node.registry.tenants.bootstrap()
  const { app } = await node.registry.apps.getOrCreate(tenantId, {
    name: 'device',
    uid: 'a1b2c3d4e5f67890',
  })
  await devices.save({ id: app.id, tenantId }, url)
  return app
}

/** The types of the messages so far, oldest first. */
async function events(): Promise<string[]> {
  const { rows } = await database.pool.query<{ event_type: string }>(
    'select event_type from message order by id',
  )
  return rows.map((row) => row.event_type)
}

async function untilEvents(...expected: string[]): Promise<void> {
  await until(async () => (await events()).length >= expected.length)
  expect(await events()).toEqual(expected)
}

/** The gateway has been asked, and its answers have been read, so many times more. */
async function afterQuestions(count: number): Promise<void> {
  const from = gateway.asked
  await until(() => gateway.asked >= from + count)
}

test('what the gateway says becomes the document’s events; devices listed again and again are said once', async () => {
  await deviceOn(await follow())
  await untilEvents('session.disconnected')
  gateway.say('LOGIN_SUCCESS', `Successfully pair with ${jid}`)
  gateway.devices = [{ name: 'Loja', device: jid }]
  await untilEvents('session.disconnected', 'session.paired', 'session.connected')
  await afterQuestions(5)
  gateway.say('LOGOUT_COMPLETE', 'Logout success')
  gateway.devices = []
  gateway.say('DEVICE_LOGGED_OUT', 'Device logged out')
  await afterQuestions(5)
  await untilEvents(
    'session.disconnected',
    'session.paired',
    'session.connected',
    'session.logged_out',
  )
  const { rows } = await database.pool.query<{ payload: string; form: string }>(
    `select payload, form from message where event_type = 'session.connected'`,
  )
  expect(rows[0]!.form).toBe('whatsapp')
  expect(JSON.parse(rows[0]!.payload)).toMatchObject({
    session: 'a1b2c3d4e5f67890',
    me: { phone: '5511999999999' },
    raw: { source: 'device', event: { code: 'LIST_DEVICES', result: [{ device: jid }] } },
  })
})

test('a frame that the table does not know is an event each time, its data kept; a pairing code is not', async () => {
  gateway.devices = null
  await deviceOn(await follow())
  await until(() => gateway.open === 1)
  gateway.sayText(
    '{"code":"DEVICE_WEBHOOK_UPDATED","message":"x","result":{"n":12345678901234567890}}',
  )
  gateway.say('PASSKEY_CONFIRMATION', 'code 12345678', { code: '12345678' })
  gateway.sayText('no json')
  gateway.sayText('{"message":"no code"}')
  await untilEvents('device.container_event', 'device.container_event')
  const { rows } = await database.pool.query<{ payload: string }>(
    'select payload from message order by id',
  )
  expect(rows[0]!.payload).toContain('"result":{"n":12345678901234567890}')
  expect(rows[1]!.payload).toContain('PASSKEY_CONFIRMATION')
  expect(rows[1]!.payload).not.toContain('12345678')
})

test('a frame that no database can hold is told of, and holds up nobody', async () => {
  gateway.devices = null
  const following = await follow()
  await deviceOn(following)
  await until(() => gateway.open === 1)
  gateway.sayText('{"code":"CONTAINER_START","message":"up \\u0000"}')
  gateway.say('CONTAINER_STOP', 'down', null)
  await untilEvents('device.container_event')
  expect(following.problems).toEqual([expect.stringContaining('U+0000')])
})

test('a gateway that hangs up, or goes and comes, is called again; what changed meanwhile is one event', async () => {
  gateway.devices = [{ device: jid }]
  const following = await follow()
  const app = await deviceOn(following)
  await untilEvents('session.connected')
  gateway.hangUp()
  await until(() => gateway.connections === 2 && gateway.open === 1)
  await afterQuestions(2)
  expect(await events()).toEqual(['session.connected'])

  const port = Number(new URL(gateway.url).port)
  await gateway.close()
  const state = async () => (await following.devices.find([app.id])).get(app.id)!.socket!
  await until(async () => (await state()).problem !== null)
  expect((await state()).sinceMs).toBeNull()
  gateway = await startGateway([], port)
  await untilEvents('session.connected', 'session.disconnected')
  // Noted beside the event, and may be a moment later.
  await until(async () => (await state()).problem === null)
  expect((await state()).sinceMs).toEqual(expect.any(Number))
  expect(following.problems).toEqual([])
})

test('a connection over which nothing is answered any more is given up and made anew', async () => {
  gateway.devices = null
  await deviceOn(await follow())
  await until(() => gateway.connections >= 2)
  expect(gateway.open).toBeLessThanOrEqual(1)
})

test('a restart repeats no event', async () => {
  gateway.devices = [{ device: jid }]
  const first = await follow()
  await deviceOn(first)
  await untilEvents('session.connected')
  await first.stop()
  await until(() => gateway.open === 0)
  const second = await follow()
  await until(() => gateway.open === 1)
  await afterQuestions(3)
  expect(await events()).toEqual(['session.connected'])
  gateway.devices = []
  await untilEvents('session.connected', 'session.disconnected')
  expect(second.problems).toEqual([])
})

test('of several nodes one follows a device, and another takes over when it is gone', async () => {
  gateway.devices = [{ device: jid }]
  const nodes = [await follow(), await follow(), await follow()]
  await deviceOn(nodes[0]!)
  await untilEvents('session.connected')
  await afterQuestions(5)
  expect(gateway.connections).toBe(1)
  const { rows } = await database.pool.query<{ node_id: string }>('select node_id from device')
  const holder = nodes.find(({ node }) => node.engine.lease.id === rows[0]!.node_id)!
  await holder.stop()
  await until(() => gateway.connections === 2)
  await afterQuestions(3)
  expect(gateway.open).toBe(1)
  expect(await events()).toEqual(['session.connected'])
})

test('an event that was decided on when its node died is accepted by the next one, once', async () => {
  gateway.devices = [{ device: jid }]
  const first = await follow()
  const app = await deviceOn(first)
  await untilEvents('session.connected')
  await first.stop()
  // As after a kill between the two writes: the state is new, the event is not accepted.
  const { rows } = await database.pool.query<{ payload: string }>('select payload from message')
  const payload = rows[0]!.payload.replace('session.connected', 'session.disconnected')
  await database.pool.query(
    `update device set events = events + 1, connection = 'disconnected', pending = $1`,
    [payload],
  )
  // Silent, so that nothing but the take-over brings it on.
  gateway.devices = null
  await follow()
  await untilEvents('session.connected', 'session.disconnected')
  await afterQuestions(3)
  expect(await events()).toHaveLength(2)
  // As after a kill behind the second: it is a repeat.
  await running.at(-1)!.stop()
  await database.pool.query('update device set pending = $1 where id = $2', [payload, app.id])
  await follow()
  await until(async () => {
    const found = await database.pool.query('select from device where pending is null')
    return found.rowCount === 1
  })
  expect(await events()).toHaveLength(2)
})

test('while the database is away nothing is lost: what the gateway says is an event once it is back', async () => {
  gateway.devices = null
  const line = await openLine(database.url)
  try {
    const following = await follow(line.url, 60_000)
    await deviceOn(following)
    await until(() => gateway.open === 1)
    await line.cut()
    gateway.say('LOGIN_SUCCESS', `Successfully pair with ${jid}`)
    gateway.say('LIST_DEVICES', 'Device found', [{ device: jid }])
    await line.mend()
    await untilEvents('session.paired', 'session.connected')
  } finally {
    for (const one of running.splice(0)) await one.stop()
    await line.cut()
  }
})

test('a gateway at another address is followed, none no more; its password is Basic, shown to nobody', async () => {
  const following = await follow()
  const app = await deviceOn(following)
  await until(() => gateway.open === 1)
  const other = await startGateway([{ device: jid }])
  try {
    const withPassword = other.url.replace('//', '//admin:s%3Agredo@')
    await deviceOn(following, withPassword)
    await until(() => other.open === 1 && gateway.open === 0)
    expect(other.headers['authorization']).toBe(
      `Basic ${Buffer.from('admin:s:gredo').toString('base64')}`,
    )
    const device = (await following.devices.find([app.id])).get(app.id)!
    expect(device.gatewayUrl).toBe(other.url.replace('//', '//admin:***@'))
    const { rows } = await database.pool.query<{ row: string }>(
      'select device::text as row from device',
    )
    expect(rows[0]!.row).not.toContain('gredo')
    await following.devices.save({ id: app.id, tenantId: app.tenantId }, null)
    await until(() => other.open === 0)
  } finally {
    await other.close()
  }
})

test('a device that goes is followed no more', async () => {
  const following = await follow()
  const app = await deviceOn(following)
  await until(() => gateway.open === 1)
  await following.node.registry.apps.delete(app.tenantId, app.uid!)
  await until(() => gateway.open === 0)
})

test('a gateway on a network that is not permitted is not called, and says so', async () => {
  const following = await follow()
  const app = await deviceOn(following, 'ws://10.255.0.1:3000/ws')
  const problem = await until(
    async () => (await following.devices.find([app.id])).get(app.id)!.socket!.problem,
  )
  expect(problem).toMatch(/10\.255\.0\.1 .*POMBO_ALLOW_SUBNETS/)
})

test('from the registration to the document’s receiver: Pombo, whole', async () => {
  const pombo = await startPombo({}, database)
  running.push({ stop: () => pombo.stop() })
  const target = await startReceiver()
  running.push({ stop: () => target.close() })
  const authorization = `Basic ${Buffer.from(`x:${pombo.key}`).toString('base64')}`
  const made = await pombo.call('POST', '/api/devices', {
    body: { statusWebhookUrl: target.url, gatewayUrl: gateway.url },
    headers: { authorization },
  })
  expect(made.status).toBe(201)
  await until(() => gateway.open === 1)
  await target.waitFor(1)
  gateway.say('LOGIN_SUCCESS', `Successfully pair with ${jid}`)
  const received = await target.waitFor(2)
  expect(JSON.parse(received[1]!.body)).toEqual({
    device: { deviceHash: made.body.deviceHash, status: 'connected' },
    event: {
      type: 'login_success',
      code: 'LOGIN_SUCCESS',
      message: `Successfully pair with ${jid}`,
      device_info: { id: '5511999999999@s.whatsapp.net' },
    },
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown,
  })
  const shown = await pombo.call('GET', `/api/devices/${made.body.deviceHash}`, {
    headers: { authorization },
  })
  expect(shown.body).toMatchObject({
    status: 'connected',
    gatewayUrl: gateway.url,
    gateway: { connected: true, problem: null },
    lastEvent: { type: 'login_success' },
  })
  expect(pombo.errors).toEqual([])
})
