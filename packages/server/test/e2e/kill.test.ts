// The real `pombo serve`, killed and stood still at the worst moment.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { endOrphans } from '../../src/db/embedded/leftover.ts'
import { createTestDatabase } from '../support/database.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'
import { type CliProcess, endAll } from './cli-process.ts'
import { call, folderPerTest, serve as serveIn } from './served.ts'

let receiver: Receiver

beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  await receiver.close()
})
const folder = folderPerTest()
// What a dead node held is free when its lease has run out.
const serve = async (env: Record<string, string> = {}) =>
  await serveIn(folder(), { POMBO_DATA_DIR: join(folder(), 'data'), POMBO_LEASE_MS: '2s', ...env })
const post = async (url: string, path: string, body: unknown) => await call(url, 'POST', path, body)

const event = (n: number) => ({ eventType: 'message.received', payload: { n } })
const received = () => receiver.received.map(({ headers }) => String(headers['webhook-id']))

test('killing Pombo and its database with kill -9 loses nothing that was answered 2xx', async () => {
  const first = await serve()
  const app = await post(first.url, '/app', { name: 'test' })
  await post(first.url, `/app/${app.id}/endpoint`, { url: receiver.url })
  // Slower than the senders, so that something accepted always waits.
  receiver.answer = () => ({ delayMs: 300 })
  const accepted: string[] = []
  let n = 0
  // Each sends without a pause until its connection breaks; what was under way then was never answered. Not again after
  // that: by then the port may be another program's.
  const senders = Array.from({ length: 16 }, async () => {
    for (;;) {
      const sent = await post(first.url, `/app/${app.id}/msg`, event(n++)).catch(() => undefined)
      if (sent === undefined) return
      accepted.push(sent.id)
    }
  })
  await until(() => accepted.length >= 150 && receiver.received.length > 20)
  first.process.child.kill('SIGKILL')
  await endOrphans(join(folder(), 'data', 'postgres'))
  await Promise.all(senders)
  await first.process.ended()
  const before = new Set(received())
  expect(accepted.some((id) => !before.has(id))).toBe(true)

  receiver.answer = () => ({})
  await serve()
  await until(() => {
    const now = new Set(received())
    return accepted.every((id) => now.has(id))
  }, 15_000)
})

test('a node that stood still for longer than its lease sends nothing that another has taken over', async () => {
  const database = await createTestDatabase()
  try {
    const shared = {
      DATABASE_URL: database.url,
      POMBO_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
    }
    const still = await serve(shared)
    const other = await serve(shared)
    const app = await post(still.url, '/app', { name: 'test' })
    // Gathered in the node's hand for four seconds: it has them, and has not sent them, when it is stopped.
    await post(still.url, `/app/${app.id}/endpoint`, {
      url: receiver.url,
      batch: { maxEvents: 100, maxWaitMs: 4_000 },
    })
    for (let n = 0; n < 5; n++) await post(still.url, `/app/${app.id}/msg`, event(n))
    expect(await heldBy(still.process)).toBeGreaterThan(0)

    still.process.child.kill('SIGSTOP')
    await until(async () => (await heldBy(other.process)) === 5)
    expect(receiver.received).toHaveLength(0)
    // Its own four seconds end under a lease that is valid again, and new.
    still.process.child.kill('SIGCONT')
    await receiver.waitFor(1, 15_000)
    // Once it sends again, whatever it still had of old would have gone out before.
    await post(still.url, `/app/${app.id}/msg`, event(5))
    await until(() => receiver.received.some(({ body }) => body.includes('"n":5')), 15_000)
    const numbers = receiver.received.flatMap(({ body }) => [...body.matchAll(/"n":(\d)/g)])
    expect(numbers.map(([, n]) => Number(n)).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5])
  } finally {
    await endAll()
    await database.drop()
  }

  async function heldBy({ child }: CliProcess): Promise<number> {
    const { rows } = await database.pool.query<{ count: number }>(
      'select count(*) as count from work join node on node.id = lease_owner where node.name like $1',
      [`%:${child.pid}`],
    )
    return rows[0]!.count
  }
})
