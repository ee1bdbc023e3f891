// People who sign in with a key: the cookie, what forged requests meet, what each role may, and how a session ends.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { namedOperations } from '../../src/api/roles.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until } from '../support/receiver.ts'

let one: TestPombo
let two: TestPombo
beforeAll(async () => {
  one = await startPombo({ POMBO_LOG_LEVEL: 'debug' })
  two = await startPombo({}, one.database)
})
afterAll(async () => {
  await two?.stop()
  await one?.stop()
})

const bearer = (key = one.key) => ({ authorization: `Bearer ${key}` })
const path = '/api/v1/auth/session'

async function makeKey(body: object = {}): Promise<{ id: string; key: string }> {
  const made = await one.call('POST', '/api/v1/key', {
    headers: bearer(),
    body: { name: 'made', ...body },
  })
  expect(made.status).toBe(201)
  return made.body
}

async function signIn(
  token: string,
  { at = one, ...body }: { at?: TestPombo; embedded?: boolean } = {},
) {
  const answer = await at.call('POST', path, { body: { token, ...body } })
  const cookies = answer.headers.getSetCookie()
  const cookie = cookies.at(-1)?.split(';')[0] ?? ''
  const csrf = answer.body?.csrfToken as string
  return { ...answer, cookies, cookie, headersOf: { cookie, 'x-pombo-csrf': csrf } }
}

describe('signing in', () => {
  test('gives a cookie that scripts cannot read, and who it is', async () => {
    const { status, body, cookies, cookie } = await signIn(one.key)
    expect(status).toBe(201)
    expect(cookies.at(-1)).toMatch(
      /^pombo_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=4(?:3200|3199)$/,
    )
    expect(body).toMatchObject({
      kind: 'account',
      role: 'administer',
      operator: true,
      app: null,
      csrfToken: expect.any(String),
      version: expect.any(String),
      portal: { theme: 'auto', pages: expect.arrayContaining(['endpoints']) },
    })
    const again = await two.call('GET', path, { headers: { cookie } })
    expect([again.status, again.body]).toEqual([200, body])
    expect((await one.call('GET', path)).status).toBe(401)
    expect((await one.call('GET', path, { headers: bearer() })).body.csrfToken).toBeNull()
  })

  test('in a frame of another site, the cookie is that site’s alone', async () => {
    const { cookies } = await signIn(one.key, { embedded: true })
    expect(cookies).toEqual([
      expect.stringMatching(
        /^pombo_embedded=[\w-]{43}; Path=\/; HttpOnly; SameSite=None; Secure; Partitioned; Max-Age=/,
      ),
    ])
  })

  test('behind https the cookie is sent encrypted alone', async () => {
    const answer = await one.call('POST', path, {
      body: { token: one.key },
      headers: { 'x-forwarded-proto': 'https' },
    })
    expect(answer.headers.getSetCookie().at(-1)).toContain('; SameSite=Strict; Secure;')
  })

  test('with a wrong key is refused, and too often is refused for a while, with the right one too', async () => {
    const lone = await startPombo()
    try {
      const wrong = await signIn('pombo_wrong', { at: lone })
      expect([wrong.status, wrong.cookies]).toEqual([401, []])
      for (let i = 1; i < 30; i++) await signIn(`pombo_wrong${i}`, { at: lone })
      for (const token of ['pombo_wrong', lone.key]) {
        const refused = await signIn(token, { at: lone })
        expect([refused.status, refused.body.code]).toEqual([429, 'too_many_sign_ins'])
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      }
    } finally {
      await lone.stop()
    }
  })

  test('leaves the key in no log and in no table', async () => {
    const { key } = await makeKey()
    const { cookie } = await signIn(key)
    await signIn(`${key}x`)
    const kept = await one.database.pool.query(`select session::text as row from session`)
    const told = JSON.stringify([kept.rows, one.errors])
    expect(kept.rows.length).toBeGreaterThan(0)
    for (const secret of [key, cookie.split('=')[1]!]) expect(told).not.toContain(secret)
  })
})

describe('a forged request', () => {
  const create = (headers: Record<string, string>) =>
    one.call('POST', '/api/v1/app', { headers, body: { name: 'made by cookie' } })

  test('changes nothing: without the header, from another site, or with another session’s header', async () => {
    const { headersOf, cookie } = await signIn(one.key)
    const other = await signIn(one.key)
    const forged: Record<string, string>[] = [
      { cookie },
      { cookie, 'x-pombo-csrf': other.headersOf['x-pombo-csrf'] },
      { ...headersOf, 'sec-fetch-site': 'cross-site' },
      { ...headersOf, 'sec-fetch-site': 'same-site' },
      { ...headersOf, origin: 'https://evil.example' },
      { ...headersOf, origin: 'null' },
    ]
    for (const headers of forged) {
      const { status, body } = await create(headers)
      expect([status, body.code], JSON.stringify(headers)).toEqual([403, 'forged_request'])
    }
    for (const headers of [
      headersOf,
      { ...headersOf, origin: one.url },
      { ...headersOf, 'sec-fetch-site': 'same-origin' },
    ])
      expect((await create(headers)).status).toBe(201)
  })

  test('shows nothing to another site, and signs nobody in', async () => {
    const { cookie } = await signIn(one.key)
    const other = { 'sec-fetch-site': 'cross-site' }
    expect((await one.call('GET', '/api/v1/app', { headers: { cookie, ...other } })).status).toBe(
      403,
    )
    expect(
      (await one.call('POST', path, { headers: other, body: { token: one.key } })).status,
    ).toBe(403)
  })

  test('a key is no session, and a session is no key', async () => {
    const { cookie } = await signIn(one.key)
    const { key } = await makeKey()
    const asKey = await one.call('GET', path, { headers: bearer(cookie.split('=')[1]) })
    expect(asKey.status).toBe(401)
    const asCookie = `pombo_session=${key.replace('pombo_', '')}`
    expect((await one.call('GET', path, { headers: { cookie: asCookie } })).status).toBe(401)
  })
})

