import { afterAll, beforeAll, expect, test } from 'vitest'
import { showId } from '../../src/core/id.ts'
import type { Pool } from '../../src/db/pool.ts'
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
  tenantId = (await registry.tenants.create({ name: 'apps' })).id
})
afterAll(async () => await database.drop())

const shown = ({ id }: { id: string }): string => showId('app', id)

test('an app is found by its id and by its uid, and only by its own tenant', async () => {
  const made = await registry.apps.create(tenantId, {
    name: 'Shop',
    uid: 'shop',
    metadata: { plan: 'pro' },
    throttleRate: 50,
  })
  expect(made).toMatchObject({
    tenantId,
    name: 'Shop',
    uid: 'shop',
    metadata: { plan: 'pro' },
    throttleRate: 50,
    kind: 'app',
  })
  expect(await registry.apps.get(tenantId, 'shop')).toEqual(made)
  expect(await registry.apps.get(tenantId, shown(made))).toEqual(made)
  const stranger = await registry.tenants.create({ name: 'stranger' })
  await expect(registry.apps.get(stranger.id, 'shop')).rejects.toMatchObject({ code: 'not_found' })
  await expect(registry.apps.patch(stranger.id, shown(made), { name: 'x' })).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(registry.apps.delete(stranger.id, shown(made))).rejects.toMatchObject({
    code: 'not_found',
  })
  await registry.apps.create(stranger.id, { name: 'Shop', uid: 'shop' })
})

test('a taken uid is a conflict, when made and when changed', async () => {
  await registry.apps.create(tenantId, { name: 'a', uid: 'taken' })
  await registry.apps.create(tenantId, { name: 'b', uid: 'free' })
  await expect(registry.apps.create(tenantId, { name: 'c', uid: 'taken' })).rejects.toMatchObject({
    code: 'conflict',
    status: 409,
  })
  await expect(registry.apps.patch(tenantId, 'free', { uid: 'taken' })).rejects.toMatchObject({
    code: 'conflict',
  })
})

test('many callers that get or create the same app at once get the same one', async () => {
  const got = await Promise.all(
    Array.from(
      { length: 12 },
      async () => await registry.apps.getOrCreate(tenantId, { name: 'session', uid: 'session-1' }),
    ),
  )
  expect(new Set(got.map(({ app }) => app.id)).size).toBe(1)
  expect(got.filter(({ created }) => created)).toHaveLength(1)
})

test('PUT makes what is missing and sets all of what is there', async () => {
  const { app: made, created } = await registry.apps.put(tenantId, 'put-me', {
    name: 'one',
    metadata: { a: 'b' },
    throttleRate: 3,
  })
  expect([created, made.uid]).toEqual([true, 'put-me'])
  const { app: again, created: twice } = await registry.apps.put(tenantId, 'put-me', {
    name: 'two',
  })
  expect(twice).toBe(false)
  expect(again).toMatchObject({
    id: made.id,
    name: 'two',
    uid: 'put-me',
    metadata: {},
    throttleRate: null,
  })
  expect(
    (await registry.apps.put(tenantId, shown(made), { name: 'three', uid: null })).app.uid,
  ).toBeNull()
  await expect(
    registry.apps.put(tenantId, showId('app', tenantId), { name: 'x' }),
  ).rejects.toMatchObject({ code: 'not_found' })
})

test('a patch changes what it names and nothing else', async () => {
  const made = await registry.apps.create(tenantId, {
    name: 'before',
    uid: 'patched',
    metadata: { a: 'b' },
    throttleRate: 3,
  })
  const after = await registry.apps.patch(tenantId, 'patched', { name: 'after' })
  expect(after).toEqual({ ...made, name: 'after', updatedAtMs: after.updatedAtMs })
  expect(await registry.apps.patch(tenantId, 'patched', { throttleRate: null })).toMatchObject({
    throttleRate: null,
    metadata: { a: 'b' },
  })
})

test('deleting an app takes its endpoints and their secrets along, and forgets them on the hot path', async () => {
  const made = await registry.apps.create(tenantId, { name: 'short-lived', uid: 'short-lived' })
  const endpoint = await registry.endpoints.create(
    { tenantId, appId: made.id },
    { url: 'https://a.example/' },
  )
  expect((await registry.cache.routes(tenantId, made.id))!.endpoints).toHaveLength(1)
  await registry.apps.delete(tenantId, 'short-lived')
  expect(await registry.cache.routes(tenantId, made.id)).toBeUndefined()
  expect(await registry.cache.appIdOf(tenantId, 'short-lived')).toBeUndefined()
  expect((await registry.cache.endpoints([endpoint.id])).size).toBe(0)
  const { rows } = await pool.query('select from endpoint_secret where endpoint_id = $1', [
    endpoint.id,
  ])
  expect(rows).toEqual([])
  await expect(registry.apps.get(tenantId, shown(made))).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('a list is walked page by page in both directions, without the operational app', async () => {
  const { id } = await registry.tenants.create({ name: 'listed' })
  await registry.apps.operational(id)
  const made: string[] = []
  for (let i = 0; i < 5; i++) made.push((await registry.apps.create(id, { name: `${i}` })).id)
  for (const order of ['ascending', 'descending'] as const) {
    const seen: string[] = []
    for (let after: { id: string } | undefined; ; ) {
      const { rows, more } = await registry.apps.list(id, { limit: 2, order, after })
      seen.push(...rows.map((app) => app.id))
      if (!more) break
      after = { id: seen.at(-1)! }
    }
    expect(seen).toEqual(order === 'ascending' ? made : made.toReversed())
  }
})

test('the operational app is one for each tenant and cannot be reached as an app', async () => {
  const got = await Promise.all(
    [1, 2, 3, 4].map(async () => await registry.apps.operational(tenantId)),
  )
  expect(new Set(got.map(({ id }) => id)).size).toBe(1)
  await expect(registry.apps.get(tenantId, shown(got[0]!))).rejects.toMatchObject({
    code: 'not_found',
  })
  expect(await registry.cache.appIdOf(tenantId, shown(got[0]!))).toBeUndefined()
  expect((await registry.cache.routes(tenantId, got[0]!.id))!.app.kind).toBe('operational')
})

test.each([
  ['an empty name', { name: '' }, 'name'],
  ['a uid that reads as an id', { name: 'x', uid: `app_${'0'.repeat(26)}` }, 'uid'],
  ['a uid with a line break', { name: 'x', uid: 'a\nb' }, 'uid'],
  ['metadata with half a character', { name: 'x', metadata: { a: '\ud800' } }, 'metadata'],
  ['a rate of nothing', { name: 'x', throttleRate: 0 }, 'throttleRate'],
])('%s is refused by its name', async (_, settings, field) => {
  await expect(registry.apps.create(tenantId, settings)).rejects.toMatchObject({
    code: 'validation',
    problems: [{ loc: ['body', field] }],
  })
})

test('an app may bear the name that a gateway gave its session', async () => {
  for (const uid of ['vendas loja 1', '5511999999999:12@s.whatsapp.net', 'sessão/área']) {
    const { app } = await registry.apps.getOrCreate(tenantId, { name: uid, uid })
    expect(await registry.cache.appIdOf(tenantId, uid)).toBe(app.id)
  }
})
