// The names of the headers that a signature comes under: of the server, of the tenant, of the endpoint.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Svix, Webhook } from 'svix'
import { Webhook as Standard } from 'standardwebhooks'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

let pombo: TestPombo
let receiver: Receiver

beforeAll(async () => {
  pombo = await startPombo({ POMBO_SIGNATURE_HEADERS: 'both' })
})
afterAll(() => pombo.stop())
beforeEach(async () => {
  receiver = await startReceiver()
  return () => receiver.close()
})

const call = async (method: string, path: string, body: unknown) => {
  const headers = { authorization: `Bearer ${pombo.key}` }
  const answer = await pombo.call(method, `/api/v1${path}`, { headers, body })
  expect(answer.status, answer.text).toBeLessThan(300)
  return answer.body
}

/** Sends to a new endpoint, and answers what came with the endpoint's secret. */
async function sent(key: string, settings: object = {}) {
  const svix = new Svix(key, { serverUrl: pombo.url })
  const app = await svix.application.create({ name: 'names' })
  const endpoint = await svix.endpoint.create(app.id, { url: receiver.url, ...settings })
  await svix.message.create(app.id, { eventType: 'd.a', payload: { n: 1 } })
  const [first] = await receiver.waitFor(1)
  const { headers, body } = first as unknown as { headers: Record<string, string>; body: string }
  const { key: secret } = await svix.endpoint.getSecret(app.id, endpoint.id)
  const names = Object.keys(headers).filter((name) => /^(?:webhook|svix)-/.test(name))
  return { headers, body: String(body), secret, names: names.toSorted() }
}

const of = (prefix: string) => ['id', 'signature', 'timestamp'].map((name) => `${prefix}-${name}`)

test("the server's default holds where nobody says otherwise, and each library finds its own headers", async () => {
  const { headers, body, secret, names } = await sent(pombo.key)
  expect(names).toEqual([...of('svix'), ...of('webhook')])
  expect(headers['svix-signature']).toBe(headers['webhook-signature'])
  for (const prefix of ['svix', 'webhook']) {
    const only = Object.fromEntries(of(prefix).map((name) => [name, headers[name]!]))
    expect(() => new Webhook(secret).verify(body, only)).not.toThrow()
    if (prefix === 'webhook') expect(new Standard(secret).verify(body, only)).toEqual({ n: 1 })
  }
})

test("the tenant's default goes before the server's, and the endpoint's own before both", async () => {
  const tenant = await call('POST', '/tenant', { name: 'svix', signatureHeaders: 'svix' })
  expect(tenant.signatureHeaders).toBe('svix')
  expect((await sent(tenant.key)).names).toEqual(of('svix'))
  await receiver.close()
  receiver = await startReceiver()
  const own = { signatureHeaders: 'webhook' }
  const svix = new Svix(tenant.key, { serverUrl: pombo.url })
  const app = await svix.application.create({ name: 'own' })
  const path = `/api/v1/app/${app.id}/endpoint`
  const headers = { authorization: `Bearer ${tenant.key}` }
  const made = await pombo.call('POST', path, { headers, body: { url: receiver.url, ...own } })
  expect(made.body.signatureHeaders).toBe('webhook')
  await svix.message.create(app.id, { eventType: 'd.a', payload: {} })
  const [first] = await receiver.waitFor(1)
  expect(Object.keys(first!.headers)).toEqual(expect.arrayContaining(of('webhook')))
  expect(first!.headers['svix-id']).toBeUndefined()
})

test('a changed default leaves the endpoints that are there as they are', async () => {
  const tenant = await call('POST', '/tenant', { name: 'changing' })
  const svix = new Svix(tenant.key, { serverUrl: pombo.url })
  const app = await svix.application.create({ name: 'a' })
  const { id } = await svix.endpoint.create(app.id, { url: receiver.url })
  await call('PATCH', `/tenant/${tenant.id}`, { signatureHeaders: 'svix' })
  const headers = { authorization: `Bearer ${tenant.key}` }
  const path = `/api/v1/app/${app.id}/endpoint/${id}`
  const put = await pombo.call('PUT', path, { headers, body: { url: receiver.url } })
  expect(put.body.signatureHeaders).toBe('both')
})
