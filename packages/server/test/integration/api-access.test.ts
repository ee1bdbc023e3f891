// Who may do what: keys, tokens of one app, tenants.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refused, startApi, type TestApi } from '../support/api-server.ts'
import { until } from '../support/receiver.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi({ metricsToken: 'scrape-me' })
})
afterAll(async () => await api?.stop())

describe('keys', () => {
  test.each([
    ['no header', null, {}, /header is missing/],
    ['another scheme', null, { authorization: 'Basic YTpi' }, /Bearer <key>/],
    ['a wrong key', 'pombo_wrong', {}, /not known/],
  ])('%s is 401 and says why', async (_, key, headers, why) => {
    const answer = await api.call('GET', '/api/v1/app', { key, headers })
    expect(answer).toMatchObject({
      status: 401,
      body: { code: 'authentication_failed', detail: expect.stringMatching(why) },
    })
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  })

  test('are shown once, listed without themselves, and count no longer once revoked', async () => {
    const made = await api.call('POST', '/api/v1/key', { body: { name: 'gateway' } })
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'gateway', key: expect.stringMatching(/^pombo_/), revokedAt: null },
    })
    const client = api.clientFor(made.body.key)
    expect((await client.application.list()).data).toEqual(expect.any(Array))
    const listed = await api.call('GET', '/api/v1/key')
    expect(listed.text).not.toContain(made.body.key)
    expect(listed.body.data.map(({ name }: { name: string }) => name)).toContain('gateway')
    expect((await api.call('DELETE', `/api/v1/key/${made.body.id}`)).status).toBe(204)
    expect(await refused(client.application.list())).toMatchObject({
      status: 401,
      body: { detail: expect.stringContaining('revoked') },
    })
    expect((await api.call('GET', `/api/v1/key/${made.body.id}`)).body.revokedAt).toEqual(
      expect.stringContaining('T'),
    )
  })

  test('that have expired say so', async () => {
    const made = await api.call('POST', '/api/v1/key', {
      body: { name: 'short', expiresAt: new Date(Date.now() + 60_000).toISOString() },
    })
    await api.database.pool.query(
      `update api_key set expires_at = now() - interval '1 second' where name = 'short'`,
    )
    expect(await refused(api.clientFor(made.body.key).application.list())).toMatchObject({
      status: 401,
      body: { detail: expect.stringContaining('expired') },
    })
  })

  test('that are to expire in the past are refused', async () => {
    const answer = await api.call('POST', '/api/v1/key', {
      body: { name: 'late', expiresAt: '2020-01-01T00:00:00Z' },
    })
    expect(answer).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'expiresAt'] }] },
    })
  })
})

