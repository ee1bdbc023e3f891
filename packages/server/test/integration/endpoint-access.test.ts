// What an endpoint's requests carry and show so that it lets them in: tokens, passwords, OAuth2, certificates.
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import type { ClientCredentials } from '../../src/core/endpoint-access.ts'
import { withTokens } from '../../src/deliver/oauth/token-sender.ts'
import { createSender, type Sender } from '../../src/deliver/send/send.ts'
import { createAuthority, createSelfSigned } from '../support/certs/certificate.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const authority = createAuthority('Endpoint access test')
const client = authority.sign({ names: ['pombo'] })
let pombo: TestPombo
let receiver: Receiver
/** A token endpoint: counts what it handed out. */
let issuer: Receiver
const open: Server[] = []

beforeAll(async () => {
  pombo = await startPombo({ POMBO_LOG_LEVEL: 'trace' })
  await call('POST', '/api/v1/app', { name: 'access', uid: 'a' })
})
afterAll(() => pombo.stop())
beforeEach(async () => {
  receiver = await startReceiver()
  issuer = await startReceiver((_, index) => token(`token-${index}`))
})
afterEach(async () => {
  await Promise.all([receiver.close(), issuer.close()])
  for (const server of open.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

const token = (text: string, more: object = {}) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ access_token: text, token_type: 'bearer', expires_in: 3_600, ...more }),
})
const call = (method: string, path: string, body?: unknown) =>
  pombo.call(method, path, {
    headers: { authorization: `Bearer ${pombo.key}` },
    ...(body === undefined ? {} : { body }),
  })
const endpoints = '/api/v1/app/a/endpoint'
const make = async (settings: object) => {
  const { status, body } = await call('POST', endpoints, { channels: [channel()], ...settings })
  expect({ status, body }).toMatchObject({ status: 201 })
  return body as { id: string } & Record<string, unknown>
}
let made = 0
const channel = () => `c${made}`
const send = async () =>
  (
    await call('POST', '/api/v1/app/a/msg', {
      eventType: 'x.y',
      payload: { n: 1 },
      channels: [channel()],
    })
  ).body.id as string
const authorizations = (of = receiver) => of.received.map(({ headers }) => headers.authorization)
const oauth2 = (more: object = {}) => ({
  type: 'oauth2',
  tokenUrl: `${issuer.url}/token`,
  clientId: 'pombo',
  clientSecret: 's:ecret/ü',
  ...more,
})
const attemptsOf = async (messageId: string) =>
  (await call('GET', `/api/v1/app/a/attempt/msg/${messageId}`)).body.data as Record<
    string,
    unknown
  >[]

beforeEach(() => void (made += 1))

