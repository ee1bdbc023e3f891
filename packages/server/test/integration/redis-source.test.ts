// Plain Redis lists and streams as sources: a real Redis, filled from outside by redis-cli, and Pombo whole or its
// readers alone.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { PomboError } from '../../src/core/error.ts'
import { uuidv7 } from '../../src/core/id.ts'
import type { Accepted, IncomingMessage } from '../../src/core/message.ts'
import { RedisSources, type RedisSourcesDeps } from '../../src/sources/redis/redis.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openLine } from '../support/database-line.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'
import { redisMissing, type RedisServer, startRedis } from '../support/redis-server.ts'

let redis: RedisServer
let database: TestDatabase
const stops: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  if (redisMissing) return
  redis = await startRedis()
  database = await createTestDatabase()
})
beforeEach((context) => {
  if (redisMissing) context.skip(redisMissing)
})
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
  if (redis) redis.ask('FLUSHALL')
})
afterAll(async () => {
  await redis?.stop()
  await database?.drop()
})

async function pombo(env: Record<string, string>): Promise<TestPombo> {
  const started = await startPombo({ POMBO_REDIS_URL: redis.url, ...env }, database)
  stops.push(() => started.stop())
  return started
}

async function receiver(): Promise<Receiver> {
  const started = await startReceiver()
  stops.push(() => started.close())
  return started
}

/** An app whose events go to the receiver. */
async function app(on: TestPombo, uid: string, target: Receiver): Promise<void> {
  const headers = { authorization: `Bearer ${on.key}` }
  const made = await on.call('POST', '/api/v1/app', { body: { uid, name: uid }, headers })
  expect(made.status).toBe(201)
  await on.call('POST', `/api/v1/app/${uid}/endpoint`, { body: { url: target.url }, headers })
}

function element(n: number | string, more: object = {}): string {
  return JSON.stringify({ eventType: 'order.paid', payload: { n }, eventId: `e-${n}`, ...more })
}

function numbers(target: Receiver): (number | string)[] {
  return target.received.map(({ body }) => (JSON.parse(body) as { n: number }).n)
}

const count = (n: number) => Array.from({ length: n }, (_, at) => at)

test('elements of a list arrive to the letter, and leave Redis; the app is made where it is missing', async () => {
  const target = await receiver()
  const on = await pombo({ POMBO_REDIS_LISTS: 'shop=queue:orders,queue:other' })
  await app(on, 'shop', target)
  const exact = '{"n": 12345678901234567890, "v": 1.0}'
  redis.ask('LPUSH', 'queue:orders', `{"eventType":"order.paid","payload":${exact}}`)
  const [request] = await target.waitFor(1)
  expect(request!.body).toBe(exact)
  redis.ask('LPUSH', 'queue:other', element(1))
  await until(async () => {
    const headers = { authorization: `Bearer ${on.key}` }
    return (await on.call('GET', '/api/v1/app/redis', { headers })).status === 200
  })
  await until(() =>
    redis.ask('KEYS', 'queue:*').every((key) => key === '' || key.endsWith(':readers')),
  )
})

test('what can be no message is set aside with the reason, and holds up nobody', async () => {
  const target = await receiver()
  const on = await pombo({ POMBO_REDIS_LISTS: 'aside=bad', POMBO_REDIS_STREAMS: 'aside=bads' })
  await app(on, 'aside', target)
  redis.ask('LPUSH', 'bad', 'no json', element('good'))
  redis.ask('XADD', 'bads', '*', 'payload', '1')
  redis.ask('XADD', 'bads', '*', 'eventType', 'x', 'payload', '{"n":"entry"}')
  await target.waitFor(2)
  expect(new Set(numbers(target))).toEqual(new Set(['entry', 'good']))
  const [aside] = await until(() => {
    const found = redis.ask('LRANGE', 'bad:pombo:refused', '0', '-1')
    return found[0] !== '' && found
  })
  expect(JSON.parse(aside!)).toMatchObject({ problem: 'it is not JSON', element: 'no json' })
  const refused = await until(() => {
    const found = redis.ask('XRANGE', 'bads:pombo:refused', '-', '+')
    return found[0] !== '' && found
  })
  expect(refused.join(' ')).toMatch(/problem eventType: .* payload 1/)
  expect(redis.ask('XPENDING', 'bads', 'pombo')[0]).toBe('0')
})

