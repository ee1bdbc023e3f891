import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startPombo, type TestPombo } from '../../server/test/support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../../server/test/support/receiver.ts'
import { type Json, loadPackage, type N8n, packageDir, resolved, startN8n } from './n8n.ts'

let pombo: TestPombo
let n8n: N8n
let receiver: Receiver
const auth = () => ({ headers: { authorization: `Bearer ${pombo.key}` } })
const application = 'loja'

beforeAll(async () => {
  pombo = await startPombo()
  n8n = await startN8n({ url: pombo.url, apiKey: pombo.key })
  await pombo.call('POST', '/api/v1/app', { ...auth(), body: { name: 'Loja', uid: application } })
})
afterAll(async () => {
  await n8n?.close()
  await pombo?.stop()
})
beforeEach(async () => {
  receiver = await startReceiver()
  return async () => await receiver.close()
})
const create = async (settings: Json) => {
  const [made] = await n8n.run({
    resource: 'endpoint',
    operation: 'create',
    application,
    url: receiver.url,
    settings,
  })
  return made!.json as { id: string }
}

test('an event that is sent reaches an endpoint that was created here, with its options', async () => {
  const { id } = await create({ eventTypes: ['order.*'], uid: 'erp', ordered: true })
  const event = { resource: 'event', operation: 'send', application, eventType: 'order.paid' }
  const sent = await n8n.run(
    {
      ...event,
      payload: '={{ $json.order }}',
      options: { tags: ['n8n'], orderingKey: '1', eventId: '={{ $json.id }}' },
    },
    [
      { id: 'o-1', order: { n: 1 } },
      { id: 'o-2', order: { n: 2 } },
    ],
  )
  expect(sent).toMatchObject([
    { json: { eventType: 'order.paid', eventId: 'o-1', tags: ['n8n'] }, pairedItem: { item: 0 } },
    { json: { eventId: 'o-2' }, pairedItem: { item: 1 } },
  ])
  await receiver.waitFor(2)
  expect(receiver.received.map(({ body }) => body)).toEqual(['{"n":1}', '{"n":2}'])
  const again = await n8n.run({ ...event, payload: '{"n":3}', options: { eventId: 'o-1' } })
  expect(again).toMatchObject([{ json: { eventId: 'o-1', duplicate: true } }])
  await expect(n8n.run({ ...event, payload: '{"n":' })).rejects.toThrow(/"payload" is not JSON/)
  await n8n.run({ resource: 'endpoint', operation: 'delete', application, endpoint: id })
})

test('what failed is listed with its message, and sent again one by one, since a time, or by a replay', async () => {
  receiver.answer = () => ({ status: 400 })
  const { id } = await create({ eventTypes: ['pay.*'] })
  await pombo.call('PATCH', `/api/v1/app/loja/endpoint/${id}`, {
    ...auth(),
    body: { retrySchedule: [] },
  })
  for (const n of [1, 2, 3])
    await pombo.call('POST', '/api/v1/app/loja/msg', {
      ...auth(),
      body: { eventType: 'pay.done', payload: { n } },
    })
  const list = { resource: 'delivery', operation: 'getFailed', application, endpoint: id }
  await until(async () => (await n8n.run({ ...list, returnAll: true })).length === 3)
  const [newest] = await n8n.run({ ...list, returnAll: false, limit: 1 })
  expect(newest!.json).toMatchObject({ responseStatusCode: 400, msg: { eventType: 'pay.done' } })

  receiver.answer = () => ({})
  const message = newest!.json['msgId']
  await n8n.run({ resource: 'delivery', operation: 'retry', application, endpoint: id, message })
  await receiver.waitFor(4)
  const since = new Date(Date.now() - 3_600_000).toISOString()
  const start = { resource: 'replay', operation: 'start', since }
  const counted = await n8n.run({
    ...start,
    dryRun: true,
    filters: { appId: application, endpointId: id },
  })
  const task = counted[0]!.json['id']
  await until(async () => {
    const [now] = await n8n.run({ resource: 'replay', operation: 'get', task })
    return now!.json['status'] === 'finished'
  })
  const [finished] = await n8n.run({ resource: 'replay', operation: 'get', task })
  expect(finished!.json).toMatchObject({ data: { total: 2, dryRun: true } })
  await n8n.run({ resource: 'delivery', operation: 'recover', application, endpoint: id, since })
  await receiver.waitFor(6)
  await n8n.run({
    ...start,
    dryRun: false,
    filters: { appId: application, endpointId: id, status: 'delivered' },
  })
  await receiver.waitFor(9)
  await n8n.run({ resource: 'endpoint', operation: 'delete', application, endpoint: id })
})

test('a paused endpoint gets nothing until it is resumed', async () => {
  const { id } = await create({ eventTypes: ['stock.*'] })
  const of = { resource: 'endpoint', application, endpoint: id }
  await n8n.run({ ...of, operation: 'pause' })
  await pombo.call('POST', '/api/v1/app/loja/msg', {
    ...auth(),
    body: { eventType: 'stock.low', payload: 1 },
  })
  const [listed] = await n8n.run({
    resource: 'endpoint',
    operation: 'getAll',
    application,
    returnAll: true,
  })
  expect(listed!.json).toMatchObject({ id, paused: true })
  expect(receiver.received).toEqual([])
  await n8n.run({ ...of, operation: 'resume' })
  await receiver.waitFor(1)
  await n8n.run({ ...of, operation: 'delete' })
})

test("a refusal is told in Pombo's own words", async () => {
  const url = 'http://169.254.169.254/latest'
  const wrong = n8n.run({
    resource: 'endpoint',
    operation: 'create',
    application,
    url,
    settings: {},
  })
  await expect(wrong).rejects.toThrow(/Pombo refused: body\.url .*169\.254/)
  const none = n8n.run({ resource: 'endpoint', operation: 'pause', application, endpoint: 'none' })
  await expect(none).rejects.toThrow(/Pombo refused: .*none/)
})

test('the test of the credentials takes a good key and refuses a bad one', async () => {
  const loader = await loadPackage(packageDir)
  const { test: trial } = loader.credentialTypes['pomboApi']!.type
  const status = async (apiKey: string) => {
    const base = resolved(trial.request.baseURL, { url: `${pombo.url}/`, apiKey })
    const headers = { authorization: `Bearer ${apiKey}` }
    return (await fetch(base + trial.request.url, { headers })).status
  }
  expect(await status(pombo.key)).toBe(200)
  expect(await status('wrong')).toBe(401)
})
