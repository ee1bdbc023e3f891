import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startPombo, type TestPombo } from '../../server/test/support/pombo-app.ts'
import { until } from '../../server/test/support/receiver.ts'
import { readId } from '../../server/src/core/id.ts'
import { type Json, type N8n, packageDir, startN8n, type WorkflowFile } from './n8n.ts'
import { recorded } from './recorded.ts'

let pombo: TestPombo
let n8n: N8n
let app: string
const auth = () => ({ headers: { authorization: `Bearer ${pombo.key}` } })

beforeAll(async () => {
  pombo = await startPombo()
  n8n = await startN8n({ url: `${pombo.url}/`, apiKey: pombo.key })
})
afterAll(async () => {
  await n8n?.close()
  await pombo?.stop()
})
beforeEach(async () => {
  n8n.executions.length = 0
  const made = await pombo.call('POST', '/api/v1/app', { ...auth(), body: { name: 'Loja' } })
  app = made.body.id
})

/** The workflow of the guide, with parameters of its trigger changed. */
async function workflow(parameters: Json, name: string): Promise<WorkflowFile> {
  const text = await readFile(join(packageDir, '../../examples/n8n/whatsapp-lead.json'), 'utf8')
  const file = JSON.parse(text) as WorkflowFile
  const [trigger] = file.nodes
  return {
    name,
    nodes: [
      { ...trigger!, id: name, parameters: { application: app, ...parameters } },
      { id: 'p', name: 'Probe', type: 'probe', typeVersion: 1, position: [0, 0], parameters: {} },
    ],
    connections: { [trigger!.name]: { main: [[{ node: 'Probe', type: 'main', index: 0 }]] } },
  }
}
const send = async (eventType: string, payload: unknown) => {
  const sent = await pombo.call('POST', `/api/v1/app/${app}/msg`, {
    ...auth(),
    body: { eventType, payload },
  })
  expect(sent.status, sent.text).toBe(202)
  return sent.body.id as string
}
/** An event as a gateway brings it: a recorded message, of another chat and session. */
async function receive(eventType: string, changed: Json, n: number, phone: string): Promise<void> {
  const id = `${phone}@s.whatsapp.net`
  const person = { id, altId: null, phone, name: 'Maria', imageUrl: null }
  const chat = { ...person, kind: 'person' }
  const event = { ...(await recorded()), type: eventType, n, chat, sender: person, ...changed }
  const appId = readId('app', app)!
  const tenantId = await tenant()
  const message = {
    tenantId,
    appId,
    eventType,
    payload: JSON.stringify(event),
    form: 'whatsapp' as const,
  }
  await pombo.app.engine.ingest.accept(message)
}
const tenant = async () => {
  const { rows } = await pombo.app.pool.query<{ id: string }>('select id from tenant limit 1')
  return rows[0]!.id
}
const endpoints = async () =>
  (await pombo.call('GET', `/api/v1/app/${app}/endpoint`, auth())).body.data as Json[]
const events = () => n8n.executions.flatMap(({ items }) => items.map(({ json }) => json))

test('activation makes the endpoint, an event starts the workflow, deactivation removes the endpoint', async () => {
  const active = await n8n.activate(await workflow({ eventTypes: ['order.*'] }, 'life'))
  expect(active.existed).toBe(false)
  expect(await endpoints()).toMatchObject([
    { url: n8n.url + active.path, eventTypes: ['order.*'], description: 'n8n: life' },
  ])
  await send('user.created', { n: 0 })
  const id = await send('order.paid', { n: 12, text: 'Olá' })
  await until(() => events().length === 1)
  expect(events()).toEqual([
    {
      id,
      eventType: 'order.paid',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      payload: { n: 12, text: 'Olá' },
    },
  ])
  await active.deactivate()
  expect(await endpoints()).toEqual([])
  expect(JSON.stringify(active.staticData)).not.toContain('whsec_')
})

test('a start of n8n finds the endpoint, makes it anew where it is gone, changes it with the workflow', async () => {
  const file = await workflow({ eventTypes: ['a.b'], chats: ['5511999990001'] }, 'again')
  const first = await n8n.activate(file)
  const second = await first.again()
  expect(second.existed).toBe(true)
  const [{ id }] = (await endpoints()) as [Json]
  await pombo.call('DELETE', `/api/v1/app/${app}/endpoint/${String(id)}`, auth())
  const third = await second.again()
  expect(third.existed).toBe(false)
  const changed = await third.again(await workflow({ eventTypes: ['c.d'] }, 'again'))
  expect(changed.existed).toBe(false)
  expect(await endpoints()).toMatchObject([{ eventTypes: ['c.d'], chatFilter: null }])
  await send('c.d', { n: 1 })
  await until(() => events().length === 1)
  await changed.deactivate()
})