test('a list and a stream lose nothing and repeat nothing when Redis is killed in the middle', async () => {
  const target = await receiver()
  const on = await pombo({ POMBO_REDIS_LISTS: 'kill=list', POMBO_REDIS_STREAMS: 'kill=stream' })
  await app(on, 'kill', target)
  const total = 400
  redis.ask('LPUSH', 'list', ...count(total).map((n) => element(n)))
  const add = `
    for i = 1, ${total} do
      redis.call('XADD', 'stream', '*', 'eventType', 'x', 'payload', '{"n":"s' .. i .. '"}')
    end`
  redis.ask('EVAL', add, '0')
  for (const share of [0.25, 0.75]) {
    await target.waitFor(total * share)
    await redis.kill()
    await redis.start()
  }
  await target.waitFor(2 * total, 30_000)
  await until(() => redis.ask('LLEN', 'list')[0] === '0')
  await until(() => redis.ask('XPENDING', 'stream', 'pombo')[0] === '0')
  expect(new Set(numbers(target)).size).toBe(2 * total)
  expect(target.received).toHaveLength(2 * total)
})

test('while Pombo’s database is away nothing leaves Redis; a stop gives it back, in its order', async () => {
  const line = await openLine(database.url)
  const target = await receiver()
  const on = await startPombo(
    { POMBO_REDIS_URL: redis.url, POMBO_REDIS_LISTS: 'away=held', DATABASE_URL: line.url },
    database,
  )
  await app(on, 'away', target)
  await line.cut()
  redis.ask('LPUSH', 'held', ...count(5).map((n) => element(n, { orderingKey: 'one' })))
  await until(() => on.errors.some(({ msg }) => String(msg).includes('events from Redis wait')))
  const all = () => redis.ask('LRANGE', 'held', '0', '-1').map((text) => JSON.parse(text || '{}'))
  expect(all()).toEqual([{}])
  const stopping = on.stop()
  await until(() => all().length === 5)
  await line.mend()
  await stopping
  expect(all().map(({ eventId }) => eventId)).toEqual(['e-4', 'e-3', 'e-2', 'e-1', 'e-0'])
  await pombo({ POMBO_REDIS_LISTS: 'away=held' })
  await target.waitFor(5)
  expect(numbers(target)).toEqual([0, 1, 2, 3, 4])
})

test('a Pombo whose Redis is away stops all the same', async () => {
  const on = await startPombo(
    { POMBO_REDIS_URL: redis.url, POMBO_REDIS_LISTS: 'a', POMBO_REDIS_STREAMS: 'b' },
    database,
  )
  await redis.kill()
  await until(() => on.errors.length === 2)
  await on.stop()
  await redis.start()
})

interface Alone {
  accepted: IncomingMessage[]
  sources: RedisSources
  said: string[]
}

/** The readers alone, with what they accept into given. */
function readers(
  given: Partial<RedisSourcesDeps>,
  accept?: (message: IncomingMessage) => Promise<Accepted>,
): Alone {
  const accepted: IncomingMessage[] = []
  const said: string[] = []
  const stored: Accepted = { outcome: 'duplicate', of: 'x', kind: 'source', sameRequest: true }
  const sources = new RedisSources({
    url: redis.url,
    lists: [],
    listEnd: 'right',
    streams: [],
    group: 'pombo',
    defaultApp: 'redis',
    consumer: 'me',
    tenantId: uuidv7(0),
    appIdOf: async () => uuidv7(0),
    accept: async (message) => {
      accepted.push(message)
      return accept ? await accept(message) : stored
    },
    maxPayloadBytes: 100_000,
    log: (message) => said.push(message),
    leaseMs: 400,
    deadMs: 400,
    ...given,
  })
  sources.start()
  stops.push(() => sources.stop())
  return { accepted, sources, said }
}

const ids = ({ accepted }: Alone) => accepted.map(({ eventId }) => eventId)

test('an element is in Redis until its message was accepted', async () => {
  const gate = Promise.withResolvers<Accepted>()
  const alone = readers({ lists: [{ app: null, key: 'gate' }] }, () => gate.promise)
  redis.ask('LPUSH', 'gate', element(1))
  await until(() => alone.accepted.length === 1)
  expect(redis.ask('LRANGE', 'gate:pombo:me', '0', '-1')).toEqual([element(1)])
  gate.resolve({ outcome: 'duplicate', of: 'x', kind: 'source', sameRequest: true })
  await until(() => redis.ask('EXISTS', 'gate:pombo:me')[0] === '0')
})

test.each(['right', 'left'] as const)(
  'the oldest is taken first where it is at the %s, and what a dead reader had in hand goes back before the rest',
  async (listEnd) => {
    const push = listEnd === 'right' ? 'LPUSH' : 'RPUSH'
    redis.ask(push, 'order', ...['c', 'd'].map((n) => element(n)))
    // As BLMOVE left it: the elements of a reader that was last heard of long ago.
    redis.ask(push, 'order:pombo:dead', ...['a', 'b'].map((n) => element(n)))
    redis.ask('ZADD', 'order:pombo:readers', '1', 'dead')
    const alone = readers({ lists: [{ app: null, key: 'order' }], listEnd })
    await until(() => alone.accepted.length === 4)
    expect(ids(alone)).toEqual(['e-a', 'e-b', 'e-c', 'e-d'])
    expect(redis.ask('ZRANGE', 'order:pombo:readers', '0', '-1')).toEqual(['me'])
    expect(alone.said.join()).toContain('2 elements that dead had in hand')
  },
)

