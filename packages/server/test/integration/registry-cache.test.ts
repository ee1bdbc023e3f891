import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { showId, uuidv7 } from '../../src/core/id.ts'
import { noteChange, readChanges } from '../../src/db/changes.ts'
import { inTransaction, type Pool } from '../../src/db/pool.ts'
import { createSeal } from '../../src/db/seal.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { createTestDatabase, databaseUrl, type TestDatabase } from '../support/database.ts'
import { freshWithin } from '../support/freshness.ts'
import { until } from '../support/receiver.ts'
import { randomKey, testRegistry } from '../support/registry.ts'

let database: TestDatabase
let pool: Pool
const seal = createSeal([randomKey()])

beforeAll(async () => {
  database = await createTestDatabase()
  pool = database.pool
})
afterAll(async () => await database.drop())

const shown = (endpointId: string): string => showId('endpoint', endpointId)
const shownApp = (appId: string): string => showId('app', appId)

async function startedNode(options: Parameters<typeof testRegistry>[1] = {}): Promise<Registry> {
  const node = testRegistry(pool, { seal, ...options })
  await node.cache.start()
  onTestFinished(async () => await node.cache.stop())
  return node
}

/** The statements of some work. Readings of changes go on beside it, as many as its time brings. */
async function queries(work: () => Promise<unknown>): Promise<number> {
  const asked = vi.spyOn(pool, 'query')
  try {
    await work()
    return asked.mock.calls.filter(([given]) => !/\bchange\b/.test(JSON.stringify(given))).length
  } finally {
    asked.mockRestore()
  }
}

test('a change on one node is seen by another within a second, and by the node itself at once', async () => {
  const [here, there] = [await startedNode(), await startedNode()]
  const tenant = await here.tenants.create({ name: 'two nodes' })
  const app = await here.apps.create(tenant.id, { name: 'shop', uid: 'two-nodes' })
  const scope = { tenantId: tenant.id, appId: app.id }
  const endpoint = await here.endpoints.create(scope, { url: 'https://a.example/' })
  expect((await there.cache.routes(tenant.id, app.id))?.endpoints[0]?.url).toBe(
    'https://a.example/',
  )
  await here.cache.routes(tenant.id, app.id)

  await here.endpoints.patch(scope, shown(endpoint.id), { url: 'https://b.example/' })
  expect((await here.cache.routes(tenant.id, app.id))?.endpoints[0]?.url).toBe('https://b.example/')
  expect((await here.cache.endpoints([endpoint.id])).get(endpoint.id)?.endpoint.url).toBe(
    'https://b.example/',
  )
  await freshWithin(
    1_000,
    async () =>
      (await there.cache.routes(tenant.id, app.id))?.endpoints[0]?.url === 'https://b.example/',
  )
})

test('a change of an endpoint names it beside its app, which is what nodes of the release before read', async () => {
  const node = await startedNode()
  const { id: tenantId } = await node.tenants.create({ name: 'named' })
  const { id: appId } = await node.apps.create(tenantId, { name: 'named' })
  const scope = { tenantId, appId }
  const { id } = await node.endpoints.create(scope, { url: 'https://a.example/' })
  await node.endpoints.rotateSecret(scope, shown(id))
  await node.endpoints.disable(scope, id, { reason: 'gone', failingSinceMs: null })
  await node.endpoints.delete(scope, shown(id))
  const { rows } = await pool.query(
    'select kind, key, endpoint_id as "endpointId" from change where key = $1',
    [appId],
  )
  const [ofApp, ...ofEndpoint] = rows
  expect(ofApp).toEqual({ kind: 'app', key: appId, endpointId: null })
  expect(ofEndpoint).toEqual(Array(4).fill({ kind: 'app', key: appId, endpointId: id }))
})

