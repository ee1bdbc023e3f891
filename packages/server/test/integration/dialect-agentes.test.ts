// The routes of the dialect agentes: Pombo, whole, over HTTP, against document 004's calls and JSON.
import { createHmac, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { catalogue } from '../../src/dialects/agentes/events.ts'
import { documentedWorkflows } from '../../src/dialects/agentes/workflows.ts'
import { curl } from '../support/curl.ts'
import type { Called } from '../support/called.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until, receiverOfTest } from '../support/receiver.ts'
import { programOf, startReceiver as startProgram } from '../support/receiver-process.ts'

let pombo: TestPombo
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown
const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as unknown

beforeAll(async () => {
  pombo = await startPombo({ API_BASE_URL: 'https://api.agentesdeconversao.com.br' })
})
afterAll(async () => await pombo?.stop())

async function callOn(
  target: TestPombo,
  method: string,
  path: string,
  body?: unknown,
  key = target.key,
): Promise<Called> {
  return await target.call(method, `/api/webhooks${path}`, {
    ...(body === undefined ? {} : { body }),
    headers: { authorization: `Bearer ${key}` },
  })
}

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

describe('n8n', () => {
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
})

test('a user above the rate is answered 429 with Retry-After, others are not; an endpoint has its own', async () => {
  const limited = await startPombo({ AGENTES_USER_RATE: '2' })
  try {
    const post = (user_id: string) => callOn(limited, 'POST', '/events/agent-updated', { user_id })
    const startedAt = performance.now()
    const answers = await Promise.all(Array.from({ length: 30 }, () => post('u1')))
    const seconds = (performance.now() - startedAt) / 1_000
    const refused = answers.filter(({ status }) => status === 429)
    expect(answers.length - refused.length).toBeLessThanOrEqual(Math.ceil(2 + 2 * seconds))
    expect(refused[0]!.headers.get('retry-after')).toBe('1')
    expect((await post('u2')).status).toBe(200)

    const target = await receiverOfTest()
    await callOn(limited, 'POST', '/endpoints', { name: 'slow', url: target.url, rate_limit: 2 })
    const sentAt = performance.now()
    for (let n = 0; n < 5; n++) await post(`other-${n}`)
    await target.waitFor(5)
    // Two at once, the others half a second apart.
    expect(performance.now() - sentAt).toBeGreaterThan(1_400)
  } finally {
    await limited.stop()
  }
})

test('the document’s variables: a common secret, the seven workflows, and the health of what is around', async () => {
  const n8n = await receiverOfTest()
  const redis = createTcpServer((socket) => {
    socket.on('data', (bytes) => {
      const asked = bytes.toString()
      socket.write(
        asked.includes('AUTH') && asked.includes('segredo') ? '+OK\r\n+PONG\r\n' : '-NOAUTH\r\n',
      )
    })
  })
  const supabase = createServer((request, response) => {
    response.writeHead(request.headers['apikey'] === 'service-role' ? 200 : 401).end()
  })
  await Promise.all(
    [redis, supabase].map(
      (one) => new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve)),
    ),
  )
  const portOf = (one: { address(): unknown }) => (one.address() as AddressInfo).port
  const env = {
    WEBHOOK_SECRET: 'your-webhook-secret-key',
    N8N_WEBHOOK_URL: n8n.url,
    REDIS_URL: `redis://:segredo@127.0.0.1:${portOf(redis)}`,
    NEXT_PUBLIC_SUPABASE_URL: `http://127.0.0.1:${portOf(supabase)}`,
    SUPABASE_SERVICE_ROLE_KEY: 'service-role',
  }
  let whole = await startPombo(env)
  const { database } = whole
  try {
    const workflows = await until(async () => {
      const { body } = await callOn(whole, 'GET', '/n8n/workflows')
      return body.total === 7 ? (body.workflows as Record<string, unknown>[]) : undefined
    })
    for (const { id, name, path, eventType } of documentedWorkflows)
      expect(workflows.find((one) => one['workflow_id'] === id)).toMatchObject({
        name,
        webhook_url: `${n8n.url}/webhook/${path}`,
        event_types: [eventType],
        organization_id: 'agentes',
      })
    expect(
      JSON.parse(await fetch(`${whole.url}/api/webhooks/health`).then((one) => one.text())),
    ).toEqual({
      overall_status: 'healthy',
      services: {
        webhook_manager: 'healthy',
        redis: 'healthy',
        supabase: 'healthy',
        n8n: 'configured',
      },
      timestamp: time,
    })
    expect((await callOn(whole, 'GET', '/stats')).body.n8n_integration).toBe('active')

    // The document's first line, as it stands: it names no organisation.
    const registered = await curl(
      whole,
      `curl -X POST "https://api.agentesdeconversao.com.br/api/webhooks/events/user-registered" \\
  -H "Content-Type: application/json" \\
  -d '{
    "user_id": "test-user-123",
    "email": "test@example.com",
    "name": "Test User"
  }'`,
    )
    expect(registered.body).toMatchObject({
      success: true,
      event_type: 'user.registered',
      deliveries: 1,
    })
    const [request] = await n8n.waitFor(1)
    expect(request!.path).toBe('/webhook/user-registration')
    expect(JSON.parse(request!.body)).toMatchObject({
      id: registered.body.event_id,
      event_type: 'user.registered',
      user_id: 'test-user-123',
      data: { user_id: 'test-user-123', email: 'test@example.com', name: 'Test User' },
    })
    const signed = `${String(request!.headers['x-webhook-timestamp'])}.${request!.body}`
    const hex = createHmac('sha256', env.WEBHOOK_SECRET).update(signed).digest('hex')
    expect(request!.headers['x-webhook-signature']).toBe(`sha256=${hex}`)

    // The document's sync, as it stands, and one for a webhook of n8n that nobody registered.
    const data = { user_id: 'test-123', email: 'test@example.com' }
    const synced = await curl(
      whole,
      `curl -X POST "https://api.agentesdeconversao.com.br/api/webhooks/n8n/sync" \\
  -H "Content-Type: application/json" \\
  -d '{
    "sync_type": "user-registration",
    "data": {"user_id": "test-123", "email": "test@example.com"}
  }'`,
    )
    expect(synced.body).toMatchObject({
      success: true,
      sync_type: 'user-registration',
      workflows: [{ workflow_id: 'dkbY8I5uombxmvgj', name: 'User Registration', deliveries: 1 }],
    })
    await callOn(whole, 'POST', '/n8n/sync', { sync_type: 'crm-import', data })
    const paths = (await n8n.waitFor(3)).slice(1).map(({ path }) => path)
    expect(paths.toSorted()).toEqual(['/webhook/crm-import', '/webhook/user-registration'])
    await callOn(whole, 'DELETE', '/n8n/workflows/jd2ydLGtQhvbC2q8')
    const { body: own } = await callOn(whole, 'POST', '/endpoints', {
      name: 'own',
      url: n8n.url,
      secret: 'mine',
      events: ['template.applied'],
    })

    // Another secret, another n8n, no Redis: after a restart all follows but what was taken away or has a secret of
    // its own.
    const secrets = async () =>
      (await database.pool.query<{ id: string }>('select id from endpoint_secret')).rows.map(
        ({ id }) => id,
      )
    const before = new Set(await secrets())
    await whole.app.stop()
    await new Promise((resolve) => redis.close(resolve))
    const moved = await receiverOfTest()
    whole = await startPombo(
      { ...env, WEBHOOK_SECRET: 'new-secret', N8N_WEBHOOK_URL: moved.url },
      database,
    )
    await until(async () => {
      const { body } = await callOn(whole, 'GET', '/n8n/workflows')
      return (
        body.workflows.filter((one: { webhook_url: string }) =>
          one.webhook_url.startsWith(moved.url),
        ).length === 6
      )
    })
    expect((await callOn(whole, 'GET', '/n8n/workflows/jd2ydLGtQhvbC2q8')).status).toBe(404)
    expect((await callOn(whole, 'GET', '/health')).body).toMatchObject({
      overall_status: 'degraded',
      services: { webhook_manager: 'healthy', redis: 'unhealthy', supabase: 'healthy' },
    })
    // All get the new one, but for the one that has its own.
    await until(
      async () => (await secrets()).filter((id) => !before.has(id)).length === before.size - 1,
    )
    await callOn(whole, 'POST', '/events/template-applied', {})
    const [again] = await moved.waitFor(1)
    const body = `${String(again!.headers['x-webhook-timestamp'])}.${again!.body}`
    expect(again!.headers['x-webhook-signature']).toBe(
      `sha256=${createHmac('sha256', 'new-secret').update(body).digest('hex')}`,
    )
    const ownRequest = await until(() =>
      n8n.received.find(({ body: text }) => text.includes('template.applied')),
    )
    const ownBody = `${String(ownRequest.headers['x-webhook-timestamp'])}.${ownRequest.body}`
    expect(ownRequest.headers['x-webhook-signature']).toBe(
      `sha256=${createHmac('sha256', 'mine').update(ownBody).digest('hex')}`,
    )
    expect(own.has_secret).toBe(true)
  } finally {
    await whole.app.stop()
    await database.drop()
    await new Promise((resolve) => supabase.close(resolve))
  }
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

test('another tenant’s endpoints are not signed with the operator’s secret', async () => {
  const whole = await startPombo({ WEBHOOK_SECRET: 'operators' })
  try {
    const tenant = await whole.api('POST', '/tenant', { name: 'Other' })
    const target = await receiverOfTest()
    const key = tenant.body.key as string
    await callOn(whole, 'POST', '/endpoints', { name: 'x', url: target.url }, key)
    await callOn(whole, 'POST', '/endpoints', { name: 'y', url: `${target.url}/own` })
    await callOn(whole, 'POST', '/events/agent-created', {}, key)
    await callOn(whole, 'POST', '/events/agent-created', {})
    const received = await target.waitFor(2)
    const signed = received.filter(({ headers }) => headers['x-webhook-signature'] !== undefined)
    expect(signed.map(({ path }) => path)).toEqual(['/own'])
  } finally {
    await whole.stop()
  }
})
