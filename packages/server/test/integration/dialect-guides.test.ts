// The migration guides' commands, run as they stand, in their order, against a Pombo.
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { blocksOf, noCurl, runCommand, runGuide } from '../support/guides.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Received, type Receiver, startReceiver, until } from '../support/receiver.ts'

const run = (
  file: string,
  pombo: TestPombo,
  receiver: Receiver,
  variables: Record<string, string> = {},
) => runGuide(`migrate/${file}`, pombo, { receiver: receiver.url, variables })

/** As the guides tell receivers to: over the bytes as they came. */
function signed(secret: string, { body }: Received): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

async function arrived(receiver: Receiver, is: (one: Received) => boolean): Promise<Received> {
  return await until(() => receiver.received.find(is))
}

const guides = ['whatsmeow', 'zaphub', 'device-status', 'evolution', 'agentes']

test.each(guides)('%s: both languages show the same commands', (name) => {
  expect(blocksOf(`migrate/${name}.pt-BR.md`)).toEqual(blocksOf(`migrate/${name}.md`))
  expect(blocksOf(`migrate/${name}.md`).length).toBeGreaterThan(3)
})

test.skipIf(noCurl)('the guide of whatsmeow does what it says', async () => {
  const receiver = await startReceiver()
  const pombo = await startPombo()
  try {
    const answers = await run('whatsmeow.md', pombo, receiver)
    expect(answers).toMatchObject([
      { session_id: 'abc-123', enabled: true, token: 'token-da-sessao', signed: true },
      { url: `${receiver.url}/webhook`, events: expect.arrayContaining(['message']) as unknown },
      { total: 70, wildcard: 'all' },
      { type: 'Message', known: true, events: [{ event: 'message', status: 'queued' }] },
      {
        events: [{ status: 'not_sent', reason: 'the webhook is not subscribed to it' }],
      },
      { logs: [{ session_id: 'abc-123', event_type: 'message' }] },
      { logs: [{ event_type: 'push_name_setting', status: 'not_sent' }] },
    ])
    const request = await arrived(receiver, ({ path }) => path === '/webhook')
    expect(request.headers).toMatchObject({
      authorization: 'token-da-sessao',
      'x-webhook-signature': signed('segredo-da-sessao', request),
    })
    expect(JSON.parse(request.body)).toMatchObject({
      event: 'message',
      session_id: 'abc-123',
      timestamp: '2025-11-06T10:30:00Z',
      data: { message_id: '3EB0123456789ABCDEF', type: 'conversation', body: 'Olá, tudo bem?' },
    })
    // "Send it again if it fails."
    const again = blocksOf('migrate/whatsmeow.md').find((block) => block.includes('"Message"'))!
    expect(await runCommand(again, pombo)).toMatchObject({ events: [{ status: 'duplicate' }] })
  } finally {
    await pombo.stop()
    await receiver.close()
  }
})

test.skipIf(noCurl)('the guide of zaphub does what it says', async () => {
  const receiver = await startReceiver()
  const pombo = await startPombo()
  try {
    const answers = await run('zaphub.md', pombo, receiver)
    expect(answers).toMatchObject([
      { success: true, data: { id: 'abc-123', webhook_signed: false } },
      { success: true, data: { webhook_signed: true } },
      { success: true, data: { statusCode: 200, ok: true } },
      { accepted: 1 },
      { success: true, data: { event: 'message.sent' } },
      { success: true, pagination: { limit: 10 } },
      { success: true, data: expect.any(Array) as unknown },
      { success: true, message: '12 webhook event types available' },
    ])
    for (const [event, payload] of [
      [
        'message.received',
        {
          wa_message_id: '3EB0C767D82B6D2A3F1B',
          from: '5511999999999@s.whatsapp.net',
          content: { text: 'Hello, I need help' },
          contactName: 'Maria Silva',
        },
      ],
      ['message.sent', { messageId: 'uuid-789', wa_message_id: '3EB0C7A1' }],
    ] as const) {
      const request = await arrived(receiver, (one) => one.headers['x-zaphub-event'] === event)
      expect(request.headers['x-zaphub-signature']).toBe(signed('segredo-da-sessao', request))
      const sent = JSON.parse(request.body) as { deliveryId: string }
      expect(sent).toMatchObject({ event, sessionId: 'abc-123', payload })
      expect(request.headers['x-zaphub-delivery']).toBe(sent.deliveryId)
    }
  } finally {
    await pombo.stop()
    await receiver.close()
  }
})

