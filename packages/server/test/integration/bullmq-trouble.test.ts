// ZapHub's queues when something goes: Redis, the database, the process that had the job.
import { inspect } from 'node:util'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { SystemClock } from '../../src/core/clock.ts'
import { PomboError } from '../../src/core/error.ts'
import { uuidv7 } from '../../src/core/id.ts'
import type { Accepted, IncomingMessage } from '../../src/core/message.ts'
import { BullmqWorkers } from '../../src/sources/bullmq/bullmq.ts'
import { closeRedis, openRedis } from '../../src/sources/broker/redis-connection.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type DatabaseLine, openLine } from '../support/database-line.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'
import { redisMissing, type RedisServer, startRedis } from '../support/redis-server.ts'

let redis: RedisServer
let database: TestDatabase
const clients: Redis[] = []
const queues: Queue[] = []
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
  for (const queue of queues.splice(0)) await queue.close()
  for (const client of clients.splice(0)) await client.quit()
  if (redis) redis.ask('FLUSHALL')
})
afterAll(async () => {
  await redis?.stop()
  await database?.drop()
})

function connection(): Redis {
  const client = new Redis(redis.url, { maxRetriesPerRequest: null })
  client.on('error', () => {})
  clients.push(client)
  return client
}

function queue(name = 'message-receive'): Queue {
  const made = new Queue(name, { connection: connection() })
  made.on('error', () => {})
  queues.push(made)
  return made
}

async function pombo(env: Record<string, string> = {}): Promise<TestPombo> {
  const started = await startPombo({ ZAPHUB_REDIS_URL: redis.url, ...env }, database)
  stops.push(() => started.stop())
  return started
}

async function receiver(): Promise<Receiver> {
  const started = await startReceiver()
  stops.push(() => started.close())
  return started
}

let sessions = 0
async function newSession(on: TestPombo, url: string): Promise<string> {
  sessions += 1
  const id = `trouble-${sessions}`
  const made = await on.api('POST', '/sessions', { id, webhook_url: url })
  expect(made.status).toBe(201)
  return id
}

function received(sessionId: string, waMessageId: string) {
  const from = '5511999999999@s.whatsapp.net'
  return { sessionId, waMessageId, from, type: 'text', content: { text: 'Olá' }, timestamp: 1 }
}

function idsOf(target: Receiver): string[] {
  return target.received.map(
    ({ body }) =>
      (JSON.parse(body) as { payload: { wa_message_id: string } }).payload.wa_message_id,
  )
}

async function state(jobs: Queue) {
  const {
    active = 0,
    waiting = 0,
    delayed = 0,
    failed = 0,
    completed = 0,
  } = await jobs.getJobCounts()
  return { open: active + waiting + delayed, failed, completed }
}

test('Redis is killed and comes back in the middle of the work: every message arrives, once', async () => {
  const target = await receiver()
  const on = await pombo({ ZAPHUB_COMPLETED_JOBS_COUNT: '10000' })
  const session = await newSession(on, target.url)
  const jobs = queue()
  const count = 600
  const names = Array.from({ length: count }, (_, n) => `M${n}`)
  await jobs.addBulk(
    names.map((name) => ({
      name: 'receive',
      data: received(session, name),
      opts: { jobId: name },
    })),
  )
  for (const share of [0.2, 0.5]) {
    await target.waitFor(count * share)
    await redis.kill()
    // Something was left in it, or nothing was tried.
    expect(target.received.length).toBeLessThan(count)
    await redis.start()
  }
  await target.waitFor(count, 60_000)
  await until(async () => (await state(jobs)).open === 0, 60_000)
  expect(new Set(idsOf(target))).toEqual(new Set(names))
  expect(target.received).toHaveLength(count)
  expect((await state(jobs)).failed).toBe(0)
}, 120_000)

