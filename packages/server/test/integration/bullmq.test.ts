// ZapHub's queues, worked off by Pombo: an unmodified BullMQ producer, a real Redis, Pombo whole.
import { Queue, type JobsOptions } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, until, receiverOfTest } from '../support/receiver.ts'
import { redisMissing, type RedisServer, startRedis } from '../support/redis-server.ts'

let redis: RedisServer
let pombo: TestPombo
const producers: Redis[] = []
const queues: Queue[] = []

/** The document's options of the queue `webhook-delivery`. */
const documented: JobsOptions = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 2000 },
  removeOnComplete: { age: 3600, count: 100 },
  removeOnFail: { age: 86400 },
}

beforeAll(async () => {
  if (redisMissing) return
  redis = await startRedis()
  pombo = await startPombo({
    ZAPHUB_REDIS_URL: redis.url,
    ZAPHUB_COMPLETED_JOBS_COUNT: '5',
    POMBO_LOG_LEVEL: 'info',
  })
})
beforeEach((context) => {
  if (redisMissing) context.skip(redisMissing)
})
afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.close()
  for (const client of producers.splice(0)) await client.quit()
})
afterAll(async () => {
  await pombo?.stop()
  await redis?.stop()
})

function queue(name: 'message-receive' | 'webhook-delivery'): Queue {
  const client = new Redis(redis.url, { maxRetriesPerRequest: null })
  client.on('error', () => {})
  producers.push(client)
  const made = new Queue(name, { connection: client })
  made.on('error', () => {})
  queues.push(made)
  return made
}

const call: TestPombo['api'] = (...given) => pombo.api(...given)

let sessions = 0
function newId(): string {
  sessions += 1
  return `queued-${sessions}`
}

async function newSession(url: string): Promise<string> {
  const id = newId()
  expect((await call('POST', '/sessions', { id, webhook_url: url })).status).toBe(201)
  return id
}

function received(sessionId: string, waMessageId: string, more: object = {}) {
  return {
    sessionId,
    waMessageId,
    from: '5511999999999@s.whatsapp.net',
    type: 'text',
    content: { text: 'Hello' },
    timestamp: 1_699_876_543,
    ...more,
  }
}

interface Sent {
  event: string
  sessionId: string
  payload: Record<string, unknown>
  deliveryId: string
}

function sentOf({ body }: { body: string }): Sent {
  return JSON.parse(body) as Sent
}

async function done(of: Queue, jobId: string) {
  return await until(async () => {
    const state = await of.getJobState(jobId)
    // Read when it is over: what it gave back is not in what was read before.
    return (
      (state === 'completed' || state === 'failed') && { job: (await of.getJob(jobId))!, state }
    )
  })
}

test('a job of message-receive reaches the session’s webhook as documented, and is completed with its id', async () => {
  const target = await receiverOfTest()
  const session = await newSession(target.url)
  const jobs = queue('message-receive')
  await jobs.add('receive', received(session, '3EB0C7A1'), { jobId: 'msg-receive-3EB0C7A1' })
  const [request] = await target.waitFor(1)
  const sent = sentOf(request!)
  expect(sent).toMatchObject({
    event: 'message.received',
    sessionId: session,
    payload: {
      messageId: expect.stringMatching(/^[\da-f-]{36}$/),
      wa_message_id: '3EB0C7A1',
      chatId: '5511999999999@s.whatsapp.net',
      from: '5511999999999@s.whatsapp.net',
      participant: null,
      type: 'text',
      content: { text: 'Hello' },
      isGroup: false,
      timestamp: 1_699_876_543,
    },
  })
  const { job, state } = await done(jobs, 'msg-receive-3EB0C7A1')
  expect(state).toBe('completed')
  expect(job.returnvalue).toEqual({ success: true, messageDbId: sent.payload['messageId'] })
  expect(pombo.errors).toContainEqual(
    expect.objectContaining({
      level: 'info',
      msg: '[MessageReceiveWorker] Message processed successfully',
      messageDbId: sent.payload['messageId'],
      waMessageId: '3EB0C7A1',
      jobId: 'msg-receive-3EB0C7A1',
    }),
  )
  const told = await until(() =>
    pombo.errors.find(
      ({ msg, sessionId }) =>
        msg === '[WebhookWorker] Webhook delivered successfully' && sessionId === session,
    ),
  )
  expect(told).toMatchObject({
    level: 'info',
    webhookUrl: target.url,
    event: 'message.received',
    status: 200,
  })
  const { data } = (await call('GET', `/sessions/${session}/events?category=message`)).body
  expect(data).toMatchObject([
    {
      eventType: 'message.received',
      eventCategory: 'message',
      severity: 'info',
      payload: {
        messageDbId: sent.payload['messageId'],
        from: '5511999999999@s.whatsapp.net',
        type: 'text',
        waMessageId: '3EB0C7A1',
      },
    },
  ])
})

