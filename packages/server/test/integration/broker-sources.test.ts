// The contract of a broker that feeds a source, against the real broker of each kind: one suite, and each passes all.
import { createServer } from 'node:net'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readId } from '../../src/core/id.ts'
import type { BrokerSettings } from '../../src/sources/broker/kind.ts'
import { type BrokerLine, openBrokerLine } from '../support/broker-line.ts'
import type { BrokerSubject } from '../support/broker-sources/subject.ts'
import { brokerSubjects } from '../support/broker-sources/subjects.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openLine } from '../support/database-line.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until } from '../support/receiver.ts'

let database: TestDatabase
let pombo: TestPombo
let n = 0
// Less than NATS takes.
const env = { POMBO_MAX_BODY_BYTES: '200000' }
const lines: BrokerLine[] = []
const others: TestPombo[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  pombo = await startPombo(env, database)
})
afterAll(async () => {
  await pombo?.stop()
  await database?.drop()
})
afterEach(async () => {
  await database.pool.query('delete from source')
  for (const other of others.splice(0)) await other.stop()
  for (const line of lines.splice(0)) await line.close()
})

const call = async (method: string, path: string, body?: unknown, at = pombo) =>
  await at.call(method, path, { body, headers: { authorization: `Bearer ${at.key}` } })

async function makeApp(): Promise<string> {
  const uid = `app-${(n += 1)}`
  const { status, text } = await call('POST', '/api/v1/app', { name: uid, uid })
  if (status !== 201) throw new Error(text)
  return uid
}

const create = async (uid: string, broker: BrokerSettings, more: object = {}) =>
  await call('POST', `/api/v1/app/${uid}/source`, { gateway: 'events', broker, ...more })

async function made(uid: string, broker: BrokerSettings, more: object = {}) {
  const { status, text, body } = await create(uid, broker, more)
  if (status !== 201) throw new Error(text)
  const { id } = body as { id: string }
  // What is sent to a topic before somebody subscribes is nobody's.
  await reads(uid, id)
  return { id }
}

const get = async (uid: string, id: string, at = pombo) =>
  (await call('GET', `/api/v1/app/${uid}/source/${id}`, undefined, at)).body

/** Read as it is since its last change. */
const reads = async (uid: string, id: string, at = pombo) =>
  await until(async () => {
    const { reading, updatedAt } = await get(uid, id, at)
    return reading?.state === 'reading' && Date.parse(reading.since) >= Date.parse(updatedAt)
  }, 60_000)

interface Stored {
  event_type: string
  payload: string
  ordering_key: string | null
}
async function stored(uid: string, of = database): Promise<Stored[]> {
  const { rows } = await of.pool.query<Stored>(
    `select m.event_type, m.payload, m.ordering_key
       from message m join app a on a.id = m.app_id
      where a.uid = $1 order by m.id`,
    [uid],
  )
  return rows
}
async function storedTimes(uid: string, count: number, withinMs = 60_000, of = database) {
  // Counted while it waits: not hundreds of payloads read fifty times a second.
  await until(async () => {
    const { rows } = await of.pool.query<{ count: number }>(
      `select count(*) as count from message where app_id = (select id from app where uid = $1)`,
      [uid],
    )
    return rows[0]!.count >= count
  }, withinMs)
  return await stored(uid, of)
}

const event = (i: number, more: object = {}) => ({
  body: JSON.stringify({ eventType: 'order.paid', payload: { i }, ...more }),
  id: `m-${i}`,
})
const count = (most: number) => Array.from({ length: most }, (_, at) => at)

/** All of these, each once. */
async function eachOnce(uid: string, total: number, of = database): Promise<void> {
  await storedTimes(uid, total, 120_000, of)
  const all = (await stored(uid, of)).map(({ payload }) => (JSON.parse(payload) as { i: number }).i)
  expect(all.toSorted((a, b) => a - b)).toEqual(count(total))
}

async function lineTo(host: string): Promise<BrokerLine> {
  const line = await openBrokerLine(host)
  lines.push(line)
  return line
}

