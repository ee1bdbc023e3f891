import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { messageInRaw, Svix, Webhook } from 'svix'
import { readId } from '../../src/core/id.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let pombo: TestPombo
let receiver: Receiver
let svix: Svix
let appId: string

beforeAll(async () => {
  pombo = await startPombo()
  svix = new Svix(pombo.key, { serverUrl: pombo.url })
})
afterAll(() => pombo.stop())
beforeEach(async () => {
  receiver = await startReceiver()
  appId = (await svix.application.create({ name: 'raw' })).id
  return () => receiver.close()
})

const xml = '<?xml version="1.0"?>\n<invoice id="1">\t"é" \\u00e9 🕊</invoice>\r\n'
const call: TestPombo['api'] = (...given) => pombo.api(...given)
const endpoint = (settings: object = {}) =>
  call('POST', `/app/${appId}/endpoint`, { url: receiver.url, ...settings })
const send = (body: object) => call('POST', `/app/${appId}/msg`, { eventType: 'd.a', ...body })
const raw = (rawPayload: unknown, contentType?: string) =>
  send({
    payload: {},
    transformationsParams: {
      rawPayload,
      ...(contentType && { headers: { 'content-type': contentType } }),
    },
  })
const arrived = (count = 1) => until(() => receiver.received.length >= count && receiver.received)
const deliveryOf = (msgId: string) =>
  until(async () => {
    const { body } = await call('GET', `/app/${appId}/msg/${msgId}/endpoint`)
    return body.data.find((one: { status: number }) => one.status === 2)
  })

test('what the official client sends in raw arrives to the byte with its type; both libraries verify it', async () => {
  await endpoint()
  const { id } = (await svix.endpoint.list(appId)).data[0]!
  const { key } = await svix.endpoint.getSecret(appId, id)
  const bodies = ['{"id":"x",  "n":1.0}', xml, 'sealed:no, it is not', 'not json', '']
  await svix.message.create(appId, messageInRaw('d.a', bodies[0]!))
  await svix.message.create(appId, messageInRaw('d.a', bodies[1]!, 'text/xml; charset=utf-8'))
  await svix.message.create(appId, messageInRaw('d.a', bodies[2]!, 'text/plain'))
  await svix.message.create(appId, messageInRaw('d.a', bodies[3]!))
  await raw('', 'text/plain')
  const got = await arrived(5)
  expect(
    new Set(got.map(({ body, headers }) => `${String(headers['content-type'])} ${body}`)),
  ).toEqual(
    new Set([
      `application/json ${bodies[0]!}`,
      `text/xml; charset=utf-8 ${xml}`,
      `text/plain ${bodies[2]!}`,
      `application/json ${bodies[3]!}`,
      'text/plain ',
    ]),
  )
  for (const { body, headers } of got) {
    const signed = headers as Record<string, string>
    // The official class reads the body as JSON behind its check; what is not fails there, and not at the signature.
    for (const check of [new StandardWebhook(key), new Webhook(key)])
      try {
        check.verify(body, signed)
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError)
      }
    expect(() => new StandardWebhook(key).verify(`${body} `, signed)).toThrow(/signature/i)
  }
})

test('transformationsParams that are empty mean none', async () => {
  await endpoint()
  for (const transformationsParams of [{}, null, { rawPayload: null }, { headers: {} }])
    expect((await send({ payload: { a: 1 }, transformationsParams })).status).toBe(202)
  expect(new Set((await arrived(4)).map(({ body }) => body))).toEqual(new Set(['{"a":1}']))
})

