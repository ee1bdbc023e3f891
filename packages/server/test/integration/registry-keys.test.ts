import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { showId } from '../../src/core/id.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { freshWithin } from '../support/freshness.ts'
import { startPombo } from '../support/pombo-app.ts'
import { until } from '../support/receiver.ts'
import { testRegistry } from '../support/registry.ts'

let database: TestDatabase
let pool: Pool
let registry: Registry

beforeAll(async () => {
  database = await createTestDatabase()
  pool = database.pool
  registry = testRegistry(pool)
})
afterAll(async () => await database.drop())

const operatorsKey = 'a-key-that-the-operator-made'

async function freshDatabase(): Promise<Pool> {
  const own = await createTestDatabase()
  onTestFinished(async () => await own.drop())
  return own.pool
}

test('nodes that start together on an empty database make one tenant and one key, printed by one of them', async () => {
  const own = await freshDatabase()
  const made = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const { tenants } = testRegistry(own)
      const { tenantId } = await tenants.bootstrap()
      return { tenantId, firstKey: await tenants.firstKey() }
    }),
  )
  expect(new Set(made.map(({ tenantId }) => tenantId)).size).toBe(1)
  const keys = made.flatMap(({ firstKey }) => (firstKey === null ? [] : [firstKey]))
  expect(keys).toHaveLength(1)
  expect(await testRegistry(own).cache.key(keys[0]!)).toMatchObject({
    tenantId: made[0]!.tenantId,
    appId: null,
    refused: null,
  })
  expect(await testRegistry(own).tenants.firstKey()).toBeNull()
  // Nor where none of them counts any more.
  await own.query('update api_key set revoked_at = now()')
  expect(await testRegistry(own).tenants.firstKey()).toBeNull()
  const { rows } = await own.query('select from api_key')
  expect(rows).toHaveLength(1)
})

test('a first start that fails makes no key, which nobody would see; the next one does', async () => {
  const own = await createTestDatabase()
  const env = { POMBO_API_KEY: '' }
  // TEST-NET-1: no machine has it.
  await expect(startPombo({ ...env, POMBO_LISTEN: '192.0.2.1:0' }, own)).rejects.toThrow(
    'EADDRNOTAVAIL',
  )
  const pombo = await startPombo(env, own)
  onTestFinished(async () => {
    await pombo.stop()
    await own.drop()
  })
  expect(pombo.app.apiKey).toMatch(/^pombo_/)
})

test('POMBO_API_KEY is the first key, a changed one is added, a revoked one counts again after a start', async () => {
  const own = await freshDatabase()
  const node = testRegistry(own)
  const [first] = await Promise.all(
    [1, 2, 3].map(async () => await testRegistry(own).tenants.bootstrap({ apiKey: operatorsKey })),
  )
  const { tenantId } = await node.tenants.bootstrap({ apiKey: `${operatorsKey}-changed` })
  expect(tenantId).toBe(first!.tenantId)
  expect(await node.cache.key(operatorsKey)).toMatchObject({ tenantId, refused: null })
  expect(await node.cache.key(`${operatorsKey}-changed`)).toMatchObject({ tenantId, refused: null })
  const holder = (await node.cache.key(operatorsKey))!
  await node.keys.revoke(tenantId, showId('key', holder.keyId))
  expect(await node.cache.key(operatorsKey)).toMatchObject({ refused: 'revoked' })
  await node.tenants.bootstrap({ apiKey: operatorsKey })
  expect(await node.cache.key(operatorsKey)).toMatchObject({ refused: null })
  expect((await node.keys.list(tenantId, { limit: 10, order: 'ascending' })).rows).toHaveLength(2)
  await expect(node.tenants.bootstrap({ apiKey: 'short' })).rejects.toThrow(
    'POMBO_API_KEY is too easy to guess',
  )
})

test('a key is stored only as its hash, and found by nothing else', async () => {
  const tenant = await registry.tenants.create({ name: 'hashed' })
  const { key, text } = await registry.keys.create(tenant.id, { name: 'producer' })
  expect(text).toMatch(/^pombo_[\w-]{43}$/)
  const { rows } = await pool.query<{ row: string; hash: Buffer }>(
    'select api_key::text as row, hash from api_key where id = $1',
    [key.id],
  )
  expect(rows[0]!.hash).toEqual(createHash('sha256').update(text).digest())
  expect(rows[0]!.row).not.toContain(text)
  expect(rows[0]!.row).toContain(key.hint)
  expect(await registry.cache.key(text)).toEqual({
    tenantId: tenant.id,
    keyId: key.id,
    appId: null,
    name: 'producer',
    featureFlags: null,
    role: 'administer',
    sessionId: null,
    expiresAtMs: null,
    use: null,
    pollerId: null,
    refused: null,
  })
  for (const wrong of [
    `${text}x`,
    text.slice(0, -1),
    text.toUpperCase(),
    '',
    rows[0]!.hash.toString('hex'),
  ])
    expect(await registry.cache.key(wrong)).toBeUndefined()
})

test('a revoked key is refused at once on this node and within a second on another', async () => {
  const there = testRegistry(pool)
  await there.cache.start()
  onTestFinished(async () => await there.cache.stop())
  const tenant = await registry.tenants.create({ name: 'revoking' })
  const { key, text } = await registry.keys.create(tenant.id, { name: 'leaked' })
  expect((await there.cache.key(text))!.refused).toBeNull()
  expect((await registry.cache.key(text))!.refused).toBeNull()
  await registry.keys.revoke(tenant.id, showId('key', key.id))
  expect((await registry.cache.key(text))!.refused).toBe('revoked')
  await freshWithin(1_000, async () => (await there.cache.key(text))!.refused === 'revoked')
  expect((await registry.keys.get(tenant.id, showId('key', key.id))).revokedAtMs).not.toBeNull()
})

