import { afterAll, beforeAll, expect, test } from 'vitest'
import { showId } from '../../src/core/id.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { AppScope } from '../../src/registry/apps/app.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { testRegistry } from '../support/registry.ts'

let database: TestDatabase
let pool: Pool
let registry: Registry
let tenantId: string

beforeAll(async () => {
  database = await createTestDatabase()
  pool = database.pool
  registry = testRegistry(pool)
  tenantId = (await registry.tenants.create({ name: 'endpoints' })).id
})
afterAll(async () => await database.drop())

const url = 'https://receiver.example/hook'
const shown = ({ id }: { id: string }): string => showId('endpoint', id)

async function newScope(uid: string | null = null): Promise<AppScope> {
  const app = await registry.apps.create(tenantId, { name: 'app', uid })
  return { tenantId, appId: app.id }
}

async function signals(
  scope: AppScope,
): Promise<{ type: string; data: Record<string, unknown> }[]> {
  const { rows } = await pool.query<{ type: string; data: Record<string, unknown> }>(
    `select type, data from signal where data ->> 'appId' = $1 order by id`,
    [showId('app', scope.appId)],
  )
  return rows
}

test('an endpoint comes back as it was set, with a secret of its own', async () => {
  const scope = await newScope()
  const settings = {
    url,
    uid: 'main',
    description: 'the main one',
    eventTypes: ['message.*', 'session.connected'],
    channels: ['a'],
    metadata: { owner: 'ana' },
    headers: { 'X-Shop': '7', Authorization: 'Bearer abc' },
    throttleRate: 10,
    dialect: 'whatsmeow' as const,
    dialectOptions: { plain: true },
    retryScheduleMs: [5_000, 60_000],
    timeoutMs: 20_000,
    maxInFlight: 3,
    ordering: 'key' as const,
    priority: 'high' as const,
    filter: 'payload.x == 1',
    signatureHeaders: 'svix' as const,
    circuit: { failuresToOpen: 3 },
  }
  const made = await registry.endpoints.create(scope, {
    ...settings,
    secret: 'whatever the receiver has',
  })
  expect(made).toMatchObject({
    ...settings,
    ...scope,
    disabled: false,
    disabledReason: null,
    paused: false,
  })
  expect(made.secrets).toEqual([
    { secret: { kind: 'opaque', text: 'whatever the receiver has' }, expiresAtMs: null },
  ])
  expect(await registry.endpoints.get(scope, shown(made))).toEqual(made)
  expect(await registry.endpoints.get(scope, 'main')).toEqual(made)
  expect((await registry.cache.routes(tenantId, scope.appId))!.endpoints).toEqual([made])

  const plain = await registry.endpoints.create(scope, { url })
  expect(plain.secrets[0]?.secret.text).toMatch(/^whsec_/)
  expect(plain).toMatchObject({
    dialect: 'standard',
    maxInFlight: 20,
    ordering: 'none',
    signatureHeaders: 'webhook',
    filter: null,
    headers: {},
  })
  // A dialect that signs nothing unless asked.
  expect((await registry.endpoints.create(scope, { url, dialect: 'zaphub' })).secrets).toEqual([])
})