async function startHttps(options: object): Promise<{ url: string; shown: string[] }> {
  const shown: string[] = []
  const leaf = authority.sign({ names: ['127.0.0.1'] })
  const server = createServer({ ...leaf, ...options }, (request, response) => {
    shown.push((request.socket as TLSSocket).getPeerX509Certificate()?.subject ?? 'nothing')
    request.resume().on('end', () => response.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(server)
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`, shown }
}

test('a bearer token and a password go along, are sealed at rest, and are never shown or logged', async () => {
  const bearer = await make({
    url: receiver.url,
    auth: { type: 'bearer', token: 'secret-token-1' },
  })
  expect(bearer['auth']).toEqual({ type: 'bearer' })
  await send()
  await receiver.waitFor(1)
  const auth = { type: 'basic', username: 'pömbo', password: 'secret-pass:1' }
  const changed = await call('PATCH', `${endpoints}/${bearer.id}`, { auth })
  expect(changed.body.auth).toEqual({ type: 'basic', username: 'pömbo' })
  await send()
  await receiver.waitFor(2)
  expect(authorizations()).toEqual([
    'Bearer secret-token-1',
    `Basic ${Buffer.from('pömbo:secret-pass:1').toString('base64')}`,
  ])
  await call('PATCH', `${endpoints}/${bearer.id}`, { auth: null })
  await send()
  await receiver.waitFor(3)
  expect(authorizations()[2]).toBeUndefined()
  const { rows } = await pombo.app.pool.query<{ text: string }>(
    "select string_agg(e::text, '') || (select string_agg(l::text, '') from audit_log l) as text from endpoint e",
  )
  expect(rows[0]!.text).not.toContain('secret-')
  expect(JSON.stringify(pombo.errors)).not.toContain('secret-')
})

test('credentials that no header can carry, and a header beside them, are refused by their names', async () => {
  const problems = async (settings: object) =>
    (await call('POST', endpoints, { url: receiver.url, ...settings })).body.detail.map(
      ({ loc, msg }: { loc: string[]; msg: string }) => `${loc.join('.')}: ${msg}`,
    )
  expect(await problems({ auth: { type: 'bearer', token: 'a b' } })).toEqual([
    'body.auth.token: must be 1 to 8192 visible ASCII characters',
  ])
  expect(await problems({ auth: { type: 'basic', username: 'a:b', password: '' } })).toEqual([
    expect.stringContaining('body.auth.username: '),
    expect.stringContaining('body.auth.password: '),
  ])
  const wrong = oauth2({
    tokenUrl: 'http://10.0.0.1/',
    scopes: ['a b'],
    extraParams: { scope: '' },
  })
  expect(await problems({ auth: wrong })).toEqual([
    expect.stringMatching(/^body\.auth\.tokenUrl: .*10\.0\.0\.1/),
    expect.stringContaining('body.auth.scopes: '),
    'body.auth.extraParams: may not hold "scope", which Pombo sets itself',
  ])
  const auth = { type: 'bearer', token: 't' }
  expect(await problems({ auth, headers: { AUTHORIZATION: 'x' } })).toEqual([
    'body.auth: auth and a header Authorization exclude each other; take one of them out',
  ])
  const { id } = await make({ url: receiver.url, auth })
  const headers = await call('PUT', `${endpoints}/${id}/headers`, {
    headers: { authorization: 'x' },
  })
  expect(headers).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'headers'] }] } })
})

test('a token is fetched once, by the client’s credentials, and goes along with every request', async () => {
  const { auth } = await make({
    url: receiver.url,
    auth: oauth2({ scopes: ['a', 'b'], extraParams: { audience: 'crm' } }),
  })
  expect(auth).toEqual({
    type: 'oauth2',
    tokenUrl: `${issuer.url}/token`,
    clientId: 'pombo',
    clientAuth: 'basic',
    scopes: ['a', 'b'],
    extraParams: ['audience'],
  })
  for (let sent = 1; sent <= 3; sent += 1) {
    await send()
    await receiver.waitFor(sent)
  }
  expect(authorizations()).toEqual(Array(3).fill('Bearer token-0'))
  expect(issuer.received).toMatchObject([
    {
      path: '/token',
      body: 'grant_type=client_credentials&scope=a+b&audience=crm',
      headers: {
        authorization: `Basic ${Buffer.from('pombo:s%3Aecret%2F%C3%BC').toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
    },
  ])
  expect(JSON.stringify(pombo.errors)).not.toMatch(/token-0|ecret/)
})

test('a token URL that fails is an attempt that says why, without what was sent or answered', async () => {
  issuer.answer = () => ({
    status: 401,
    body: '{"error":"invalid_client","error_description":"pombo with s:ecret is unknown"}',
  })
  await make({ url: receiver.url, auth: oauth2({ clientAuth: 'post' }), retrySchedule: [] })
  const message = await send()
  const [attempt] = await until(async () => {
    const all = await attemptsOf(message)
    return all.length > 0 && all
  })
  expect(attempt).toMatchObject({ responseStatusCode: 0 })
  expect(JSON.stringify(attempt)).toContain(
    'token: no token was to be had: the token URL answered 401 (invalid_client)',
  )
  expect(JSON.stringify(attempt)).not.toContain('ecret')
  expect(issuer.received[0]!.body).toContain('client_id=pombo&client_secret=s%3Aecret%2F%C3%BC')
  expect(receiver.received).toEqual([])
})

test('Svix’s paths set and take away the same', async () => {
  const { id } = await make({ url: receiver.url })
  const oauth = {
    authMethod: 'clientSecretPost',
    clientId: 'pombo',
    clientSecret: 'secret',
    grantType: 'clientCredentials',
    tokenUrl: `${issuer.url}/token`,
  }
  expect((await call('GET', `${endpoints}/${id}/oauth`)).status).toBe(404)
  expect((await call('PUT', `${endpoints}/${id}/oauth`, oauth)).status).toBe(204)
  const { clientSecret: _, ...shown } = oauth
  expect((await call('GET', `${endpoints}/${id}/oauth`)).body).toMatchObject(shown)
  await send()
  await receiver.waitFor(1)
  expect(authorizations()).toEqual(['Bearer token-0'])
  expect((await call('DELETE', `${endpoints}/${id}/oauth`)).status).toBe(204)
  expect((await call('GET', `${endpoints}/${id}`)).body.auth).toBeNull()
  const jwt = { ...oauth, authMethod: 'clientSecretJwt' }
  expect((await call('PUT', `${endpoints}/${id}/oauth`, jwt)).body.detail[0].loc).toContain(
    'authMethod',
  )

  const far = await startHttps({ requestCert: true, ca: authority.cert })
  await call('PATCH', `${endpoints}/${id}`, { url: far.url })
  const identity = `${client.key}${client.cert}`
  const mtls = { identity, serverCaCert: authority.cert }
  expect((await call('PUT', `${endpoints}/${id}/mtls`, mtls)).status).toBe(204)
  expect((await call('GET', `${endpoints}/${id}/mtls`)).body).toEqual({
    serverCaCert: authority.cert,
  })
  await send()
  await until(() => far.shown.length === 1)
  expect(far.shown).toEqual(['CN=pombo'])
  expect((await call('DELETE', `${endpoints}/${id}/mtls`)).status).toBe(204)
  expect((await call('GET', `${endpoints}/${id}`)).body.tls).toBeNull()
})