test.skipIf(noCurl)('the guide of evolution does what it says', async () => {
  const receiver = await startReceiver()
  // In the Evolution's place: what it is told is its webhook's URL is what is tried afterwards.
  const evolution = await startReceiver(() => ({ status: 201, body: '{}' }))
  const pombo = await startPombo({
    WEBHOOK_GLOBAL_ENABLED: 'true',
    WEBHOOK_GLOBAL_URL: `${receiver.url}/events`,
    WEBHOOK_MONITORING_ENABLED: 'true',
    WEBHOOK_MONITORING_URL: `${receiver.url}/monitoring`,
  })
  try {
    const answers = await run('evolution.md', pombo, receiver, {
      EVOLUTION: evolution.url,
      EVOLUTION_KEY: 'chave-da-instancia',
    })
    expect(answers).toMatchObject([
      { enabled: true, events: expect.arrayContaining(['MESSAGES_UPSERT']) as unknown },
      { url: `${receiver.url}/minha-instancia` },
      {},
      { status: 'SUCCESS', data: { accepted: 1 } },
      { status: 'SUCCESS', data: { success: true, statusCode: 200 } },
      {
        status: 'SUCCESS',
        data: { config: { globalWebhookEnabled: true, monitoringWebhookEnabled: true } },
      },
      { status: 'SUCCESS', metrics: { summary: {} } },
      { status: 'SUCCESS', data: { logs: expect.any(Array) as unknown } },
      { status: 'SUCCESS', data: { logs: expect.any(Array) as unknown } },
      { status: 'SUCCESS', data: { failedWebhooks: [], total: 0 } },
    ])
    const own = await arrived(receiver, ({ path }) => path === '/minha-instancia')
    expect(own.headers['x-webhook-signature']).toBe(signed('segredo-da-instancia', own))
    const global = await arrived(receiver, ({ path }) => path === '/events')
    expect(global.body).toBe(own.body)
    expect(own.body).not.toContain('chave-da-instancia')
    expect(JSON.parse(own.body)).toMatchObject({
      event: 'messages.upsert',
      instance: 'minha-instancia',
      data: { key: { id: '3EB0C767D82B6D2A3F1B' }, message: { conversation: 'Olá mundo!' } },
    })
    const told = JSON.parse(evolution.received[0]!.body) as { webhook: { url: string } }
    const posted = await fetch(told.webhook.url, {
      method: 'POST',
      body: JSON.stringify({ event: 'connection.update', data: { state: 'open' } }),
    })
    expect(posted.status).toBe(200)
    await arrived(receiver, ({ body }) => body.includes('connection.update'))
  } finally {
    await pombo.stop()
    await receiver.close()
    await evolution.close()
  }
})

test.skipIf(noCurl)('the guide of device-status does what it says', async () => {
  const receiver = await startReceiver()
  const pombo = await startPombo()
  try {
    const answers = await run('device-status.md', pombo, receiver)
    expect(answers).toMatchObject([
      { deviceHash: 'a1b2c3d4e5f67890', statusWebhookSigned: true },
      { deviceHash: 'a1b2c3d4e5f67890' },
      { status: 'running', event: { type: 'container_event', code: 'CONTAINER_START' } },
      { gatewayUrl: 'ws://admin:***@127.0.0.1:3000/ws' },
      { status: 'running', gateway: { connected: false } },
      { data: expect.any(Array) as unknown },
    ])
    const [request] = await receiver.waitFor(1)
    expect(request!.path).toBe('/webhook/status')
    expect(JSON.parse(request!.body)).toMatchObject({
      device: { deviceHash: 'a1b2c3d4e5f67890', status: 'running' },
      event: { data: { container_id: 'whatsapp-a1b2c3d4e5f67890', port: 8000 } },
    })
  } finally {
    await pombo.stop()
    await receiver.close()
  }
})

test.skipIf(noCurl)('the guide of agentes does what it says', async () => {
  const receiver = await startReceiver()
  const pombo = await startPombo({
    WEBHOOK_SECRET: 'your-webhook-secret-key',
    N8N_WEBHOOK_URL: receiver.url,
  })
  try {
    await until(async () => {
      const { body } = await pombo.call('GET', '/api/webhooks/n8n/workflows', {
        headers: { authorization: `Bearer ${pombo.key}` },
      })
      return body.total === 7
    })
    const answers = await run('agentes.md', pombo, receiver)
    expect(answers).toMatchObject([
      { overall_status: 'healthy', services: { n8n: 'configured' } },
      { total: 7 },
      { name: 'CRM', organization_id: '7d3f6c1e-2f0b-4c55-8f57-5a8f7f9d3b10', has_secret: true },
      { workflow_id: 'leads01', event_types: ['conversation.created'] },
      { success: true, event_type: 'user.registered', deliveries: 1 },
      { success: true, event_type: 'agent.created', deliveries: 1 },
      { success: true, sync_type: 'user-registration', workflows: [{ deliveries: 1 }] },
      { status: 'active', n8n_integration: 'active' },
      {
        done: true,
        messages: [{ eventType: 'user.registered' }, { eventType: 'user.registered' }],
      },
      { erased: { messages: 2 } },
      { data: [{ action: 'erase', onBehalfOf: 'dpo@example.com' }, { action: 'export' }] },
    ])
    await receiver.waitFor(3)
    expect(receiver.received.map(({ path }) => path).toSorted()).toEqual([
      '/webhook/agent-created',
      '/webhook/user-registration',
      '/webhook/user-registration',
    ])
  } finally {
    await pombo.stop()
    await receiver.close()
  }
})