test('a reader that lives keeps what it has in hand, however long that takes', async () => {
  const gate = Promise.withResolvers<Accepted>()
  // Long enough for a machine that is busy elsewhere: a reader that is held up for so long is rightly taken for dead.
  const slowly = { lists: [{ app: null, key: 'slow' }], deadMs: 3_000 }
  const slow = readers({ ...slowly, consumer: 'slow' }, () => gate.promise)
  redis.ask('LPUSH', 'slow', element(1))
  await until(() => slow.accepted.length === 1)
  const beat = () => Number(redis.ask('ZSCORE', 'slow:pombo:readers', 'slow')[0])
  const firstAtMs = beat()
  const other = readers({ ...slowly, consumer: 'other' })
  await until(() => beat() - firstAtMs > 4_000)
  expect(other.accepted).toEqual([])
  gate.resolve({ outcome: 'duplicate', of: 'x', kind: 'source', sameRequest: true })
  await until(() => redis.ask('EXISTS', 'slow:pombo:slow')[0] === '0')
})

test('equal elements are as many messages', async () => {
  const text = JSON.stringify({ eventType: 'x', payload: 1 })
  redis.ask('LPUSH', 'equal', text, text, text)
  const alone = readers({ lists: [{ app: null, key: 'equal' }] })
  await until(() => alone.accepted.length === 3)
  await until(() => redis.ask('EXISTS', 'equal:pombo:me')[0] === '0')
  expect(alone.accepted).toHaveLength(3)
})

test('a stream is read from its beginning, and an entry is pending until its message was accepted', async () => {
  const gate = Promise.withResolvers<Accepted>()
  redis.ask('XADD', 'old', '*', 'eventType', 'x', 'payload', '1')
  const alone = readers({ streams: [{ app: null, key: 'old' }] }, () => gate.promise)
  await until(() => alone.accepted.length === 1)
  expect(redis.ask('XPENDING', 'old', 'pombo')[0]).toBe('1')
  gate.resolve({ outcome: 'duplicate', of: 'x', kind: 'source', sameRequest: true })
  await until(() => redis.ask('XPENDING', 'old', 'pombo')[0] === '0')
})

test('what a dead consumer has is taken over; consumers that are gone are forgotten', async () => {
  redis.ask('XGROUP', 'CREATE', 'dead', 'pombo', '0', 'MKSTREAM')
  redis.ask('XADD', 'dead', '*', 'eventType', 'x', 'payload', '"taken over"')
  redis.ask('XREADGROUP', 'GROUP', 'pombo', 'gone', 'STREAMS', 'dead', '>')
  redis.ask('XGROUP', 'CREATECONSUMER', 'dead', 'pombo', 'nobody')
  const alone = readers({ streams: [{ app: null, key: 'dead' }], leaseMs: 100 })
  const wake = setInterval(
    () => redis.ask('XADD', 'dead', '*', 'eventType', 'y', 'payload', '1'),
    100,
  )
  try {
    await until(() => alone.accepted.some(({ payload }) => payload === '"taken over"'))
    await until(
      () =>
        redis
          .ask('XINFO', 'CONSUMERS', 'dead', 'pombo')
          .filter((line) => /^(gone|nobody|me)$/.test(line))
          .join() === 'me',
    )
  } finally {
    clearInterval(wake)
  }
  await until(() => redis.ask('XPENDING', 'dead', 'pombo')[0] === '0')
  await alone.sources.stop()
  expect(redis.ask('XINFO', 'CONSUMERS', 'dead', 'pombo')).toEqual([''])
})

test('what a reader of a stream has in hand when it stops is the next one’s at once', async () => {
  const stream = { streams: [{ app: null, key: 'deploy' }], leaseMs: 3_600_000 }
  const first = readers({ ...stream, consumer: 'first' }, async () => {
    throw new PomboError('database_away', {}, { retryAfterSeconds: 1 })
  })
  const add =
    "for n = 1, 150 do redis.call('XADD', 'deploy', '*', 'eventType', 'x', 'payload', n) end"
  redis.ask('EVAL', add, '0')
  await until(() => first.said.some((line) => line.includes('wait')))
  await first.sources.stop()
  const next = readers({ ...stream, consumer: 'next' })
  await until(() => next.accepted.length === 150)
  await until(() => redis.ask('XPENDING', 'deploy', 'pombo')[0] === '0')
})

