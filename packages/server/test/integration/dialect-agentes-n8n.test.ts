// The workflows of n8n that the dialect agentes registers and hands events to.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callOn, time, uuid } from '../support/dialect-agentes.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until, receiverOfTest } from '../support/receiver.ts'

let pombo: TestPombo
beforeAll(async () => {
  pombo = await startPombo()
})
afterAll(async () => await pombo?.stop())

const call = (method: string, path: string, body?: unknown, key?: string) =>
  callOn(pombo, method, path, body, key)

async function workflow(url: string, more: object = {}) {
  const organization_id = randomUUID()
  const made = await call('POST', '/n8n/workflows', {
    workflow_id: 'dkbY8I5uombxmvgj',
    name: 'User Registration',
    webhook_url: url,
    event_types: ['user.registered'],
    organization_id,
    ...more,
  })
  expect(made.status).toBe(201)
  return made.body as Record<string, unknown> & { organization_id: string; id: string }
}

test('a workflow is registered, gets the events that match, and counts them', async () => {
  const target = await receiverOfTest()
  const made = await workflow(`${target.url}/webhook/user-registration`)
  const columns = {
    id: uuid,
    workflow_id: 'dkbY8I5uombxmvgj',
    organization_id: made.organization_id,
    name: 'User Registration',
    webhook_url: `${target.url}/webhook/user-registration`,
    event_types: ['user.registered'],
    is_active: true,
    disabled_reason: null,
    success_count: 0,
    failure_count: 0,
    created_at: time,
    updated_at: time,
  }
  expect(made).toEqual(columns)
  const { organization_id } = made
  await call('POST', '/events/agent-created', { organization_id })
  await call('POST', '/events/user-registered', { organization_id, email: 'a@example.com' })
  const [request] = await target.waitFor(1)
  expect(request!.path).toBe('/webhook/user-registration')
  expect(JSON.parse(request!.body)).toMatchObject({
    event_type: 'user.registered',
    data: { email: 'a@example.com' },
  })
  await until(async () => {
    const { body } = await call('GET', `/n8n/workflows/${made.id}`)
    return body.success_count === 1
  })
  const list = await call('GET', `/n8n/workflows?organization_id=${organization_id}`)
  expect(list.body).toMatchObject({ total: 1, workflows: [{ id: made.id, success_count: 1 }] })
  expect((await call('GET', `/endpoints?organization_id=${organization_id}`)).body.total).toBe(0)
  const patched = await call('PATCH', `/n8n/workflows/${made.id}`, { is_active: false })
  expect(patched.body).toMatchObject({ is_active: false, workflow_id: 'dkbY8I5uombxmvgj' })
  expect((await call('DELETE', `/n8n/workflows/${made.id}`)).status).toBe(204)
})

test('a workflow that is inactive in n8n answers 404, and is tried again', async () => {
  const target = await receiverOfTest(() => ({ status: 404, body: 'not registered' }))
  const { organization_id } = await workflow(target.url)
  const { body } = await call('POST', '/events/user-registered', { organization_id })
  await target.waitFor(1)
  await until(async () => {
    const answer = await call('GET', `/events/${body.event_id}/status`)
    return answer.body.deliveries[0].status === 'retrying'
  })
})

test('the document’s sync hands data to the workflow that it names: by path, by name, by id, by event', async () => {
  const target = await receiverOfTest()
  const { organization_id } = await workflow(`${target.url}/webhook/user-registration`)
  await workflow(`${target.url}/webhook/other`, {
    organization_id,
    workflow_id: 'FldlvK2bWumCZKjB',
    name: 'Payment Processed',
    event_types: ['payment.confirmed', 'payment.failed'],
  })
  const data = { user_id: 'test-123', email: 'test@example.com' }
  const named = ['user-registration', 'User Registration', 'dkbY8I5uombxmvgj', 'user.registered']
  for (const [index, sync_type] of named.entries()) {
    if (sync_type.includes(' ')) continue
    const posted = await call('POST', '/n8n/sync', { sync_type, data, organization_id })
    expect(posted.status).toBe(200)
    expect(posted.body).toMatchObject({
      success: true,
      sync_type,
      event_id: uuid,
      workflows: [{ workflow_id: 'dkbY8I5uombxmvgj', name: 'User Registration', deliveries: 1 }],
    })
    expect(index).toBeLessThan(4)
  }
  await call('POST', '/n8n/sync', { sync_type: 'payment-processed', data, organization_id })
  const received = (await target.waitFor(4)).map(({ path, body }) => {
    const sent = JSON.parse(body) as { event_type: string; data: object; user_id: string }
    return `${path} ${sent.event_type} ${sent.user_id} ${JSON.stringify(sent.data)}`
  })
  const shown = `test-123 ${JSON.stringify(data)}`
  expect(received.toSorted()).toEqual([
    `/webhook/other n8n.sync ${shown}`,
    ...Array<string>(3).fill(`/webhook/user-registration user.registered ${shown}`),
  ])
  const unknown = await call('POST', '/n8n/sync', { sync_type: 'nope', data, organization_id })
  expect(unknown.status).toBe(404)
})
