// The routes of the dialect agentes: Pombo, whole, over HTTP, against document 004's calls and JSON.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { catalogue } from '../../src/dialects/agentes/events.ts'
import { callOn, time, uuid } from '../support/dialect-agentes.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until, receiverOfTest } from '../support/receiver.ts'
import { programOf, startReceiver as startProgram } from '../support/receiver-process.ts'

let pombo: TestPombo
beforeAll(async () => {
  pombo = await startPombo({ API_BASE_URL: 'https://api.agentesdeconversao.com.br' })
})
afterAll(async () => await pombo?.stop())

const call = (method: string, path: string, body?: unknown, key?: string) =>
  callOn(pombo, method, path, body, key)

/** An organisation of its own for each test, so that tests do not hear each other. */
async function endpoint(url: string, more: object = {}): Promise<Record<string, unknown>> {
  const made = await call('POST', '/endpoints', {
    name: 'Endpoint',
    url,
    organization_id: randomUUID(),
    ...more,
  })
  expect(made.status).toBe(201)
  return made.body as Record<string, unknown>
}

/** A key that reaches this organisation alone. */
async function keyOf(organization: unknown): Promise<string> {
  const path = `/api/v1/auth/app-portal-access/${String(organization)}`
  const headers = { authorization: `Bearer ${pombo.key}` }
  return (await pombo.call('POST', path, { body: {}, headers })).body.token as string
}

async function overOf(eventId: string): Promise<Record<string, unknown>> {
  return await until(async () => {
    const { body } = await call('GET', `/events/${eventId}/status`)
    return body.status === 'completed' || body.status === 'failed' ? body : undefined
  })
}

test('the document’s registration of a user reaches an endpoint, and its status says so, field by field', async () => {
  const target = await receiverOfTest(() => ({ body: 'obrigado' }))
  const made = await endpoint(target.url, { events: ['user.registered'] })
  const data = {
    user_id: 'uuid-user-id',
    email: 'user@example.com',
    name: 'João Silva',
    metadata: { source: 'landing_page' },
    organization_id: made['organization_id'],
  }
  const posted = await call('POST', '/events/user-registered', data)
  expect(posted.status).toBe(200)
  expect(posted.body).toEqual({
    success: true,
    event_type: 'user.registered',
    event_id: uuid,
    status: 'pending',
    deliveries: 1,
    status_url: `https://api.agentesdeconversao.com.br/api/webhooks/events/${posted.body.event_id}/status`,
  })
  const [request] = await target.waitFor(1)
  expect(JSON.parse(request!.body)).toEqual({
    id: posted.body.event_id,
    event_type: 'user.registered',
    event_source: 'api',
    table_name: null,
    record_id: null,
    user_id: 'uuid-user-id',
    data,
    timestamp: time,
  })
  expect(await overOf(posted.body.event_id)).toEqual({
    id: posted.body.event_id,
    event_id: posted.body.event_id,
    event_type: 'user.registered',
    event_source: 'api',
    table_name: null,
    record_id: null,
    user_id: 'uuid-user-id',
    organization_id: made['organization_id'],
    status: 'completed',
    created_at: time,
    processed_at: time,
    retry_count: 0,
    error_message: null,
    not_sent: null,
    deliveries: [
      {
        id: uuid,
        webhook_event_id: posted.body.event_id,
        webhook_endpoint_id: made['id'],
        message_id: expect.stringMatching(/^msg_/) as unknown,
        url: target.url,
        status: 'delivered',
        status_code: 200,
        response_body: 'obrigado',
        error_message: null,
        delivery_duration_ms: expect.any(Number) as unknown,
        attempt_number: 1,
        next_attempt_at: null,
        delivered_at: time,
      },
    ],
  })
})

