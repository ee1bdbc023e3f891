// Signed webhooks of other services, over real HTTP: a request that is not the service's own is refused, counted, told
// of with its reason, and never an event.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Webhook } from 'standardwebhooks'
import { startApi, type TestApi } from '../support/api-server.ts'
import { openSession, postJson } from '../support/gateway.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  api = await startApi()
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

const secret = 'whsec_of_stripe'
const event = { id: 'evt_1', type: 'invoice.paid', data: { object: { id: 'in_1' } } }

function stripe(body: object, by = secret, atMs = Date.now()): Record<string, string> {
  const t = Math.floor(atMs / 1000)
  const v1 = createHmac('sha256', by)
    .update(`${t}.${JSON.stringify(body)}`)
    .digest('hex')
  return { 'stripe-signature': `t=${t},v1=${v1}` }
}

test('Stripe’s event is delivered as it came; sent again it is a repeat', async () => {
  const session = await openSession(api, receiver, 'stripe', { secret })
  const send = async () => await (await postJson(session.ingestUrl, event, stripe(event))).json()
  expect(await send()).toMatchObject({ accepted: 1 })
  expect(await send()).toMatchObject({ accepted: 0, duplicate: 1 })
  const [received] = await until(() => {
    const all = session.delivered()
    return all.length > 0 ? all : undefined
  })
  expect(JSON.parse(received!.body.toString())).toEqual(event)
  expect(await session.messages()).toMatchObject([
    { event_type: 'stripe.invoice.paid', payload: JSON.stringify(event), ordering_key: 'in_1' },
  ])
  const shown = await api.call('GET', `/api/v1/app/${session.app}/source/${session.source}`)
  expect(shown.body).toMatchObject({ signed: true, dedupeSeconds: 259_200 })
})

test.each([
  ['of another secret', stripe(event, 'another'), /what it carries does not match\.$/, 'unproven'],
  [
    'of an hour ago',
    stripe(event, secret, Date.now() - 3_600_000),
    /sent 36\d\d s ago, and 300 s are allowed\.$/,
    'sent_ago',
  ],
  ['that is not there', {}, /the header stripe-signature is missing\.$/, 'unsigned'],
  [
    'that is no list',
    { 'stripe-signature': 'abc' },
    /does not say when it was sent\.$/,
    'sent_unsaid',
  ],
])('a signature %s is refused, counted, and its reason shown', async (_, headers, reason, code) => {
  const session = await openSession(api, undefined, 'stripe', { secret })
  const answer = await postJson(session.ingestUrl, event, headers as Record<string, string>)
  expect(answer.status).toBe(401)
  expect(await answer.json()).toMatchObject({
    code: 'bad_signature',
    detail: expect.stringMatching(reason) as string,
  })
  expect(await session.messages()).toEqual([])
  const stats = await session.stats()
  expect(stats).toMatchObject({ received: 0, badSignature: 1 })
  expect(stats['lastRefusal']).toMatchObject({
    reason: expect.stringMatching(reason) as string,
    code,
  })
  expect(JSON.stringify(stats)).not.toContain(secret)
})

test('a challenge is answered as its service expects, and only where it is signed', async () => {
  const session = await openSession(api, undefined, 'slack', { secret: 'of slack' })
  const body = { type: 'url_verification', challenge: '3eZb' }
  const t = String(Math.floor(Date.now() / 1000))
  const v0 = createHmac('sha256', 'of slack')
    .update(`v0:${t}:${JSON.stringify(body)}`)
    .digest('hex')
  const signed = { 'x-slack-request-timestamp': t, 'x-slack-signature': `v0=${v0}` }
  const answer = await postJson(session.ingestUrl, body, signed)
  expect([answer.status, await answer.json()]).toEqual([200, { challenge: '3eZb' }])
  expect((await postJson(session.ingestUrl, body)).status).toBe(401)
  expect(await session.messages()).toEqual([])
})