test('an endpoint gets its own certificate and is believed by its own authority alone', async () => {
  const far = await startHttps({ requestCert: true, ca: authority.cert })
  const { tls, id } = await make({
    url: far.url,
    tls: { ...client, ca: authority.cert },
    retrySchedule: [],
  })
  expect(tls).toEqual({
    cert: {
      subject: 'CN=pombo',
      issuer: 'CN=Endpoint access test',
      expiresAt: expect.any(String) as string,
      fingerprint256: expect.stringMatching(/^([0-9A-F]{2}:){31}/) as string,
    },
    ca: [expect.objectContaining({ subject: 'CN=Endpoint access test' })],
  })
  await send()
  await until(() => far.shown.length === 1)
  expect(far.shown).toEqual(['CN=pombo'])
  // Another authority's receiver, and the same one to an endpoint that says nothing of authorities.
  const other = createAuthority('Somebody else').cert
  await call('PATCH', `${endpoints}/${id}`, { tls: { ca: other } })
  const refused = await send()
  await until(async () => (await attemptsOf(refused)).length > 0)
  expect(JSON.stringify(await attemptsOf(refused))).toContain('tls: the TLS handshake failed')
  // What was left out of the change is still there.
  await call('PATCH', `${endpoints}/${id}`, { tls: { ca: authority.cert } })
  await send()
  await until(() => far.shown.length === 2)
  expect(far.shown).toEqual(['CN=pombo', 'CN=pombo'])
  const { rows } = await pombo.app.pool.query<{ text: string }>(
    "select string_agg(e::text, '') as text from endpoint e",
  )
  expect(rows[0]!.text).not.toContain('PRIVATE KEY')
})

test('endpoints of one origin with different certificates share no connection and no session', async () => {
  const far = await startHttps({
    requestCert: true,
    rejectUnauthorized: false,
    ca: authority.cert,
  })
  const second = authority.sign({ names: ['second'] })
  const ca = authority.cert
  await make({ url: far.url, tls: { ...client, ca } })
  await make({ url: far.url, tls: { ...second, ca } })
  await make({ url: far.url, tls: { ca } })
  for (let sent = 1; sent <= 3; sent += 1) {
    await send()
    await until(() => far.shown.length === 3 * sent)
  }
  const times = Map.groupBy(far.shown, (subject) => subject)
  expect([...times].map(([subject, all]) => `${subject} ${all.length}`).toSorted()).toEqual([
    'CN=pombo 3',
    'CN=second 3',
    'nothing 3',
  ])
})

test('certificates and keys that cannot be used are refused when they are given, each with its reason', async () => {
  const url = 'https://127.0.0.1:9/'
  const problems = async (tls: object, to = url) =>
    (await call('POST', endpoints, { url: to, tls })).body.detail.map(
      ({ loc, msg }: { loc: string[]; msg: string }) => `${loc.join('.')}: ${msg}`,
    )
  const stale = createSelfSigned({ names: ['old'], until: new Date('2020-01-02T00:00:00Z') })
  expect(await problems({ cert: client.cert })).toEqual([
    'body.tls.key: is needed beside cert: an endpoint is shown both or neither',
  ])
  const alone = await call('POST', endpoints, { url, tls: { cert: client.cert } })
  expect(alone.body.detail).toMatchObject([{ code: 'certificate_without_key' }])
  expect(await problems({ ...client, key: stale.key })).toEqual([
    'body.tls.key: is not the key of the first certificate in cert',
  ])
  expect(await problems(stale)).toEqual([
    'body.tls.cert: holds a certificate (CN=old) that expired at 2020-01-02T00:00:00.000Z',
  ])
  expect(await problems({ ca: 'none' })).toEqual([
    'body.tls.ca: holds no certificate in PEM (-----BEGIN CERTIFICATE-----)',
  ])
  expect(await problems({ ca: client.cert.replace(/\n.{10}/, '\n') })).toEqual([
    'body.tls.ca: holds a certificate that cannot be read: it is cut short or altered',
  ])
  const sealed = client.key.replaceAll('PRIVATE KEY', 'ENCRYPTED PRIVATE KEY')
  expect(await problems({ cert: client.key, key: sealed })).toEqual([
    'body.tls.cert: holds a private key, which goes in key',
    expect.stringContaining('body.tls.key: is encrypted with a passphrase'),
  ])
  // Also beside an authority: what is wrong is the certificate.
  const weak = authority.sign({ names: ['pombo'], weak: true })
  for (const tls of [weak, { ...weak, ca: authority.cert }])
    expect(await problems(tls)).toEqual([
      expect.stringMatching(/^body.tls.cert: cannot be used: \w+_TOO_SMALL; use RSA of 2048 bits/),
    ])
  expect(await problems(client, receiver.url)).toEqual([
    expect.stringMatching(/^body.tls: certificates need an https: URL.* take tls out \(null\)$/),
  ])
})

