// What holds for endpoints that say nothing of their own: the tenant's word, and before it the server's.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let pombo: TestPombo
let receiver: Receiver
let tenant: string
let made = 0

const call: TestPombo['api'] = (...given) => pombo.api(...given)
const app = () => `/app/a${made}`
const saying = async (endpointDefaults: object | null) =>
  await call('PATCH', `/tenant/${tenant}`, { endpointDefaults })
const holds = async (id: string) => (await call('GET', `${app()}/endpoint/${id}/effective`)).body
const make = async (settings: object = {}) =>
  (await call('POST', `${app()}/endpoint`, { url: receiver.url, ...settings })).body
const send = async () =>
  (await call('POST', `${app()}/msg`, { eventType: 'a.b', payload: {} })).body.id as string
const attempts = async (id: string, count: number) =>
  await until(async () => {
    const { data } = (await call('GET', `${app()}/attempt/msg/${id}`)).body
    return data.length >= count ? (data as { responseDurationMs: number }[]) : undefined
  })

beforeAll(async () => {
  pombo = await startPombo({
    POMBO_MAX_IN_FLIGHT: '7',
    POMBO_THROTTLE_RATE: '900',
    POMBO_CIRCUIT_FAILURES: '3',
    POMBO_TIMEOUT_MS: '9s',
    POMBO_ENDPOINT_HEADERS: 'x-from=server,x-server=hidden-word-1',
  })
  tenant = (await call('GET', '/tenant')).body.data[0].id
})
afterAll(() => pombo?.stop())
beforeEach(async () => {
  receiver = await startReceiver()
  made += 1
  await call('POST', '/app', { name: 'a', uid: `a${made}` })
})
afterEach(async () => {
  await saying(null)
  await receiver.close()
})

test('the answer says what holds and who says it: endpoint, else tenant, else server', async () => {
  const silent = await make()
  expect(await holds(silent.id)).toEqual({
    retrySchedule: { value: [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000], from: 'server' },
    timeoutMs: { value: 9_000, from: 'server' },
    maxInFlight: { value: 7, from: 'endpoint' },
    throttleRate: { value: 900, from: 'server' },
    throttleWindowMs: { value: 1_000, from: 'server' },
    circuit: {
      failuresToOpen: { value: 3, from: 'server' },
      pauseMs: { value: 5_000, from: 'server' },
      maxPauseMs: { value: 600_000, from: 'server' },
    },
    headers: { 'x-from': 'server', 'x-server': 'server' },
  })
  const defaults = {
    retrySchedule: [1, 2.5],
    timeoutMs: 2_000,
    maxInFlight: 3,
    throttleRate: 60,
    throttleWindowMs: 60_000,
    circuit: { pauseMs: 700 },
  }
  expect((await saying(defaults)).body.endpointDefaults).toEqual(defaults)
  expect((await call('GET', `/tenant/${tenant}`)).body.endpointDefaults).toEqual(defaults)
  const own = await make({ timeoutMs: 4_000, circuit: { pauseMs: 800 }, throttleRate: 5 })
  expect(await holds(silent.id)).toMatchObject({
    retrySchedule: { value: [1, 2.5], from: 'tenant' },
    timeoutMs: { value: 2_000, from: 'tenant' },
    // Taken over when it was made.
    maxInFlight: { value: 7 },
    throttleRate: { value: 60, from: 'tenant' },
    circuit: {
      failuresToOpen: { value: 3, from: 'server' },
      pauseMs: { value: 700, from: 'tenant' },
    },
  })
  expect(await holds(own.id)).toMatchObject({
    timeoutMs: { value: 4_000, from: 'endpoint' },
    maxInFlight: { value: 3 },
    throttleRate: { value: 5, from: 'endpoint' },
    throttleWindowMs: { value: 1_000, from: 'endpoint' },
    circuit: { pauseMs: { value: 800, from: 'endpoint' } },
  })
  // What an endpoint says itself is shown as it is.
  expect(await call('GET', `${app()}/endpoint/${silent.id}`)).toMatchObject({
    body: { timeoutMs: null, retrySchedule: null, circuit: null },
  })
})

test('what an endpoint would get that says nothing is said before it is made, for its format too', async () => {
  const usual = async (query = '') =>
    (await call('GET', `${app()}/endpoint-defaults${query}`)).body as Record<string, unknown>
  const made = await holds((await make()).id)
  expect(await usual()).toEqual({ ...made, maxInFlight: { value: 7, from: 'server' } })
  const ofFormat = await holds((await make({ dialect: 'evolution' })).id)
  expect((await usual('?dialect=evolution'))['retrySchedule']).toEqual(ofFormat.retrySchedule)
  await saying({ retrySchedule: [1, 2.5], maxInFlight: 3 })
  expect(await usual()).toMatchObject({
    retrySchedule: { value: [1, 2.5], from: 'tenant' },
    maxInFlight: { value: 3, from: 'tenant' },
    timeoutMs: { value: 9_000, from: 'server' },
  })
  expect((await call('GET', '/app/nobody/endpoint-defaults')).status).toBe(404)
})