test('Meta’s question is answered to who names the token of the address, and to nobody else', async () => {
  const session = await openSession(api, undefined, 'whatsapp-cloud')
  const ask = async (token: string, verify: string) => {
    const question = new URLSearchParams({
      token,
      'hub.mode': 'subscribe',
      'hub.challenge': '1158201444',
      'hub.verify_token': verify,
    })
    const answer = await fetch(
      `${api.url}/ingest/whatsapp-cloud/${session.uid}?${question.toString()}`,
    )
    return [answer.status, answer.headers.get('content-type'), await answer.text()] as const
  }
  const { token } = session
  expect(await ask(token, token)).toEqual([200, 'text/plain; charset=utf-8', '1158201444'])
  const wrong = await ask(token, 'guessed')
  expect(wrong[0]).toBe(403)
  expect(wrong[2]).not.toContain('1158201444')
  expect((await ask('pombosrc_guessed', 'pombosrc_guessed'))[0]).toBe(401)
  // Whoever is asked nothing by its gateway answers nothing.
  const other = await fetch(`${api.url}/ingest/waha/${session.uid}?token=${token}&hub.challenge=1`)
  expect(other.status).toBe(404)
})

test('a form becomes an object of its fields, and Twilio is answered in TwiML', async () => {
  const token = 'auth-token'
  const session = await openSession(api, undefined, 'twilio', { secret: token })
  const fields = { MessageSid: 'SM1', Body: 'olá', MessageStatus: 'delivered' }
  const signed = Object.entries(fields)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => name + value)
  const answer = await fetch(session.ingestUrl, {
    method: 'POST',
    headers: {
      'x-twilio-signature': createHmac('sha1', token)
        .update(session.ingestUrl + signed.join(''))
        .digest('base64'),
    },
    body: new URLSearchParams(fields),
  })
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
    200,
    'text/xml; charset=utf-8',
    '<Response/>',
  ])
  expect(await session.messages()).toMatchObject([
    { event_type: 'twilio.message.delivered', payload: JSON.stringify(fields) },
  ])
})

test('what the official client of Standard Webhooks signs is believed', async () => {
  const key = `whsec_${Buffer.from('a secret of 24 bytes, ok').toString('base64')}`
  const session = await openSession(api, undefined, 'standard-webhooks', { secret: key })
  const body = JSON.stringify({ type: 'user.created' })
  const at = new Date()
  const headers = {
    'content-type': 'application/json',
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(key).sign('msg_1', at, body),
  }
  const answer = await fetch(session.ingestUrl, { method: 'POST', headers, body })
  expect(await answer.json()).toMatchObject({ accepted: 1 })
})

test('a list of more events than may wait for a commit is taken whole, in its order', async () => {
  const commit = { maxBatch: 20, windowMs: 3, maxWaiting: 40, maxWaitingBytes: 67_108_864 }
  const narrow = await startApi({ engine: { commit } })
  onTestFinished(() => narrow.stop())
  const session = await openSession(narrow, undefined, 'hubspot')
  const events = Array.from({ length: 300 }, (_, n) => ({
    subscriptionType: 'contact.creation',
    eventId: n,
  }))
  const taken = await postJson(session.ingestUrl, events)
  expect(await taken.json()).toMatchObject({ accepted: 300, duplicate: 0 })
  const stored = await session.messages()
  expect(stored.map(({ payload }) => (JSON.parse(payload) as { eventId: number }).eventId)).toEqual(
    events.map(({ eventId }) => eventId),
  )
  expect(await (await postJson(session.ingestUrl, events)).json()).toMatchObject({ duplicate: 300 })
})

