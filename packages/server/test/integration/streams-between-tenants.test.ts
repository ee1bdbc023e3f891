// Streams and exports between tenants and apps, and what becomes of those under way when their key counts no longer.
import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { readId } from '../../src/core/id.ts'
import { type EventStream, openStream } from '../support/event-stream.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until } from '../support/receiver.ts'

type Headers = Record<string, string>

let pombo: TestPombo
/** Of another tenant. */
let stranger: string
const open: { close: () => void }[] = []

beforeAll(async () => {
  pombo = await startPombo()
  stranger = (await pombo.api('POST', '/tenant', { name: 'other' })).body.key
})
afterAll(async () => {
  for (const one of open) one.close()
  await pombo?.stop()
})

const bearer = (key: string): Headers => ({ authorization: `Bearer ${key}` })

/** An app with a polling endpoint and an Evolution instance's webhook. */
async function newApp(uid: string) {
  const body = { webhook: { enabled: true, url: 'https://webhook.example.com/events' } }
  const headers = { apikey: pombo.key }
  const webhook = (await pombo.call('POST', `/webhook/set/${uid}`, { body, headers })).body
  await pombo.api('POST', `/app/${uid}/polling-endpoint`, { uid: `p-${uid}`, name: 'p' })
  return { app: readId('app', webhook.instanceId)!, endpoint: readId('endpoint', webhook.id)! }
}

const portal = async (uid: string): Promise<string> =>
  (await pombo.api('POST', `/auth/app-portal-access/${uid}`, {})).body.token

const livePath = '/api/v1/stream'
const pollPath = (uid: string, consumer: string) =>
  `/api/v1/app/${uid}/poller/p-${uid}/consumer/${consumer}/stream`

async function events(path: string, headers: Headers): Promise<EventStream> {
  const stream = await openStream(pombo.url + path, headers)
  open.push(stream)
  return stream
}

async function socket(path: string, headers: Headers) {
  const opened = new WebSocket(pombo.url.replace('http', 'ws') + path, { headers })
  open.push({ close: () => opened.terminate() })
  await once(opened, 'open')
  return opened
}