describe('a session ends', () => {
  const endsOn = async (cookie: string) => {
    const ask = async () => (await two.call('GET', path, { headers: { cookie } })).status
    await until(async () => (await ask()) === 401)
  }

  test('when its person signs out, on every node', async () => {
    const { cookie, headersOf } = await signIn(one.key)
    expect((await two.call('GET', path, { headers: { cookie } })).status).toBe(200)
    const out = await one.call('DELETE', path, { headers: headersOf })
    expect(out.status).toBe(204)
    expect(out.headers.getSetCookie().join()).toContain('pombo_session=; ')
    expect((await one.call('GET', path, { headers: { cookie } })).status).toBe(401)
    await endsOn(cookie)
  })

  test('when its key is revoked', async () => {
    const { id, key } = await makeKey()
    const { cookie } = await signIn(key)
    expect((await two.call('GET', path, { headers: { cookie } })).status).toBe(200)
    await one.call('DELETE', `/api/v1/key/${id}`, { headers: bearer() })
    await endsOn(cookie)
    const { body } = await one.call('GET', path, { headers: { cookie } })
    expect(body.detail).toContain('This key was revoked.')
  })

  test('when it or its key expires', async () => {
    const { key } = await makeKey({ expiresAt: new Date(Date.now() + 600_000).toISOString() })
    const { cookie, body } = await signIn(key)
    expect(Date.parse(body.expiresAt)).toBeLessThan(Date.now() + 600_001)
    await one.database.pool.query(`update session set expires_at = now() - interval '1 second'`)
    // As whatever was noted would: what is cached is read anew.
    await one.call('POST', '/api/v1/key', { headers: bearer(), body: { name: 'another' } })
    one.app.engine.cache.invalidate(
      'key',
      (await one.database.pool.query('select id from tenant')).rows[0].id,
    )
    expect((await one.call('GET', path, { headers: { cookie } })).body.detail).toContain('expired')
  })
})

describe('a role', () => {
  const app = '/api/v1/app/roles'
  let endpoint: string
  beforeAll(async () => {
    await one.call('POST', '/api/v1/app', {
      headers: bearer(),
      body: { name: 'roles', uid: 'roles' },
    })
    const body = { url: 'http://127.0.0.1:9/', uid: 'e' }
    await one.call('POST', `${app}/endpoint`, { headers: bearer(), body })
    endpoint = `${app}/endpoint/e`
  })

  const statusOf = async (
    headers: Record<string, string>,
    method: string,
    at: string,
    body?: object,
  ) => (await one.call(method, at, { headers, ...(body && { body }) })).status

  test('read changes nothing, by key and by cookie, in the dialects and at the gateways’ door too', async () => {
    const { key } = await makeKey({ role: 'read' })
    const { headersOf, body } = await signIn(key)
    expect(body.role).toBe('read')
    for (const headers of [bearer(key), headersOf]) {
      expect(await statusOf(headers, 'GET', endpoint)).toBe(200)
      expect(await statusOf(headers, 'GET', `${endpoint}/secret`)).toBe(403)
      expect(await statusOf(headers, 'POST', `${endpoint}/pause`)).toBe(403)
      expect(await statusOf(headers, 'PATCH', endpoint, { url: 'http://127.0.0.1:9/x' })).toBe(403)
      expect(await statusOf(headers, 'POST', `${app}/msg`, { eventType: 'a', payload: {} })).toBe(
        403,
      )
      expect(await statusOf(headers, 'POST', '/api/v1/key', { name: 'more' })).toBe(403)
    }
    const set = await one.call('POST', '/webhook/set/roles', {
      headers: { apikey: key },
      body: { webhook: { enabled: true, url: 'http://127.0.0.1:9/', events: ['MESSAGES_UPSERT'] } },
    })
    expect(set.status).toBe(403)
    const sent = await one.call('POST', '/ingest/evolution/roles', {
      headers: { apikey: key },
      body: { event: 'messages.upsert', instance: 'roles', data: {} },
    })
    expect(sent.status).toBe(403)
  })

  test('read sees through a dialect that a webhook has headers, and not what they say', async () => {
    const { key } = await makeKey({ role: 'read' })
    const url = 'http://127.0.0.1:9/'
    await one.call('POST', '/webhook/set/headers', {
      headers: { apikey: one.key },
      body: {
        webhook: {
          enabled: true,
          url,
          headers: { 'x-plain': 'said' },
          events: ['MESSAGES_UPSERT'],
        },
      },
    })
    const find = async (apikey: string) =>
      (await one.call('GET', '/webhook/find/headers', { headers: { apikey } })).body.headers
    expect(await find(key)).toEqual({ 'x-plain': '(hidden)' })
    expect(await find(one.key)).toEqual({ 'x-plain': 'said' })
  })

  test('operate sets going what is there, and changes nothing of it', async () => {
    const { key } = await makeKey({ role: 'operate' })
    const headers = bearer(key)
    expect(await statusOf(headers, 'POST', `${endpoint}/pause`)).toBe(200)
    expect(await statusOf(headers, 'POST', `${endpoint}/resume`)).toBe(200)
    expect(await statusOf(headers, 'POST', `${app}/msg`, { eventType: 'a', payload: {} })).toBe(202)
    expect(await statusOf(headers, 'DELETE', endpoint)).toBe(403)
    expect(await statusOf(headers, 'PUT', '/api/v1/portal/settings', {})).toBe(403)
  })

  test('every operation that takes one of its own exists', async () => {
    const { body } = await one.call('GET', '/api/v1/openapi.json')
    const operations = Object.values(body.paths as Record<string, Record<string, Operation>>)
    const all = operations.flatMap((methods) => Object.values(methods))
    expect(all.map(({ operationId }) => operationId)).toEqual(
      expect.arrayContaining(namedOperations),
    )
    for (const operation of all)
      if (operation['x-access'] !== 'open') expect(operation['x-pombo-role']).toBeDefined()
  })
})

