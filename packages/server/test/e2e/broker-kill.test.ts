// Nodes of the real `pombo serve`, killed with kill -9 in the middle of batches of a real broker.
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { BrokerSubject } from '../support/broker-sources/subject.ts'
import { brokerSubjects } from '../support/broker-sources/subjects.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/receiver.ts'
import { call, folderPerTest, serve as serveIn } from './served.ts'

const key = randomBytes(32).toString('base64')
let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(async () => {
  await database.drop()
})
const folder = folderPerTest()
const serve = async () =>
  await serveIn(folder(), {
    DATABASE_URL: database.url,
    POMBO_ENCRYPTION_KEYS: key,
    // What a dead node held alone is free when its lease has run out.
    POMBO_LEASE_MS: '2s',
  })

async function stored(): Promise<{ messages: number; different: number }> {
  const { rows } = await database.pool.query<{ messages: number; different: number }>(
    'select count(*)::int as messages, count(distinct payload)::int as different from message',
  )
  return rows[0]!
}

describe.each(Object.entries(brokerSubjects))('%s', (_, open) => {
  let subject: BrokerSubject
  beforeAll(async () => {
    subject = await open()
  })
  beforeEach((context) => {
    if (subject.missing !== undefined) context.skip(subject.missing)
  })
  afterAll(async () => {
    await subject?.stop()
  })

  test('of two nodes one is killed in the middle of a batch: every message is one event', async () => {
    const place = await subject.place()
    const first = await serve()
    await call(first.url, 'POST', '/app', { name: 'a', uid: 'a' })
    const broker = { ...place.settings(), batch: 20 }
    await call(first.url, 'POST', '/app/a/source', { gateway: 'events', broker })
    const second = await serve()
    const read = `select from broker_reader where state = 'reading'`
    await until(async () => (await database.pool.query(read)).rowCount === 2, 60_000)
    const total = subject.most ?? 3_000
    const publishing = place.publish(
      Array.from({ length: total }, (__, i) => ({
        body: JSON.stringify({ eventType: 'x', payload: { i } }),
      })),
    )
    await until(async () => (await stored()).messages > 100, 60_000)
    // It alone has what the broker does not share out.
    first.process.child.kill('SIGKILL')
    await first.process.ended()
    await publishing
    // Well before a minute: what the dead node had in hand is taken over with its lease, not by a time of its own.
    await until(async () => (await stored()).different === total, 50_000)
    expect(await stored()).toEqual({ messages: total, different: total })
    expect(second.process.child.exitCode).toBeNull()
  }, 240_000)
})