test('a change whose transaction began before others and committed after them is not missed', async () => {
  const [here, there] = [await startedNode(), await startedNode()]
  const heard: string[] = []
  there.cache.onChange(({ key }) => void heard.push(key))
  const tenant = await here.tenants.create({ name: 'out of order' })
  const first = await here.apps.create(tenant.id, { name: 'first' })
  const second = await here.apps.create(tenant.id, { name: 'second' })
  await until(() => heard.includes(first.id) && heard.includes(second.id))
  heard.length = 0
  const slow = await pool.connect()
  onTestFinished(() => slow.release())
  await slow.query('begin')
  await slow.query(`update app set name = 'first, changed' where id = $1`, [first.id])
  await noteChange(slow, 'app', first.id)

  await there.cache.routes(tenant.id, first.id)
  await here.apps.patch(tenant.id, shownApp(second.id), { name: 'second, changed' })
  // The node has read past the later transaction before the earlier one commits.
  await until(() => heard.includes(second.id))
  expect(heard).not.toContain(first.id)
  expect((await there.cache.routes(tenant.id, first.id))?.app.name).toBe('first')
  await slow.query('commit')
  await freshWithin(
    1_000,
    async () => (await there.cache.routes(tenant.id, first.id))?.app.name === 'first, changed',
  )
  // Each was heard once, though the earlier transaction kept the later one's row in view.
  expect(heard.toSorted()).toEqual([first.id, second.id].toSorted())
})

test('misses at the same time are one load, and what is cached asks nothing', async () => {
  const maker = await startedNode()
  const tenant = await maker.tenants.create({ name: 'coalesced' })
  const apps = await Promise.all(
    Array.from(
      { length: 20 },
      async (_, i) =>
        await maker.apps.create(tenant.id, { name: `app ${i}`, uid: `coalesced-${i}` }),
    ),
  )
  // It hears nothing of what was made before it.
  const node = await startedNode()
  const load = async () =>
    await Promise.all(
      [...apps, ...apps].map(async ({ id }) => await node.cache.routes(tenant.id, id)),
    )
  // One for the apps and one for their endpoints.
  expect(await queries(load)).toBe(2)
  // A busy machine may read the changes so late that for a moment nothing is answered from memory.
  await until(async () => (await queries(load)) === 0)
})

test('which app is meant, by id or by uid, is one query for many, and reads none of their endpoints', async () => {
  const maker = await startedNode()
  const tenant = await maker.tenants.create({ name: 'named' })
  const apps = await Promise.all(
    Array.from(
      { length: 20 },
      async (_, i) => await maker.apps.create(tenant.id, { name: `app ${i}`, uid: `named-${i}` }),
    ),
  )
  const node = await startedNode()
  const names = apps.flatMap(({ id, uid }) => [uid!, shownApp(id)])
  const ids = async () =>
    await Promise.all(names.map(async (name) => await node.cache.appIdOf(tenant.id, name)))
  expect(await queries(ids)).toBe(1)
  expect(await ids()).toEqual(apps.flatMap(({ id }) => [id, id]))
  expect(node.cache.usage.apps).toBe(0)
})

test('a load that a change overtakes is not kept', async () => {
  const node = await startedNode()
  const tenant = await node.tenants.create({ name: 'overtaken' })
  const app = await node.apps.create(tenant.id, { name: 'before' })
  for (let turn = 0; turn < 20; turn++) {
    const name = `name ${turn}`
    // Read and written at once: whichever the load saw, what is asked afterwards is the new one.
    const [, patched] = await Promise.all([
      node.cache.routes(tenant.id, app.id),
      node.apps.patch(tenant.id, shownApp(app.id), { name }),
    ])
    expect(patched.name).toBe(name)
    expect((await node.cache.routes(tenant.id, app.id))?.app.name).toBe(name)
  }
})

test('endpoints are found by id across apps, and a deleted one is gone', async () => {
  const node = await startedNode()
  const tenant = await node.tenants.create({ name: 'by id' })
  const apps = await Promise.all(
    [1, 2].map(async (i) => await node.apps.create(tenant.id, { name: `app ${i}` })),
  )
  const made = await Promise.all(
    apps.map(
      async ({ id: appId }) =>
        await node.endpoints.create(
          { tenantId: tenant.id, appId },
          { url: 'https://a.example/', headers: { 'x-shop': '7' } },
        ),
    ),
  )
  await node.cache.routes(tenant.id, apps[0]!.id)
  const found = await node.cache.endpoints([...made.map(({ id }) => id), uuidv7(Date.now())])
  expect([...found.keys()].toSorted()).toEqual(made.map(({ id }) => id).toSorted())
  for (const { endpoint, app } of found.values()) {
    expect(endpoint.appId).toBe(app.id)
    expect(endpoint.headers).toEqual({ 'x-shop': '7' })
    expect(endpoint.secrets).toHaveLength(1)
  }
  await node.endpoints.delete({ tenantId: tenant.id, appId: apps[1]!.id }, shown(made[1]!.id))
  expect([...(await node.cache.endpoints(made.map(({ id }) => id))).keys()]).toEqual([made[0]!.id])
})

