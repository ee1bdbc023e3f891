import { expect, test } from 'vitest'
import { gatewayRequest } from '../../../test/support/gateway-request.ts'
import type { GatewayRequest, PlainMessage } from '../gateway/gateway.ts'
import { supabase } from './supabase.ts'

function request(body: string, given: Partial<GatewayRequest> = {}): GatewayRequest {
  return gatewayRequest({ rawBody: Buffer.from(body), session: 'shop', ...given })
}

const change = (type: string, table: string, record: object | null, old: object | null = null) =>
  JSON.stringify({ type, table, schema: 'public', record, old_record: old })

async function messageOf(body: string, given?: Partial<GatewayRequest>): Promise<PlainMessage> {
  const parsed = await supabase.parse(request(body, given))
  if (parsed.outcome !== 'messages') throw new Error(parsed.outcome)
  return parsed.messages[0]!
}

test.each([
  ['INSERT', 'users', {}, null, 'user.registered'],
  ['UPDATE', 'users', {}, {}, 'user.updated'],
  ['DELETE', 'users', null, {}, 'users.delete'],
  ['DELETE', 'agents', null, {}, 'agent.deleted'],
  ['INSERT', 'conversations', {}, null, 'conversation.created'],
  ['INSERT', 'messages', {}, null, 'conversation.message.added'],
  ['INSERT', 'constructor', {}, null, 'constructor.insert'],
  ['INSERT', 'minha tabela', {}, null, 'minha_tabela.insert'],
  ['UPDATE', 'orders', {}, {}, 'orders.update'],
])('%s on %s is named as the table is known', async (type, table, record, old, name) => {
  expect((await messageOf(change(type, table, record, old))).eventType).toBe(name)
})

test.each([
  ['INSERT', 'connected', null, 'integration.whatsapp.connected'],
  ['INSERT', 'pending', null, 'external_integrations.insert'],
  ['UPDATE', 'ACTIVE', 'pending', 'integration.whatsapp.connected'],
  ['UPDATE', 'connected', 'connected', 'external_integrations.update'],
  ['UPDATE', 'error', 'connected', 'integration.disconnected'],
])('an integration by %s that is %s and was %s is %s', async (type, is, was, name) => {
  const row = (status: string | null) => status && { provider: 'WhatsApp', status }
  const body = change(type, 'external_integrations', row(is) as object, row(was) as object | null)
  expect((await messageOf(body)).eventType).toBe(name)
})

test('the path names the event where it does, and the body stays as it came', async () => {
  const body =
    '{ "type":"INSERT","table":"users","schema":"public","record":{"id":9007199254740993,"x":1.0},"old_record":null}'
  expect(await messageOf(body, { event: 'lead.new' })).toMatchObject({
    eventType: 'lead.new',
    payload: body,
    orderingKey: 'users:9007199254740993',
  })
  expect((await messageOf(body, { event: 'no good' })).eventType).toBe('user.registered')
})

test('the same change is the same event; another one, or another name for it, is not', async () => {
  const key = async (body: string, event: string | null = null) =>
    (await messageOf(body, { event })).dedupe!.key
  const body = change('UPDATE', 'orders', { id: 1, n: 2 }, { id: 1, n: 1 })
  const first = await key(body)
  expect(await key(body)).toBe(first)
  for (const other of [
    change('UPDATE', 'orders', { id: 1, n: 3 }, { id: 1, n: 1 }),
    change('UPDATE', 'orders', { id: 1, n: 2 }, { id: 1, n: 0 }),
    change('INSERT', 'orders', { id: 1, n: 2 }, { id: 1, n: 1 }),
    change('UPDATE', 'bills', { id: 1, n: 2 }, { id: 1, n: 1 }),
    body.replace('public', 'private'),
  ])
    expect(await key(other)).not.toBe(first)
  expect(await key(body, 'order.changed')).not.toBe(first)
})

test.each([
  '',
  'no json',
  '[]',
  '{"type":"TRUNCATE","table":"t","schema":"public","record":{}}',
  '{"type":"INSERT","table":"t","schema":"public","record":null,"old_record":null}',
  '{"type":"INSERT","record":{}}',
])('%j is no change of a row, and is handed on as it came', async (body) => {
  expect(await supabase.parse(request(body))).toMatchObject({ outcome: 'unknown', session: 'shop' })
})

test('the secret is the header x-webhook-secret, all of it', async () => {
  const verdict = (given?: string) =>
    supabase.verify(
      request('{}', { headers: given === undefined ? {} : { 'x-webhook-secret': given } }),
      'right',
    )
  expect(await verdict('right')).toBe('ok')
  expect(await verdict('wrong')).toBe('bad')
  expect(await verdict()).toBe('absent')
})