test('a raw_media, names and whatever content holds leave as they were enqueued', async () => {
  const target = await receiverOfTest()
  const session = await newSession(target.url)
  const raw_media = {
    url: 'https://mmg.whatsapp.net/v/t62.7118-24/1_n.enc?ccb=11-4',
    mediaKey: 'cGxhY2Vob2xkZXIta2V5LW9mLTMyLWJ5dGVzLi4uLi4=',
    fileLength: 54_321,
    unknownMember: [1],
  }
  const group = {
    chatId: '120363025246125486@g.us',
    participant: '5511888888888@s.whatsapp.net',
    participantName: 'João',
    groupName: 'Família',
    isGroup: true,
    type: 'image',
    content: { caption: 'Foto', mimetype: 'image/jpeg', custom: { deep: true } },
    raw_media,
  }
  await queue('message-receive').add('receive', received(session, 'IMG1', group))
  const [request] = await target.waitFor(1)
  const { payload } = sentOf(request!)
  expect(payload).toMatchObject({ ...group, content: { ...group.content, text: 'Foto' } })
  expect(payload['raw_media']).toEqual(raw_media)
})

test('a message is delivered once by its WhatsApp id, however many jobs bring it, at once or in turn', async () => {
  const target = await receiverOfTest()
  const session = await newSession(target.url)
  const jobs = queue('message-receive')
  const twenty = Array.from({ length: 20 }, () => ({
    name: 'receive',
    data: received(session, 'SAME'),
  }))
  const added = await jobs.addBulk(twenty)
  for (const job of added.slice(-3)) await done(jobs, job.id!)
  const late = await jobs.add('receive', received(session, 'SAME', { content: { text: 'x' } }))
  expect((await done(jobs, late.id!)).state).toBe('completed')
  await jobs.add('receive', received(session, 'OTHER'))
  await target.waitFor(2)
  await until(async () => (await jobs.getActiveCount()) + (await jobs.getWaitingCount()) === 0)
  expect(target.received.map((one) => sentOf(one).payload['wa_message_id'])).toEqual([
    'SAME',
    'OTHER',
  ])
})

test('a job of webhook-delivery is sent to its URL under its own id, its payload to the digit', async () => {
  const target = await receiverOfTest()
  const session = newId()
  const jobId = `webhook-${session}-message.sent-1699876543-xyz`
  const jobs = queue('webhook-delivery')
  // As a producer in another language would: TypeScript's own types do not know it yet.
  const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }
  const payload = { wa_message_id: '3EB0', big: rawJSON('12345678901234567890') }
  await jobs.add(
    'deliver',
    { sessionId: session, webhookUrl: target.url, event: 'message.sent', payload, attempt: 1 },
    { ...documented, jobId },
  )
  const [request] = await target.waitFor(1)
  expect(request!.headers).toMatchObject({
    'user-agent': 'ZapHub-Webhook/1.0',
    'x-zaphub-event': 'message.sent',
    'x-zaphub-session': session,
    'x-zaphub-delivery': jobId,
  })
  expect(sentOf(request!)).toMatchObject({ event: 'message.sent', deliveryId: jobId })
  expect(request!.body).toContain('"payload":{"wa_message_id":"3EB0","big":12345678901234567890}')
  expect((await done(jobs, jobId)).job.returnvalue).toEqual({ success: true, queued: true })
  // A session that nobody had told Pombo of has got its webhook thereby.
  const { data } = (await call('GET', `/sessions/${session}`)).body
  expect(data.webhook_url).toBe(target.url)
  const events = await until(async () => {
    const { body } = await call('GET', `/sessions/${session}/webhook/events?status=delivered`)
    return body.data.length > 0 && body.data
  })
  expect(events[0].payload).toEqual({
    event: 'message.sent',
    webhookUrl: target.url,
    status: 200,
    attempt: 1,
  })
})

