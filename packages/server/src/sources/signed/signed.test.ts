// Each preset against what its service publishes: a vector of its documentation or of its own library's tests where
// there is one, else a request signed as the page says with an independent line of code; and the same, forged.
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { gatewayRequest } from '../../../test/support/gateway-request.ts'
import type { GatewayRequest, Parsed, Verdict } from '../gateway/gateway.ts'
import { gateways } from '../gateways.ts'
import { scheme, type WebhookSettings, webhookSettings } from '../gateway/scheme.ts'
import { presets } from './signed.ts'

const nowMs = Date.UTC(2026, 0, 15, 12)
const nowS = String(nowMs / 1000)
const hmac = (key: string | Buffer, text: string, as: 'hex' | 'base64' = 'hex', by = 'sha256') =>
  createHmac(by, key).update(text).digest(as)
const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

interface Sample {
  secret: string
  body: string
  headers: Record<string, string>
  query?: Record<string, string>
  url?: string
  receivedAtMs?: number
  /** What the events are, and the ids by which they are known again. */
  events: [type: string, id: string | undefined][]
}

const ed = generateKeyPairSync('ed25519')
const edHex = ed.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex')
const whsec = `whsec_${Buffer.from('a secret of 24 bytes, ok').toString('base64')}`
const standard = (body: string) =>
  `v1,${hmac(Buffer.from(whsec.slice(6), 'base64'), `msg_1.${nowS}.${body}`, 'base64')}`

const stripeBody = '{"id":"evt_1","type":"invoice.paid","data":{"object":{"id":"in_1"}}}'
const paddleBody = '{"event_id":"evt_p","event_type":"subscription.activated"}'
const typeformBody = '{"event_id":"LtWX","event_type":"form_response"}'
const mailgunBody = JSON.stringify({
  signature: { timestamp: nowS, token: 'a50', signature: hmac('key', `${nowS}a50`) },
  'event-data': {
    event: 'delivered',
    id: 'CPgfbmQMTCKtHW6uIWtuVe',
    message: { headers: { 'message-id': 'm@x' } },
  },
})
const discordBody = JSON.stringify({
  version: 1,
  type: 1,
  event: {
    type: 'APPLICATION_AUTHORIZED',
    timestamp: '2026-01-15T12:00:00',
    data: { user: { id: '7' } },
  },
})
const pagseguroBody = '{"id":"ORDE_1","charges":[{"id":"CHAR_1","status":"PAID"}]}'
const hubspotUrl = 'https://pombo.example/ingest/hubspot/crm?token=t'
const hubspotBody =
  '[{"eventId":1,"subscriptionType":"contact.creation","objectId":9007199254740993},' +
  '{"eventId":2,"subscriptionType":"deal.deletion","objectId":4}]'
// GitHub: "Testing the webhook payload validation". Slack: "Verifying requests", its example. Twilio: the example of
// "Validate Webhook Requests", as its libraries test it. SendGrid: its libraries' test.
const slackBody =
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&' +
  'channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&' +
  'response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&' +
  'trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c'
const twilioForm =
  'CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212'
const sendgridBody = `${JSON.stringify([
  {
    email: 'hello@world.com',
    event: 'dropped',
    reason: 'Bounced Address',
    sg_event_id: 'ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA',
    sg_message_id: 'LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0',
    'smtp-id': '<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>',
    timestamp: 1600112492,
  },
])}\r\n`

