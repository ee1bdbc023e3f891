import { expect, test } from 'vitest'
import { endpointOf, outgoing, samplesOf } from '../../../test/support/dialect-samples.ts'
import { parseOpaqueSecret } from '../../core/secret.ts'
import { dialectOf } from '../dialects.ts'

const agentes = dialectOf('agentes')

function send(file: string, secret?: string) {
  const event = outgoing(samplesOf('agentes').find((one) => one.file === file)!)
  const endpoint = endpointOf('agentes')
  const parsed = parseOpaqueSecret(secret ?? '')
  const secrets = parsed.ok ? [parsed.secret] : []
  return {
    headers: agentes.headers(event, endpoint),
    sign: (body: string) => agentes.sign(event, endpoint, body, secrets),
    body: agentes.format(event, endpoint),
  }
}

test('the catalogue is the sixteen events of the document', () => {
  expect(agentes.events.map(({ name }) => name)).toEqual([
    'user.registered',
    'user.updated',
    'payment.confirmed',
    'payment.failed',
    'integration.whatsapp.connected',
    'integration.openai.connected',
    'integration.disconnected',
    'agent.created',
    'agent.updated',
    'agent.deleted',
    'template.applied',
    'conversation.created',
    'conversation.message.added',
    'conversation.ended',
    'onboarding.step.completed',
    'onboarding.completed',
  ])
})

test('the headers are the document’s, the timestamp that of this attempt', () => {
  expect(send('user.registered').headers).toEqual({
    'X-Webhook-Timestamp': '1762425001',
    'User-Agent': 'AgentesDeConversao-Webhook/1.0',
  })
})

test('the signature is over the timestamp, a dot and the body', () => {
  // printf '1762425001.{"a":1}' | openssl dgst -sha256 -hmac your-webhook-secret-key
  expect(send('user.registered', 'your-webhook-secret-key').sign('{"a":1}')).toEqual({
    'X-Webhook-Signature':
      'sha256=8dfa1a722d4d6b20a189c24ef16198bfbe0a4f91e18238d0d0e0c642120b6e29',
  })
})

test('an event of a table names the table, the row and its user', () => {
  expect(JSON.parse(send('agent.created-trigger').body)).toMatchObject({
    event_source: 'supabase',
    table_name: 'agents',
    record_id: '9b1de0a4-57aa-4c3e-8d1f-3d2b8e9c4a01',
    user_id: '3f0c2a52-6f0e-4f53-9a6e-0d6a7f0c1b11',
  })
})

test('a key of a table that no number can hold keeps its digits', () => {
  expect(JSON.parse(send('conversation.message.added-trigger').body)).toMatchObject({
    record_id: '9007199254740993',
  })
})

test('every loss of a WhatsApp session is one disconnected integration, with the cause in its data', () => {
  for (const type of [
    'session.disconnected',
    'session.logged_out',
    'session.replaced',
    'session.banned',
    'session.connect_failed',
    'session.outdated',
    'session.stream_error',
  ]) {
    expect(agentes.eventName(type)).toBe('integration.disconnected')
  }
  expect(JSON.parse(send('integration.disconnected-banned').body)).toMatchObject({
    event_type: 'integration.disconnected',
    data: { integration: 'whatsapp', event: 'session.banned', permanent: true },
  })
})

test('a WhatsApp event without a word in the document leaves under its own name, without the gateway’s object', () => {
  const body = JSON.parse(send('no-word').body) as { event_type: string; data: object }
  expect(body.event_type).toBe('message.read')
  expect(body.data).not.toHaveProperty('raw')
})

test('five retries after 30, 60, 120, 240 and 480 seconds, with jitter, never beyond an hour', () => {
  expect(agentes.retry.scheduleMs).toEqual([30_000, 60_000, 120_000, 240_000, 480_000])
  expect(agentes.retry.jitter).toBeGreaterThan(0)
  expect(480_000 * (1 + agentes.retry.jitter)).toBeLessThan(3_600_000)
  expect(agentes.timeoutMs).toBe(30_000)
})
