import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let database: TestDatabase
let node: TestNode
let receiver: Receiver
let tenantId: string

beforeAll(async () => {
  database = await createTestDatabase()
  node = await startNode(database.url)
  receiver = await startReceiver(({ path }) => {
    if (path === '/hang') return { hang: true }
    return path === '/slow' ? { delayMs: 50 } : {}
  })
  tenantId = (await node.registry.tenants.create({ name: 'tenant' })).id
})
afterAll(async () => {
  await receiver.close()
  await node.stop()
  await database.drop()
})

async function app(path: string, settings: object = {}) {
  const appId = (await node.registry.apps.create(tenantId, { name: path })).id
  const endpoint = await node.registry.endpoints.create(
    { tenantId, appId },
    { url: `${receiver.url}${path}`, ...settings },
  )
  return { appId, endpointId: endpoint.id }
}

/** Waiting work, as accepting it while there was no room would have left it. */
async function fill(target: { appId: string; endpointId: string }, count: number) {
  await database.pool.query(
    `with made as (
       insert into message (id, tenant_id, app_id, event_type, payload, payload_bytes, priority, created_at)
       select uuid_v7(), $1, $2, 'a', '1', 1, 1, now() from generate_series(1, $4::int)
       returning id
     )
     insert into work (
       endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, payload_bytes, event_type)
     select $3, id, id, $1, $2, 1, now(), 1, 'a' from made`,
    [tenantId, target.appId, target.endpointId, count],
  )
}

async function waiting(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    'select count(*) as count from work',
  )
  return rows[0]!.count
}

test('beside a long backlog and five that hang, hundreds of endpoints with a delivery each go at once', async () => {
  await fill(await app('/slow', { maxInFlight: 2 }), 20_000)
  const hanging = await Promise.all(Array.from({ length: 5 }, () => app('/hang')))
  for (const one of hanging) await fill(one, 200)
  const singles: { appId: string; endpointId: string }[] = []
  // One after the other: three hundred at once would wait longer for a connection than the pool allows on a busy
  // machine.
  for (let i = 0; i < 300; i++) singles.push(await app(`/one/${i}`))
  // Waiting in the database like the rest, so that all of it has to be claimed.
  for (const one of singles) await fill(one, 1)
  await until(
    () =>
      new Set(
        receiver.received.filter(({ path }) => path.startsWith('/one/')).map(({ path }) => path),
      ).size === 300,
    60_000,
  )
  expect(await waiting()).toBeGreaterThan(15_000)
})

test('what is sent in for a healthy endpoint leaves at once beside all that', async () => {
  const { appId } = await app('/live')
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      node.engine.ingest.accept({ tenantId, appId, eventType: 'a', payload: String(i) }),
    ),
  )
  await until(() => receiver.received.filter(({ path }) => path === '/live').length === 50)
  expect(await waiting()).toBeGreaterThan(15_000)
})