test('what comes into a reader’s hands without its knowing is taken all the same', async () => {
  const alone = readers({ lists: [{ app: null, key: 'late' }] })
  await until(() => redis.ask('ZSCORE', 'late:pombo:readers', 'me')[0] !== '')
  // As a Redis leaves it that carries out a BLMOVE for a connection that broke unnoticed.
  redis.ask('LPUSH', 'late:pombo:me', element('late'))
  await until(() => alone.accepted.length === 1)
  await until(() => redis.ask('EXISTS', 'late:pombo:me')[0] === '0')
})

test('a key of another type is told of once, and read when it is mended', async () => {
  redis.ask('CONFIG', 'RESETSTAT')
  redis.ask('SET', 'typo', 'text')
  redis.ask('SET', 'typo-stream', 'text')
  const alone = readers({ lists: [{ app: null, key: 'typo' }] })
  const other = readers({ streams: [{ app: null, key: 'typo-stream' }] })
  await until(() => alone.said.length > 0 && other.said.length > 0)
  // Of both, more than one attempt each.
  await until(() => {
    const [, count] = /WRONGTYPE:count=(\d+)/.exec(redis.ask('INFO', 'errorstats').join()) ?? []
    return Number(count) >= 6
  })
  redis.ask('DEL', 'typo')
  redis.ask('LPUSH', 'typo', element(1))
  await until(() => alone.accepted.length === 1 && alone.said.length === 2)
  expect(alone.said).toEqual([
    'the list typo cannot be read; trying again',
    'the list typo is read again',
  ])
  expect(other.said).toEqual(['the stream typo-stream cannot be read; trying again'])
})

test('what cannot be set aside stays, and nothing else is accepted twice for it', async () => {
  redis.ask('SET', 'full:pombo:refused', 'of another type')
  redis.ask('LPUSH', 'full', 'no json', element(1), element(2))
  const alone = readers({ lists: [{ app: null, key: 'full' }] })
  await until(() => alone.said.length > 0)
  expect(redis.ask('LRANGE', 'full:pombo:me', '0', '-1')).toEqual(['no json'])
  redis.ask('DEL', 'full:pombo:refused')
  await until(() => redis.ask('LLEN', 'full:pombo:refused')[0] === '1')
  await until(() => redis.ask('EXISTS', 'full:pombo:me')[0] === '0')
  expect(new Set(ids(alone))).toEqual(new Set(['e-1', 'e-2']))
  expect(alone.accepted).toHaveLength(2)
})

test('bytes that are no text are set aside as they are', async () => {
  const alone = readers({
    lists: [{ app: null, key: 'bytes' }],
    streams: [{ app: null, key: 'byte-stream' }],
  })
  redis.ask('EVAL', "redis.call('LPUSH', 'bytes', 'a\\255')", '0')
  redis.ask(
    'EVAL',
    "redis.call('XADD', 'byte-stream', '*', 'eventType', 'x', 'payload', '\"\\255\"')",
    '0',
  )
  await until(() => alone.said.length === 2)
  const [text] = redis.ask('LRANGE', 'bytes:pombo:refused', '0', '-1')
  expect(JSON.parse(text!)).toMatchObject({ problem: 'it is not UTF-8', elementBase64: 'Yf8=' })
  const exact =
    "return redis.call('XRANGE', 'byte-stream:pombo:refused', '-', '+')[1][2][8] == '\"\\255\"' and 1 or 0"
  expect(redis.ask('EVAL', exact, '0')).toEqual(['1'])
  expect(alone.accepted).toEqual([])
})

test('a stream that was deleted is read again when it is there again', async () => {
  const alone = readers({ streams: [{ app: null, key: 'again' }] })
  await until(() => redis.ask('EXISTS', 'again')[0] === '1')
  redis.ask('DEL', 'again')
  redis.ask('XADD', 'again', '*', 'eventType', 'x', 'payload', '1')
  await until(() => alone.accepted.length === 1)
})

test('an event that Pombo fails at is tried again, then set aside; others of its ordering key wait', async () => {
  const alone = readers({ lists: [{ app: null, key: 'bug' }] }, async (message) => {
    if (message.eventId === 'e-1') throw new Error('a bug')
    return { outcome: 'duplicate', of: 'x', kind: 'source', sameRequest: true }
  })
  redis.ask('LPUSH', 'bug', ...[1, 2].map((n) => element(n, { orderingKey: 'k' })))
  await until(() => redis.ask('LLEN', 'bug:pombo:refused')[0] === '1')
  expect(ids(alone)).toEqual(['e-1', 'e-1', 'e-1', 'e-1', 'e-1', 'e-2'])
})