test('the document’s generic event is delivered with its data to the letter', async () => {
  const target = await receiverOfTest()
  const { organization_id } = await endpoint(target.url)
  const posted = await pombo.call('POST', '/api/webhooks/trigger', {
    text:
      '{"event_type":"agent.created","data":{"agent_id":"uuid-agent-id","name":"Assistente de Vendas",' +
      '"n":12345678901234567890,"p":1.0},"user_id":"uuid-user-id",' +
      `"organization_id":"${String(organization_id)}"}`,
    headers: { authorization: `Bearer ${pombo.key}` },
  })
  expect(posted.body).toMatchObject({ success: true, event_type: 'agent.created' })
  const [request] = await target.waitFor(1)
  expect(request!.body).toContain(
    '"data":{"agent_id":"uuid-agent-id","name":"Assistente de Vendas","n":12345678901234567890,"p":1.0}',
  )
  expect(JSON.parse(request!.body)).toMatchObject({ user_id: 'uuid-user-id', event_source: 'api' })
})

test('what an event is about can be said beside its data, and is in the envelope and in the status', async () => {
  const target = await receiverOfTest()
  const { organization_id } = await endpoint(target.url)
  const about = {
    event_source: 'supabase',
    table_name: 'users',
    record_id: 42,
    user_id: 'josé@example.com',
  }
  const { body } = await call('POST', '/trigger', {
    event_type: 'user.updated',
    organization_id,
    ...about,
  })
  const [request] = await target.waitFor(1)
  const expected = { ...about, record_id: '42' }
  expect(JSON.parse(request!.body)).toMatchObject({ ...expected, data: {} })
  expect(await overOf(body.event_id)).toMatchObject(expected)
  await call('POST', '/trigger', {
    event_type: 'user.updated',
    organization_id,
    event_source: 'manual',
  })
  expect(JSON.parse((await target.waitFor(2))[1]!.body)).toMatchObject({ event_source: 'manual' })
})

test.each(catalogue.map(({ name }) => name))('%s has a path of its own', async (name) => {
  const target = await receiverOfTest()
  const { organization_id } = await endpoint(target.url, { events: [name] })
  const slug = name.replaceAll('.', '-')
  const posted = await call('POST', `/events/${slug}`, { user_id: 'u1', organization_id })
  expect(posted.body).toMatchObject({ success: true, event_type: name, deliveries: 1 })
  const [request] = await target.waitFor(1)
  expect(JSON.parse(request!.body)).toMatchObject({ event_type: name, user_id: 'u1' })
})

describe.each(['agentes/receiver.ts', 'agentes/receiver.py'])('%s', (file) => {
  test.skipIf(programOf(file) === null)(
    'takes what an endpoint with a secret is sent, and nothing signed with another',
    async () => {
      const secret = 'your-webhook-secret-key'
      const program = await startProgram(file, { WEBHOOK_SECRET: secret })
      try {
        const made = await endpoint(program.url, { secret })
        expect(made).toMatchObject({ secret, has_secret: true })
        const send = () =>
          call('POST', '/events/agent-created', { organization_id: made['organization_id'] })
        await send()
        expect(await program.next()).toEqual({
          status: 200,
          event: 'agent.created',
          agent: 'AgentesDeConversao-Webhook/1.0',
        })
        await call('PUT', `/endpoints/${String(made['id'])}`, { secret: 'another' })
        await send()
        expect(await program.next()).toMatchObject({ status: 401 })
      } finally {
        await program.stop()
      }
    },
  )
})