test('each stream ends with what opened it: a key, its time, its app’s tokens, its app, a session', async () => {
  for (const uid of ['kept', 'ended', 'deleted']) await newApp(uid)
  const sleeve = async (more: object = {}) =>
    (await pombo.api('POST', '/key', { name: 'k', ...more })).body as { id: string; key: string }
  const revoked = await sleeve()
  const signedIn = await fetch(`${pombo.url}/api/v1/auth/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: (await sleeve()).key }),
  })
  const cookie = signedIn.headers.getSetCookie().at(-1)!.split(';')[0]!
  const { csrfToken } = (await signedIn.json()) as { csrfToken: string }
  const ways: [name: string, uid: string, headers: Headers][] = [
    ['revoked', 'kept', bearer(revoked.key)],
    ['app-tokens', 'ended', bearer(await portal('ended'))],
    ['app', 'deleted', bearer(await portal('deleted'))],
    ['session', 'kept', { cookie }],
    // The last, so that it lasts until all are open.
    ['expired', 'kept', bearer((await sleeve({ expiresAt: inMs(8_000) })).key)],
  ]
  const streams = await Promise.all(
    ways.map(async ([name, uid, headers]) => ({
      name,
      live: await events(livePath, headers),
      polled: await events(pollPath(uid, name), headers),
      web: await socket(pollPath(uid, `web-${name}`), headers),
    })),
  )
  const keeps = await events(livePath, bearer(pombo.key))
  const closed = streams.map(async ({ name, live, polled, web }) => {
    const [[code]] = await Promise.all([once(web, 'close'), live.ended, polled.ended])
    const reasons = [live, polled].map(({ got }) => got.at(-1)?.event)
    return [name, code, ...reasons]
  })
  for (const { live, polled } of streams) expect([live.status, polled.status]).toEqual([200, 200])

  await pombo.api('DELETE', `/key/${revoked.id}`)
  await pombo.api('POST', '/auth/app/ended/expire-all')
  await pombo.api('DELETE', '/app/deleted')
  const signOut = { cookie, 'x-pombo-csrf': csrfToken, origin: pombo.url }
  expect((await pombo.call('DELETE', '/api/v1/auth/session', { headers: signOut })).status).toBe(
    204,
  )
  expect(await Promise.all(closed)).toEqual(ways.map(([name]) => [name, 1001, 'end', 'end']))
  expect(keeps.got.at(-1)?.event).not.toBe('end')
})

test('no stream is opened by another tenant’s key, another app’s token, or a key that counts no longer', async () => {
  for (const uid of ['guarded', 'elsewhere']) await newApp(uid)
  const revoked = (await pombo.api('POST', '/key', { name: 'k' })).body
  await pombo.api('DELETE', `/key/${revoked.id}`)
  const ended = await portal('guarded')
  await pombo.api('POST', '/auth/app/guarded/expire-all')
  const path = pollPath('guarded', 'any')
  for (const [key, status] of [
    [stranger, 404],
    [await portal('elsewhere'), 404],
    [revoked.key, 401],
    [ended, 401],
  ] as const) {
    expect((await events(path, bearer(key))).status).toBe(status)
    await expect(socket(path, bearer(key))).rejects.toThrow(String(status))
    const live = await events(`${livePath}?app_id=guarded`, bearer(key))
    expect(live.status).toBe(status)
    const asked = await pombo.api('GET', '/app/guarded/events', undefined, key)
    expect(asked.status).toBe(status)
  }
})

test('a place in a stream that another tenant was given leads to nothing of theirs', async () => {
  for (const uid of ['told', 'untold']) await newApp(uid)
  const watched = await events(livePath, bearer(pombo.key))
  await until(() => watched.got.some(({ event }) => event === 'hello'))
  for (let n = 0; n < 2; n += 1)
    await pombo.api('POST', '/app/told/msg', { eventType: 'a.b', payload: { n } })
  const [first] = await until(() => {
    const told = watched.got.filter(({ event, id }) => event === 'events' && id !== undefined)
    return told.length > 0 && told
  })
  const others = await events(`${livePath}?last_event_id=${first!.id}`, bearer(stranger))
  const beside = await events(
    `${livePath}?last_event_id=${first!.id}`,
    bearer(await portal('untold')),
  )
  await pombo.api('POST', '/app', { name: 'own', uid: 'own' }, stranger)
  const message = { eventType: 'a.b', payload: {} }
  await pombo.api('POST', '/app/told/msg', message)
  await pombo.api('POST', '/app/untold/msg', message)
  await pombo.api('POST', '/app/own/msg', message, stranger)
  // What they are told of their own comes behind all that they are not told.
  for (const [stream, app, key] of [
    [others, 'own', stranger],
    [beside, 'untold', pombo.key],
  ] as const) {
    await until(() => stream.items().length > 0)
    const { id } = (await pombo.api('GET', `/app/${app}`, undefined, key)).body
    expect(new Set(stream.items().map(({ appId }) => appId))).toEqual(new Set([id]))
    expect(stream.got.some(({ event }) => event === 'dropped')).toBe(false)
  }
})

test('a request that waits for messages is refused when its token is ended meanwhile', async () => {
  await newApp('waiting')
  const token = await portal('waiting')
  const path = '/app/waiting/poller/p-waiting?wait=20'
  const waiting = pombo.api('GET', path, undefined, token)
  await pombo.api('POST', '/auth/app/waiting/expire-all')
  expect((await waiting).status).toBe(401)
  expect((await pombo.api('GET', path, undefined, stranger)).status).toBe(404)
})

test('an export has the rows of who asks alone', async () => {
  const mine = await newApp('exported')
  await newApp('beside')
  await seedAttempts(mine, 3)
  const lines = async (key: string, query = '') => {
    const headers = { apikey: key }
    const { status, text } = await pombo.call('GET', `/webhook/logs/export?format=csv${query}`, {
      headers,
    })
    expect(status).toBe(200)
    return text.split('\r\n').filter((line) => line.includes('exported')).length
  }
  expect(await lines(pombo.key)).toBe(3)
  expect(await lines(await portal('exported'))).toBe(3)
  for (const key of [stranger, await portal('beside')]) {
    expect(await lines(key)).toBe(0)
    expect(await lines(key, '&instance=exported')).toBe(0)
  }
  for (const key of [stranger, await portal('beside')]) {
    const [method, path] = ['POST', '/privacy/export'] as const
    const found = await pombo.api(method, path, { email: 'a@example.com' }, key)
    expect([200, 403]).toContain(found.status)
    expect(found.text).not.toContain('exported')
  }
})

test('an export whose key is revoked under way is broken off, and not ended as if it were whole', async () => {
  await seedAttempts(await newApp('large'), 60_000)
  const { id, key } = (await pombo.api('POST', '/key', { name: 'short' })).body
  const asked = request(`${pombo.url}/webhook/logs/export?instance=large`, {
    headers: { apikey: key },
    agent: false,
  })
  asked.on('error', () => {})
  asked.end()
  const [response] = await once(asked, 'response')
  const closed = new Promise((resolve) => response.once('close', resolve))
  let bytes = 0
  response.on('error', () => {})
  response.once('data', () => response.pause())
  response.on('data', (part: Buffer) => (bytes += part.length))
  await until(() => bytes > 0)
  await pombo.api('DELETE', `/key/${id}`)
  await until(
    async () =>
      (await pombo.call('GET', '/webhook/health', { headers: { apikey: key } })).status === 401,
  )
  response.resume()
  await closed
  expect([response.complete, bytes]).toEqual([false, expect.any(Number)])
  expect(bytes).toBeLessThan(60_000 * 200)
})

const inMs = (ms: number) => new Date(Date.now() + ms).toISOString()

async function seedAttempts(
  { app, endpoint }: { app: string; endpoint: string },
  count: number,
): Promise<void> {
  await pombo.database.pool.query(
    `insert into attempt (
       id, tenant_id, app_id, endpoint_id, message_id, delivery_id, number, outcome, status_code, response,
       duration_ms, trigger, url, event_type, created_at)
     select id, (select tenant_id from app where id = $1), $1, $2, id, id, 1, 'delivered', 200, '',
            1, 0, 'https://webhook.example.com/events', 'message.received', to_timestamp(ms / 1000.0)
       from (
         select ms, (lpad(to_hex(ms), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid as id
           from (
             select n, (extract(epoch from now()) * 1000)::bigint - n / 1000 as ms
               from generate_series(1, $3::int) n
           ) times
       ) ids`,
    [app, endpoint, count],
  )
}
