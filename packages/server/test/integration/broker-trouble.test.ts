// Brokers that feed a source: what comes back of what was set aside, what is left behind, what a broker has forgotten.
import { randomUUID } from 'node:crypto'
import { connect as connectRabbitmq } from 'amqplib'
import { Redis } from 'ioredis'
import { connectAsync } from 'mqtt'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openBrokerLine } from '../support/broker-line.ts'
import { brokerMissing } from '../support/broker-missing.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type DatabaseLine, openLine } from '../support/database-line.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until } from '../support/receiver.ts'

const hosts = {
  mqtt: '127.0.0.1:1883',
  rabbitmq: '127.0.0.1:5672',
  redis: '127.0.0.1:6379',
}

let database: TestDatabase
let line: DatabaseLine
let pombo: TestPombo
const stops: (() => unknown)[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  line = await openLine(database.url)
  pombo = await startPombo({ DATABASE_URL: line.url }, database)
})
afterAll(async () => {
  await pombo?.stop()
  await line?.cut()
  await database?.drop()
})
afterEach(async () => {
  await line.mend()
  await database.pool.query('delete from source')
  for (const stop of stops.splice(0).toReversed()) await stop()
})

const call = async (method: string, path: string, body?: unknown) =>
  await pombo.call(method, path, { body, headers: { authorization: `Bearer ${pombo.key}` } })

async function makeApp(): Promise<string> {
  const uid = randomUUID()
  await call('POST', '/api/v1/app', { name: uid, uid })
  return uid
}

/** Read from its creation on. */
async function makeSource(uid: string, broker: object, gateway = 'events'): Promise<string> {
  const made = await call('POST', `/api/v1/app/${uid}/source`, {
    gateway,
    broker,
    name: randomUUID(),
  })
  expect(made.status, made.text).toBe(201)
  const path = `/api/v1/app/${uid}/source/${made.body.id}`
  await until(async () => (await call('GET', path)).body.reading.state === 'reading', 30_000)
  return path
}

async function stored(uid: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ payload: string }>(
    'select payload from message m join app a on a.id = m.app_id where a.uid = $1 order by m.id',
    [uid],
  )
  return rows.map(({ payload }) => payload)
}

const storedTimes = async (uid: string, count: number) =>
  await until(async () => {
    const all = await stored(uid)
    return all.length >= count && all
  }, 30_000)

const event = (payload: unknown) => JSON.stringify({ eventType: 'order.paid', payload })

async function openMqtt() {
  const client = await connectAsync(`mqtt://${hosts.mqtt}`, { protocolVersion: 5 })
  stops.push(async () => await client.endAsync(true))
  return client
}

test('a topic that takes what is set aside has it set aside once', async ({ skip }) => {
  const missing = await brokerMissing('MQTT broker', hosts.mqtt)
  if (missing) skip(missing)
  const client = await openMqtt()
  const place = `pombo-test/${randomUUID()}`
  const aside = new Set<string>()
  client.on('message', (topic, payload) => {
    if (payload.length > 0) aside.add(topic)
  })
  await client.subscribeAsync(`${place}/refused/#`, { qos: 1 })
  stops.push(async () => {
    for (const topic of aside) await client.publishAsync(topic, '', { qos: 1, retain: true })
  })
  const settings = { type: 'mqtt', url: `mqtt://${hosts.mqtt}`, topic: `${place}/#` }
  const uid = await makeApp()
  const path = await makeSource(uid, { ...settings, deadLetter: `${place}/refused` })
  await client.publishAsync(`${place}/orders`, 'no json', { qos: 1 })
  await until(() => aside.size > 0)
  // As often as it would go round by then.
  for (const i of [1, 2, 3, 4, 5]) {
    await client.publishAsync(`${place}/orders`, event(i), { qos: 1 })
    await storedTimes(uid, i)
  }
  expect(aside.size).toBe(1)
  // One that a person sends again is set aside again.
  const properties = { userProperties: { 'pombo-topic': `${place}/orders`, 'pombo-problem': 'x' } }
  await client.publishAsync(`${place}/orders`, 'no json', { qos: 1, properties })
  await until(() => aside.size === 2)
  const stats = await call('GET', `${path}/stats`)
  expect(stats.body.lastRefusal).toMatchObject({ reason: 'it is not JSON', code: 'not_json' })
})

test('a source that is deleted while it is paused leaves no session that takes others’ messages', async ({
  skip,
}) => {
  const missing = await brokerMissing('MQTT broker', hosts.mqtt)
  if (missing) skip(missing)
  const client = await openMqtt()
  const topic = `pombo-test/${randomUUID()}`
  const broker = { type: 'mqtt', url: `mqtt://${hosts.mqtt}`, topic }
  const uid = await makeApp()
  const path = await makeSource(uid, broker)
  await call('PATCH', path, { broker: { ...broker, paused: true } })
  await until(async () => (await call('GET', path)).body.reading.nodes.length === 0)
  // What comes meanwhile waits for it.
  await client.publishAsync(topic, event(0), { qos: 1 })
  await call('PATCH', path, { broker })
  await storedTimes(uid, 1)
  await call('PATCH', path, { broker: { ...broker, paused: true } })
  await until(async () => (await call('GET', path)).body.reading.nodes.length === 0)
  await call('DELETE', path)
  const again = await makeApp()
  await makeSource(again, broker)
  const numbers = Array.from({ length: 20 }, (_, i) => i)
  for (const i of numbers) await client.publishAsync(topic, event(i), { qos: 1 })
  expect((await storedTimes(again, 20)).map(Number)).toEqual(numbers)
})

