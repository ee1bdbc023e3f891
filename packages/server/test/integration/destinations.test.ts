// The contract of a destination kind, against the real other side of each: one suite, and each kind passes all of it.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { destinationFindings } from '../../src/cli/doctor/brokers.ts'
import type { Destination } from '../../src/core/destination.ts'
import { type BrokerLine, openBrokerLine } from '../support/broker-line.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { mqttSubject } from '../support/destinations/mqtt.ts'
import { natsSubject } from '../support/destinations/nats.ts'
import { postgresSubject } from '../support/destinations/postgres.ts'
import { rabbitmqSubject } from '../support/destinations/rabbitmq.ts'
import { redisSubject } from '../support/destinations/redis.ts'
import type { Got, Place, Subject } from '../support/destinations/subject.ts'
import { startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let app: string
const lines: BrokerLine[] = []

beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => await api?.stop())
beforeEach(async () => {
  const uid = `shop-${randomBytes(4).toString('hex')}`
  await api.call('POST', '/api/v1/app', { body: { name: 'shop', uid } })
  app = `/api/v1/app/${uid}`
})
afterEach(async () => {
  // Nothing of one test is sent during the next.
  await api.call('DELETE', app)
  for (const line of lines.splice(0)) await line.close()
})

async function lineTo(host: string): Promise<BrokerLine> {
  const line = await openBrokerLine(host)
  lines.push(line)
  return line
}

const endpoint = async (destination: Destination, more: object = {}) =>
  await api.call('POST', `${app}/endpoint`, {
    body: { destination, retrySchedule: Array.from({ length: 100 }, () => 0.2), ...more },
  })

async function made(
  destination: Destination,
  more: object = {},
): Promise<{ id: string; url: string }> {
  const answer = await endpoint(destination, more)
  if (answer.status !== 201) throw new Error(answer.text)
  return answer.body as { id: string; url: string }
}

const send = async (payload: string, more: object = {}) => {
  const { status, text } = await api.call('POST', `${app}/msg`, {
    text: `{"eventType":"order.paid","payload":${payload}${Object.entries(more)
      .map(([name, value]) => `,"${name}":${JSON.stringify(value)}`)
      .join('')}}`,
  })
  if (status !== 202) throw new Error(text)
  return JSON.parse(text) as { id: string }
}

/** All that has arrived once there are so many. */
const arrived = async (place: Place, count: number): Promise<Got[]> =>
  await until(async () => {
    const got = await place.got()
    return got.length >= count && got
  }, 30_000)

interface Attempt {
  status: number
  responseStatusCode: number
  response: string
  error: string | null
}
const attempts = async (id: string): Promise<Attempt[]> =>
  (await api.call('GET', `${app}/attempt/endpoint/${id}?limit=250`)).body.data as Attempt[]
const attemptLike = async (id: string, words: RegExp): Promise<Attempt> =>
  await until(async () => (await attempts(id)).find(({ error }) => words.test(error ?? '')), 30_000)

/** Of a refusal at creation. */
const problems = (body: { detail: { loc: string[]; msg: string }[] }) =>
  body.detail.map(({ loc, msg }) => ({ field: loc.join('.'), msg }))

const subjects: Record<string, () => Promise<Subject>> = {
  rabbitmq: rabbitmqSubject,
  nats: natsSubject,
  mqtt: mqttSubject,
  redis: redisSubject,
  postgres: postgresSubject,
}

