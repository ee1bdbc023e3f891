// An instance's webhooks and what an Evolution sends in: Pombo, whole, over HTTP, against the document's payload.
import { createHmac } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { capture } from '../support/captures.ts'
import type { Called } from '../support/called.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import {
  type Received,
  type Receiver,
  startReceiver,
  until,
  receiverOfTest,
} from '../support/receiver.ts'
import { type ReceiverProcess, startReceiver as startProgram } from '../support/receiver-process.ts'

let pombo: TestPombo
let global: Receiver
const programs: ReceiverProcess[] = []
let instances = 0

beforeAll(async () => {
  global = await startReceiver()
  pombo = await startPombo({
    WEBHOOK_GLOBAL_ENABLED: 'true',
    WEBHOOK_GLOBAL_URL: `${global.url}/events`,
    POMBO_SERVER_URL: 'http://localhost:8080',
  })
})
afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop()
})
afterAll(async () => {
  await pombo?.stop()
  await global?.close()
})

function call(method: string, path: string, body?: unknown): Promise<Called> {
  return pombo.call(method, path, {
    ...(body === undefined ? {} : { body }),
    headers: { apikey: pombo.key },
  })
}

function newInstance(): string {
  instances += 1
  return `instância ${instances}`
}

const at = (instance: string) => encodeURIComponent(instance)

let ids = 0
/** As Evolution sends a text message, with the key that it lets out. */
function upsert(instance: string, text = 'Olá mundo!') {
  ids += 1
  return {
    event: 'messages.upsert',
    instance,
    data: {
      key: { remoteJid: '5511999999999@s.whatsapp.net', fromMe: false, id: `3EB0EVO${ids}` },
      pushName: 'Maria',
      status: 'DELIVERY_ACK',
      message: { conversation: text },
      messageType: 'conversation',
      messageTimestamp: 1_705_314_600,
      instanceId: 'c3a5f0f2',
      source: 'android',
    },
    destination: 'http://localhost',
    date_time: '2024-01-15T10:30:00.000Z',
    sender: '5511888888888@s.whatsapp.net',
    server_url: 'http://localhost:8080',
    apikey: 'B6D711FCDE4D4FD5936544120E713976',
  }
}

function ofInstance(requests: readonly Received[], instance: string): Received[] {
  return requests.filter(({ body }) => body.includes(JSON.stringify(instance)))
}

test('a webhook is set and found as in Evolution', async () => {
  const instance = newInstance()
  const url = 'https://webhook.example.com/events'
  const set = await call('POST', `/webhook/set/${at(instance)}`, {
    webhook: {
      enabled: true,
      url,
      headers: { authorization: 'Bearer x', 'x-team': 'vendas' },
      byEvents: true,
      base64: true,
      events: ['MESSAGES_UPSERT', 'CONNECTION_UPDATE'],
    },
  })
  expect(set.status).toBe(201)
  const shown = {
    id: expect.stringMatching(/^ep_/) as unknown,
    url,
    headers: { authorization: 'Bearer x', 'x-team': 'vendas' },
    enabled: true,
    events: ['MESSAGES_UPSERT', 'CONNECTION_UPDATE'],
    webhookByEvents: true,
    webhookBase64: true,
    createdAt: expect.any(String) as unknown,
    updatedAt: expect.any(String) as unknown,
    instanceId: expect.stringMatching(/^app_/) as unknown,
  }
  expect(set.body).toEqual(shown)
  expect((await call('GET', `/webhook/find/${at(instance)}`)).body).toEqual(shown)
  await call('POST', `/webhook/set/${at(instance)}`, {
    webhook: { enabled: false, url, events: [] },
  })
  expect((await call('GET', `/webhook/find/${at(instance)}`)).body).toMatchObject({
    enabled: false,
    events: [],
    headers: null,
    webhookByEvents: false,
  })
  await call('POST', `/webhook/set/${at(instance)}`, { webhook: { enabled: false } })
  const none = await call('GET', `/webhook/find/${at(instance)}`)
  expect([none.status, none.text]).toEqual([200, 'null'])
  expect((await call('GET', '/webhook/find/nobody')).status).toBe(404)
})

