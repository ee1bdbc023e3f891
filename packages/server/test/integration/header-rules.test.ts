// What no sender may set of a request, wherever it comes from: an endpoint's headers, a transformation, its preview.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
let app: string
beforeAll(async () => {
  receiver = await startReceiver()
  api = await startApi()
  app = (await api.svix.application.create({ name: 'headers' })).id
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

/** Of each kind one, as nobody writes it. */
const names = [
  'Host',
  'Connection',
  'Keep-Alive',
  'Transfer-Encoding',
  'TE',
  'Trailer',
  'Upgrade',
  'Expect',
  'Content-Length',
  'Content-Encoding',
  'Content-Type',
  'Proxy-Authorization',
  'svix-id',
  'webhook-id',
  'Webhook-Signature',
  'x-svix-a',
  'x-amzn-a',
  'some:thing',
]

let made = 0

async function endpoint(more: object = {}) {
  const path = `/hook-${(made += 1)}`
  const answer = await api.call('POST', `/api/v1/app/${app}/endpoint`, {
    body: { url: `${receiver.url}${path}`, retrySchedule: [], channels: [`c${made}`], ...more },
  })
  return { answer, path, channel: `c${made}`, at: `/api/v1/app/${app}/endpoint/${answer.body.id}` }
}

test.each(names)('%s is refused as a header of an endpoint, by name', async (name) => {
  const { answer, at } = await endpoint()
  expect(answer.status).toBe(201)
  const headers = { 'x-fine': '1', [name]: '1' }
  const refusals = [
    (await endpoint({ headers })).answer,
    await api.call('PUT', `${at}/headers`, { body: { headers } }),
    await api.call('PATCH', `${at}/headers`, { body: { headers } }),
  ]
  for (const refusal of refusals) {
    expect(refusal.status).toBe(422)
    expect(refusal.text).toContain(name)
  }
  expect((await api.call('GET', `${at}/headers`)).body).toMatchObject({ headers: {} })
})

test.each(names)('%s in a transformation is refused when it is saved', async (name) => {
  const headers = JSON.stringify({ 'x-fine': '1', [name]: '1' })
  const chosen = `eventType == "a" ? {} : ${headers}`
  for (const expression of [headers, chosen]) {
    const { answer } = await endpoint({ transform: { headers: expression } })
    expect(answer.status).toBe(422)
    expect(answer.body.detail).toMatchObject([{ loc: ['body', 'transform', 'headers'] }])
    expect(answer.text).toContain(name)
  }
})

test('a header that a transformation gives twice, whatever its case, is refused when it is saved', async () => {
  for (const headers of [
    '{"X-A": "1", "x-a": "2"}',
    '{"x-a": payload.a, "x-b": "1", "X-a": "2"}',
  ]) {
    for (const expression of [headers, `eventType == "a" ? {} : ${headers}`]) {
      const { answer } = await endpoint({ transform: { headers: expression } })
      expect(answer.status).toBe(422)
      expect(answer.body.detail).toMatchObject([
        { loc: ['body', 'transform', 'headers'], code: 'header_twice' },
      ])
    }
  }
  const branches = 'eventType == "a" ? {"x-a": "1"} : {"X-A": "2"}'
  expect((await endpoint({ transform: { headers: branches } })).answer.status).toBe(201)
})

/** The delivery's attempt, in words. */
async function attemptOf(messageId: string) {
  const { data } = await until(async () => {
    const { body } = await api.call('GET', `/api/v1/app/${app}/attempt/msg/${messageId}`)
    return body.data?.length > 0 && body
  })
  return data
}

test.each([
  ...names.map((name) => ({ name, value: '1' })),
  { name: 'x-a', value: 'one\r\nhost: evil' },
  { name: 'x-a', value: 'escape\x1b' },
  { name: 'x-a', value: 'snow ☃' },
])(
  'a transformation that makes $name: $value is one failed attempt, with the reason that the preview gives',
  async ({ name, value }) => {
    const { answer, at, channel, path } = await endpoint({
      transform: { headers: '{payload.name: payload.value, "x-own": "1"}' },
    })
    expect(answer.status).toBe(201)
    // A name that a payload alone could have chosen is not said.
    const payload = { name, value }
    const preview = await api.call('POST', `${at}/transform`, { body: { payload } })
    expect(preview.body).toMatchObject({ ok: false, problem: expect.stringContaining('headers: ') })
    const message = await api.call('POST', `/api/v1/app/${app}/msg`, {
      body: { eventType: 'x.y', channels: [channel], payload },
    })
    const attempts = await attemptOf(message.body.id)
    expect(attempts).toHaveLength(1)
    expect(JSON.stringify(attempts[0])).toContain(JSON.stringify(preview.body.problem).slice(1, -1))
    expect(receiver.received.filter((one) => one.path === path)).toEqual([])
    const said = name !== 'x-a' && !name.includes(':')
    expect(preview.body.problem.includes(`"${name}"`)).toBe(said)
    expect(preview.body.problem).not.toContain('evil')
  },
)

test('what a transformation makes within the rules is sent as the preview shows it', async () => {
  const transform = { headers: '{"X-Name": payload.name, "x-count": 3}' }
  const { at, channel, path } = await endpoint({ transform })
  const payload = { name: ' Zoë ' }
  const preview = await api.call('POST', `${at}/transform`, { body: { payload } })
  expect(preview.body).toMatchObject({ ok: true, headers: { 'x-name': 'Zoë', 'x-count': '3' } })
  await api.call('POST', `/api/v1/app/${app}/msg`, {
    body: { eventType: 'x.y', channels: [channel], payload },
  })
  const [got] = await until(() => {
    const found = receiver.received.filter((one) => one.path === path)
    return found.length > 0 && found
  })
  expect(got!.headers['x-count']).toBe('3')
  expect(Buffer.from(got!.headers['x-name'] as string, 'latin1').toString('latin1')).toBe('Zoë')
})