test('an endpoint is created, listed, read, changed and deleted', async () => {
  const target = await receiverOfTest()
  const user_id = randomUUID()
  const made = await endpoint(target.url, {
    name: 'CRM',
    events: ['user.registered', 'payment.confirmed'],
    secret: 's1',
    rate_limit: 50,
    user_id,
  })
  const columns = {
    id: uuid,
    user_id,
    organization_id: made['organization_id'],
    name: 'CRM',
    url: target.url,
    events: ['user.registered', 'payment.confirmed'],
    has_secret: true,
    rate_limit: 50,
    is_active: true,
    disabled_reason: null,
    success_count: 0,
    failure_count: 0,
    created_at: time,
    updated_at: time,
  }
  expect(made).toEqual({ ...columns, secret: 's1' })
  const path = `/endpoints/${String(made['id'])}`
  expect((await call('GET', path)).body).toEqual(columns)
  for (const query of [`user_id=${user_id}`, `organization_id=${String(made['organization_id'])}`])
    expect((await call('GET', `/endpoints?${query}`)).body).toEqual({
      endpoints: [columns],
      total: 1,
      limit: 50,
      offset: 0,
    })
  await call('POST', '/events/user-registered', { organization_id: made['organization_id'] })
  await until(async () => (await call('GET', path)).body.success_count === 1)

  const patched = await call('PATCH', path, { name: 'CRM 2', is_active: false, rate_limit: null })
  expect(patched.body).toMatchObject({
    name: 'CRM 2',
    is_active: false,
    rate_limit: null,
    has_secret: true,
    user_id,
    events: columns.events,
    success_count: 1,
  })
  const missed = await call('POST', '/events/user-registered', {
    organization_id: made['organization_id'],
  })
  expect(missed.body).toMatchObject({ deliveries: 0 })
  expect(await overOf(missed.body.event_id)).toMatchObject({
    status: 'completed',
    deliveries: [{ status: 'discarded', error_message: 'not sent: endpoint disabled' }],
  })
  const put = await call('PUT', path, { is_active: true, events: null, secret: null })
  expect(put.body).toMatchObject({ is_active: true, has_secret: false })
  expect(put.body.events).toHaveLength(16)
  expect((await call('DELETE', path)).status).toBe(204)
  expect((await call('GET', path)).status).toBe(404)
})

test('an event of one organisation does not reach another’s endpoints, nor its key another’s things', async () => {
  const [one, other] = [await receiverOfTest(), await receiverOfTest()]
  const mine = await endpoint(one.url)
  const theirs = await endpoint(other.url)
  const { body } = await call('POST', '/events/agent-deleted', {
    organization_id: mine['organization_id'],
  })
  await one.waitFor(1)
  expect((await overOf(body.event_id))['deliveries']).toHaveLength(1)
  expect(other.received).toEqual([])
  const key = await keyOf(theirs['organization_id'])
  expect((await call('GET', `/endpoints/${String(mine['id'])}`, undefined, key)).status).toBe(404)
  expect((await call('GET', `/events/${body.event_id}/status`, undefined, key)).status).toBe(404)
  const listed = await call('GET', '/endpoints', undefined, key)
  expect(listed.body.endpoints.map((each: { id: string }) => each.id)).toEqual([theirs['id']])
  // Its own organisation is what it means when it names none.
  await call('POST', '/events/agent-deleted', {}, key)
  await other.waitFor(1)
  const foreign = await call(
    'POST',
    '/events/agent-deleted',
    { organization_id: mine['organization_id'] },
    key,
  )
  expect(foreign.status).toBe(403)
})

test('an event that fails is processing, with its error, and tried again after the document’s 30 seconds', async () => {
  const target = await receiverOfTest(() => ({ status: 500, body: 'quebrou' }))
  const made = await endpoint(target.url)
  const { body } = await call('POST', '/events/payment-failed', {
    organization_id: made['organization_id'],
  })
  const status = await until(async () => {
    const answer = await call('GET', `/events/${body.event_id}/status`)
    return answer.body.deliveries[0].attempt_number === 1 ? answer.body : undefined
  })
  expect(status).toMatchObject({
    status: 'processing',
    processed_at: null,
    retry_count: 0,
    error_message: 'status 500',
    deliveries: [{ status: 'retrying', status_code: 500, response_body: 'quebrou' }],
  })
  const next = Date.parse(status.deliveries[0].next_attempt_at as string) - Date.now()
  expect(next).toBeGreaterThan(0)
  expect(next).toBeLessThan(37_000)
  const key = await keyOf(made['organization_id'])
  const { queues } = (await call('GET', '/stats', undefined, key)).body
  expect(queues).toEqual({ high_priority: 0, normal_priority: 0, retry: 1 })
  await until(async () => {
    const answer = await call('GET', `/endpoints/${String(made['id'])}`)
    return answer.body.failure_count === 1
  })
})