test('with Pombo’s database away a job neither completes nor fails; then it is taken, at its first try', async () => {
  const line: DatabaseLine = await openLine(database.url)
  const target = await receiver()
  const on = await pombo({ DATABASE_URL: line.url, QUEUE_BACKOFF_DELAY: '50' })
  const session = await newSession(on, target.url)
  const jobs = queue()
  await line.cut()
  stops.push(async () => line.mend().catch(() => {}))
  const names = Array.from({ length: 30 }, (_, n) => `D${n}`)
  // One attempt only: a failure would be the end of it.
  await jobs.addBulk(
    names.map((name) => ({
      name: 'receive',
      data: received(session, name),
      opts: { attempts: 1 },
    })),
  )
  await until(() => on.errors.some(({ msg }) => msg === 'a job waits'))
  expect(await state(jobs)).toMatchObject({ open: 30, failed: 0, completed: 0 })
  expect(target.received).toEqual([])
  await line.mend()
  await target.waitFor(30, 30_000)
  await until(async () => (await state(jobs)).open === 0)
  expect(await state(jobs)).toEqual({ open: 0, failed: 0, completed: 30 })
  expect(new Set(idsOf(target))).toEqual(new Set(names))
})

test('a Pombo that stops while its database is away gives its jobs back, for the next one', async () => {
  const line = await openLine(database.url)
  const target = await receiver()
  const on = await startPombo({ ZAPHUB_REDIS_URL: redis.url, DATABASE_URL: line.url }, database)
  const session = await newSession(on, target.url)
  const jobs = queue()
  await line.cut()
  await jobs.add('receive', received(session, 'BACK'), { attempts: 1 })
  await until(() => on.errors.some(({ msg }) => msg === 'a job waits'))
  const stopping = on.stop()
  await until(async () => (await jobs.getWaitingCount()) === 1)
  await line.mend()
  await stopping
  expect(await state(jobs)).toMatchObject({ open: 1, failed: 0 })
  await pombo()
  await target.waitFor(1)
  expect(idsOf(target)).toEqual(['BACK'])
})

test('Pombo starts while Redis is away, says so once, works when it comes, stops while it is away again', async () => {
  const target = await receiver()
  await redis.kill()
  const on = await startPombo({ ZAPHUB_REDIS_URL: redis.url }, database)
  try {
    const session = await newSession(on, target.url)
    const said = () => on.errors.filter(({ msg }) => String(msg).includes('cannot be reached'))
    await until(() => said().length > 0)
    await redis.start()
    await queue().add('receive', received(session, 'LATE'))
    await target.waitFor(1)
    expect(said()).toHaveLength(1)
    expect(JSON.stringify(said())).toContain('ZAPHUB_REDIS_URL')
    await redis.kill()
    await until(() => said().length === 2)
  } finally {
    await on.stop()
    await redis.start()
  }
})

interface Direct {
  workers: BullmqWorkers
  accepted: IncomingMessage[]
}

/** The workers alone, with what they accept into given. */
async function workers(
  accept: (message: IncomingMessage) => Promise<Accepted>,
  given: { maxAttempts?: number; stalledMs?: number } = {},
): Promise<Direct> {
  const accepted: IncomingMessage[] = []
  const app = { tenantId: uuidv7(0), appId: uuidv7(0) }
  const made = new BullmqWorkers({
    settings: {
      redisUrl: redis.url,
      queuePrefix: 'bull',
      receiveConcurrency: 2,
      deliveryConcurrency: 1,
      queueMaxAttempts: given.maxAttempts ?? 5,
      queueBackoffMs: 20,
      completedAgeMs: 3_600_000,
      completedCount: 100,
      failedAgeMs: 86_400_000,
      maxPayloadBytes: 1_000_000,
    },
    sessions: {
      appOf: async () => app,
      endpointOf: async () => ({ ...app, endpointId: uuidv7(0) }),
      messageUuid: () => 'uuid',
      deliveryTag: 'tag',
    },
    clock: new SystemClock(),
    accept: async (message) => {
      accepted.push(message)
      return await accept(message)
    },
    log: { info: () => {}, error: () => {} },
    ...(given.stalledMs !== undefined && { stalledMs: given.stalledMs }),
  })
  await made.start()
  stops.push(() => made.stop())
  return { workers: made, accepted }
}

const repeat: Accepted = { outcome: 'duplicate', of: uuidv7(0), kind: 'source', sameRequest: true }

test('a job is completed only after its message was accepted', async () => {
  const gate = Promise.withResolvers<Accepted>()
  const { accepted } = await workers(() => gate.promise)
  const jobs = queue()
  const job = await jobs.add('receive', received('s', 'A'))
  await until(() => accepted.length === 1)
  expect(await job.getState()).toBe('active')
  gate.resolve(repeat)
  await until(async () => (await job.getState()) === 'completed')
})

