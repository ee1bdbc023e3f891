// The variables of the dialect agentes, each with a Pombo of its own.
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { documentedWorkflows } from '../../src/dialects/agentes/workflows.ts'
import { curl } from '../support/curl.ts'
import { callOn, time } from '../support/dialect-agentes.ts'
import { startPombo } from '../support/pombo-app.ts'
import { until, receiverOfTest } from '../support/receiver.ts'

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
