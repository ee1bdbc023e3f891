// The real `pombo serve`, killed while it works off a list and a stream of a real Redis.
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/receiver.ts'
import { redisMissing, type RedisServer, startRedis } from '../support/redis-server.ts'
import { folderPerTest, serve as serveIn } from './served.ts'

let redis: RedisServer
let database: TestDatabase

beforeEach(async (context) => {
  if (redisMissing) return context.skip(redisMissing)
  redis = await startRedis()
  database = await createTestDatabase()
})
afterEach(async () => {
  if (redisMissing) return
  await redis.stop()
  await database.drop()
})

const folder = folderPerTest()
const serve = async () =>
  await serveIn(folder(), {
    DATABASE_URL: database.url,
    POMBO_ENCRYPTION_KEYS: key,
    POMBO_REDIS_URL: redis.url,
    POMBO_REDIS_LISTS: 'list',
    POMBO_REDIS_STREAMS: 'stream',
  })

const key = randomBytes(32).toString('base64')

async function stored(): Promise<{ messages: number; different: number }> {
  const { rows } = await database.pool.query<{ messages: number; different: number }>(
    'select count(*)::int as messages, count(distinct payload)::int as different from message',
  )
  return rows[0]!
}

test('kill -9 between accepting and removing, again and again: every element and entry is one message', async () => {
  const total = 1_500
  const list = `
    for i = 1, ${total} do
      redis.call('LPUSH', 'list', '{"eventType":"x","payload":"l' .. i .. '","eventId":"' .. i .. '"}')
    end`
  const stream = `
    for i = 1, ${total} do
      redis.call('XADD', 'stream', '*', 'eventType', 'x', 'payload', '"s' .. i .. '"')
    end`
  redis.ask('EVAL', list, '0')
  redis.ask('EVAL', stream, '0')
  let inHand = 0
  for (const share of [0.1, 0.4]) {
    const { process } = await serve()
    await until(async () => (await stored()).messages >= share * 2 * total, 30_000)
    process.child.kill('SIGKILL')
    await process.ended()
    inHand += Number(redis.ask('XPENDING', 'stream', 'pombo')[0])
    for (const own of redis.ask('KEYS', 'list:pombo:*:*')) {
      if (own === '') continue
      inHand += Number(redis.ask('LLEN', own)[0])
      // Half a minute would have to pass until it counts as dead.
      redis.ask('ZADD', 'list:pombo:readers', '1', own.slice('list:pombo:'.length))
    }
    const pending = redis.ask('XPENDING', 'stream', 'pombo', '-', '+', '1000')
    const ids = pending.filter((line) => /^\d+-\d+$/.test(line))
    if (ids.length > 0)
      redis.ask('XCLAIM', 'stream', 'pombo', 'dead', '0', ...ids, 'IDLE', '3600000', 'JUSTID')
  }
  expect(inHand).toBeGreaterThan(0)
  await serve()
  await until(() => redis.ask('LLEN', 'list')[0] === '0', 30_000)
  await until(() => redis.ask('XPENDING', 'stream', 'pombo')[0] === '0', 30_000)
  await until(async () => (await stored()).different === 2 * total, 30_000)
  await until(() => redis.ask('KEYS', 'list:pombo:*:*')[0] === '', 30_000)
  expect(await stored()).toEqual({ messages: 2 * total, different: 2 * total })
}, 180_000)