test('everything wrong with an endpoint is said at once, field by field, and nothing is made', async () => {
  const scope = await newScope()
  const refused = registry.endpoints.create(scope, {
    url: 'https://forbidden.example/',
    uid: showId('endpoint', scope.appId),
    filter: 'broken(',
    headers: { 'Content-Length': '5' },
    eventTypes: ['a b'],
    channels: [],
    timeoutMs: 999,
    maxInFlight: 0,
    retryScheduleMs: [-1],
    throttleRate: 1.5,
    metadata: { nul: '\0' },
    circuit: { failuresToOpen: 0 },
    dialectOptions: { deep: ['half \ud800'] },
  })
  await expect(refused).rejects.toMatchObject({ code: 'validation', status: 422 })
  const problems = await refused.catch((error: { problems: { loc: string[] }[] }) =>
    error.problems.map(({ loc }) => loc.join('.')),
  )
  expect((problems as string[]).toSorted()).toEqual(
    [
      'body.url',
      'body.uid',
      'body.filter',
      'body.headers.Content-Length',
      'body.eventTypes',
      'body.channels',
      'body.timeoutMs',
      'body.maxInFlight',
      'body.retrySchedule',
      'body.throttleRate',
      'body.metadata',
      'body.circuit.failuresToOpen',
      'body.dialectOptions',
    ].toSorted(),
  )
  await expect(
    registry.endpoints.create(scope, { url, secret: 'whsec_short' }),
  ).rejects.toMatchObject({ problems: [{ loc: ['body', 'secret'] }] })
  await expect(registry.endpoints.create(scope, {})).rejects.toMatchObject({
    problems: [{ loc: ['body', 'url'] }],
  })
  expect((await registry.endpoints.list(scope, { limit: 10, order: 'ascending' })).rows).toEqual([])
})

test('a uid is taken once in an app, and is free again when its endpoint is gone', async () => {
  const [scope, other] = [await newScope(), await newScope()]
  await registry.endpoints.create(scope, { url, uid: 'one' })
  await expect(registry.endpoints.create(scope, { url, uid: 'one' })).rejects.toMatchObject({
    code: 'conflict',
  })
  await registry.endpoints.create(other, { url, uid: 'one' })
  await registry.endpoints.delete(scope, 'one')
  await expect(registry.endpoints.get(scope, 'one')).rejects.toMatchObject({ code: 'not_found' })
  await registry.endpoints.create(scope, { url, uid: 'one' })
})