const problems = (body: { detail: { loc: string[]; msg: string }[] }) =>
  body.detail.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`)

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

  test('events arrive to the letter, a gateway’s in its own format, and nothing is left in the broker', async () => {
    const [place, gateway] = [await subject.place(), await subject.place()]
    const uid = await makeApp()
    const { id } = await made(uid, place.settings())
    const payload = '{"n": 12345678901234567890, "v": 1.0, "text": "Olá, 日本"}'
    await place.publish([
      { body: `{"eventType":"order.paid","payload":${payload},"orderingKey":"k"}` },
      { body: payload, headers: { 'pombo-event-type': 'order.sent', 'pombo-ordering-key': 'k' } },
    ])
    const [paid, sent] = await storedTimes(uid, 2)
    expect([paid, sent]).toEqual([
      { event_type: 'order.paid', payload, ordering_key: 'k' },
      { event_type: 'order.sent', payload, ordering_key: 'k' },
    ])
    await made(uid, gateway.settings(), { gateway: 'wuzapi' })
    await gateway.publish([{ body: JSON.stringify({ type: 'Connected', event: {}, token: 't' }) }])
    const [, , connected] = await storedTimes(uid, 3)
    expect(connected!.event_type).toBe('session.connected')
    await reads(uid, id)
    await call('PATCH', `/api/v1/app/${uid}/source/${id}`, {
      broker: { ...place.settings(), paused: true },
    })
    await until(async () => (await place.waiting()) === 0)
  })

  test('passwords are shown masked, kept when the mask comes back, and sealed in the database', async () => {
    const place = await subject.place()
    const uid = await makeApp()
    const broker = place.settings()
    const { id } = await made(uid, broker)
    const shown = await get(uid, id)
    const password = new URL(broker.url).password
    const { rows } = await database.pool.query('select s::text as row from source s')
    if (password !== '')
      for (const text of [JSON.stringify(shown), JSON.stringify(rows)])
        expect(text).not.toContain(`:${password}@`)
    const again = await call('PATCH', `/api/v1/app/${uid}/source/${id}`, {
      broker: { ...shown.broker, batch: 7 },
    })
    expect([again.status, again.body.broker.batch]).toEqual([200, 7])
    await place.publish([event(1)])
    await storedTimes(uid, 1)
    if (password === '') return
    const elsewhere = { ...shown.broker, url: shown.broker.url.replace('127.0.0.1', 'localhost') }
    const refused = await call('PATCH', `/api/v1/app/${uid}/source/${id}`, { broker: elsewhere })
    expect(refused.status).toBe(422)
  })

  test('what is wrong is told at creation, by field: host, credentials, what is missing, TLS, the guard', async () => {
    const uid = await makeApp()
    const place = await subject.place()
    const closed = createServer()
    closed.listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as { port: number }
    closed.close()
    await once(closed, 'close')
    const nobody = await create(uid, place.settings(`127.0.0.1:${port}`))
    expect(problems(nobody.body)[0]).toMatch(/^body\.broker\.url: .*(ECONNREFUSED|port)/)
    if (subject.stranger) {
      const stranger = await create(uid, subject.stranger())
      expect(problems(stranger.body)[0]).toMatch(/^body\.broker\.url: /)
    }
    if (subject.nowhere) {
      const nowhere = await create(uid, subject.nowhere.settings())
      expect(problems(nowhere.body)[0]).toMatch(
        new RegExp(`^body\\.broker\\.${subject.nowhere.field}: `),
      )
    }
    const plain = place.settings()
    const tls = { nats: 'tls:', amqp: 'amqps:', mqtt: 'mqtts:', redis: 'rediss:' } as Record<
      string,
      string
    >
    const [scheme = ''] = plain.url.split(':')
    const encrypted = await create(uid, {
      ...plain,
      url: plain.url.replace(`${scheme}:`, tls[scheme]!),
    })
    expect(problems(encrypted.body)[0]).toMatch(/^body\.broker\.url: .*/)
    const inside = await create(
      uid,
      place.settings(subject.host.replace('127.0.0.1', '10.255.255.1')),
    )
    expect(problems(inside.body)[0]).toMatch(/^body\.broker\.url: /)
    expect([nobody, encrypted, inside].map(({ status }) => status)).toEqual([422, 422, 422])
  })

  test('what cannot be read is set aside with the reason, and holds up nobody', async () => {
    const place = await subject.place()
    const uid = await makeApp()
    const { id } = await made(uid, place.settings())
    await place.publish([
      { body: 'no json' },
      { body: '{"payload":1}' },
      { body: `{"eventType":"x","payload":"${'x'.repeat(300_000)}"}` },
      event(1),
    ])
    await storedTimes(uid, 1)
    const aside = await until(async () => {
      const all = await place.refused()
      return all.length >= 3 && all
    })
    expect(aside.map(({ problem }) => problem).toSorted()).toEqual([
      expect.stringContaining('eventType'),
      expect.stringContaining('POMBO_MAX_BODY_BYTES'),
      expect.stringContaining('not JSON'),
    ])
    expect(aside.map(({ body }) => body)).toContain('no json')
    const { body: stats } = await call('GET', `/api/v1/app/${uid}/source/${id}/stats`)
    expect(stats).toMatchObject({ received: 4, accepted: 1, refused: 3 })
    expect(stats.lastRefusal.reason).toBeTruthy()
  })

  test('nodes share the messages, and each is one event; a node that stops gives back what it has', async () => {
    const place = await subject.place()
    const uid = await makeApp()
    const other = await startPombo(env, database)
    others.push(other)
    const { id } = await made(uid, { ...place.settings(), batch: 5 })
    await until(async () => (await get(uid, id)).reading.nodes.length === 2)
    await until(async () =>
      (await get(uid, id)).reading.nodes.every(
        ({ state }: { state: string }) => state === 'reading',
      ),
    )
    const total = 400
    await place.publish(count(total / 2).map((i) => event(i)))
    await storedTimes(uid, 50)
    await others.pop()!.stop()
    await place.publish(count(total / 2).map((i) => event(total / 2 + i)))
    await eachOnce(uid, total)
  })

  test('a connection that is cut again and again loses and repeats nothing; it is told, and since when', async () => {
    const place = await subject.place()
    const line = await lineTo(subject.host)
    const uid = await makeApp()
    const { id } = await made(uid, { ...place.settings(line.host), batch: 10 })
    const total = 600
    await place.publish(count(total).map((i) => event(i)))
    for (const share of [0.1, 0.4, 0.7]) {
      await storedTimes(uid, total * share)
      line.breakAll()
    }
    await eachOnce(uid, total)
    await reads(uid, id)
    await line.close()
    const failing = await until(async () => {
      const { reading } = await get(uid, id)
      return reading.state === 'failing' && reading
    })
    expect(failing.reason).toBeTruthy()
    expect(failing.code).toMatch(/^unreachable_/)
    expect(Date.now() - Date.parse(failing.since)).toBeLessThan(60_000)
    // Which gives a recent answer again.
    await until(async () =>
      (await call('GET', '/api/v1/system/doctor')).text.includes(failing.reason.slice(0, 20)),
    )
  })

  test('a source is read from its creation, otherwise after a change, and no longer after its deletion', async () => {
    const [place, next] = [await subject.place(), await subject.place()]
    const uid = await makeApp()
    const { id } = await made(uid, place.settings())
    const path = `/api/v1/app/${uid}/source/${id}`
    await place.publish([event(1)])
    await storedTimes(uid, 1)
    expect((await call('PATCH', path, { broker: next.settings() })).status).toBe(200)
    await reads(uid, id)
    await next.publish([event(2)])
    await storedTimes(uid, 2)
    const paused = await call('PATCH', path, { broker: { ...next.settings(), paused: true } })
    expect(paused.body.reading.state).toBe('paused')
    await until(async () => (await get(uid, id)).reading.nodes.length === 0)
    await next.publish([event(3)])
    await call('PATCH', path, { broker: next.settings() })
    await storedTimes(uid, 3)
    // What it read before it reads no longer.
    await place.publish([event(5)])
    expect((await call('DELETE', path)).status).toBe(204)
    await until(async () => (await metric('pombo_broker_readers')) === 0)
    await next.publish([event(4)])
    expect((await stored(uid)).map(({ payload }) => payload)).toEqual(
      [1, 2, 3].map((i) => JSON.stringify({ i })),
    )
  })

  test('a node whose database is away takes two batches and no more; the broker keeps the rest', async () => {
    const place = await subject.place()
    const own = await createTestDatabase()
    const toDatabase = await openLine(own.url)
    const toBroker = await lineTo(subject.host)
    const alone = await startPombo({ ...env, DATABASE_URL: toDatabase.url }, own)
    try {
      await call('POST', '/api/v1/app', { name: 'a', uid: 'a' }, alone)
      const broker = { ...place.settings(toBroker.host), batch: 5 }
      const body = { gateway: 'events', broker }
      const { id } = (await call('POST', '/api/v1/app/a/source', body, alone)).body
      await reads('a', id, alone)
      await toDatabase.cut()
      const before = toBroker.bytes()
      const [total, bytes] = [25, 20_000]
      const filler = 'x'.repeat(bytes)
      // One by one: a stream of RabbitMQ hands out whole chunks, as large as what came together.
      for (const i of count(total)) await place.publish([event(i, { payload: { i, filler } })])
      await until(async () => (await metric('pombo_broker_readers{.*"waiting"', alone)) === 1)
      // Until nothing more has come for a second.
      let [seen, stillFor] = [0, 0]
      await until(() => {
        stillFor = toBroker.bytes() === seen ? stillFor + 1 : 0
        seen = toBroker.bytes()
        return stillFor > 50
      })
      expect(seen - before).toBeGreaterThan(bytes)
      expect(seen - before).toBeLessThan((2 * broker.batch + 1) * bytes * 1.1)
      await toDatabase.mend()
      await eachOnce('a', total, own)
    } finally {
      await toDatabase.mend()
      await alone.stop()
      await toDatabase.cut()
      await own.drop()
    }
  })

  test('a node stops in good order although its database is away', async () => {
    const place = await subject.place()
    const uid = await makeApp()
    const line = await openLine(database.url)
    const cuttable = await startPombo({ ...env, DATABASE_URL: line.url }, database)
    const { id } = await made(uid, place.settings())
    await until(async () => (await get(uid, id)).reading.nodes.length === 2)
    await line.cut()
    await cuttable.stop()
    await line.mend()
  })
})

test('two nodes read a stream each of a super stream, and one reads both when it is alone', async ({
  skip,
}) => {
  const subject = await brokerSubjects['rabbitmq: a super stream']!()
  if (subject.missing !== undefined) skip(subject.missing)
  const place = await subject.place()
  const uid = await makeApp()
  const other = await startPombo(env, database)
  others.push(other)
  const { id } = await made(uid, place.settings())
  const readers = async () => {
    const { rows } = await database.pool.query<{ node: string | null }>(
      'select node_id as node from broker_slot where source_id = $1',
      [readId('source', id)],
    )
    return rows.length === 2 ? new Set(rows.map(({ node }) => node)).size : 0
  }
  await until(async () => (await readers()) === 2)
  await others.pop()!.stop()
  await until(async () => (await readers()) === 1)
  await place.publish(count(10).map((i) => event(i)))
  await eachOnce(uid, 10)
  await call('DELETE', `/api/v1/app/${uid}/source/${id}`)
  await subject.stop()
})

async function metric(pattern: string, at = pombo): Promise<number> {
  const { text } = await at.call('GET', '/metrics')
  const line = new RegExp(`^${pattern}[{ ,}]`)
  return text
    .split('\n')
    .filter((one) => line.test(one))
    .reduce((sum, one) => sum + Number(one.split(' ').at(-1)), 0)
}
