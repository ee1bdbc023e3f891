// Methods of Svix's cloud about endpoints: transformations, test attempts, what waits given up, attempts counted.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ApiException, Svix } from 'svix'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let pombo: TestPombo
let receiver: Receiver
let svix: Svix
let appId: string

beforeAll(async () => {
  pombo = await startPombo()
  svix = new Svix(pombo.key, { serverUrl: pombo.url, numRetries: 0 })
})
afterAll(() => pombo.stop())
beforeEach(async () => {
  receiver = await startReceiver()
  appId = (await svix.application.create({ name: 'endpoints' })).id
  return () => receiver.close()
})

const call = (method: string, path: string, body?: unknown) =>
  pombo.api(method, `/app/${appId}${path}`, body)
const endpoint = (more: object = {}) => svix.endpoint.create(appId, { url: receiver.url, ...more })
const at = (path: string) => new URL(path, receiver.url).href
const send = (payload: unknown) =>
  svix.message.create(appId, { eventType: 'd.a', payload: payload as object })
const bodies = () => receiver.received.map(({ body }) => String(body))
const finished = (id: string) =>
  until(async () => {
    const task = await svix.backgroundTask.get(id)
    return task.status === 'running' ? undefined : task
  })

test('a transformation that the client sets is what is sent, until it is switched off or taken away', async () => {
  const { id } = await endpoint()
  const { transformation } = svix.endpoint
  expect(await transformation.get(appId, id)).toMatchObject({ code: null, enabled: false })
  await transformation.patch(appId, id, { code: '{"text": payload.body}', enabled: true })
  expect(await transformation.get(appId, id)).toMatchObject({
    code: '{"text": payload.body}',
    enabled: true,
    updatedAt: expect.any(Date),
  })
  await send({ body: 1 })
  await receiver.waitFor(1)
  await transformation.patch(appId, id, { enabled: false })
  expect(await transformation.get(appId, id)).toMatchObject({ enabled: false })
  await send({ body: 2 })
  await receiver.waitFor(2)
  await transformation.patch(appId, id, { enabled: true })
  await send({ body: 3 })
  await receiver.waitFor(3)
  await transformation.patch(appId, id, { code: null })
  await send({ body: 4 })
  await receiver.waitFor(4)
  expect(bodies()).toEqual(['{"text":1}', '{"body":2}', '{"text":3}', '{"body":4}'])
})

test.each([
  [{ code: 'function handler(webhook) { return webhook }' }, 'CEL'],
  [{ code: 'payload.(' }, 'code'],
  [{ code: 'payload', variables: { a: 'b' } }, 'variables'],
])('a transformation %j is refused, and the 422 names what is wrong', async (given, word) => {
  const { id } = await endpoint()
  const patched = svix.endpoint.transformation.patch(appId, id, given)
  const refused = await patched.catch((error: unknown) => error as ApiException<unknown>)
  expect(refused).toMatchObject({ code: 422 })
  expect(JSON.stringify((refused as ApiException<unknown>).body)).toContain(word)
})

test('a simulation shows body and address as they would be sent, to the letter, and sends nothing', async () => {
  const { id } = await endpoint()
  await call('PATCH', `/endpoint/${id}`, { transform: { path: '"/" + eventType' } })
  const path = `/endpoint/${id}/transformation/simulate`
  const text = `{"code": "payload", "eventType": "d.a", "payload": {"n": 1.0, "big": 12345678901234567890}}`
  const tried = await pombo.call('POST', `/api/v1/app/${appId}${path}`, {
    headers: { authorization: `Bearer ${pombo.key}` },
    text,
  })
  expect(tried.body).toMatchObject({
    method: 'POST',
    url: `${receiver.url.replace(/\/$/, '')}/d.a`,
  })
  const failed = await call('POST', path, { code: 'payload.none', eventType: 'a', payload: {} })
  expect(failed.status).toBe(422)
  expect(failed.text).toContain('code')
  expect(receiver.received).toEqual([])
})

test('a test attempt reaches its endpoint alone, whatever that subscribes to', async () => {
  const one = await endpoint({ eventTypes: ['other'], url: at('/one') })
  await endpoint({ url: at('/two') })
  const sent = await call('POST', `/endpoint/${one.id}/msg/test-attempt`, {
    eventType: 'd.a',
    payload: { mine: 1 },
  })
  expect(sent.status).toBe(202)
  await send({ mine: 2 })
  await receiver.waitFor(2)
  const got = receiver.received.map(({ path, body }) => `${path} ${String(body)}`).toSorted()
  expect(got).toEqual(['/one {"mine":1}', '/two {"mine":2}'])
})

test('what waits for an endpoint is given up, shows as canceled, and can be sent again', async () => {
  const { id } = await endpoint()
  const other = await endpoint({ url: at('/other') })
  for (const one of [id, other.id]) await call('POST', `/endpoint/${one}/pause`)
  await send({ n: 1 })
  await send({ n: 2 })
  const started = await call('POST', `/endpoint/${id}/cancel-messages`)
  expect(started.status).toBe(202)
  expect(started.body.task).toBe('endpoint.cancel-messages')
  expect(await finished(started.body.id)).toMatchObject({ status: 'finished', data: { done: 2 } })
  await call('POST', `/endpoint/${id}/resume`)
  await call('POST', `/endpoint/${other.id}/resume`)
  await receiver.waitFor(2)
  expect(receiver.received.map(({ path }) => path)).toEqual(['/other', '/other'])
  const { data } = await svix.messageAttempt.listAttemptedMessages(appId, id, {
    status: 4 as never,
  })
  expect(data.map(({ status }) => status)).toEqual([4, 4])
  await svix.endpoint.recover(appId, id, { since: new Date(Date.now() - 60_000) })
  await receiver.waitFor(4)
})

test('attempts are counted by the filters of their list; the raw payload is the text as it was sent', async () => {
  const { id } = await endpoint()
  const text = '{"eventType":"d.a","payload":{"n":1.0, "big":12345678901234567890}}'
  const sent = await pombo.call('POST', `/api/v1/app/${appId}/msg`, {
    headers: { authorization: `Bearer ${pombo.key}` },
    text,
  })
  await send({ n: 2 })
  await until(async () => (await svix.endpoint.getStats(appId, id)).success === 2)
  const count = async (query: string) =>
    (await call('GET', `/attempt/endpoint/${id}/count${query}`)).body
  expect(await count('')).toEqual({ count: 2, approximated: false })
  expect(await count('?status=2')).toEqual({ count: 0, approximated: false })
  expect(await count('?event_types=d.b')).toEqual({ count: 0, approximated: false })
  expect((await call('GET', `/msg/${sent.body.id}/raw`)).body).toEqual({
    payload: '{"n":1.0, "big":12345678901234567890}',
  })
  await svix.message.expungeContent(appId, sent.body.id)
  expect((await call('GET', `/msg/${sent.body.id}/raw`)).status).toBe(404)
})