describe('a sender of one’s own', () => {
  test('is verified and read as its settings say, which can be changed', async () => {
    const settings = {
      secret: 'chave',
      webhook: {
        verification: {
          kind: 'hmac',
          algorithm: 'sha256',
          at: { header: 'X-Assinatura' },
          encoding: 'base64',
          timestamp: { header: 'X-Hora' },
          signed: '{timestamp}\n{body}',
        },
        eventType: { header: 'X-Evento' },
        eventTypePrefix: 'erp.',
        eventId: { body: 'id' },
      },
    }
    const session = await openSession(api, undefined, 'webhook', settings)
    const send = async (body: object, key = 'chave') => {
      const at = new Date().toISOString()
      const signature = createHmac('sha256', key)
        .update(`${at}\n${JSON.stringify(body)}`)
        .digest('base64')
      return await postJson(session.ingestUrl, body, {
        'x-assinatura': signature,
        'x-hora': at,
        'x-evento': 'nota fiscal/emitida',
      })
    }
    expect((await send({ id: 1 }, 'outra')).status).toBe(401)
    expect(await (await send({ id: 1 })).json()).toMatchObject({ accepted: 1 })
    expect(await (await send({ id: 1 })).json()).toMatchObject({ duplicate: 1 })
    expect(await session.messages()).toMatchObject([{ event_type: 'erp.nota.fiscal.emitida' }])
    const path = `/api/v1/app/${session.app}/source/${session.source}`
    const patched = await api.call('PATCH', path, {
      body: { webhook: { ...settings.webhook, eventType: { body: 'kind' } } },
    })
    expect(patched.body.webhook.eventType).toEqual({ body: 'kind' })
    expect(await (await send({ id: 2, kind: 'cte' })).json()).toMatchObject({ accepted: 1 })
    expect((await session.messages()).at(-1)).toMatchObject({ event_type: 'erp.cte' })
  })

  test.each([
    [{ gateway: 'webhook', secret: 'chave' }, 'webhook.verification'],
    [{ gateway: 'stripe', webhook: {} }, 'webhook'],
    [{ gateway: 'webhook', allowedIps: ['10.0.0.0/40'] }, 'allowedIps.0'],
    [{ gateway: 'webhook', allowedIps: ['localhost'] }, 'allowedIps.0'],
    [
      {
        gateway: 'webhook',
        webhook: {
          verification: {
            kind: 'digest',
            algorithm: 'sha256',
            at: { header: 'x' },
            signed: '{body}',
          },
        },
      },
      'webhook.verification.signed',
    ],
    [{ gateway: 'webhook', webhook: { eventTyp: { body: 'x' } } }, 'webhook.eventTyp'],
    [{ gateway: 'webhook', webhook: { eventType: { headr: 'x' } } }, 'webhook.eventType.headr'],
  ])('settings that cannot work are refused, naming the field: %j', async (body, field) => {
    const { id } = await api.svix.application.create({ name: 'bad' })
    const answer = await api.call('POST', `/api/v1/app/${id}/source`, { body })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(field.split('.').at(-1))
    expect(
      answer.body.detail.map(({ loc }: { loc: string[] }) => loc.slice(1).join('.')),
    ).toContain(field)
  })
})

test('requests from elsewhere than the listed addresses are refused, and it shows', async () => {
  const session = await openSession(api, undefined, 'github', {
    allowedIps: ['192.30.252.0/22', '::1'],
  })
  expect((await postJson(session.ingestUrl, { action: 'opened' })).status).toBe(403)
  const path = `/api/v1/app/${session.app}/source/${session.source}`
  expect(await session.stats()).toMatchObject({
    addressRefused: 1,
    lastRefusal: {
      reason: 'it came from 127.0.0.1, which its allowedIps do not name.',
      code: 'address_not_allowed',
      values: { address: '127.0.0.1' },
    },
  })
  // An API key leads to the same source, and past none of its rules.
  const byKey = `${api.url}/ingest/github/${session.uid}?token=${api.key}`
  expect((await postJson(byKey, { action: 'opened' })).status).toBe(403)
  await api.call('PATCH', path, { body: { allowedIps: ['127.0.0.0/8'] } })
  expect((await postJson(session.ingestUrl, { action: 'opened' })).status).toBe(200)
  expect(await session.messages()).toHaveLength(1)
})

test('an API key does not do for a sender of one’s own, whose source says how its requests are read', async () => {
  const session = await openSession(api, undefined, 'webhook', {
    webhook: { eventType: { body: 'kind' } },
  })
  const answer = await postJson(`${api.url}/ingest/webhook/${session.uid}?token=${api.key}`, {
    kind: 'a',
  })
  expect(answer.status).toBe(403)
  expect(await answer.json()).toMatchObject({
    detail: expect.stringMatching(/token of a source/) as string,
  })
  expect(await session.messages()).toEqual([])
})