test("another tenant's app is not there, by id or by uid", async () => {
  const node = await startedNode()
  const [mine, theirs] = [
    await node.tenants.create({ name: 'mine' }),
    await node.tenants.create({ name: 'theirs' }),
  ]
  const app = await node.apps.create(theirs.id, { name: 'theirs', uid: 'shared-uid' })
  expect(await node.cache.routes(mine.id, app.id)).toBeUndefined()
  expect(await node.cache.appIdOf(mine.id, 'shared-uid')).toBeUndefined()
  expect(await node.cache.appIdOf(mine.id, shownApp(app.id))).toBeUndefined()
  expect(await node.cache.appIdOf(theirs.id, 'shared-uid')).toBe(app.id)
  expect(await node.cache.appIdOf(theirs.id, shownApp(app.id))).toBe(app.id)
})

test('after readings that failed, nothing from before is answered', async () => {
  const node = testRegistry(pool, { seal })
  const tenant = await node.tenants.create({ name: 'blind' })
  const app = await node.apps.create(tenant.id, { name: 'before' })
  await node.cache.routes(tenant.id, app.id)
  // The change goes by without a trace, as when commits are lost with the server that held them.
  await pool.query(`update app set name = 'after' where id = $1`, [app.id])
  expect((await node.cache.routes(tenant.id, app.id))?.app.name).toBe('before')

  const name = new URL(database.url).pathname.slice(1)
  const admin = new pg.Client({ connectionString: databaseUrl(database.url, 'postgres') })
  await admin.connect()
  onTestFinished(async () => await admin.end())
  await admin.query(`alter database ${name} with allow_connections false`)
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
    name,
  ])
  const errors: unknown[] = []
  await until(async () => {
    await node.cache.routes(tenant.id, app.id).catch((error: unknown) => errors.push(error))
    return errors.length > 0
  })
  expect(node.cache.peekRoutes(app.id)).toBeUndefined()

  await admin.query(`alter database ${name} with allow_connections true`)
  // A reading that was under way may still fail.
  const back = await until(() => node.cache.routes(tenant.id, app.id).catch(() => undefined))
  expect(back.app.name).toBe('after')
  await node.cache.stop()
})

test('a database whose transaction counter stepped back is noticed', async () => {
  const { snapshot } = await readChanges(pool, undefined)
  expect((await readChanges(pool, snapshot)).rewound).toBe(false)
  const [, xmax] = snapshot.split(':')
  const ahead = BigInt(xmax!) + 1_000_000n
  expect((await readChanges(pool, `${ahead}:${ahead}:`)).rewound).toBe(true)
})

test('60,000 endpoints pass through a small cache without growing the heap beyond its bound', async () => {
  const cacheBytes = 8 * 1024 * 1024
  const apps = 300
  const { id: tenantId } = await testRegistry(pool, { seal }).tenants.create({ name: 'many' })
  // Made by the database, without the audit log's triggers: what is tested is reading them.
  await inTransaction(pool, async (client) => {
    await client.query('set local session_replication_role = replica')
    await client.query(
      `insert into app (id, tenant_id, name) select uuid_v7(), $1, 'app ' || n from generate_series(1, $2) n`,
      [tenantId, apps],
    )
    await client.query(
      `insert into endpoint (id, tenant_id, app_id, url, event_types)
         select uuid_v7(), $1, app.id, 'https://receiver.example/hooks/' || n, array['message.received', 'message.sent']
           from app, generate_series(1, 200) n where app.tenant_id = $1`,
      [tenantId],
    )
  })
  await pool.query('analyze endpoint')
  const { rows } = await pool.query<{ id: string }>('select id from app where tenant_id = $1', [
    tenantId,
  ])
  const node = await startedNode({ cacheBytes })
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const heapBytes = async (): Promise<number> => {
    for (let turn = 0; turn < 3; turn++) {
      collectGarbage()
      await setImmediate()
    }
    return process.memoryUsage().heapUsed
  }
  const before = await heapBytes()
  let seen = 0
  for (const { id } of rows) seen += (await node.cache.routes(tenantId, id))!.endpoints.length
  expect(seen).toBe(60_000)
  const grown = (await heapBytes()) - before
  expect(node.cache.usage.bytes).toBeLessThanOrEqual(cacheBytes)
  expect(node.cache.usage.apps).toBeGreaterThan(5)
  expect(grown).toBeLessThan(cacheBytes * 1.5)
})
