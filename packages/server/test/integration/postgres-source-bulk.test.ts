import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OutboxReader } from '../../src/sources/postgres/reader.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { until } from '../support/receiver.ts'
import {
  createSourceDatabase,
  installOutbox,
  mapping,
  type SourceDatabase,
} from '../support/source-database.ts'

let database: TestDatabase
let source: SourceDatabase
let node: TestNode

beforeAll(async () => {
  database = await createTestDatabase()
  source = await createSourceDatabase()
  node = await startNode(database.url)
})
afterAll(async () => {
  await node?.stop()
  await source?.drop()
  await database?.drop()
})

const rowsInserted = 100_000
/** The same for ten rows and for a million: what a pass holds, and what the collector has not collected yet. */
const mostGrowthBytes = 200 * 1024 * 1024

/** What is in use and no garbage: other tests of the same process leave some behind. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

test('a bulk insert of 100,000 rows becomes 100,000 messages, in bounded memory', async () => {
  const tenantId = (await node.registry.tenants.create({ name: 'tenant' })).id
  const appId = (await node.registry.apps.create(tenantId, { name: 'app' })).id
  await source.pool.query('create table events (id bigint primary key, body text)')
  await installOutbox(source.pool, { mappings: [mapping('events', { columns: ['id', 'body'] })] })
  await source.pool.query(
    `insert into events select n, repeat('x', 700) from generate_series(1, ${rowsInserted}) n`,
  )
  const reader = new OutboxReader({
    url: source.url,
    name: 'source',
    expected: true,
    tenantId,
    appId: async () => appId,
    accept: (message) => node.engine.ingest.accept(message),
    maxPayloadBytes: 1_000_000,
    log: () => {},
  })
  const before = heldBytes()
  let most = before
  // To collect takes half a second of a core: only where there is more than is allowed, which may be garbage.
  const watch = setInterval(() => {
    if (process.memoryUsage().heapUsed - before > mostGrowthBytes)
      most = Math.max(most, heldBytes())
  }, 100)
  reader.start()
  const waiting = async (): Promise<boolean> => {
    const sql = 'select exists (select from pombo.outbox) as waiting'
    return (await source.pool.query<{ waiting: boolean }>(sql)).rows[0]!.waiting
  }
  await until(async () => !(await waiting()), 150_000)
  clearInterval(watch)
  await reader.stop()
  const { rows } = await database.pool.query<{ messages: number; changes: number }>(
    `select count(*) as messages, count(distinct payload::json #>> '{record,id}') as changes
       from message
      where app_id = $1`,
    [appId],
  )
  expect(rows[0]).toEqual({ messages: rowsInserted, changes: rowsInserted })
  expect(most - before).toBeLessThan(mostGrowthBytes)
}, 180_000)