describe('a token of one app', () => {
  test('reaches its own app, and to it no other exists', async () => {
    const mine = await api.svix.application.create({ name: 'mine', uid: 'mine' })
    const other = await api.svix.application.create({ name: 'other', uid: 'other' })
    const { token, url } = await api.svix.authentication.appPortalAccess('mine')
    expect(url).toMatch(/\/portal\?tenant=org_\w+#token=pomboapp_/)
    const client = api.clientFor(token)
    expect(await client.application.get('mine')).toMatchObject({ id: mine.id })
    await client.endpoint.create(mine.id, { url: 'http://127.0.0.1:9/', uid: 'e' })
    expect((await client.endpoint.list('mine')).data).toHaveLength(1)
    for (const id of [other.id, 'other']) {
      expect(await refused(client.endpoint.list(id))).toMatchObject({ status: 404 })
      expect(await refused(client.message.list(id))).toMatchObject({ status: 404 })
      expect(await refused(client.application.get(id))).toMatchObject({ status: 404 })
    }
  })

  test('may not do what is for the whole account', async () => {
    await api.svix.application.getOrCreate({ name: 'mine', uid: 'mine' })
    const client = api.clientFor((await api.svix.authentication.appPortalAccess('mine')).token)
    const attempts = [
      () => client.application.list(),
      () => client.application.create({ name: 'x' }),
      () => client.application.delete('mine'),
      () => client.message.create('mine', { eventType: 'a', payload: {} }),
      () => client.eventType.create({ name: 'a', description: '' }),
      () => client.authentication.appPortalAccess('mine'),
      () => client.operationalWebhook.endpoint.list(),
    ]
    for (const attempt of attempts)
      expect(await refused(attempt())).toMatchObject({
        status: 403,
        body: { code: 'permission_denied' },
      })
    const { token } = await api.svix.authentication.appPortalAccess('mine')
    for (const path of ['/api/v1/key', '/api/v1/tenant'])
      expect((await api.call('GET', path, { key: token })).status).toBe(403)
    expect((await client.eventType.list()).data).toEqual(expect.any(Array))
  })

  test('ends by logging out; a key of the tenant does not', async () => {
    await api.svix.application.getOrCreate({ name: 'mine', uid: 'mine' })
    const client = api.clientFor((await api.svix.authentication.appPortalAccess('mine')).token)
    await client.authentication.logout()
    expect(await refused(client.application.get('mine'))).toMatchObject({ status: 401 })
    expect(await refused(api.svix.authentication.logout())).toMatchObject({ status: 403 })
  })

  test('ends together with all others of its app', async () => {
    await api.svix.application.getOrCreate({ name: 'mine', uid: 'mine' })
    await api.svix.application.getOrCreate({ name: 'other', uid: 'other' })
    const tokenOf = async (uid: string) =>
      api.clientFor((await api.svix.authentication.appPortalAccess(uid)).token)
    const [first, second, other] = [
      await tokenOf('mine'),
      await tokenOf('mine'),
      await tokenOf('other'),
    ]
    await first.application.get('mine')
    await api.svix.authentication.expireAll('mine')
    for (const client of [first, second])
      expect(await refused(client.application.get('mine'))).toMatchObject({ status: 401 })
    expect(await other.application.get('other')).toMatchObject({ uid: 'other' })
    const days = 8 * 86_400
    expect(
      await refused(api.svix.authentication.expireAll('mine', { expiry: days })),
    ).toMatchObject({
      status: 422,
    })
  })

  test('can bring its application along, and is not made with less power than asked for', async () => {
    await api.svix.authentication.appPortalAccess('brought', {
      application: { name: 'brought along', uid: 'brought' },
    })
    expect(await api.svix.application.get('brought')).toMatchObject({ name: 'brought along' })
    expect(await refused(api.svix.authentication.appPortalAccess('nowhere'))).toMatchObject({
      status: 404,
    })
    const fewer = { body: { capabilities: ['ViewBase'] } }
    const path = '/api/v1/auth/app-portal-access/mine'
    expect((await api.call('POST', path, fewer)).status).toBe(422)
    const { token } = await api.svix.authentication.appPortalAccess('mine', { readOnly: true })
    const reader = api.clientFor(token)
    expect((await reader.endpoint.list('mine')).done).toBe(true)
    expect(
      await refused(reader.endpoint.create('mine', { url: 'http://127.0.0.1:9/' })),
    ).toMatchObject({ status: 403, body: { code: 'permission_denied' } })
  })
})

describe('tenants', () => {
  test('are kept apart, and only the first one makes others', async () => {
    const made = await api.call('POST', '/api/v1/tenant', {
      body: { name: 'second', retentionDays: 7 },
    })
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'second', retentionDays: 7, key: expect.any(String) },
    })
    const app = await api.svix.application.create({ name: 'of the first', uid: 'same-uid' })
    const client = api.clientFor(made.body.key)
    expect(await refused(client.application.get(app.id))).toMatchObject({ status: 404 })
    expect(await refused(client.application.get('same-uid'))).toMatchObject({ status: 404 })
    expect((await client.application.create({ name: 'own', uid: 'same-uid' })).id).not.toBe(app.id)
    expect((await api.call('GET', '/api/v1/tenant', { key: made.body.key })).status).toBe(403)
    expect(
      (await api.call('PATCH', `/api/v1/tenant/${made.body.id}`, { body: { acceptRate: 100 } }))
        .body,
    ).toMatchObject({ acceptRate: 100, name: 'second' })
    expect((await api.call('GET', '/api/v1/tenant')).body.data).toHaveLength(2)
    expect((await api.call('GET', '/api/v1/tenant/nonsense')).status).toBe(404)
  })
})

describe('health', () => {
  test('answers without a key', async () => {
    await api.svix.health.get()
    expect((await api.call('GET', '/api/v1/health/ping', { key: null })).status).toBe(204)
    expect((await fetch(`${api.url}/api/v1/health`, { method: 'HEAD' })).status).toBe(204)
    expect(await (await fetch(`${api.url}/livez`)).json()).toMatchObject({ alive: true })
    expect(await (await fetch(`${api.url}/readyz`)).json()).toMatchObject({
      ready: true,
      checks: [{ name: 'database', ok: true }],
    })
  })

  test('metrics want their token where one is set', async () => {
    expect((await fetch(`${api.url}/metrics`)).status).toBe(401)
    const answer = await fetch(`${api.url}/metrics`, {
      headers: { authorization: 'Bearer scrape-me' },
    })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain('# TYPE')
  })
})

test('with the database away: 503 with Retry-After, nothing of the inside told; once back, served again', async () => {
  const own = await startApi({ cuttable: true })
  await own.line!.cut()
  const message = { body: { eventType: 'a', payload: {} } }
  for (const ask of [
    () => own.call('GET', '/api/v1/key'),
    () => own.call('POST', '/api/v1/app/x/msg', message),
    () =>
      own.call('POST', '/api/v1/app', { body: { name: 'a' }, headers: { 'idempotency-key': 'k' } }),
  ]) {
    const answer = await ask()
    expect(answer).toMatchObject({ status: 503, body: { code: 'database_away' } })
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
  }
  expect((await fetch(`${own.url}/readyz`)).status).toBe(503)
  expect((await fetch(`${own.url}/livez`)).status).toBe(200)
  await own.line!.mend()
  await until(async () => (await own.call('GET', '/api/v1/key')).status === 200)
  expect(
    (
      await own.call('POST', '/api/v1/app', {
        body: { name: 'a' },
        headers: { 'idempotency-key': 'k' },
      })
    ).status,
  ).toBe(201)
  expect(own.logged).toEqual([])
  await own.stop()
})