test("another tenant's key can be neither read nor revoked", async () => {
  const [mine, theirs] = [
    await registry.tenants.create({ name: 'mine' }),
    await registry.tenants.create({ name: 'theirs' }),
  ]
  const { key, text } = await registry.keys.create(theirs.id, { name: 'theirs' })
  await expect(registry.keys.get(mine.id, showId('key', key.id))).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(registry.keys.revoke(mine.id, showId('key', key.id))).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(registry.keys.revoke(mine.id, 'no such thing')).rejects.toMatchObject({
    code: 'not_found',
  })
  expect((await registry.cache.key(text))!.refused).toBeNull()
})

test("an app's token reaches only its app, expires, and is ended by logging out", async () => {
  const tenant = await registry.tenants.create({ name: 'portal' })
  const app = await registry.apps.create(tenant.id, { name: 'customer' })
  const { key, text } = await registry.keys.createAppToken(tenant.id, app.id, {
    expiresAtMs: Date.now() + 60_000,
  })
  const holder = (await registry.cache.key(text))!
  expect(holder).toMatchObject({ tenantId: tenant.id, appId: app.id, refused: null })
  expect((await registry.keys.list(tenant.id, { limit: 10, order: 'ascending' })).rows).toEqual([])
  expect(
    (await registry.keys.list(tenant.id, { limit: 10, order: 'ascending' }, app.id)).rows.map(
      ({ id }) => id,
    ),
  ).toEqual([key.id])
  await expect(
    registry.keys.createAppToken(tenant.id, app.id, { expiresAtMs: Date.now() - 1 }),
  ).rejects.toMatchObject({ code: 'validation' })

  // Time passes in the row; the cached answer expires by the clock all the same.
  const expiresAtMs = Date.now() + 1_500
  const soon = await registry.keys.createAppToken(tenant.id, app.id, { expiresAtMs })
  const { refused } = (await registry.cache.key(soon.text))!
  if (Date.now() < expiresAtMs) expect(refused).toBeNull()
  await until(async () => (await registry.cache.key(soon.text))!.refused === 'expired')

  await registry.keys.logout(holder)
  expect((await registry.cache.key(text))!.refused).toBe('revoked')
  const own = await registry.keys.create(tenant.id, { name: 'own' })
  await expect(
    registry.keys.logout({ tenantId: tenant.id, keyId: own.key.id }),
  ).rejects.toMatchObject({ code: 'permission_denied' })
  expect((await registry.cache.key(own.text))!.refused).toBeNull()
})

test('the tokens of an app go with it', async () => {
  const tenant = await registry.tenants.create({ name: 'gone' })
  const app = await registry.apps.create(tenant.id, { name: 'customer' })
  const { text } = await registry.keys.createAppToken(tenant.id, app.id)
  expect(await registry.cache.key(text)).toBeDefined()
  await registry.apps.delete(tenant.id, showId('app', app.id))
  expect(await registry.cache.key(text)).toBeUndefined()
})

test('using a key writes nothing until the batch, and then when it was last used', async () => {
  const node = testRegistry(pool)
  await node.cache.start()
  const tenant = await node.tenants.create({ name: 'used' })
  const made = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => await node.keys.create(tenant.id, { name })),
  )
  const [a, b] = made
  const startedAt = Date.now()
  for (let i = 0; i < 50; i++) await node.cache.key(a!.text)
  await node.cache.key(b!.text)
  const lastUsed = async () =>
    (await node.keys.list(tenant.id, { limit: 10, order: 'ascending' })).rows.map(
      ({ lastUsedAtMs }) => lastUsedAtMs,
    )
  expect(await lastUsed()).toEqual([null, null, null])
  await node.cache.stop()
  const [usedA, usedB, usedC] = await lastUsed()
  expect(usedA).toBeGreaterThanOrEqual(startedAt - 1)
  expect(usedB).toBeGreaterThanOrEqual(usedA! - 1)
  expect(usedC).toBeNull()
})

test('a key that nobody has costs one query a second, not one for each try', async () => {
  const node = testRegistry(pool)
  await node.cache.key('warm')
  let acquired = 0
  const counted = () => void acquired++
  pool.on('acquire', counted)
  onTestFinished(() => void pool.off('acquire', counted))
  const startedAt = performance.now()
  for (let i = 0; i < 100; i++) expect(await node.cache.key('nobody-has-this-key')).toBeUndefined()
  const seconds = Math.floor((performance.now() - startedAt) / 1_000)
  expect(acquired).toBeLessThanOrEqual(2 * (1 + seconds))
})

test('limits of a tenant reach the accepting side', async () => {
  const tenant = await registry.tenants.create({ name: 'limited', acceptRate: 5 })
  const app = await registry.apps.create(tenant.id, { name: 'a' })
  expect((await registry.cache.routes(tenant.id, app.id))!.app.tenantAcceptRate).toBe(5)
  expect(
    await registry.tenants.update(showId('tenant', tenant.id), {
      acceptRate: null,
      retentionDays: 7,
    }),
  ).toMatchObject({ acceptRate: null, retentionDays: 7, name: 'limited' })
  expect((await registry.cache.routes(tenant.id, app.id))!.app.tenantAcceptRate).toBeNull()
  await expect(registry.tenants.update(tenant.id, { retentionDays: 0 })).rejects.toMatchObject({
    problems: [{ loc: ['body', 'retentionDays'] }],
  })
  await expect(registry.tenants.get('org_nobody')).rejects.toMatchObject({ code: 'not_found' })
})