test('an Evolution’s event leaves to the instance’s webhook and the global one as the document’s payload', async () => {
  const instance = newInstance()
  const main = await receiverOfTest()
  await call('POST', `/webhook/set/${at(instance)}`, { webhook: { enabled: true, url: main.url } })
  const event = upsert(instance)
  const posted = await call('POST', `/evolution/${at(instance)}`, event)
  expect(posted.body).toEqual({
    status: 'SUCCESS',
    data: { accepted: 1, duplicate: 0, filtered: 0, skipped: 0 },
  })
  const [request] = await main.waitFor(1)
  const body = JSON.parse(request!.body) as Record<string, unknown>
  expect(Object.keys(body)).toEqual(['event', 'instance', 'data', 'server_url', 'timestamp'])
  expect(body).toEqual({
    event: 'messages.upsert',
    instance,
    data: event.data,
    server_url: 'http://localhost:8080',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown,
  })
  const [everywhere] = await until(() => {
    const found = ofInstance(global.received, instance)
    return found.length > 0 && found
  })
  expect(everywhere!.path).toBe('/events')
  expect(JSON.parse(everywhere!.body)).toEqual(body)
  // A repeat of the gateway is one event.
  const again = await call('POST', `/evolution/${at(instance)}`, event)
  expect(again.body.data).toMatchObject({ accepted: 0, duplicate: 1 })
})

test('the key that Evolution lets out in bodies is nowhere; a body has one only where its webhook asks', async () => {
  const instance = newInstance()
  const main = await receiverOfTest()
  const set = (webhook: object) =>
    call('POST', `/webhook/set/${at(instance)}`, {
      webhook: { enabled: true, url: main.url, ...webhook },
    })
  await set({})
  await call('POST', `/evolution/${at(instance)}`, upsert(instance))
  await set({ apikey: 'sua-chave-api' })
  await main.waitFor(1)
  await call('POST', `/evolution/${at(instance)}`, upsert(instance))
  const [without, withKey] = await main.waitFor(2)
  expect(without!.body).not.toContain('apikey')
  expect(JSON.parse(withKey!.body)).toMatchObject({ apikey: 'sua-chave-api' })
  const { rows } = await pombo.app.pool.query<{ payload: string }>('select payload from message')
  expect(rows.some(({ payload }) => payload.includes('B6D711FCDE'))).toBe(false)
})

test('with byEvents the event’s name is behind the path; with events only those come', async () => {
  const instance = newInstance()
  const main = await receiverOfTest()
  await call('POST', `/webhook/set/${at(instance)}`, {
    webhook: {
      enabled: true,
      url: `${main.url}/hook`,
      byEvents: true,
      events: ['PRESENCE_UPDATE'],
    },
  })
  await call('POST', `/evolution/${at(instance)}`, upsert(instance))
  await call('POST', `/evolution/${at(instance)}/presence-update`, {
    event: 'presence.update',
    instance,
    data: { id: '5511999999999@s.whatsapp.net', presences: {} },
  })
  const [request] = await main.waitFor(1)
  expect(request!.path).toBe('/hook/presence-update')
  await until(() => ofInstance(global.received, instance).length === 2)
  expect(main.received).toHaveLength(1)
})