test('only events of the sessions, chats and types that were asked for start the workflow', async () => {
  const active = await n8n.activate(
    await workflow(
      {
        eventTypes: ['message.received'],
        sessions: ['loja', 'outra'],
        chats: ['5511999990001'],
        options: { fromMe: 'others', filter: 'payload.n < 10' },
      },
      'filters',
    ),
  )
  const of = '5511999990001'
  await receive('message.received', { session: 'third' }, 1, of)
  await receive('message.received', { session: 'loja' }, 2, '5511999990002')
  await receive('message.received', { session: 'loja' }, 10, of)
  await receive('message.received', { session: 'loja', fromMe: true }, 4, of)
  await send('message.received', { n: 5 })
  await receive('session.connected', { session: 'loja' }, 6, of)
  await receive('message.received', { session: 'outra' }, 7, of)
  await until(() => events().length === 1)
  expect(events()).toMatchObject([{ payload: { n: 7 } }])
  await active.deactivate()
})

test('a request that is not signed, is changed, or is old starts nothing and is answered 401', async () => {
  const active = await n8n.activate(await workflow({}, 'signature'))
  const now = String(Math.floor(Date.now() / 1000))
  const post = async (headers: Record<string, string>) => {
    const answer = await fetch(n8n.url + active.path, { method: 'POST', headers, body: '{"n":1}' })
    return `${answer.status} ${await answer.text()}`
  }
  expect(await post({})).toMatch(/^401 .*webhook-signature are needed/)
  const signed = { 'webhook-id': 'msg_1', 'webhook-timestamp': now }
  expect(await post({ ...signed, 'webhook-signature': `v1,${'A'.repeat(43)}=` })).toMatch(
    /^401 .*does not match/,
  )
  expect(
    await post({ ...signed, 'webhook-timestamp': '1700000000', 'webhook-signature': 'v1,x' }),
  ).toMatch(/^401 .*five minutes/)
  expect(n8n.executions).toEqual([])
  await active.deactivate()
})

test('a secret that is changed over in Pombo goes on working', async () => {
  const active = await n8n.activate(await workflow({}, 'rotated'))
  const [{ id }] = (await endpoints()) as [Json]
  const body = { gracePeriodSeconds: 0 }
  await pombo.call('POST', `/api/v1/app/${app}/endpoint/${String(id)}/secret/rotate`, {
    ...auth(),
    body,
  })
  await send('a.b', { n: 1 })
  await until(() => events().length === 1)
  await active.deactivate()
})

test('told when the workflow has ended, Pombo sends again what failed in it', async () => {
  const active = await n8n.activate(await workflow({ respond: 'lastNode' }, 'failing'))
  const [{ id }] = (await endpoints()) as [Json]
  expect(await endpoints()).toMatchObject([{ timeoutMs: 60_000 }])
  await send('a.b', { text: 'make the workflow fail' })
  const failed = async () =>
    (await pombo.call('GET', `/api/v1/app/${app}/attempt/endpoint/${String(id)}?status=2`, auth()))
      .body.data as Json[]
  await until(async () => (await failed()).length === 1)
  expect(await failed()).toMatchObject([{ responseStatusCode: 500 }])
  await send('a.b', { text: 'fine' })
  await until(() => events().length === 1)
  await active.deactivate()
})

test('where it is asked for, several events start one execution, and wait while it is inactive', async () => {
  const options = { eventsPerExecution: 10, onDeactivation: 'pause' }
  const active = await n8n.activate(await workflow({ options }, 'batch'))
  await active.deactivate()
  expect(await endpoints()).toMatchObject([{ paused: true }])
  for (const n of [1, 2, 3]) await send('a.b', { n })
  const back = await active.again()
  await until(() => events().length === 3)
  expect(n8n.executions).toHaveLength(1)
  expect(events().map(({ payload }) => (payload as Json)['n'])).toEqual([1, 2, 3])
  await back.deactivate()
})