test.each([
  [{ rawPayload: 1 }, {}, 'rawPayload'],
  [{ rawPayload: 'a', other: 1 }, {}, 'other'],
  [{ headers: { 'content-type': 'text/xml' } }, {}, 'rawPayload'],
  [{ rawPayload: 'a', headers: { 'content-type': 'text/xml\r\nx: y' } }, {}, 'content type'],
  [{ rawPayload: 'a', headers: { 'content-type': 'xml' } }, {}, 'content type'],
  [{ rawPayload: 'a', headers: { host: 'x' } }, {}, 'host'],
  [{ rawPayload: 'a', headers: { 'webhook-id': 'x' } }, {}, 'webhook-id'],
  [{ rawPayload: 'a', headers: { 'x-mine': 'x' } }, {}, 'x-mine'],
  [
    { rawPayload: 'a', headers: { 'content-type': 'a/b', 'Content-Type': 'a/c' } },
    {},
    'content-type',
  ],
  [{ rawPayload: 'a' }, { b: 1 }, 'payload'],
  [{ rawPayload: 'a\0' }, {}, 'U+0000'],
  [{ rawPayload: 'é', headers: { 'content-type': 'text/xml; charset=latin1' } }, {}, 'latin1'],
])('%j beside the payload %j is refused, and %s is named', async (params, payload, named) => {
  const { status, text } = await send({ payload, transformationsParams: params })
  expect(status).toBe(422)
  expect(text).toContain(named)
})

test('a message without a payload is refused, unless it is sent in raw', async () => {
  expect((await send({})).text).toContain('field required')
  expect((await send({ transformationsParams: { rawPayload: 'a' } })).status).toBe(202)
})

test('a raw message is shown as the string that it is, and can be sent again as it was', async () => {
  const at = (await endpoint()).body.id as string
  const { body: made } = await raw(xml, 'text/xml')
  expect(made.payload).toBe(xml)
  const shown = await call('GET', `/app/${appId}/msg/${made.id}`)
  expect(shown.body.payload).toBe(xml)
  const list = await call('GET', `/app/${appId}/msg`)
  expect(list.body.data[0].payload).toBe(xml)
  await arrived()
  const resent = await call('POST', `/app/${appId}/msg/${made.id}/endpoint/${at}/resend`)
  expect(resent.status).toBe(202)
  const [, again] = await arrived(2)
  expect([again!.body, again!.headers['content-type']]).toEqual([xml, 'text/xml'])
})

test('batches take raw messages beside others, each for itself', async () => {
  await endpoint()
  const messages = [
    { eventType: 'd.a', payload: { a: 1 } },
    {
      eventType: 'd.a',
      transformationsParams: { rawPayload: xml, headers: { 'Content-Type': 'text/xml' } },
    },
    { eventType: 'd.a', eventId: 'e-1', transformationsParams: { rawPayload: 'b' } },
    { eventType: 'd.a' },
  ]
  const { body } = await call('POST', `/app/${appId}/msg/batch`, { messages })
  expect(body.results.map(({ status }: { status: number }) => status)).toEqual([202, 202, 202, 422])
  expect(new Set((await arrived(3)).map((one) => one.body))).toEqual(new Set(['{"a":1}', xml, 'b']))
})

describe('filters', () => {
  test('look into raw JSON, and do not match what is not JSON, saying why', async () => {
    await endpoint({ filter: 'payload.n > 0' })
    const json = await raw('{"n" : 1}', 'application/json; charset=utf-8')
    const { body } = await raw(xml, 'text/xml')
    const { body: shown } = await call('GET', `/app/${appId}/msg/${body.id}`)
    expect(shown.unmatched).toContain('not JSON')
    const [got] = await arrived()
    expect(got!.headers['webhook-id']).toBe(json.body.id)
    expect(got!.headers['content-type']).toBe('application/json; charset=utf-8')
  })

  test('that do not ask for the payload match any', async () => {
    await endpoint({ filter: 'eventType == "d.a"' })
    await raw(xml, 'text/xml')
    expect((await arrived())[0]!.body).toBe(xml)
  })
})