test('receivers verify the signature, and Evolution’s jwt_key; a tampered body is refused', async () => {
  for (const [settings, webhook] of [
    [{ WEBHOOK_SECRET: 'segredo' }, { secret: 'segredo' }],
    [{ JWT_KEY: 'chave jwt' }, { headers: { jwt_key: 'chave jwt' } }],
  ] as const) {
    const program = await startProgram('evolution/receiver.ts', settings)
    programs.push(program)
    const instance = newInstance()
    const set = await call('POST', `/webhook/set/${at(instance)}`, {
      webhook: { enabled: true, url: program.url, ...webhook },
    })
    expect(JSON.stringify(set.body)).not.toContain('chave jwt')
    await call('POST', `/evolution/${at(instance)}`, upsert(instance))
    expect(await program.next()).toMatchObject({
      status: 200,
      event: 'messages.upsert',
      kind: 'main',
    })
    const forged = await fetch(program.url, {
      method: 'POST',
      body: '{"event":"messages.upsert"}',
      headers: { 'x-webhook-signature': 'sha256=00', authorization: 'Bearer a.b.c' },
    })
    expect(forged.status).toBe(401)
  }
})

test('the key may be in the header, in the URL with the event behind, and the gateway’s own in the body', async () => {
  const instance = newInstance()
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    pombo.call('POST', path, { body, headers })
  const path = `/evolution/${at(instance)}`
  const statuses = [
    await post(path, upsert(instance), { apikey: pombo.key }),
    await post(path, upsert(instance), { authorization: `Bearer ${pombo.key}` }),
    await post(`${path}?token=${pombo.key}`, upsert(instance)),
    await post(`${path}?token=${pombo.key}/messages-upsert`, upsert(instance)),
    await post(path, { ...upsert(instance), apikey: pombo.key }),
    // A global webhook of Evolution names the instance in the body only, and with byEvents an event in the path.
    await post(`/evolution?token=${pombo.key}`, upsert(instance)),
    await post(`/evolution/messages-upsert?token=${pombo.key}`, upsert(instance)),
  ].map(({ status, body }) => [status, body.data?.accepted])
  expect(statuses).toEqual(statuses.map(() => [200, 1]))
  await until(() => ofInstance(global.received, instance).length === statuses.length)
  for (const headers of [{}, { apikey: 'wrong' }, { authorization: 'Bearer wrong' }]) {
    const refused = await post(path, upsert(instance), headers as Record<string, string>)
    expect([refused.status, refused.body.status]).toEqual([401, 'ERROR'])
  }
})

test('the JWT of an Evolution with a jwt_key is verified where the instance’s source has that key', async () => {
  const instance = newInstance()
  const bearer = { authorization: `Bearer ${pombo.key}` }
  const made = await pombo.call('POST', '/api/v1/app', {
    body: { name: 'x', uid: `jwt-${instances}` },
    headers: bearer,
  })
  const source = await pombo.call('POST', `/api/v1/app/${made.body.id}/source`, {
    body: { gateway: 'evolution', secret: 'jwt-secret' },
    headers: bearer,
  })
  expect(source.status).toBe(201)
  const jwt = (key: string) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const now = Math.floor(Date.now() / 1000)
    const claims = { iat: now, exp: now + 600, app: 'evolution', action: 'webhook' }
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
    return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
  }
  const post = async (headers: Record<string, string>) =>
    (
      await pombo.call('POST', `/evolution/jwt-${instances}?token=${pombo.key}`, {
        body: upsert(instance),
        headers,
      })
    ).status
  expect(await post({ authorization: `Bearer ${jwt('jwt-secret')}` })).toBe(200)
  expect(await post({ authorization: `Bearer ${jwt('another')}` })).toBe(401)
  expect(await post({})).toBe(401)
})

test('nothing is refused for what it says: unknown events, no JSON, other types, an Evolution Go', async () => {
  const instance = newInstance()
  const main = await receiverOfTest()
  await call('POST', `/webhook/set/${at(instance)}`, { webhook: { enabled: true, url: main.url } })
  const post = async (text: string, type: string, path = '') =>
    (
      await pombo.call('POST', `/evolution/${at(instance)}${path}`, {
        text,
        headers: { 'content-type': type, apikey: pombo.key },
      })
    ).status
  expect(
    await post('{"event":"carrier.pigeon","instance":"x","data":{"n":1}}', 'application/json'),
  ).toBe(200)
  expect(await post('no json at all', 'text/plain')).toBe(200)
  expect(await post('[1,2]', 'application/json', '/something-new')).toBe(200)
  const go = capture('evolution-go-0.6.1/send-message')
  expect(await post(go.body, 'application/json')).toBe(200)
  const bodies = (await main.waitFor(4)).map(({ body }) => JSON.parse(body) as { event: string })
  expect(bodies.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['carrier_pigeon', 'send.message']),
  )
  expect(main.received.every(({ body }) => !body.includes('evogo-instance-token'))).toBe(true)
})