test('a job of a process that died is taken up again, as often as that happens', async () => {
  const jobs = queue()
  const job = await jobs.add('receive', received('s', 'STALLED'))
  for (const life of [1, 2, 3]) {
    // A worker that takes the job and dies with it: its lock runs out, and nobody renews it.
    const dead = new Worker('message-receive', null, {
      connection: connection(),
      lockDuration: 50,
      autorun: false,
      skipStalledCheck: true,
    })
    const taken = await until(() => dead.getNextJob(`token-${life}`, { block: false }))
    expect(taken.id).toBe(job.id)
    await dead.close(true)
    if (life < 3) {
      const rescuer = new Worker('message-receive', null, {
        connection: connection(),
        stalledInterval: 50,
        maxStalledCount: 100,
      })
      rescuer.on('error', () => {})
      await rescuer.startStalledCheckTimer()
      await until(async () => (await job.getState()) === 'waiting')
      await rescuer.close(true)
    }
  }
  expect(await job.getState()).toBe('active')
  const { accepted } = await workers(async () => repeat, { stalledMs: 200 })
  await until(async () => (await job.getState()) === 'completed')
  expect(accepted).toHaveLength(1)
})

test('a job Pombo fails at is tried as its producer, else QUEUE_MAX_ATTEMPTS, says, and then has failed', async () => {
  const { accepted } = await workers(
    async () => {
      throw new Error('a bug')
    },
    { maxAttempts: 3 },
  )
  const jobs = queue()
  const backoff = { type: 'exponential', delay: 20 }
  const told = await jobs.add('receive', received('s', 'TOLD'), { attempts: 4, backoff })
  const untold = await jobs.add('receive', received('s', 'UNTOLD'))
  for (const job of [told, untold]) await until(async () => (await job.getState()) === 'failed')
  const tries = (name: string) => accepted.filter(({ payload }) => payload.includes(`"${name}"`))
  expect(tries('TOLD')).toHaveLength(4)
  expect(tries('UNTOLD')).toHaveLength(3)
  expect((await jobs.getJob(untold.id!))!.failedReason).toBe('a bug')
})

test('an app that is gone is made again, and a full Pombo is waited for', async () => {
  const answers = [
    new PomboError('not_found', { what: 'app', id: 'x' }),
    new PomboError('overloaded', { detail: 'x' }, { retryAfterSeconds: 1 }),
  ]
  const { accepted } = await workers(async () => {
    const error = answers.shift()
    if (error) throw error
    return repeat
  })
  const job = await queue().add('receive', received('s', 'A'))
  await until(async () => (await job.getState()) === 'completed')
  expect(accepted).toHaveLength(3)
})

test('without the package the start is refused, with what to do about it', async () => {
  const started = new BullmqWorkers({
    ...({} as ConstructorParameters<typeof BullmqWorkers>[0]),
    load: () => import(['bullmq', 'that-nobody-has'].join('-')) as Promise<typeof import('bullmq')>,
  }).start()
  await expect(started).rejects.toThrow(/"bullmq".*is not installed.*npm install bullmq/)
})

test('a password of Redis is used, and shown nowhere', async () => {
  redis.ask('CONFIG', 'SET', 'requirepass', 'segredo/ção')
  const url = redis.url.replace('redis://', `redis://:${encodeURIComponent('segredo/ção')}@`)
  const shown: unknown[] = []
  const opened = async (redisUrl: string) => {
    const client = await openRedis({
      url: redisUrl,
      name: 'x',
      onError: (error) => shown.push(error),
    })
    stops.push(async () => closeRedis(client))
    return client
  }
  try {
    const open = await opened(url)
    expect(await open.hset('h', { a: 1 })).toBe(1)
    expect(await open.eval('return 1', 0)).toBe(1)
    expect(shown).toEqual([])
    await opened(redis.url)
    await until(() => shown.some((error) => (error as Error).message.includes('NOAUTH')))
    await opened(url.replace('segredo', 'falsa'))
    await until(() => shown.some((error) => (error as Error).message.includes('WRONGPASS')))
    expect(inspect(shown, { depth: 9 })).not.toMatch(/falsa|segredo/)
  } finally {
    redis.ask('-a', 'segredo/ção', '--no-auth-warning', 'CONFIG', 'SET', 'requirepass', '')
  }
})
