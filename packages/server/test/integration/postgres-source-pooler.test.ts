import { afterAll, beforeAll, expect, test } from 'vitest'
import { OutboxReader } from '../../src/sources/postgres/reader.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { pgbouncerProgram, startBouncer } from '../support/pgbouncer.ts'
import { until } from '../support/receiver.ts'
import {
  createSourceDatabase,
  installOutbox,
  type SourceDatabase,
} from '../support/source-database.ts'

const program = pgbouncerProgram()
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

test.skipIf(program === undefined)(
  'behind a transaction pooler, where no notification comes through, two readers take everything once by looking',
  async () => {
    const bouncer = await startBouncer(program!, source.url, 2)
    const tenantId = (await node.registry.tenants.create({ name: 'tenant' })).id
    const appId = (await node.registry.apps.create(tenantId, { name: 'app' })).id
    await installOutbox(source.pool)
    const logged: string[] = []
    const readers = [1, 2].map(
      () =>
        new OutboxReader({
          url: bouncer.url,
          name: 'source',
          expected: true,
          tenantId,
          appId: async () => appId,
          accept: (message) => node.engine.ingest.accept(message),
          maxPayloadBytes: 1_000_000,
          log: (message, error) => logged.push(`${message} ${String(error)}`),
          pollMs: 50,
        }),
    )
    for (const reader of readers) reader.start()
    for (let round = 0; round < 5; round++)
      await source.pool.query(
        `select pombo.emit('thing.happened', to_jsonb($1::int * 200 + n)) from generate_series(1, 200) n`,
        [round],
      )
    const counts = async () => {
      const sql =
        'select count(*) as messages, count(distinct payload) as events from message where app_id = $1'
      return (await database.pool.query(sql, [appId])).rows[0]
    }
    await until(async () => (await counts()).messages >= 1_000)
    await until(async () => (await source.pool.query('select from pombo.outbox')).rowCount === 0)
    for (const reader of readers) await reader.stop()
    await bouncer.close()
    expect(await counts()).toEqual({ messages: 1_000, events: 1_000 })
    expect(logged).toEqual([])
  },
)