describe('tokens over time', () => {
  let nowMs = 0
  const clock: Clock = { now: () => nowMs, monotonic: () => nowMs }
  let sender: Sender
  beforeEach(() => {
    nowMs = 0
    sender = createSender({ allowSubnets: ['127.0.0.0/8'], httpsOnly: false, userAgent: 'Pombo' })
  })
  afterEach(() => sender.close())

  const request = (endpointId = 'e', timeoutMs = 5_000) => ({
    url: receiver.url,
    headers: {},
    body: '{}',
    timeoutMs,
    token: {
      endpointId,
      from: { ...oauth2(), clientAuth: 'post', scopes: [], extraParams: {} } as ClientCredentials,
    },
  })

  test('one is replaced before it runs out, and each endpoint has its own', async () => {
    const sendNow = withTokens(sender, clock)
    await Promise.all([1, 2, 3].map(() => sendNow(request())))
    nowMs = 3_600_000 - 60_001
    await sendNow(request())
    nowMs += 2
    await sendNow(request())
    await sendNow(request('other'))
    expect(authorizations()).toEqual([
      ...Array(4).fill('Bearer token-0'),
      'Bearer token-1',
      'Bearer token-2',
    ])
  })

  test('a 401 to a token that had worked sends the request again with a new one, in the same attempt', async () => {
    const sendNow = withTokens(sender, clock)
    await sendNow(request())
    receiver.answer = ({ headers }) => ({
      status: headers.authorization === 'Bearer token-0' ? 401 : 200,
    })
    nowMs = 20_000
    expect(await sendNow(request())).toMatchObject({ kind: 'delivered' })
    expect(authorizations()).toEqual(['Bearer token-0', 'Bearer token-0', 'Bearer token-1'])
    // A receiver that refuses every token is not a reason to ask for one at each attempt.
    receiver.answer = () => ({ status: 401 })
    nowMs = 21_000
    for (let sent = 0; sent < 5; sent += 1)
      expect(await sendNow(request())).toMatchObject({ kind: 'refused', statusCode: 401 })
    expect(issuer.received).toHaveLength(2)
  })

  test('a token URL that hangs, is forbidden, or answers nonsense ends the attempt in words', async () => {
    const sendNow = withTokens(sender, clock)
    // Who asks gives up with a reset.
    const silent = createTcp((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const asking = async (tokenUrl: string, answer?: Receiver['answer']) => {
      if (answer) issuer.answer = answer
      const one = request('e', 300)
      one.token.from.tokenUrl = tokenUrl
      const outcome = await sendNow(one)
      return outcome.kind === 'failed' ? `${outcome.reason}: ${outcome.detail}` : outcome.kind
    }
    expect(await asking(`http://127.0.0.1:${port}/`)).toBe(
      'token: no token was to be had: the token URL gave no complete answer in time',
    )
    silent.close()
    expect(await asking('http://10.1.2.3/')).toMatch(
      /^token: no token was to be had: of the token URL, .*10\.1\.2\.3/,
    )
    const wrong: [Receiver['answer'], string][] = [
      [() => ({ body: '<html>' }), '2xx without an access_token'],
      [() => token('two words'), 'that no header can carry'],
      [() => token('t', { token_type: 'mac' }), 'another type than Bearer'],
      [() => ({ status: 302, headers: { location: 'http://10.1.2.3/' } }), 'answered 302'],
    ]
    for (const [answer, words] of wrong) expect(await asking(issuer.url, answer)).toContain(words)
    expect(receiver.received).toEqual([])
  })
})