const samples: Record<string, Sample> = {
  github: {
    secret: "It's a Secret to Everybody",
    body: 'Hello, World!',
    headers: {
      'x-hub-signature-256':
        'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    },
    events: [],
  },
  gitlab: {
    secret: 'tanuki',
    body: '{"object_kind":"merge_request","object_attributes":{"action":"open"}}',
    headers: { ...json, 'x-gitlab-token': 'tanuki', 'idempotency-key': 'f5e5' },
    events: [['gitlab.merge_request.open', 'gitlab f5e5']],
  },
  stripe: {
    secret: 'whsec_test',
    body: stripeBody,
    headers: {
      ...json,
      // Two keys overlap while a secret is rolled.
      'stripe-signature': `t=${nowS},v1=${'0'.repeat(64)},v1=${hmac('whsec_test', `${nowS}.${stripeBody}`)},v0=old`,
    },
    events: [['stripe.invoice.paid', 'stripe evt_1']],
  },
  shopify: {
    secret: 'hush',
    body: '{"id":820982911946154508}',
    headers: {
      ...json,
      'x-shopify-hmac-sha256': hmac('hush', '{"id":820982911946154508}', 'base64'),
      'x-shopify-topic': 'orders/create',
      'x-shopify-webhook-id': 'b54557e4',
    },
    events: [['shopify.orders.create', 'shopify b54557e4']],
  },
  paddle: {
    secret: 'pdl_ntfset_1',
    body: paddleBody,
    headers: {
      ...json,
      'paddle-signature': `ts=${nowS};h1=${hmac('pdl_ntfset_1', `${nowS}:${paddleBody}`)}`,
    },
    events: [['paddle.subscription.activated', 'paddle evt_p']],
  },
  asaas: {
    secret: 'um-token-longo',
    body: '{"id":"evt_a","event":"PAYMENT_RECEIVED","payment":{"id":"pay_1"}}',
    headers: { ...json, 'asaas-access-token': 'um-token-longo' },
    events: [['asaas.PAYMENT_RECEIVED', 'asaas evt_a']],
  },
  'mercado-pago': {
    secret: 'chave',
    body: '{"id":12345,"action":"payment.created","type":"payment","data":{"id":"999"}}',
    query: { 'data.id': '999', type: 'payment' },
    headers: {
      ...json,
      'x-request-id': 'req-1',
      'x-signature': `ts=${nowMs},v1=${hmac('chave', `id:999;request-id:req-1;ts:${nowMs};`)}`,
    },
    events: [['mercado-pago.payment.created', 'mercado-pago 12345']],
  },
  pagseguro: {
    secret: 'token-da-conta',
    body: pagseguroBody,
    headers: {
      ...json,
      'x-authenticity-token': createHash('sha256')
        .update(`token-da-conta-${pagseguroBody}`)
        .digest('hex'),
    },
    events: [['pagseguro.charge.PAID', 'pagseguro ORDE_1 CHAR_1 PAID']],
  },
  pix: {
    secret: 'segredo',
    body: '{"pix":[{"endToEndId":"E1","txid":"t1","valor":"110.00"},{"endToEndId":"E2","valor":"1.00"}]}',
    headers: json,
    query: { hmac: 'segredo' },
    events: [
      ['pix.received', 'pix E1'],
      ['pix.received', 'pix E2'],
    ],
  },
  slack: {
    secret: '8f742231b10e8888abcd99yyyzzz85a5',
    body: slackBody,
    headers: {
      ...form,
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
    receivedAtMs: 1_531_420_619_000,
    events: [['slack.command', 'slack 398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c']],
  },
  discord: {
    secret: edHex,
    body: discordBody,
    headers: {
      ...json,
      'x-signature-timestamp': nowS,
      'x-signature-ed25519': sign(null, Buffer.from(nowS + discordBody), ed.privateKey).toString(
        'hex',
      ),
    },
    events: [
      ['discord.APPLICATION_AUTHORIZED', 'discord APPLICATION_AUTHORIZED 2026-01-15T12:00:00 7'],
    ],
  },
  twilio: {
    secret: '12345',
    body: twilioForm,
    url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
    headers: { ...form, 'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=' },
    events: [['twilio.message.received', 'twilio CA1234567890ABCDE']],
  },
  sendgrid: {
    secret:
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqI' +
      'M8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==',
    body: sendgridBody,
    headers: {
      ...json,
      'x-twilio-email-event-webhook-timestamp': '1600112502',
      'x-twilio-email-event-webhook-signature':
        'MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=',
    },
    receivedAtMs: 1_600_112_503_000,
    events: [['sendgrid.dropped', 'sendgrid ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA']],
  },
  mailgun: {
    secret: 'key',
    body: mailgunBody,
    headers: json,
    events: [['mailgun.delivered', 'mailgun CPgfbmQMTCKtHW6uIWtuVe']],
  },
  hubspot: {
    secret: 'client-secret',
    body: hubspotBody,
    url: hubspotUrl,
    headers: {
      ...json,
      'x-hubspot-request-timestamp': String(nowMs),
      'x-hubspot-signature-v3': hmac(
        'client-secret',
        `POST${hubspotUrl}${hubspotBody}${nowMs}`,
        'base64',
      ),
    },
    events: [
      ['hubspot.contact.creation', 'hubspot 1'],
      ['hubspot.deal.deletion', 'hubspot 2'],
    ],
  },
  typeform: {
    secret: 'form-secret',
    body: typeformBody,
    headers: {
      ...json,
      'typeform-signature': `sha256=${hmac('form-secret', typeformBody, 'base64')}`,
    },
    events: [['typeform.form_response', 'typeform LtWX']],
  },
  'standard-webhooks': {
    secret: whsec,
    body: '{"type":"user.created"}',
    headers: {
      ...json,
      'webhook-id': 'msg_1',
      'webhook-timestamp': nowS,
      'webhook-signature': `v1,AAAA ${standard('{"type":"user.created"}')}`,
    },
    events: [['standard-webhooks.user.created', 'standard-webhooks msg_1']],
  },
  svix: {
    secret: whsec,
    body: '{"type":"user.created"}',
    headers: {
      ...json,
      'svix-id': 'msg_1',
      'svix-timestamp': nowS,
      'svix-signature': standard('{"type":"user.created"}'),
    },
    events: [['svix.user.created', 'svix msg_1']],
  },
}

function requestOf(sample: Sample): GatewayRequest {
  const { body, headers, query = {}, url = 'http://p/', receivedAtMs = nowMs } = sample
  return gatewayRequest({ rawBody: Buffer.from(body), headers, query, url, receivedAtMs })
}

async function messages(parsed: Promise<Parsed>) {
  const one = await parsed
  if (one.outcome !== 'messages') throw new Error(JSON.stringify(one))
  return one.messages
}

test('every preset has a sample', () => {
  expect(presets.map(({ name }) => name).toSorted()).toEqual(Object.keys(samples).toSorted())
})

describe.each(Object.entries(samples))('%s', (name, sample) => {
  const source = gateways.get(name)!

  test('a request of the service is believed, and one with a byte changed is not', async () => {
    expect(await source.verify(requestOf(sample), sample.secret)).toBe('ok')
    expect(await source.verify(requestOf(sample), `${sample.secret.slice(0, -4)}AAAA`)).not.toBe(
      'ok',
    )
    const { kind } = presets.find((preset) => preset.name === name)!.scheme
    // A token says nothing of the body; Mailgun and Mercado Pago sign other things.
    if (kind === 'token' || name === 'mailgun' || name === 'mercado-pago') return
    const forged = sample.body.replace(/[a-z0-9](?=[^a-z0-9]*$)/, 'Q')
    expect(forged).not.toBe(sample.body)
    expect(await source.verify(requestOf({ ...sample, body: forged }), sample.secret)).toBe('bad')
  })

  test('without its proof it is told which header is missing', async () => {
    const bare = { ...sample, headers: {}, query: {}, ...(name === 'mailgun' && { body: '{}' }) }
    expect(await source.verify(requestOf(bare), sample.secret)).toBe('absent')
    expect(source.absent).toMatch(/is missing$/)
  })
})

test.each(Object.entries(samples).filter(([, { events }]) => events.length > 0))(
  '%s: type and id are where it puts them, the body is as it came',
  async (name, sample) => {
    const found = await messages(gateways.get(name)!.parse(requestOf(sample)))
    expect(found.map(({ eventType, dedupe }) => [eventType, dedupe?.key])).toEqual(sample.events)
    for (const { payload } of found)
      if (!sample.headers['content-type']!.includes('form')) expect(sample.body).toContain(payload)
  },
)

const timed = presets.filter(({ scheme }) => 'timestamp' in scheme || 'timestampPart' in scheme)

test.each(timed)('$name: an old request, sent once more, is refused', async ({ name }) => {
  const sample = samples[name]!
  const later = (sample.receivedAtMs ?? nowMs) + 2 * 86_400_000
  const request = requestOf({ ...sample, receivedAtMs: later })
  expect(await gateways.get(name)!.verify(request, sample.secret)).toEqual({
    refused: expect.stringMatching(/^it says it was sent \d+ s ago/) as string,
  })
})

test('GitHub’s type is of the header and the action', async () => {
  const request = gatewayRequest({
    rawBody: Buffer.from('{"action":"opened"}'),
    headers: { ...json, 'x-github-event': 'pull_request', 'x-github-delivery': '72d3162e' },
  })
  expect(await messages(gateways.get('github')!.parse(request))).toMatchObject([
    { eventType: 'github.pull_request.opened', dedupe: { key: 'github 72d3162e' } },
  ])
})

test.each([
  [
    'slack',
    '{"type":"url_verification","challenge":"3eZb"}',
    { status: 200, body: '{"challenge":"3eZb"}' },
  ],
  ['discord', '{"version":1,"type":0}', { status: 204 }],
  ['pix', '{"evento":"teste_webhook"}', { status: 200 }],
])(
  '%s asks whether the address is alive, is answered, and makes no event',
  async (name, body, answer) => {
    const request = gatewayRequest({ rawBody: Buffer.from(body), headers: json })
    const source = gateways.get(name)!
    expect(await messages(source.parse(request))).toEqual([])
    expect(await source.answer!(request)).toMatchObject(answer)
  },
)

describe('a sender of one’s own', () => {
  const source = gateways.get('webhook')!
  const verdict = async (
    settings: WebhookSettings,
    secret: string,
    given: Partial<GatewayRequest>,
  ): Promise<Verdict> =>
    await source.verify(
      gatewayRequest({
        rawBody: Buffer.from('{}'),
        receivedAtMs: nowMs,
        ...given,
        settings: webhookSettings.parse(settings),
      }),
      secret,
    )

  test('basic and bearer', async () => {
    const basic = `Basic ${Buffer.from('ana:senha').toString('base64')}`
    const settings: WebhookSettings = { verification: { kind: 'basic' } }
    expect(await verdict(settings, 'ana:senha', { headers: { authorization: basic } })).toBe('ok')
    expect(await verdict(settings, 'ana:outra', { headers: { authorization: basic } })).toBe('bad')
    const bearer: WebhookSettings = {
      verification: { kind: 'token', at: { header: 'Authorization' }, prefix: 'Bearer ' },
    }
    expect(await verdict(bearer, 'abcd', { headers: { authorization: 'bearer abcd' } })).toBe('ok')
    expect(await verdict(bearer, 'abcd', { headers: { authorization: 'abcd' } })).toBe('bad')
  })

  test('a JWT by a shared secret and by a public key, with the body’s digest as a claim', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const digest = createHash('sha256').update('{}').digest('hex')
    const token = async (
      alg: string,
      key: Parameters<SignJWT['sign']>[0],
      claims: object,
      at = nowMs,
    ) =>
      await new SignJWT({ ...claims })
        .setProtectedHeader({ alg })
        .setIssuer('shop')
        .setExpirationTime(at / 1000 + 60)
        .sign(key)
    const shared = new TextEncoder().encode('a shared secret of 32 characters')
    const bodyHash = { claim: 'body', algorithm: 'sha256', encoding: 'hex' } as const
    const jwt = (algorithms: ('HS256' | 'RS256')[]): WebhookSettings => ({
      verification: { kind: 'jwt', algorithms, issuer: 'shop', bodyHash },
    })
    const bearer = (text: string) => ({ headers: { authorization: `Bearer ${text}` } })
    const good = await token('HS256', shared, { body: digest })
    expect(await verdict(jwt(['HS256']), 'a shared secret of 32 characters', bearer(good))).toBe(
      'ok',
    )
    expect(await verdict(jwt(['HS256']), 'another secret', bearer(good))).toBe('bad')
    const other = await token('HS256', shared, { body: 'x' })
    expect(
      await verdict(jwt(['HS256']), 'a shared secret of 32 characters', bearer(other)),
    ).toEqual({
      refused: 'the claim "body" is not the digest of the body',
    })
    const expired = await token('HS256', shared, { body: digest }, nowMs - 3_600_000)
    expect(
      await verdict(jwt(['HS256']), 'a shared secret of 32 characters', bearer(expired)),
    ).toEqual({
      refused: 'the token has expired',
    })
    const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' }) as string
    const signed = await token('RS256', rsa.privateKey, { body: digest })
    expect(await verdict(jwt(['RS256']), pem, bearer(signed))).toBe('ok')
    // The public key, which everybody has, used as if it were a shared secret.
    const confused = await token('HS256', new TextEncoder().encode(pem), { body: digest })
    expect(await verdict(jwt(['RS256']), pem, bearer(confused))).toBe('bad')
  })

  test('Ed25519 by the vectors of RFC 8032', async () => {
    const at = { header: 'x-sig' }
    const settings: WebhookSettings = { verification: { kind: 'ed25519', at } }
    const key = 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025'
    const signature =
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
      '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a'
    const rawBody = Buffer.from('af82', 'hex')
    expect(await verdict(settings, key, { rawBody, headers: { 'x-sig': signature } })).toBe('ok')
    expect(
      await verdict(settings, key, {
        rawBody: Buffer.from('af83', 'hex'),
        headers: { 'x-sig': signature },
      }),
    ).toBe('bad')
    expect(await verdict(settings, 'no key', { rawBody, headers: { 'x-sig': signature } })).toEqual(
      {
        refused: "the source's secret is no public key of the sender's",
      },
    )
  })

  test('type, id and key come from where its settings say; a list is several events, each to the byte', async () => {
    const settings: WebhookSettings = {
      eventType: { body: 'kind' },
      eventTypePrefix: 'shop.',
      eventId: { body: 'meta.id' },
      orderingKey: { body: 'meta.order' },
      list: 'events',
    }
    const body =
      '{"events":[ {"kind":"paid","meta":{"id":9007199254740993,"order":"o1"},"x":1.0}, {"kind":"lost"} ]}'
    const request = gatewayRequest({ rawBody: Buffer.from(body), headers: json, settings })
    expect(await messages(source.parse(request))).toEqual([
      {
        eventType: 'shop.paid',
        payload: '{"kind":"paid","meta":{"id":9007199254740993,"order":"o1"},"x":1.0}',
        orderingKey: 'o1',
        dedupe: { key: 'webhook 9007199254740992' },
      },
      { eventType: 'shop.lost', payload: '{"kind":"lost"}', orderingKey: null },
    ])
  })

  test('schemes that anybody could satisfy are refused', () => {
    const digest = { kind: 'digest', algorithm: 'sha256', at: { header: 'x' }, signed: '{body}' }
    expect(scheme.safeParse(digest).success).toBe(false)
    const mixed = { kind: 'jwt', algorithms: ['HS256', 'RS256'] }
    expect(scheme.safeParse(mixed).success).toBe(false)
  })
})