describe.each(Object.entries(subjects))('%s', (_, open) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await open()
  })
  beforeEach((context) => {
    if (subject.missing !== undefined) context.skip(subject.missing)
  })
  afterAll(async () => {
    await subject?.stop()
  })

  test('the payload arrives to the letter, with a valid signature and all that a consumer sorts by', async () => {
    const place = await subject.place()
    const { id, url } = await made(place.settings(), { headers: { 'x-team': 'support' } })
    const payload = '{"n": 12345678901234567890, "v": 1.0, "text": "Olá, 日本"}'
    const { id: messageId } = await send(payload, { orderingKey: 'chat-1' })
    const [got] = await arrived(place, 1)
    expect(got!.body).toBe(payload)
    expect(got!.properties).toMatchObject({
      'webhook-id': messageId,
      'content-type': 'application/json',
      'x-team': 'support',
      'pombo-event-type': 'order.paid',
      'pombo-app': app.split('/').at(-1),
      'pombo-ordering-key': 'chat-1',
    })
    const { key } = (await api.call('GET', `${app}/endpoint/${id}/secret`)).body as { key: string }
    expect(() => new Webhook(key).verify(got!.body, got!.properties)).not.toThrow()
    const [attempt] = await until(async () => {
      const all = await attempts(id)
      return all.length > 0 && all
    })
    expect(attempt).toMatchObject({ status: 0, responseStatusCode: 200, error: null })
    expect(attempt!.response).not.toBe('')
    expect(url).not.toContain('@')
  })

  test('passwords are shown masked, kept when the mask comes back, and sealed in the database', async () => {
    const place = await subject.place()
    const destination = place.settings()
    const { id } = await made(destination)
    const shown = (await api.call('GET', `${app}/endpoint/${id}`)).body
    expect(shown.destination).toMatchObject({ type: subject.type })
    const secret = new URL(String(destination['url'])).password
    if (secret !== '') {
      expect(JSON.stringify(shown)).not.toContain(`:${secret}@`)
      const { rows } = await api.database.pool.query('select e::text as row from endpoint e')
      expect(JSON.stringify(rows)).not.toContain(`:${secret}@`)
    }
    // As the official client does it: read, change, and put all of it back.
    const { url, eventTypes, destination: masked } = shown
    const put = await api.call('PUT', `${app}/endpoint/${id}`, {
      body: { url, eventTypes, description: 'put back', destination: masked },
    })
    expect(put.text).toContain('put back')
    const bare = await api.call('PUT', `${app}/endpoint/${id}`, { body: { url } })
    expect(bare.body.destination).toEqual(masked)
    if (secret !== '') {
      // Who may not read a password may not have it sent elsewhere either.
      const elsewhere = { ...masked, url: String(masked.url).replace('127.0.0.1', '127.0.0.2') }
      const moved = await api.call('PATCH', `${app}/endpoint/${id}`, {
        body: { destination: elsewhere },
      })
      expect(problems(moved.body)[0]!.msg).toContain('must be given with its password')
    }
    await send('{"n":1}')
    expect((await arrived(place, 1))[0]!.body).toBe('{"n":1}')
  })

  test('what is not there, who is not let in, and an address that may not be called are told at creation', async () => {
    const { nowhere, stranger, host } = subject
    const place = await subject.place()
    if (nowhere) {
      const { status, body } = await endpoint(nowhere.settings(host))
      expect(status).toBe(422)
      expect(problems(body)).toEqual([
        {
          field: `body.destination.${nowhere.field}`,
          msg: expect.stringMatching(/exist|no queue|not found|no stream/i),
        },
      ])
    }
    if (stranger) {
      const { status, body } = await endpoint(stranger(host))
      expect(status).toBe(422)
      expect(problems(body)[0]!.field).toBe('body.destination.url')
      expect(problems(body)[0]!.msg).toMatch(/password|auth|login|access|role/i)
    }
    if (host === '') return
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    silent.close()
    await once(silent, 'close')
    const closed = await endpoint(place.settings(`127.0.0.1:${port}`))
    expect(problems(closed.body)[0]!.msg).toMatch(/nothing accepts connections/)
    const forbidden = await endpoint(place.settings('10.1.2.3:5672'))
    expect(problems(forbidden.body)[0]).toEqual({
      field: 'body.destination.url',
      msg: expect.stringContaining('add its network to POMBO_ALLOW_SUBNETS'),
    })
    const named = await endpoint(place.settings('rebound.invalid:5672'))
    expect(problems(named.body)[0]!.msg).toMatch(/cannot be resolved/)
  })

  test('what goes away later is an attempt that says so, and the message arrives when it is back', async (context) => {
    const place = await subject.place()
    if (!place.remove) return context.skip('there is nothing that could be taken away')
    const { id } = await made(place.settings())
    await place.remove()
    await send('{"n":1}')
    const attempt = await attemptLike(id, /status 404: .*(?:exist|no queue|not found|no stream)/i)
    expect(attempt).toMatchObject({ responseStatusCode: 404 })
    // And of the endpoint, with since when; the doctor says the same.
    const { health } = await until(async () => {
      await api.traffic.flush()
      const { body } = await api.call('GET', `${app}/endpoint/${id}`)
      return body.health.reason !== null && body
    })
    expect(health.reason).toMatch(/status 404: /)
    expect(health.cause).toMatchObject({ code: 'refused.404', statusCode: 404 })
    expect(Date.now() - Date.parse(health.failingSince)).toBeLessThan(60_000)
    const [finding] = await destinationFindings(api.database.pool)
    expect(finding).toMatchObject({ level: 'warn', detail: expect.stringContaining(id) })
    expect(finding!.detail).toContain(health.reason)
    await place.restore!()
    expect((await arrived(place, 1))[0]!.body).toBe('{"n":1}')
  })

  test('one that hangs times out, holds up nobody, and gets its messages when it answers', async (context) => {
    if (subject.host === '') return context.skip('there is no line that could hang')
    const line = await lineTo(subject.host)
    const place = await subject.place()
    const receiver = await startReceiver()
    const hung = await made(place.settings(line.host), { timeoutMs: 1_000 })
    await api.call('POST', `${app}/endpoint`, { body: { url: receiver.url } })
    await send('{"n":1}')
    await arrived(place, 1)
    line.hang()
    for (let n = 2; n <= 41; n++) await send(`{"n":${n}}`)
    await receiver.waitFor(41)
    await attemptLike(hung.id, /no complete answer within the deadline/)
    line.breakAll()
    const got = await arrived(place, 41)
    expect(new Set(got.map(({ body }) => body)).size).toBe(41)
    await receiver.close()
  })

  test('one connection serves many messages, is made anew when it breaks, and keeps order', async (context) => {
    if (subject.host === '') return context.skip('there is no connection')
    const line = await lineTo(subject.host)
    const place = await subject.place()
    await made(place.settings(line.host), { ordering: 'key' })
    const madeByTrial = line.made()
    for (let n = 0; n < 60; n++) await send(`{"n":${n}}`, { orderingKey: 'one' })
    await arrived(place, 60)
    expect(line.made() - madeByTrial).toBe(1)
    line.breakAll()
    for (let n = 60; n < 120; n++) await send(`{"n":${n}}`, { orderingKey: 'one' })
    const got = await until(async () => {
      const all = (await place.got()).map(({ body }) => (JSON.parse(body) as { n: number }).n)
      return new Set(all).size === 120 && all
    }, 30_000)
    // Again only what was under way when it broke.
    const firsts = [...new Set(got)]
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b))
    expect(got.length).toBeLessThanOrEqual(121)
  })
})

test('Kafka and SQS are refused by name, with what there is', async () => {
  for (const [type, name] of [
    ['kafka', 'Kafka'],
    ['sqs', 'Amazon SQS'],
  ] as const) {
    const said = `${name} is not there yet; there are rabbitmq, nats, mqtt, redis`
    const { status, body } = await endpoint({ type, url: 'kafka://a' } as never)
    expect([status, problems(body)[0]]).toEqual([
      422,
      { field: 'body.destination.type', msg: expect.stringContaining(said) },
    ])
    const broker = { type, url: 'kafka://a' }
    const source = await api.call('POST', `${app}/source`, { body: { gateway: 'events', broker } })
    expect(problems(source.body)[0]).toEqual({
      field: 'body.broker.type',
      msg: expect.stringContaining(said),
    })
  }
})