describe('the portal', () => {
  test('opens by its link for its own app alone, until the link’s token ends', async () => {
    for (const uid of ['mine', 'theirs'])
      await one.call('POST', '/api/v1/app', { headers: bearer(), body: { name: uid, uid } })
    const access = await one.call('POST', '/api/v1/auth/app-portal-access/mine', {
      headers: bearer(),
      body: { role: 'operate' },
    })
    const { body, cookie, headersOf } = await signIn(access.body.token)
    expect(body).toMatchObject({
      kind: 'portal',
      role: 'operate',
      operator: false,
      app: { uid: 'mine' },
    })
    const status = async (at: string) => (await one.call('GET', at, { headers: { cookie } })).status
    expect(await status('/api/v1/app/mine/endpoint')).toBe(200)
    expect(await status('/api/v1/app/theirs/endpoint')).toBe(404)
    for (const at of ['/api/v1/key', '/api/v1/audit', '/api/v1/tenant', '/api/v1/portal/settings'])
      expect(await status(at), at).toBe(403)
    const url = `/api/v1/app/mine/endpoint`
    const made = await one.call('POST', url, {
      headers: headersOf,
      body: { url: 'http://127.0.0.1:9/' },
    })
    expect(made.status).toBe(403)
    await one.call('POST', '/api/v1/auth/app/mine/expire-all', { headers: bearer() })
    expect(await status('/api/v1/app/mine/endpoint')).toBe(401)
  })

  test('looks as its operator says; what is no colour, address or origin is refused by name', async () => {
    const set = (body: object) =>
      one.call('PUT', '/api/v1/portal/settings', { headers: bearer(), body })
    const settings = {
      name: 'Acme',
      logoUrl: 'https://acme.example/logo.svg',
      theme: 'dark',
      language: 'pt-BR',
      colors: { accent: '#0f766e', accentText: null },
      pages: ['endpoints'],
      allowedOrigins: ['https://app.acme.example', 'https://*.acme.example:8443'],
    }
    expect((await set(settings)).body).toEqual(settings)
    expect((await one.call('GET', path, { headers: bearer() })).body.portal).toEqual(
      Object.fromEntries(Object.entries(settings).filter(([name]) => name !== 'allowedOrigins')),
    )
    for (const [wrong, field] of [
      [{ colors: { accent: 'red' } }, 'accent'],
      [{ logoUrl: 'javascript:alert(1)' }, 'logoUrl'],
      [{ logoUrl: 'https://a/"><script>' }, 'logoUrl'],
      [{ allowedOrigins: ["https://a.example; script-src 'unsafe-inline'"] }, 'allowedOrigins'],
      [{ allowedOrigins: ['https://a.example/path'] }, 'allowedOrigins'],
      [{ allowedOrigins: ['*'] }, 'allowedOrigins'],
      [{ pages: ['keys'] }, 'pages'],
    ] as const) {
      const { status, body } = await set(wrong)
      expect(status).toBe(422)
      expect(body.detail[0].loc).toContain(field)
    }
    const audit = await one.call('GET', '/api/v1/audit?kind=portal_settings', { headers: bearer() })
    expect(audit.body.data.length).toBeGreaterThan(0)
  })
})

interface Operation {
  operationId: string
  'x-access': string
  'x-pombo-role'?: string
}
