import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { openPool } from '../../src/db/pool.ts'
import { OutboxReader } from '../../src/sources/postgres/reader.ts'
import { createTestDatabase, databaseUrl, type TestDatabase } from '../support/database.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { until } from '../support/receiver.ts'
import { scratchParent } from '../support/scratch.ts'
import { installOutbox } from '../support/source-database.ts'

let database: TestDatabase
let node: TestNode
let dataDir: string

beforeAll(async () => {
  database = await createTestDatabase()
  node = await startNode(database.url)
  dataDir = await mkdtemp(join(scratchParent(), 'pombo-test-'))
})
afterAll(async () => {
  await node?.stop()
  await database?.drop()
  await rm(dataDir, { recursive: true, force: true })
})

test("the source's server may stop and start: reading goes on, nothing is lost or doubled", async () => {
  const tenantId = (await node.registry.tenants.create({ name: 'tenant' })).id
  const appId = (await node.registry.apps.create(tenantId, { name: 'app' })).id
  const start = () => startEmbedded({ dataDir, log: () => {} })
  let server = await start()
  const sourceUrl = databaseUrl(server.url, 'postgres')
  const pool = openPool(sourceUrl, 2)
  await installOutbox(pool)
  const reader = new OutboxReader({
    url: sourceUrl,
    name: 'source',
    expected: true,
    tenantId,
    appId: async () => appId,
    accept: (message) => node.engine.ingest.accept(message),
    maxPayloadBytes: 1_000_000,
    log: () => {},
    pollMs: 20,
  })
  const emitted = (from: number, to: number) =>
    pool.query(
      `select pombo.emit('thing.happened', jsonb_build_object('n', n)) from generate_series($1::int, $2::int) n`,
      [from, to],
    )
  const count = async (): Promise<number> =>
    (
      await database.pool.query<{ n: number }>(
        'select count(*) as n from message where app_id = $1',
        [appId],
      )
    ).rows[0]!.n
  await emitted(1, 3_000)
  reader.start()
  // In the middle of its work.
  await until(async () => (await count()) > 0)
  await server.stop()
  server = await start()
  await until(() =>
    emitted(3_001, 3_100).then(
      () => true,
      () => false,
    ),
  )
  await until(async () => (await count()) >= 3_100)
  await until(async () => {
    const { rows } = await pool.query<{ waiting: boolean }>(
      'select exists (select from pombo.outbox) as waiting',
    )
    return !rows[0]!.waiting
  })
  await reader.stop()
  await pool.end()
  await server.stop()
  const { rows } = await database.pool.query(
    `select count(*) as messages, count(distinct payload::json ->> 'n') as events from message where app_id = $1`,
    [appId],
  )
  expect(rows[0]).toEqual({ messages: 3_100, events: 3_100 })
})