test('another receiver’s URL gets what jobs address to it and nothing else; the session’s webhook none', async () => {
  const own = await receiverOfTest()
  const other = await receiverOfTest()
  const session = await newSession(own.url)
  const jobs = queue('webhook-delivery')
  const data = { sessionId: session, event: 'message.read', payload: {} }
  for (const n of [1, 2])
    await jobs.add('deliver', { ...data, webhookUrl: other.url }, { jobId: `to-other-${n}` })
  await jobs.add('deliver', { ...data, webhookUrl: own.url }, { jobId: 'to-own' })
  await queue('message-receive').add('receive', received(session, 'M1'))
  await own.waitFor(2)
  await other.waitFor(2)
  await until(async () => {
    const { body } = await call('GET', `/sessions/${session}/webhook/events`)
    return body.pagination.total === 4
  })
  const ids = (one: Receiver) => one.received.map((sent) => sentOf(sent).deliveryId)
  expect(ids(other).toSorted((a, b) => a.localeCompare(b))).toEqual(['to-other-1', 'to-other-2'])
  expect(ids(own)).toContain('to-own')
  expect(own.received).toHaveLength(2)
  const endpoints = (await call('GET', `/app/${session}/endpoint`)).body.data
  expect(endpoints).toHaveLength(2)
})

test('a delivery that fails is retried under the same id; its failures are told as the document says', async () => {
  let failures = 1
  const target = await receiverOfTest(() => (failures-- > 0 ? { status: 500 } : {}))
  const session = newId()
  await queue('webhook-delivery').add(
    'deliver',
    { sessionId: session, webhookUrl: target.url, event: 'message.failed', payload: { a: 1 } },
    { ...documented, jobId: 'fails-once' },
  )
  const requests = await target.waitFor(2)
  expect(requests.map((one) => sentOf(one).deliveryId)).toEqual(['fails-once', 'fails-once'])
  expect(requests[1]!.at - requests[0]!.at).toBeGreaterThan(1_900)
  const failed = (await call('GET', `/sessions/${session}/webhook/events?status=failed`)).body
  expect(failed.data[0].payload).toMatchObject({
    error: 'Webhook returned status 500',
    attempt: 1,
  })
})

test('what cannot be a message fails for good with the reason, and holds up nobody', async () => {
  const target = await receiverOfTest()
  const session = await newSession(target.url)
  const receives = queue('message-receive')
  const deliveries = queue('webhook-delivery')
  const bad = await receives.addBulk(
    [null, {}, { sessionId: session }].map((data) => ({
      name: 'receive',
      data,
      opts: { attempts: 3 },
    })),
  )
  const url = { sessionId: session, event: 'x', payload: {} }
  bad.push(
    ...(await deliveries.addBulk(
      [
        { ...url, webhookUrl: 'http://10.0.0.1/hook' },
        { ...url, webhookUrl: 'no url' },
        { ...url, webhookUrl: target.url, event: 'with blanks' },
        { ...url, webhookUrl: target.url, payload: 'x'.repeat(1_100_000) },
      ].map((data) => ({ name: 'deliver', data, opts: { attempts: 3 } })),
    )),
  )
  await receives.add('receive', received(session, 'GOOD'))
  await target.waitFor(1)
  const reasons: string[] = []
  for (const job of bad) {
    const ended = await done(job.queueName === 'message-receive' ? receives : deliveries, job.id!)
    expect(ended.state).toBe('failed')
    expect(ended.job.attemptsMade).toBe(1)
    reasons.push(ended.job.failedReason)
  }
  const words = [
    'no object',
    'no sessionId',
    'no waMessageId',
    'address',
    'URL',
    'no event',
    'POMBO_MAX_BODY_BYTES',
  ]
  for (const [index, word] of words.entries()) expect(reasons[index]).toContain(word)
  expect(target.received).toHaveLength(1)
})

test('completed and failed jobs stay as long as their producer says, and otherwise as the settings say', async () => {
  const target = await receiverOfTest()
  const session = await newSession(target.url)
  const jobs = queue('message-receive')
  const add = async (
    id: string,
    options: JobsOptions = {},
    data: unknown = received(session, id),
  ) => (await jobs.add('receive', data, { ...options, jobId: id })).id!
  const settled = async () =>
    await until(async () => (await jobs.getActiveCount()) + (await jobs.getWaitingCount()) === 0)
  await add('gone', { removeOnComplete: true })
  await add('failed-gone', { removeOnFail: true }, null)
  await add('failed-stays', {}, null)
  for (let n = 0; n < 8; n++) await add(`kept-${n}`)
  await target.waitFor(9)
  await settled()
  expect(await jobs.getJob('gone')).toBeUndefined()
  expect(await jobs.getJob('failed-gone')).toBeUndefined()
  expect(await (await jobs.getJob('failed-stays'))!.getState()).toBe('failed')
  // ZAPHUB_COMPLETED_JOBS_COUNT
  expect(await jobs.getCompletedCount()).toBe(5)
  expect(redis.ask('LLEN', 'bull:message-receive:wait')).toEqual(['0'])
})