test('an event that nobody subscribed to is completed, and says why it was not sent', async () => {
  const { body } = await call('POST', '/trigger', {
    event_type: 'onboarding.completed',
    organization_id: randomUUID(),
  })
  expect(body).toMatchObject({ status: 'completed', deliveries: 0 })
  expect(await overOf(body.event_id)).toMatchObject({
    status: 'completed',
    not_sent: 'the app has no endpoints',
    deliveries: [],
  })
})

test('the stats have the document’s members', async () => {
  const { body } = await call('GET', '/stats')
  expect(body).toEqual({
    status: 'active',
    queues: {
      high_priority: expect.any(Number) as unknown,
      normal_priority: expect.any(Number) as unknown,
      retry: expect.any(Number) as unknown,
    },
    processing_tasks: expect.any(Number) as unknown,
    supported_events: catalogue.map(({ name }) => name),
    n8n_integration: expect.stringMatching(/^(active|not_configured)$/) as unknown,
    deliveries: {
      delivered: expect.any(Number) as unknown,
      failed: 0,
      retries: expect.any(Number) as unknown,
      success_rate: 1,
    },
  })
  expect(body.supported_events).toHaveLength(16)
})

test('payments wait in the high queue, what else there is in the normal one', async () => {
  const target = await receiverOfTest()
  const made = await endpoint(target.url)
  const shown = await pombo.api('GET', `/app/${String(made['organization_id'])}/endpoint`)
  const path = `/api/v1/app/${String(made['organization_id'])}/endpoint/${shown.body.data[0].id}`
  const paused = await pombo.call('POST', `${path}/pause`, {
    body: {},
    headers: { authorization: `Bearer ${pombo.key}` },
  })
  expect(paused.status).toBeLessThan(300)
  const before = (await call('GET', '/stats')).body.queues
  const organization_id = made['organization_id']
  await call('POST', '/events/payment-confirmed', { organization_id })
  await call('POST', '/events/user-updated', { organization_id })
  await call('POST', '/trigger', { event_type: 'user.updated', organization_id, priority: 'high' })
  const after = (await call('GET', '/stats')).body.queues
  expect(after.high_priority - before.high_priority).toBe(2)
  expect(after.normal_priority - before.normal_priority).toBe(1)
})

test('mistakes are answered as FastAPI answers them', async () => {
  const problem = async (path: string, body: unknown) => {
    const answer = await call('POST', path, body)
    const [first] = answer.body.detail as { loc: string[]; msg: string }[]
    return `${answer.status} ${first!.loc.join('.')}: ${first!.msg}`
  }
  expect(await problem('/trigger', { event_type: 'agent.create' })).toMatch(
    /^422 body\.event_type: "agent\.create" is no event type; did you mean "agent\.created"\?/,
  )
  expect(await problem('/trigger', {})).toBe('422 body.event_type: field required')
  expect(await problem('/endpoints', { name: 'x' })).toBe('422 body.url: field required')
  expect(await problem('/endpoints', { url: 'https://a.example' })).toBe(
    '422 body.name: field required',
  )
  expect(await problem('/endpoints', { name: 'x', url: 'ftp://x' })).toMatch(/^422 body\.url: /)
  expect(
    await problem('/endpoints', { name: 'x', url: 'https://a.example', events: ['nope'] }),
  ).toMatch(/^422 body\.events: "nope"/)
  expect(await problem('/events/user-registered', [])).toMatch(/^422 body/)
  expect((await call('GET', `/events/${randomUUID()}/status`)).body).toMatchObject({
    detail: expect.stringContaining('There is no event') as unknown,
  })
  const nobody = await pombo.call('POST', '/api/webhooks/trigger', { body: {} })
  expect(nobody.status).toBe(401)
})

test('what is not configured says so', async () => {
  expect((await call('GET', '/health')).body).toEqual({
    overall_status: 'healthy',
    services: {
      webhook_manager: 'healthy',
      redis: 'not_configured',
      supabase: 'not_configured',
      n8n: expect.stringMatching(/configured/) as unknown,
    },
    timestamp: time,
  })
})
