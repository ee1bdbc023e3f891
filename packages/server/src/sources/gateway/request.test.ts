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
    ['as curl is told', `curl -H 'apikey: s7-gg' -H "x-api-key: s7-gg" https://a.example/kept/sim`],
    ['of Z-API', 'client-token: s7-gg\nkept: sim'],
    ['of uazapi', 'AdminToken: s7-gg\nkept: sim'],
    ['in an environment', 'AUTHENTICATION_API_KEY=s7-gg\nkept=sim'],
    ['in a form, within another field', 'data[apikey]=s7-gg&kept=sim'],
    [
      'in an address that escapes its name',
      'api-key of https://a.example/?api%6Bey=s7-gg&kept=sim',
    ],
    ['as PHP prints an array', "['apikey' => 's7-gg', 'kept' => 'sim']"],
    ['as Ruby prints a hash', '{"apikey"=>"s7-gg", "kept"=>"sim"}'],
    ['in XML', '<r><apikey>s7-gg</apikey><kept>sim</kept></r>'],
    ['in XML with a namespace', '<e:apikey type="a"><![CDATA[s7-gg]]></e:apikey><kept>sim</kept>'],
    ['in XML that is escaped', '&lt;apikey&gt;s7-gg&lt;/apikey&gt;&lt;kept&gt;sim&lt;/kept&gt;'],
    ['in an attribute', '<r apikey="s7-gg" kept="sim"/>'],
    ['in an entry of XML', '<entry key="apikey">s7-gg</entry><entry key="kept">sim</entry>'],
    ['in a list of headers', '[{"name":"apikey","value":"s7-gg"},{"name":"kept","value":"sim"}]'],
    ['in one that breaks off', '[{"name":"kept","value":"sim"},{"name":"apikey","value":"s7-gg"'],
    ['in one of the other order', '[{"value":"s7-gg","name":"apikey"},{"kept":"sim"'],
    ['in pairs', '[["kept","sim"],["X-Api-Key","s7-gg"]]'],
    ['in pairs that break off', '[["kept","sim"],["x-api-key","s7-gg"]'],
    ['after its scheme', 'kept: sim, got 401 for Authorization: Bearer s7-gg'],
    ['with nothing but its scheme', 'kept sim, sent Bearer abcdef-s7-gg-012345'],
    ['in base64', `kept sim, Basic ${Buffer.from('me:s7-gg1').toString('base64')}`],
    [
      'in a part of a multipart body',
      '--x\r\nContent-Disposition: form-data; name="apikey"\r\n\r\ns7-gg\r\n--x\r\n' +
        'Content-Disposition: form-data; name="kept"\r\n\r\nsim\r\n--x--\r\n',
    ],
  ])('is taken out, and nothing beside it: %s', async (_, text) => {
    for (const body of [
      { event: 'error', data: { text } },
      { noEvent: [{ text: JSON.stringify(text) }] },
    ]) {
      const rawBody = Buffer.from(JSON.stringify(body))
      const parsed = await gateways.get('evolution')!.parse(request(rawBody.toString()))
      const kept = JSON.stringify(withoutHiddenKeys(parsed, rawBody))
      expect(kept).not.toContain('s7-gg')
      expect(kept).not.toContain(Buffer.from('me:s7-gg1').toString('base64'))
      expect(kept).toMatch(/kept.*sim/)
    }
  })

  test.each([
    'a apikey é segredo',
    'apikeys: 2',
    'tipo: apikey',
    'https://a.example/apikey?x=1',
    'Basic information on bearer tokens: authorization is pending',
    '{"type":"apikey","kept":"sim"',
    '[{"name":"apikeys","value":"2"},{"name":"basic","value":"sim"}]',
    '<apikeys>2</apikeys>',
  ])('nothing is taken out of what only speaks of one: %s', async (text) => {
    const rawBody = Buffer.from(JSON.stringify({ event: 'error', data: { text } }))
    const parsed = await gateways.get('evolution')!.parse(request(rawBody.toString()))
    expect(withoutHiddenKeys(parsed, rawBody)).toEqual(parsed)
  })
})

test('a key in lists of headers is taken out of any event, and nothing beside it', async () => {
  const lists = {
    objects: [
      { name: 'ApiKey', value: 's7-gg' },
      { name: 'kept', value: 'sim' },
    ],
    keyed: [{ key: 'authorization', value: 'Bearer s7-gg' }],
    pairs: [
      ['client-token', 's7-gg'],
      ['kept', 'sim'],
    ],
    options: ['apikey', 'authorization'],
  }
  const { parsed, kept } = await read({ event: 'messages.set', data: { lists } })
  expect(JSON.stringify(kept)).not.toContain('s7-gg')
  expect(parsed.outcome).toBe('events')
  expect(kept).toMatchObject({
    events: [
      {
        raw: {
          event: {
            lists: {
              objects: [{ name: 'ApiKey', value: '***' }, lists.objects[1]],
              pairs: [['client-token', '***'], lists.pairs[1]],
              options: lists.options,
            },
          },
        },
      },
    ],
  })
})

test('what a session tells of is no person’s writing: a key in its text is taken out', async () => {
  const { kept } = await read({
    event: 'connection.update',
    data: { state: 'close', reason: 'GET https://a.example/?apikey=s7-gg&kept=sim' },
  })
  expect(kept).toMatchObject({ outcome: 'events' })
  expect(JSON.stringify(kept)).not.toContain('s7-gg')
  expect(JSON.stringify(kept)).toContain('kept=sim')
})

async function read(body: object) {
  const rawBody = Buffer.from(JSON.stringify({ instance: 'i', ...body }))
  const parsed = await gateways.get('evolution')!.parse(request(rawBody.toString()))
  return { parsed, kept: withoutHiddenKeys(parsed, rawBody) }
}

test('what a person writes of a key stays as it was written', async () => {
  const words =
    'use https://a.example/?apikey=123, or the header "apikey: 456", <apikey>1</apikey>, ' +
    'or Authorization: Bearer abc-123456'
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

test('a body of one word that may begin a key is read in no time', async () => {
  const startedAt = performance.now()
  for (const word of [
    '"apikey","value":"',
    '"value":"',
    '<apikey ',
    '<a.',
    'api_',
    'name=apikey\n',
    '; name="token"',
    'Bearer ',
    'Basic aaaaaaaa',
    'authorization=\\"',
    'x-api-key: Bearer ',
    '%61',
    '%61 ',
  ])
    await supabase.parse(request(word.repeat(100_000)))
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})