test('a transformation sees raw text as a string, and what it makes is JSON', async () => {
  await endpoint({ transform: { payload: '{"xml": payload}' } })
  await raw(xml, 'text/xml')
  const [got] = await arrived()
  expect([got!.body, got!.headers['content-type']]).toEqual([
    JSON.stringify({ xml }),
    'application/json',
  ])
})

test.each([
  [{ dialect: 'zaphub' }, 'the format zaphub'],
  [{ batch: { maxEvents: 10, maxWaitMs: 100 } }, 'a batch'],
])(
  'an endpoint %j does not get what is not JSON, and its delivery says why',
  async (settings, who) => {
    const made = await endpoint(settings)
    expect(made.status, made.text).toBe(201)
    const { body } = await raw(xml, 'text/xml')
    const delivery = await deliveryOf(body.id)
    expect(delivery.reason ?? JSON.stringify(delivery)).toBe(
      `not sent: the payload is text/xml and not JSON, which ${who} needs`,
    )
    await raw('{"a":1}', 'application/json; charset=utf-8')
    const [got] = await arrived()
    expect(got!.headers['content-type']).toBe('application/json')
    expect(JSON.parse(got!.body)).toBeTypeOf('object')
    expect(got!.body).toContain('{"a":1}')
  },
)

test('a replay by filter looks into raw JSON, passes over what is not JSON, and sends both as they were', async () => {
  const { body: made } = await endpoint()
  await raw('{"n" : 1}', 'application/vnd.x+json')
  await raw('[', 'application/vnd.x+json')
  await arrived(2)
  const since = new Date(Date.now() - 60_000).toISOString()
  const replay = (more: object) =>
    until(async () => {
      const body = { appId, endpointId: made.id, since, status: 'delivered', ...more }
      const { body: started } = await call('POST', '/replay', body)
      const task = await until(async () => {
        const { body: now } = await call('GET', `/background-task/${started.id}`)
        return now.status === 'running' ? undefined : now
      })
      return task.data.done > 0 && task.data
    })
  expect((await replay({ payloadFilter: 'payload.n == 1' })).done).toBe(1)
  const again = (await arrived(3))[2]!
  expect([again.body, again.headers['content-type']]).toEqual([
    '{"n" : 1}',
    'application/vnd.x+json',
  ])
})

test('raw payloads are sealed for tenants who ask, arrive as they were, and are erased with their person', async () => {
  const { body: tenant } = await call('POST', '/tenant', {
    name: 'T',
    encryptPayloads: true,
    personPaths: ['email'],
  })
  const its = (method: string, path: string, body?: unknown) =>
    pombo.api(method, path, body, tenant.key)
  const { body: app } = await its('POST', '/app', { name: 'A' })
  await its('POST', `/app/${app.id}/endpoint`, { url: receiver.url })
  const text = 'sealed: mail ana@example.com'
  const { body: message } = await its('POST', `/app/${app.id}/msg`, {
    eventType: 'd.a',
    transformationsParams: { rawPayload: text, headers: { 'content-type': 'text/plain' } },
  })
  expect((await arrived())[0]!.body).toBe(text)
  const { rows } = await pombo.database.pool.query<{ payload: string; payload_bytes: number }>(
    'select payload, payload_bytes from message where id = $1 and content_type is not null',
    [readId('message', message.id)],
  )
  expect(rows[0]!.payload).not.toContain('ana')
  expect(rows[0]!.payload_bytes).toBe(Buffer.byteLength(text))
  const shown = () => its('GET', `/app/${app.id}/msg/${message.id}`)
  expect((await shown()).body.payload).toBe(text)
  const exported = await its('POST', '/privacy/export', { email: 'ana@example.com', scan: true })
  expect(exported.body.messages[0].payload, exported.text).toBe(text)
  const erased = await its('POST', '/privacy/erase', { email: 'ana@example.com', scan: true })
  expect(erased.body.erased.messages, erased.text).toBe(1)
  expect((await shown()).body.payload).toEqual({ expired: true })
})