test('a mistake gets one answer, in the form of the others', async () => {
  const path = `/webhook/set/${at(newInstance())}`
  const url = 'https://webhook.example.com'
  const wrong = [
    [{ webhook: { url, events: ['MESAGES_UPSERT'] } }, /did you mean "MESSAGES_UPSERT"/],
    [{ webhook: { url: 'nada' } }, /not an absolute URL/],
    [{ webhook: { url: 'http://10.0.0.1' } }, /url/],
    [{ webhook: { enabled: true } }, /url.*is needed/],
    [{}, /webhook/],
  ] as const
  for (const [body, message] of wrong) {
    const answer = await call('POST', path, body)
    expect([answer.status, answer.body], JSON.stringify(body)).toEqual([
      422,
      {
        status: 'ERROR',
        error: 'validation',
        message: expect.stringMatching(message) as unknown,
        response: { message: [expect.stringMatching(message)] },
      },
    ])
  }
  const denied = await pombo.call('GET', '/webhook/health', { headers: { apikey: 'wrong' } })
  expect([denied.status, denied.body.status]).toEqual([401, 'ERROR'])
  expect(pombo.errors).toEqual([])
})

test('an instance of another tenant is another one, and does not reach the environment’s webhooks', async () => {
  const instance = newInstance()
  const made = await pombo.api('POST', '/tenant', { name: 'other' })
  const other = made.body.key ?? made.body.apiKey ?? made.body.token
  const own = await call('POST', `/evolution/${at(instance)}`, upsert(instance, 'ours'))
  const theirs = await pombo.call('POST', `/evolution/${at(instance)}`, {
    body: upsert(instance, 'theirs'),
    headers: { apikey: other },
  })
  expect([own.status, theirs.status]).toEqual([200, 200])
  await until(() => ofInstance(global.received, instance).length > 0)
  const find = await pombo.call('GET', `/webhook/find/${at(instance)}`, {
    headers: { apikey: other },
  })
  expect([find.status, find.text]).toEqual([200, 'null'])
  const { rows } = await pombo.app.pool.query(`select count(*) as count from app where uid = $1`, [
    instance,
  ])
  expect(rows).toEqual([{ count: 2 }])
  expect(ofInstance(global.received, instance).map(({ body }) => body.includes('theirs'))).toEqual([
    false,
  ])
})

test('a webhook that is switched on without its URL stops the start', async () => {
  await expect(startPombo({ WEBHOOK_GLOBAL_ENABLED: 'true' }, pombo.database)).rejects.toThrow(
    /WEBHOOK_GLOBAL_URL is not set/,
  )
})

test('a change of the global webhook in the environment reaches the instances that there are', async () => {
  const moved = await receiverOfTest()
  const environment = { WEBHOOK_GLOBAL_ENABLED: 'true', WEBHOOK_GLOBAL_URL: `${moved.url}/novo` }
  const second = await startPombo(environment, pombo.database)
  const urls = async (condition: string) => {
    const { rows } = await pombo.app.pool.query<{ url: string }>(
      `select distinct url from endpoint where uid = 'evolution-global' and ${condition}`,
    )
    return rows.map(({ url }) => url)
  }
  await until(async () => (await urls('not disabled')).join() === `${moved.url}/novo`)
  await second.stop()
  const third = await startPombo({}, pombo.database)
  await until(async () => (await urls('not disabled')).length === 0)
  await third.stop()
})
