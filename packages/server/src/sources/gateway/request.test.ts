import { describe, expect, test } from 'vitest'
import { gatewayRequest } from '../../../test/support/gateway-request.ts'
import { gateways, whatsAppGateways } from '../gateways.ts'
import { withoutHiddenKeys } from './request.ts'
import { supabase } from '../supabase/supabase.ts'

const secrets = { apikey: 's1-aa', api_key: 's2-bb', instanceToken: 's3-cc', token: 's4-dd' }
const nested = { instance: [{ apikey: 's5-ee', name: 'loja', token: 'a coupon' }] }
const form = new URLSearchParams({ ...secrets, instanceName: 'loja' }).toString()

function request(body: string, type = 'application/json') {
  const rawBody = Buffer.from(body)
  return gatewayRequest({ headers: { 'content-type': type }, rawBody, session: 'loja' })
}

/** Those whose bodies may hold keys. */
const withKeys = [...whatsAppGateways, supabase]

describe.each(withKeys)('$name', (source) => {
  test.each([
    ['JSON', request(JSON.stringify({ greeting: 'oi', ...secrets, ...nested }))],
    ['text', request(`oi ${form}`, 'text/plain')],
    ['a form', request(`${form}&greeting=oi`, 'application/x-www-form-urlencoded')],
    [
      'JSON that breaks off',
      request(JSON.stringify({ greeting: 'oi loja', ...secrets }).slice(0, -2)),
    ],
    ['a form that says it is JSON', request(`${form}&greeting=oi`)],
  ])(
    'what is not understood is kept as it came, without any gateway’s tokens: %s',
    async (_, given) => {
      const parsed = await source.parse(given)
      expect(parsed.outcome).toBe('unknown')
      const text = JSON.stringify(parsed)
      expect(text).toContain('oi')
      expect(text).toContain('loja')
      for (const secret of ['s1-aa', 's2-bb', 's3-cc', 's4-dd', 's5-ee'])
        expect(text).not.toContain(secret)
    },
  )
})

test('a form around JSON of which wuzapi makes nothing keeps neither its own token nor one inside', async () => {
  const jsonData = JSON.stringify({ greeting: 'oi', ...secrets })
  const body = new URLSearchParams({ token: 's6-ff', jsonData }).toString()
  const parsed = await gateways
    .get('wuzapi')!
    .parse(request(body, 'application/x-www-form-urlencoded'))
  expect(parsed).toMatchObject({ outcome: 'unknown', body: { jsonData: { greeting: 'oi' } } })
  expect(JSON.stringify(parsed)).not.toMatch(/s\d-/)
})

test('what merely looks alike in a body stays', async () => {
  const body = { greeting: 'oi', coupon: { token: 'x' }, mytoken: 1, apikeys: 2 }
  for (const source of withKeys)
    expect(await source.parse(request(JSON.stringify(body)))).toMatchObject({ body })
})

describe('a key in a text that is no JSON of its own', () => {
  const inner = JSON.stringify({ apikey: 's7-gg', kept: 'sim' })
  test.each([
    ['after a byte order mark', `\ufeff${inner}`],
    ['in JSON that breaks off', inner.slice(0, -1)],
    ['in JSON behind words', `Request failed: ${inner}`],
    ['with its name escaped', String.raw`{"api\u006bey":"s7-gg","kept":"sim"}`],
    ['with an escaped quote in it', String.raw`{"kept":"sim","apikey":"a\"s7-gg`],
    ['that is no text', '{"kept":"sim","apikey":7s7-gg'],
    ['in an address', 'https://evo.example/hook?apikey=s7-gg&kept=sim'],
    ['as Node prints an object', "{ apikey: 's7-gg', kept: 'sim' }"],
    ['as Python prints an object', "{'apikey': 's7-gg', 'kept': 'sim'}"],
    ['in lines of headers', 'kept: sim\r\napikey: s7-gg\r\n'],
  ])('is taken out, and nothing beside it: %s', async (_, text) => {
    for (const body of [
      { event: 'error', data: { text } },
      { noEvent: [{ text: JSON.stringify(text) }] },
    ]) {
      const rawBody = Buffer.from(JSON.stringify(body))
      const parsed = await gateways.get('evolution')!.parse(request(rawBody.toString()))
      const kept = JSON.stringify(withoutHiddenKeys(parsed, rawBody))
      expect(kept).not.toContain('s7-gg')
      expect(kept).toMatch(/kept.*sim/)
    }
  })

  test.each(['a apikey é segredo', 'apikeys: 2', 'tipo: apikey', 'https://a.example/apikey?x=1'])(
    'nothing is taken out of what only speaks of one: %s',
    async (text) => {
      const rawBody = Buffer.from(JSON.stringify({ event: 'error', data: { text } }))
      const parsed = await gateways.get('evolution')!.parse(request(rawBody.toString()))
      expect(withoutHiddenKeys(parsed, rawBody)).toEqual(parsed)
    },
  )
})

test('what a person writes of a key stays as it was written', async () => {
  const words = 'use https://a.example/?apikey=123, or the header "apikey: 456"'
  const data = {
    key: { remoteJid: '5511999999999@s.whatsapp.net', fromMe: false, id: 'A1' },
    pushName: 'apikey: me',
    message: { conversation: words },
    messageTimestamp: 1_700_000_000,
  }
  const body = JSON.stringify({ event: 'messages.upsert', instance: 'i', apikey: 's7-gg', data })
  const parsed = await gateways.get('evolution')!.parse(request(body))
  const kept = withoutHiddenKeys(parsed, Buffer.from(body))
  expect(kept).toMatchObject({ events: [{ raw: { event: data }, content: { text: words } }] })
  expect(JSON.stringify(kept)).not.toContain('s7-gg')
})

test('a body of one sign that is no JSON is read in no time', async () => {
  const startedAt = performance.now()
  for (const sign of [
    '\\',
    '"',
    ' ',
    '+',
    '%22',
    '"token" ',
    '\\\\"token\\\\"',
    'apikey: ',
    '"token":',
  ])
    await supabase.parse(request(sign.repeat(300_000)))
  // Read again from each of them, the first alone would be minutes.
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})