test('a tenant’s word acts on the endpoints that are there already: schedule, deadline and circuit', async () => {
  const { id } = await make()
  receiver.answer = (_, index) => (index === 0 ? { hang: true } : { status: 500 })
  await saying({ retrySchedule: [0.05, 0.05], timeoutMs: 1_000, circuit: { failuresToOpen: 100 } })
  const durations = (await attempts(await send(), 3)).map((one) => one.responseDurationMs)
  expect(receiver.received).toHaveLength(3)
  // A timer may fire within the millisecond before its time.
  expect(Math.max(...durations)).toBeGreaterThanOrEqual(999)
  expect(Math.max(...durations)).toBeLessThan(5_000)
  // Three failures in a row are the server's limit, which the tenant had raised.
  expect((await call('GET', `${app()}/endpoint/${id}`)).body.health.circuit).toBe('closed')
  await saying({ retrySchedule: [] })
  await send()
  await until(async () => {
    const { health } = (await call('GET', `${app()}/endpoint/${id}`)).body
    return health.circuit === 'open'
  })
})

test('an event type’s schedule goes before the tenant’s, and the endpoint’s before both', async () => {
  receiver.answer = () => ({ status: 500 })
  await saying({ retrySchedule: [0.01, 0.01], circuit: { failuresToOpen: 100 } })
  await call('POST', '/event-type', { name: 'a.b', description: '' })
  await call('PUT', '/event-type/a.b/retry-schedule', {
    retrySchedule: [{ secs: 0, nanos: 10_000_000 }],
  })
  const { id } = await make()
  const message = await send()
  const finished = async (msg: string) =>
    await until(async () => {
      const { data } = (await call('GET', `${app()}/msg/${msg}/endpoint`)).body
      return data[0]?.status === 2 ? (await attempts(msg, 1)).length : undefined
    })
  expect(await finished(message)).toBe(2)
  await call('PATCH', `${app()}/endpoint/${id}`, { retrySchedule: [] })
  expect(await finished(await send())).toBe(1)
})

test('a tenant’s word that could not hold is refused by its field', async () => {
  const wrong = async (defaults: object) => (await saying(defaults)).body.detail[0].loc.join('.')
  expect(await wrong({ timeoutMs: 10 })).toBe('body.endpointDefaults.timeoutMs')
  expect(await wrong({ retrySchedule: [-1] })).toBe('body.endpointDefaults.retrySchedule')
  const circuit = { pauseMs: 900, maxPauseMs: 300 }
  expect(await wrong({ circuit })).toBe('body.endpointDefaults.circuit.maxPauseMs')
  expect(await wrong({ timeout: 1_000 })).toBe('body.endpointDefaults.timeout')
})

test('headers of server and tenant go along with the endpoint’s own; credentials are never shown', async () => {
  const { id } = await make({ headers: { 'x-own': 'endpoint', 'X-Two': 'endpoint' } })
  const headers = { 'x-from': 'tenant', 'x-two': 'tenant', 'X-Api-Key': 'hidden-word-2' }
  const said = await saying({ timeoutMs: 2_000, headers })
  expect(said.body.endpointDefaults).toEqual({
    timeoutMs: 2_000,
    headers: { 'x-from': 'tenant', 'x-two': 'tenant' },
    sensitiveHeaders: ['X-Api-Key'],
  })
  expect((await holds(id)).headers).toEqual({
    'x-from': 'tenant',
    'x-server': 'server',
    'x-two': 'endpoint',
    'x-own': 'endpoint',
    'x-api-key': 'tenant',
  })
  await send()
  const [received] = await receiver.waitFor(1)
  expect(received!.headers).toMatchObject({
    'x-from': 'tenant',
    'x-server': 'hidden-word-1',
    'x-two': 'endpoint',
    'x-own': 'endpoint',
    'x-api-key': 'hidden-word-2',
  })
  // An endpoint shows its own alone, and what was shown is refused as a change: it would lose the rest.
  expect((await call('GET', `${app()}/endpoint/${id}/headers`)).body.headers).toEqual({
    'x-own': 'endpoint',
    'X-Two': 'endpoint',
  })
  expect((await saying(said.body.endpointDefaults)).status).toBe(422)
  const { rows } = await pombo.database.pool.query<{ row: string }>(
    `select t::text || encode(t.default_headers_sealed, 'escape') as row from tenant t`,
  )
  expect(rows[0]!.row).not.toContain('hidden-word')
  expect(JSON.stringify(pombo.errors)).not.toContain('hidden-word')
  const bad = await saying({ headers: { 'webhook-id': 'x' } })
  expect({ status: bad.status, text: bad.text }).toMatchObject({
    status: 422,
    text: expect.stringMatching(/headers.*webhook-id/),
  })
  await saying(null)
  expect((await holds(id)).headers).not.toHaveProperty('x-api-key')
})

test('headers whose key is missing hold the tenant’s endpoints, and nothing is sent without them', async () => {
  await make()
  await saying({ headers: { 'x-key': 'k' } })
  const other = await startPombo(
    { POMBO_ENCRYPTION_KEYS: Buffer.alloc(32, 9).toString('base64') },
    pombo.database,
  )
  try {
    const routes = await other.app.engine.cache.routes(
      (await pombo.database.pool.query<{ id: string }>('select id from tenant')).rows[0]!.id,
      (
        await pombo.database.pool.query<{ id: string }>('select id from app where uid = $1', [
          `a${made}`,
        ])
      ).rows[0]!.id,
    )
    expect(routes!.endpoints.map(({ paused }) => paused)).toEqual([true])
  } finally {
    await other.stop()
  }
})