test('a flood that the broker does not hold back is held back by the reader', async ({ skip }) => {
  const missing = await brokerMissing('MQTT broker', hosts.mqtt)
  if (missing) skip(missing)
  const client = await openMqtt()
  const toBroker = await openBrokerLine(hosts.mqtt)
  stops.push(async () => await toBroker.close())
  const topic = `pombo-test/${randomUUID()}`
  const uid = await makeApp()
  const broker = { type: 'mqtt', url: `mqtt://${toBroker.host}`, topic, batch: 5 }
  await makeSource(uid, broker)
  await line.cut()
  const [total, filler] = [1_500, 'x'.repeat(20_000)]
  const isHeldAfter = async (bytes: number): Promise<boolean> => {
    const before = toBroker.bytes()
    let [seen, stillFor] = [before, 0]
    await until(() => {
      stillFor = toBroker.bytes() === seen ? stillFor + 1 : 0
      seen = toBroker.bytes()
      return seen - before >= bytes || stillFor > 50
    })
    return seen - before < bytes
  }
  let sent = 0
  for (let held = false; !held && sent < total; sent += 50) {
    // Of QoS 0, for which the broker asks for no acknowledgement.
    for (let i = 0; i < 50; i++) await client.publishAsync(topic, event({ filler }), { qos: 0 })
    held = await isHeldAfter(50 * filler.length)
  }
  // Two batches, and what is between the broker and the reader.
  expect(sent).toBeLessThan(total)
  await line.mend()
  await client.publishAsync(topic, event('last'), { qos: 1 })
  await until(async () => {
    const { rows } = await database.pool.query(`select from message where payload = '"last"'`)
    return rows.length === 1
  })
})

test('a queue that copies are sent to gets none of what is set aside', async ({ skip }) => {
  const missing = await brokerMissing('RabbitMQ', hosts.rabbitmq)
  if (missing) skip(missing)
  const url = `amqp://guest:guest@${hosts.rabbitmq}/%2F`
  const model = await connectRabbitmq(url)
  const channel = await model.createConfirmChannel()
  const queue = `pombo-test-${randomUUID()}`
  await channel.assertQueue(queue, { durable: true })
  stops.push(async () => {
    for (const name of [queue, `${queue}.refused`]) await channel.deleteQueue(name)
    await model.close()
  })
  const uid = await makeApp()
  const same = await call('POST', `/api/v1/app/${uid}/source`, {
    gateway: 'events',
    broker: { type: 'rabbitmq', url, queue, deadLetter: queue },
  })
  expect(same.body.detail[0]).toMatchObject({ loc: ['body', 'broker', 'deadLetter'] })
  await makeSource(uid, { type: 'rabbitmq', url, queue })
  channel.publish('', 'nobody', Buffer.from('no json'), { CC: [queue], persistent: true })
  for (const i of [1, 2, 3, 4, 5]) {
    channel.sendToQueue(queue, Buffer.from(event(i)), { persistent: true })
    await storedTimes(uid, i)
  }
  expect(await channel.checkQueue(`${queue}.refused`)).toMatchObject({ messageCount: 1 })
})

test('an entry that Redis deleted before it was read is told of, and is no event', async ({
  skip,
}) => {
  const missing = await brokerMissing('Redis', hosts.redis)
  if (missing) skip(missing)
  const client = new Redis(`redis://${hosts.redis}/7`)
  const toBroker = await openBrokerLine(hosts.redis)
  const stream = `pombo-test-${randomUUID()}`
  stops.push(async () => {
    await toBroker.close()
    await client.del(stream, `${stream}:pombo:refused`)
    client.disconnect()
  })
  await client.xgroup('CREATE', stream, 'pombo', 0, 'MKSTREAM')
  const uid = await makeApp()
  const broker = { type: 'redis', url: `redis://${toBroker.host}/7`, stream }
  const same = await call('POST', `/api/v1/app/${uid}/source`, {
    gateway: 'events',
    broker: { ...broker, deadLetter: stream },
  })
  expect(same.body.detail[0]).toMatchObject({ loc: ['body', 'broker', 'deadLetter'] })
  // Of a gateway, whose unknown requests are events, too.
  await makeSource(uid, broker, 'evolution')
  toBroker.hang()
  await client.xadd(stream, '*', 'payload', '{"event":"messages.upsert","instance":"a","data":{}}')
  await until(async () => ((await client.xpending(stream, 'pombo')) as [number])[0] === 1)
  await client.xtrim(stream, 'MAXLEN', 0)
  toBroker.breakAll()
  const aside = await until(async () => {
    const all = await client.xrange(`${stream}:pombo:refused`, '-', '+')
    return all.length > 0 && all
  }, 30_000)
  expect(aside[0]![1].join(' ')).toContain('it was deleted from the stream')
  // In a stream that was made anew, ids come again that its producer chooses.
  for (const [i, id] of ['1-1', '1-1', '2-1'].entries()) {
    if (i < 2) await client.del(stream)
    await until(
      async () => await client.xgroup('CREATE', stream, 'pombo', 0, 'MKSTREAM').catch(() => true),
    )
    await client.xadd(
      stream,
      id,
      'payload',
      `{"event":"instance.create","instance":"${i}","data":{}}`,
    )
    await storedTimes(uid, i + 1)
  }
  expect((await stored(uid)).map((text) => JSON.parse(text).type)).toEqual(
    Array.from({ length: 3 }, () => 'session.created'),
  )
})
