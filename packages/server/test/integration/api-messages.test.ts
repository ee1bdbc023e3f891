// Messages through the API, driven by the official client, on a running engine.
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readId } from '../../src/core/id.ts'
import { refused, startApi, type TestApi } from '../support/api-server.ts'
import { messagesOf } from '../support/app-messages.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
let appId: string
beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => await api?.stop())
beforeEach(async () => {
  receiver = await startReceiver()
  appId = (await api.svix.application.create({ name: 'app' })).id
})
afterEach(async () => await receiver.close())

const { send, finished } = messagesOf(
  () => api,
  () => appId,
)
describe('a message', () => {
  test('is accepted, delivered and shown', async () => {
    await api.svix.endpoint.create(appId, { url: receiver.url })
    const made = await api.svix.message.create(
      appId,
      { eventType: 'a.b', eventId: 'evt', channels: ['c'], tags: ['t'], payload: { n: 1 } },
      { withContent: true },
    )
    expect(made).toMatchObject({
      eventType: 'a.b',
      eventId: 'evt',
      channels: ['c'],
      tags: ['t'],
      payload: { n: 1 },
    })
    const [got] = await receiver.waitFor(1)
    expect(got!.headers['webhook-id']).toBe(made.id)
    expect(await api.svix.message.get(appId, made.id, { withContent: true })).toEqual(made)
    expect(await api.svix.message.get(appId, 'evt', { withContent: true })).toEqual(made)
  })

  test('shows its payload only where content is asked for', async () => {
    const made = await api.svix.message.create(appId, { eventType: 'a', payload: { n: 1 } })
    expect(made.payload).toEqual({})
    expect((await api.svix.message.get(appId, made.id)).payload).toEqual({})
    expect((await api.call('GET', `/api/v1/app/${appId}/msg/${made.id}`)).body.payload).toEqual({
      n: 1,
    })
    expect((await api.svix.message.list(appId)).data[0]!.payload).toEqual({})
    expect((await api.svix.message.list(appId, { withContent: true })).data[0]!.payload).toEqual({
      n: 1,
    })
  })

  test.each([
    ['large numbers and their form', '{"n": 12345678901234567890, "x":1.0, "e": 1E400}'],
    ['the order and repetition of keys', '{"b":1,"a":2,"b":3}'],
    ['escapes', '{"s":"\\u0001\\u00e9\\ud83d\\ude00 \\/"}'],
    ['blanks', '[ 1 ,\n 2\t]'],
    ['a string', '"text"'],
    ['a number', '1.50'],
    ['null', 'null'],
    ['false', 'false'],
    ['an empty object', '{}'],
    ['__proto__', '{"__proto__":{"a":1},"constructor":{}}'],
  ])('keeps of its payload %s, to the letter, everywhere', async (_, payload) => {
    await api.svix.endpoint.create(appId, { url: receiver.url, uid: 'e' })
    const answer = await send(`{"eventType":"a","payload":${payload},"channels":null}`)
    expect(answer.status).toBe(202)
    expect(answer.text.endsWith(`"payload":${payload}}`)).toBe(true)
    const [got] = await receiver.waitFor(1)
    expect(got!.body).toBe(payload)
    const { id } = answer.body
    expect((await api.call('GET', `/api/v1/app/${appId}/msg/${id}`)).text).toContain(
      `"payload":${payload}}`,
    )
    expect((await api.call('GET', `/api/v1/app/${appId}/msg`)).text).toContain(
      `"payload":${payload}}`,
    )
    expect((await api.call('GET', `/api/v1/app/${appId}/endpoint/e/msg`)).text).toContain(
      `"payload":${payload}}`,
    )
  })

  test('may nest as deep as it likes', async () => {
    const payload = '['.repeat(200_000) + ']'.repeat(200_000)
    const response = await fetch(`${api.url}/api/v1/app/${appId}/msg`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
      body: `{"eventType":"a","payload":${payload}}`,
    })
    expect(response.status).toBe(202)
    expect((await response.text()).endsWith(`${payload}}`)).toBe(true)
    const many = await fetch(`${api.url}/api/v1/app/${appId}/msg/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
      body: `{"messages":[{"eventType":"a\\u0000","payload":${payload}}]}`,
    })
    expect(await many.json()).toMatchObject({ results: [{ status: 422 }] })
  })

  test.each([
    ['no event type', { payload: {} }, ['body', 'eventType']],
    ['a bad event type', { eventType: 'a b', payload: {} }, ['body', 'eventType']],
    ['no payload', { eventType: 'a' }, ['body', 'payload']],
    [
      'U+0000 in its ordering key',
      { eventType: 'a', payload: {}, orderingKey: 'x\u0000' },
      ['body', 'orderingKey'],
    ],
    [
      'an unknown priority',
      { eventType: 'a', payload: {}, priority: 'urgent' },
      ['body', 'priority'],
    ],
    [
      'too many channels',
      { eventType: 'a', payload: {}, channels: ['1', '2', '3', '4', '5', '6'] },
      ['body', 'channels'],
    ],
    [
      'a channel twice',
      { eventType: 'a', payload: {}, channels: ['1', '1'] },
      ['body', 'channels'],
    ],
    [
      'a wish to be delivered later',
      { eventType: 'a', payload: {}, deliverAt: '2030-01-01T00:00:00Z' },
      ['body', 'deliverAt'],
    ],
    [
      'a transformation',
      { eventType: 'a', payload: {}, transformationsParams: { a: 1 } },
      ['body', 'transformationsParams', 'a'],
    ],
    [
      'a retention out of range',
      { eventType: 'a', payload: {}, payloadRetentionPeriod: 1 },
      ['body', 'payloadRetentionPeriod'],
    ],
  ])('with %s is refused, naming the field', async (_, body, loc) => {
    expect(await send(body)).toMatchObject({ status: 422, body: { detail: [{ loc }] } })
  })

  test('of an unknown application is refused, unless it brings it along', async () => {
    const body = { eventType: 'a', payload: {} }
    expect(await api.call('POST', '/api/v1/app/nobody/msg', { body })).toMatchObject({
      status: 404,
      body: { code: 'not_found', detail: expect.stringContaining('nobody') },
    })
    expect(
      (
        await api.call('POST', '/api/v1/app/newcomer/msg', {
          body: { ...body, application: { name: 'New', uid: 'newcomer' } },
        })
      ).status,
    ).toBe(202)
    expect(await api.svix.application.get('newcomer')).toMatchObject({ name: 'New' })
    const other = await api.call('POST', '/api/v1/app/another/msg', {
      body: { ...body, application: { name: 'New', uid: 'mismatch' } },
    })
    expect(other).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'application', 'uid'] }] },
    })
  })

  test('that matches nobody says why', async () => {
    const made = await api.svix.message.create(appId, { eventType: 'a', payload: {} })
    const shown = await api.call('GET', `/api/v1/app/${appId}/msg/${made.id}`)
    expect(shown.body.unmatched).toBe('the app has no endpoints')
  })

  test('can be asked for beforehand: would anybody get it?', async () => {
    const active = async (eventType: string, channels?: string[]) =>
      (await api.svix.message.precheck(appId, { eventType, ...(channels && { channels }) })).active
    expect(await active('a.b')).toBe(false)
    await api.call('POST', `/api/v1/app/${appId}/endpoint`, {
      body: {
        url: receiver.url,
        uid: 'e',
        eventTypes: ['a.*'],
        channels: ['x'],
        filter: 'payload.n == 1',
      },
    })
    expect(await active('a.b', ['x'])).toBe(true)
    expect(await active('a.b')).toBe(false)
    expect(await active('c', ['x'])).toBe(false)
    await api.svix.endpoint.patch(appId, 'e', { disabled: true })
    expect(await active('a.b', ['x'])).toBe(false)
  })

  test('can lose its payload, and then cannot be sent again', async () => {
    await api.svix.endpoint.create(appId, { url: receiver.url, uid: 'e' })
    const made = await api.svix.message.create(appId, { eventType: 'a', payload: { secret: 1 } })
    await finished(made.id)
    await api.svix.message.expungeContent(appId, made.id)
    expect((await api.svix.message.get(appId, made.id, { withContent: true })).payload).toEqual({
      expired: true,
    })
    expect(await refused(api.svix.messageAttempt.resend(appId, made.id, 'e'))).toMatchObject({
      status: 409,
      body: { code: 'payload_gone' },
    })
  })
})

describe('repeats', () => {
  test('an eventId that was used in the app is a conflict, in another app it is not', async () => {
    await api.svix.message.create(appId, { eventType: 'a', eventId: 'once', payload: {} })
    expect(
      await refused(
        api.svix.message.create(appId, { eventType: 'a', eventId: 'once', payload: {} }),
      ),
    ).toMatchObject({ status: 409, body: { code: 'conflict' } })
    const other = await api.svix.application.create({ name: 'other' })
    await api.svix.message.create(other.id, { eventType: 'a', eventId: 'once', payload: {} })
  })

  test('an Idempotency-Key gives the first message again, on every node, and delivers once', async () => {
    await api.svix.endpoint.create(appId, { url: receiver.url })
    const text = '{"eventType":"a","eventId":"idem","payload":{"n":1.0}}'
    const first = await send(text, { 'idempotency-key': 'msg-key' })
    const again = await send(text, { 'idempotency-key': 'msg-key' })
    expect(again).toMatchObject({ status: 202, text: first.text })
    const second = await api.second()
    const elsewhere = await second.call('POST', `/api/v1/app/${appId}/msg`, {
      text,
      key: api.key,
      headers: { 'idempotency-key': 'msg-key' },
    })
    expect(elsewhere.text).toBe(first.text)
    await second.stop()
    await finished(first.body.id)
    expect(receiver.received).toHaveLength(1)
  })

  test('an Idempotency-Key with another body is refused', async () => {
    await send({ eventType: 'a', payload: 1 }, { 'idempotency-key': 'k2' })
    expect(await send({ eventType: 'a', payload: 2 }, { 'idempotency-key': 'k2' })).toMatchObject({
      status: 409,
      body: { code: 'idempotency_mismatch' },
    })
  })

  test('of many requests at once with one key, one message is made and all get it', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        send({ eventType: 'a', payload: 1 }, { 'idempotency-key': 'crowd' }),
      ),
    )
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
  })
})

describe('a batch', () => {
  const batch = async (messages: unknown[], headers: Record<string, string> = {}) =>
    await api.call('POST', `/api/v1/app/${appId}/msg/batch`, { body: { messages }, headers })

  test('gives one answer each, in order; a bad one does not spoil the rest', async () => {
    await api.svix.endpoint.create(appId, { url: receiver.url })
    const answer = await batch([
      { eventType: 'a', payload: 1 },
      { eventType: 'not allowed', payload: 2 },
      { eventType: 'a', payload: { s: '\u0000' }, eventId: 'x' },
      { eventType: 'a', payload: 3, eventId: 'x' },
      'nonsense',
      { eventType: 'a', payload: 4, orderingKey: '\u0000' },
      { eventType: 'a', payload: 5 },
    ])
    expect(answer.status).toBe(202)
    const { results } = answer.body
    expect(results.map(({ status }: { status: number }) => status)).toEqual([
      202, 422, 422, 202, 422, 422, 202,
    ])
    expect(results[0].message.payload).toBe(1)
    expect(results[6].message.payload).toBe(5)
    expect(results[1].error.detail[0].loc).toEqual(['body', 'messages', '1', 'eventType'])
    expect(results[2].error.detail[0].loc).toEqual(['body', 'messages', '2', 'payload', 's'])
    expect(results[5].error.detail[0].loc).toEqual(['body', 'messages', '5', 'orderingKey'])
    const got = await receiver.waitFor(3)
    expect(got.map(({ body }) => body).toSorted()).toEqual(['1', '3', '5'])
  })

  test('takes a thousand, not one more', async () => {
    const messages = Array.from({ length: 1_000 }, (_, n) => ({ eventType: 'a', payload: n }))
    const answer = await batch(messages)
    expect(
      answer.body.results.map(({ message }: { message: { payload: number } }) => message.payload),
    ).toEqual(messages.map(({ payload }) => payload))
    expect(await batch([...messages, messages[0]])).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'messages'] }] },
    })
    expect((await batch([])).status).toBe(422)
  })

  test('with an Idempotency-Key sends nothing twice, also where its answer was lost', async () => {
    const messages = [
      { eventType: 'a', payload: 1 },
      { eventType: 'a', payload: 2 },
    ]
    const first = await batch(messages, { 'idempotency-key': 'b1' })
    expect((await batch(messages, { 'idempotency-key': 'b1' })).text).toBe(first.text)
    await api.database.pool.query(`delete from idempotency where key = 'b1'`)
    expect((await batch(messages, { 'idempotency-key': 'b1' })).text).toBe(first.text)
    expect((await api.svix.message.list(appId)).data).toHaveLength(2)
  })
})

describe('lists of messages', () => {
  test('are newest first, can be walked, and filtered by type, channel, tag and time', async () => {
    const made = []
    for (const [eventType, channels, tags] of [
      ['a', ['x'], ['t1']],
      ['b', ['y'], ['t2']],
      ['a', undefined, undefined],
      ['c', ['x', 'y'], ['t1', 't2']],
    ] as const) {
      made.push(
        await api.svix.message.create(appId, {
          eventType,
          payload: {},
          ...(channels && { channels: [...channels] }),
          ...(tags && { tags: [...tags] }),
        }),
      )
    }
    const ids = made.map(({ id }) => id)
    const list = async (options: Parameters<TestApi['svix']['message']['list']>[1]) =>
      (await api.svix.message.list(appId, options)).data.map(({ id }) => ids.indexOf(id))
    expect(await list({})).toEqual([3, 2, 1, 0])
    expect(await list({ eventTypes: ['a', 'c'] })).toEqual([3, 2, 0])
    expect(await list({ channel: 'y' })).toEqual([3, 1])
    expect(await list({ tag: 't1' })).toEqual([3, 0])
    expect(await list({ after: new Date(made[1]!.timestamp.getTime()) })).not.toContain(1)
    expect(await list({ before: new Date(made[2]!.timestamp.getTime()) })).not.toContain(2)
    expect(await list({ before: new Date(0) })).toEqual([])
    const page = await api.svix.message.list(appId, { limit: 3 })
    expect(page.done).toBe(false)
    const rest = await api.svix.message.list(appId, { limit: 3, iterator: page.iterator! })
    expect(rest.data.map(({ id }) => id)).toEqual([ids[0]])
    expect(
      (await api.svix.message.list(appId, { limit: 3, iterator: rest.prevIterator! })).data,
    ).toEqual(page.data)
    const repeated = await api.call('GET', `/api/v1/app/${appId}/msg?event_types=a&event_types=b`)
    expect(repeated.body.data).toHaveLength(3)
  })

  test.each([
    ['before=yesterday', 'before'],
    ['channel=a%20b', 'channel'],
    ['with_content=perhaps', 'with_content'],
    ['event_types=a,b!', 'event_types'],
  ])('with %s are refused', async (query, field) => {
    const answer = await api.call('GET', `/api/v1/app/${appId}/msg?${query}`)
    expect(answer).toMatchObject({
      status: 422,
      body: { detail: [{ loc: expect.arrayContaining(['query', field]) }] },
    })
  })
})

test('a list never holds more than 16 MiB of payloads; it goes on where it ended early', async () => {
  const own = await startApi({ maxBodyBytes: 16 * 1024 * 1024 })
  const { id: app } = await own.svix.application.create({ name: 'large' })
  const large = `"${'x'.repeat(6 * 1024 * 1024)}"`
  for (let n = 0; n < 3; n++)
    expect(
      (
        await own.call('POST', `/api/v1/app/${app}/msg`, {
          text: `{"eventType":"a","payload":${large}}`,
        })
      ).status,
    ).toBe(202)
  const first = await own.call('GET', `/api/v1/app/${app}/msg`)
  expect(first.body).toMatchObject({ data: [{}, {}], done: false })
  const rest = await own.call('GET', `/api/v1/app/${app}/msg?iterator=${first.body.iterator}`)
  expect(rest.body).toMatchObject({ data: [{}], done: true })
  expect((await own.svix.message.list(app)).data).toHaveLength(3)
  const beyond = await own.call('POST', `/api/v1/app/${app}/msg`, {
    text: `{"eventType":"a","payload":"${'x'.repeat(16 * 1024 * 1024)}"}`,
  })
  expect(beyond.status).toBe(413)
  await own.stop()
})

test('a tenant that sends faster than it may gets 429 with Retry-After', async () => {
  const { body } = await api.call('POST', '/api/v1/tenant', {
    body: { name: 'slow', acceptRate: 1 },
  })
  const client = api.clientFor(body.key)
  await client.application.create({ name: 'a', uid: 'a' })
  await client.message.create('a', { eventType: 'a', payload: {} })
  const { status, headers } = await refused(
    client.message.create('a', { eventType: 'a', payload: {} }),
  )
  expect(status).toBe(429)
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
})

test('so does an app of its own, and the other apps of its tenant do not', async () => {
  const fast = await api.svix.application.create({ name: 'fast' })
  const slow = await api.svix.application.create({ name: 'slow', throttleRate: 1 })
  // Together, so that none is a second later than another.
  const one = () => api.svix.message.create(slow.id, { eventType: 'a', payload: {} })
  const { status, headers } = await refused(Promise.all([one(), one(), one(), one()]))
  expect(status).toBe(429)
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  await api.svix.message.create(fast.id, { eventType: 'a', payload: {} })
  await api.svix.message.create(fast.id, { eventType: 'a', payload: {} })
})

test('an idempotency key is stored with the message, by the hash of its request', async () => {
  const text = '{"eventType":"a","payload":1}'
  const { body } = await send(text, { 'idempotency-key': 'stored' })
  const { rows } = await api.database.pool.query<{ request_hash: Buffer; message_id: string }>(
    `select request_hash, message_id from dedupe where key = 'idempotency:stored'`,
  )
  expect(rows).toMatchObject([{ message_id: readId('message', body.id) }])
  expect(rows[0]!.request_hash).toEqual(
    createHash('sha256')
      .update(`${readId('app', appId)}\n${text}`)
      .digest(),
  )
})