test('an endpoint of another app or tenant is not found', async () => {
  const [scope, other] = [await newScope(), await newScope()]
  const made = await registry.endpoints.create(scope, { url })
  const stranger = await registry.tenants.create({ name: 'stranger' })
  await expect(registry.endpoints.get(other, shown(made))).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(
    registry.endpoints.patch({ ...scope, tenantId: stranger.id }, shown(made), { url }),
  ).rejects.toMatchObject({ code: 'not_found' })
  await expect(registry.endpoints.delete(other, shown(made))).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('PUT resets what a Svix client knows, leaves what it does not, and makes what is missing', async () => {
  const scope = await newScope()
  const { endpoint: made, created } = await registry.endpoints.put(scope, 'by-uid', {
    url,
    description: 'x',
    timeoutMs: 5_000,
    headers: { 'x-a': '1' },
  })
  expect(created).toBe(true)
  expect(made.uid).toBe('by-uid')
  const { endpoint: again, created: twice } = await registry.endpoints.put(scope, 'by-uid', {
    url: `${url}/2`,
  })
  expect(twice).toBe(false)
  expect(again).toMatchObject({
    id: made.id,
    uid: 'by-uid',
    url: `${url}/2`,
    description: '',
    timeoutMs: 5_000,
    headers: { 'x-a': '1' },
  })
  expect(again.secrets).toEqual(made.secrets)
  await expect(
    registry.endpoints.put(scope, showId('endpoint', scope.appId), { url }),
  ).rejects.toMatchObject({ code: 'not_found' })
})

test('a list is walked page by page in both directions', async () => {
  const scope = await newScope()
  const made: string[] = []
  for (let i = 0; i < 5; i++) made.push((await registry.endpoints.create(scope, { url })).id)
  for (const order of ['ascending', 'descending'] as const) {
    const seen: string[] = []
    for (let after: { id: string } | undefined; ; ) {
      const { rows, more } = await registry.endpoints.list(scope, { limit: 2, order, after })
      seen.push(...rows.map(({ id }) => id))
      if (!more) break
      after = { id: seen.at(-1)! }
    }
    expect(seen).toEqual(order === 'ascending' ? made : made.toReversed())
  }
})

test('a rotated secret goes on signing until its time is over', async () => {
  const scope = await newScope()
  const made = await registry.endpoints.create(scope, { url })
  const first = made.secrets[0]!.secret.text
  const next = await registry.endpoints.rotateSecret(scope, shown(made))
  const { secrets } = await registry.endpoints.get(scope, shown(made))
  expect(secrets.map(({ secret }) => secret.text)).toEqual([next.text, first])
  expect(secrets[0]!.expiresAtMs).toBeNull()
  expect(secrets[1]!.expiresAtMs! - Date.now()).toBeGreaterThan(86_000_000)
  expect((await registry.endpoints.secret(scope, shown(made)))!.text).toBe(next.text)

  await pool.query(
    `update endpoint_secret
        set expires_at = now() - interval '1 second'
      where endpoint_id = $1 and expires_at is not null`,
    [made.id],
  )
  expect((await registry.endpoints.get(scope, shown(made))).secrets).toEqual([secrets[0]])
  await registry.endpoints.rotateSecret(scope, shown(made), { overlapMs: 0 })
  const after = await registry.endpoints.get(scope, shown(made))
  expect(after.secrets).toHaveLength(1)
  expect([first, next.text]).not.toContain(after.secrets[0]!.secret.text)
  const { rows } = await pool.query('select from endpoint_secret where endpoint_id = $1', [made.id])
  expect(rows).toHaveLength(1)

  await expect(
    registry.endpoints.rotateSecret(scope, shown(made), { overlapMs: 8 * 86_400_000 }),
  ).rejects.toMatchObject({ code: 'validation' })
  await expect(
    registry.endpoints.rotateSecret(scope, shown(made), { key: after.secrets[0]!.secret.text }),
  ).rejects.toMatchObject({ code: 'validation' })
  for (let i = 0; i < 9; i++) await registry.endpoints.rotateSecret(scope, shown(made))
  await expect(registry.endpoints.rotateSecret(scope, shown(made))).rejects.toMatchObject({
    code: 'conflict',
  })
})

test('sensitive headers are shown by name only, and a patch keeps what it does not name', async () => {
  const scope = await newScope()
  const made = await registry.endpoints.create(scope, {
    url,
    headers: { Authorization: 'Bearer abc', 'X-Shop': '7', 'X-Old': 'x' },
  })
  expect(await registry.endpoints.headers(scope, shown(made))).toEqual({
    headers: { 'X-Shop': '7', 'X-Old': 'x' },
    sensitive: ['Authorization'],
  })
  await registry.endpoints.patchHeaders(scope, shown(made), {
    'x-shop': '8',
    'X-OLD': null,
    'My-Token': 't',
  })
  expect((await registry.endpoints.get(scope, shown(made))).headers).toEqual({
    Authorization: 'Bearer abc',
    'x-shop': '8',
    'My-Token': 't',
  })
  await registry.endpoints.putHeaders(scope, shown(made), { 'X-Only': '1' })
  expect(await registry.endpoints.headers(scope, shown(made))).toEqual({
    headers: { 'X-Only': '1' },
    sensitive: [],
  })
  await expect(
    registry.endpoints.patchHeaders(scope, shown(made), { 'webhook-id': 'x' }),
  ).rejects.toMatchObject({ problems: [{ loc: ['body', 'headers', 'webhook-id'] }] })
})

test('what happens to an endpoint becomes operational events with the shown ids', async () => {
  const scope = await newScope('shop-uid')
  const made = await registry.endpoints.create(scope, { url, uid: 'ep-uid' })
  await registry.endpoints.patch(scope, 'ep-uid', { description: 'x' })
  await registry.endpoints.patch(scope, 'ep-uid', { disabled: true })
  await registry.endpoints.enable(scope, 'ep-uid')
  const failingSinceMs = Date.UTC(2030, 0, 2)
  expect(
    await registry.endpoints.disable(scope, made.id, {
      reason: 'no success for 5 days',
      failingSinceMs,
    }),
  ).toBe(true)
  expect(
    await registry.endpoints.disable(scope, made.id, { reason: 'again', failingSinceMs }),
  ).toBe(false)
  expect(await registry.endpoints.get(scope, 'ep-uid')).toMatchObject({
    disabled: true,
    disabledReason: 'no success for 5 days',
  })
  await registry.endpoints.delete(scope, 'ep-uid')

  const noted = await signals(scope)
  expect(noted.map(({ type }) => type)).toEqual([
    'endpoint.created',
    'endpoint.updated',
    'endpoint.updated',
    'endpoint.disabled',
    'endpoint.updated',
    'endpoint.enabled',
    'endpoint.disabled',
    'endpoint.deleted',
  ])
  for (const { data } of noted) {
    expect(data).toMatchObject({
      appId: showId('app', scope.appId),
      appUid: 'shop-uid',
      endpointId: shown(made),
      endpointUid: 'ep-uid',
    })
  }
  expect(noted[3]!.data.trigger).toBe('manual')
  expect(noted[6]!.data).toMatchObject({
    failSince: '2030-01-02T00:00:00.000Z',
    trigger: 'automatic',
  })
})

test("a tenant's operational endpoints cause no operational events", async () => {
  const { id: appId } = await registry.apps.operational(tenantId)
  const scope = { tenantId, appId }
  const made = await registry.endpoints.create(scope, { url })
  await registry.endpoints.patch(scope, shown(made), { disabled: true })
  await registry.endpoints.delete(scope, shown(made))
  expect(await signals(scope)).toEqual([])
})

test('enabling, and a new address, wipe what deliveries noted against the endpoint', async () => {
  const scope = await newScope()
  const made = await registry.endpoints.create(scope, { url })
  const fail = async () =>
    await pool.query(
      `insert into endpoint_health (
         endpoint_id, tenant_id, circuit, consecutive_failures, opened_at, open_until, pause_ms, failing_since)
       values ($1, $2, 'open', 12, now(), now() + interval '1 minute', 5000, now() - interval '6 days')`,
      [made.id, tenantId],
    )
  const health = async () =>
    (await testRegistry(pool).cache.endpoints([made.id])).get(made.id)!.health
  await fail()
  expect(await health()).toMatchObject({
    circuit: 'open',
    consecutiveFailures: 12,
    pauseMs: 5_000,
    probeUntilMs: null,
  })
  await registry.endpoints.patch(scope, shown(made), { description: 'only this' })
  expect(await health()).toBeDefined()
  await registry.endpoints.patch(scope, shown(made), { url: `${url}/new` })
  expect(await health()).toBeUndefined()
  await fail()
  await registry.endpoints.disable(scope, made.id, { reason: 'gone', failingSinceMs: null })
  expect(await health()).toBeDefined()
  await registry.endpoints.enable(scope, shown(made))
  expect(await health()).toBeUndefined()
  expect((await registry.endpoints.get(scope, shown(made))).disabledReason).toBeNull()
})

test('pausing keeps the endpoint but holds it', async () => {
  const scope = await newScope()
  const made = await registry.endpoints.create(scope, { url })
  expect((await registry.endpoints.pause(scope, shown(made))).paused).toBe(true)
  expect((await registry.cache.endpoints([made.id])).get(made.id)!.endpoint.paused).toBe(true)
  expect((await registry.endpoints.resume(scope, shown(made))).paused).toBe(false)
})

test('a refused change leaves nothing behind, neither rows nor events nor a note to other nodes', async () => {
  const scope = await newScope()
  await registry.endpoints.create(scope, { url, uid: 'a' })
  await registry.endpoints.create(scope, { url, uid: 'b' })
  const count = async () =>
    (
      await pool.query<{ n: number }>(
        `select (select count(*) from change)
              + (select count(*) from signal)
              + (select count(*) from endpoint_secret) as n`,
      )
    ).rows[0]!.n
  const before = await count()
  await expect(
    registry.endpoints.patch(scope, 'a', { uid: 'b', description: 'x' }),
  ).rejects.toMatchObject({ code: 'conflict' })
  await expect(
    registry.endpoints.create({ ...scope, appId: tenantId }, { url }),
  ).rejects.toMatchObject({ code: 'not_found' })
  expect(await count()).toBe(before)
  expect((await registry.endpoints.get(scope, 'a')).description).toBe('')
})
