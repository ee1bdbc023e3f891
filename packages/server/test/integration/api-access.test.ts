// Who may do what: keys, tokens of one app, tenants, and Idempotency-Key.
import { randomUUID } from 'node:crypto'
import { Svix } from 'svix'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requestHash } from '../../src/api/idempotency/idempotency.ts'
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

describe('Idempotency-Key', () => {
  const post = (path: string, key: string, body: object, url = api.url) =>
    fetch(url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${api.key}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(body),
    })

  test('gives the same answer again, on every node, also where it holds a secret', async () => {
    const second = await api.second()
    const first = await (await post('/api/v1/key', 'same', { name: 'k' })).json()
    const again = await post('/api/v1/key', 'same', { name: 'k' }, second.url)
    expect(again.status).toBe(201)
    expect(await again.json()).toEqual(first)
    const { rows } = await api.database.pool.query(`select 1 from api_key where name = 'k'`)
    expect(rows).toHaveLength(1)
    const stored = await api.database.pool.query<{ response: string }>(
      `select response from idempotency where key = 'same'`,
    )
    expect(Buffer.from(stored.rows[0]!.response, 'base64').toString()).not.toContain(
      (first as { key: string }).key,
    )
    await second.stop()
  })

  test('is refused with another body or path', async () => {
    await post('/api/v1/app', 'other', { name: 'a' })
    for (const answer of [
      await post('/api/v1/app', 'other', { name: 'b' }),
      await post('/api/v1/key', 'other', { name: 'a' }),
    ]) {
      expect(answer.status).toBe(409)
      expect(await answer.json()).toMatchObject({ code: 'idempotency_mismatch' })
    }
  })

  test('lets one of many at once through; the others see it under way, or its answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post('/api/v1/app', 'storm', { name: 'storm' })),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThan(0)
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true)
    const { rows } = await api.database.pool.query(`select 1 from app where name = 'storm'`)
    expect(rows).toHaveLength(1)
  })

  test('is free again after a refusal, since nothing was done', async () => {
    expect((await post('/api/v1/app', 'mended', { name: 'x', uid: 'taken-uid' })).status).toBe(201)
    expect((await post('/api/v1/app', 'retry', { name: 'y', uid: 'taken-uid' })).status).toBe(409)
    await api.svix.application.delete('taken-uid')
    expect((await post('/api/v1/app', 'retry', { name: 'y', uid: 'taken-uid' })).status).toBe(201)
  })

  test('is forgotten after a day', async () => {
    await post('/api/v1/app', 'old', { name: 'old' })
    await api.database.pool.query(
      `update idempotency set created_at = now() - interval '25 hours' where key = 'old'`,
    )
    expect((await post('/api/v1/app', 'old', { name: 'new' })).status).toBe(201)
  })

  test('is held by a request for as long as its node lives, ten minutes at most', async () => {
    const left = async (key: string, node: string | null, age: string) => {
      const hash = requestHash('/api/v1/app', JSON.stringify({ name: key }))
      await api.database.pool.query(
        `insert into idempotency (tenant_id, key, request_hash, node_id, request_id, created_at)
         values ($1, $2, $3, $4, $5, now() - $6::interval)`,
        [api.tenantId, key, hash, node, randomUUID(), age],
      )
      return (await post('/api/v1/app', key, { name: key })).status
    }
    const other = await api.second()
    const live = other.node.engine.lease.id
    expect(await left('dead', randomUUID(), '1 second')).toBe(201)
    expect(await left('live', live, '9 minutes')).toBe(409)
    expect(await left('stuck', live, '11 minutes')).toBe(201)
    // Of a node of the release before, which says nothing of itself.
    expect(await left('unknown', null, '9 minutes')).toBe(409)
    // A claim whose answer was lost with its connection, and which came to the database after it was taken back.
    expect(await left('own', api.node.engine.lease.id, '1 second')).toBe(201)
    await other.stop()
  })

  test("of another app's token is another key", async () => {
    const answers = []
    for (const uid of ['first', 'second']) {
      await api.svix.application.create({ name: uid, uid })
      const { token } = await api.svix.authentication.appPortalAccess(uid)
      answers.push(
        await api
          .clientFor(token)
          .endpoint.create(uid, { url: 'http://127.0.0.1:9/' }, { idempotencyKey: '1' }),
      )
    }
    expect(answers[0]!.id).not.toBe(answers[1]!.id)
  })

  test('of another tenant is another key', async () => {
    const tenant = await api.call('POST', '/api/v1/tenant', { body: { name: 'third' } })
    await post('/api/v1/app', 'mine', { name: 'a' })
    const client = new Svix(tenant.body.key, { serverUrl: api.url })
    expect(
      await client.application.create({ name: 'b' }, { idempotencyKey: 'mine' }),
    ).toMatchObject({ name: 'b' })
  })

  test('that is none is refused', async () => {
    const answer = await post('/api/v1/app', 'with blank', { name: 'a' })
    expect(answer.status).toBe(422)
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

test('a message whose acceptance was lost on its way is the same one when it is sent again with its key', async () => {
  const own = await startApi({ cuttable: true })
  const { body: app } = await own.call('POST', '/api/v1/app', { body: { name: 'a' } })
  const send = () =>
    own.call('POST', `/api/v1/app/${app.id}/msg`, {
      body: { eventType: 'a', payload: { n: 1 } },
      headers: { 'idempotency-key': 'once' },
    })
  const lost = own.line!.loseAnswer('insert into message (')
  const first = await send()
  await lost
  expect(first).toMatchObject({
    status: 503,
    body: {
      code: 'database_away',
      detail: expect.stringContaining('A message with an Idempotency-Key (or an eventId)'),
    },
  })
  const again = await until(async () => {
    const answer = await send()
    return answer.status === 202 && answer
  })
  const { body: list } = await own.call('GET', `/api/v1/app/${app.id}/msg`)
  expect(list.data.map(({ id }: { id: string }) => id)).toEqual([again.body.id])
  await own.stop()
})

describe('an Idempotency-Key whose request the database left', () => {
  let own: TestApi
  let other: TestApi
  beforeAll(async () => {
    own = await startApi({ cuttable: true })
    other = await own.second({ line: undefined })
    await own.database.pool.query(
      `create function stand_by() returns trigger language plpgsql as $$
       begin
         perform pg_advisory_xact_lock(42);
         return new;
       end $$;
       create trigger stand_by before update on idempotency for each row
         when (new.key like 'kept%' and new.status is not null) execute function stand_by()`,
    )
  })
  afterAll(async () => {
    await other?.stop()
    await own?.stop()
  })

  const make = (name: string, at = own) =>
    at.call('POST', '/api/v1/app', { body: { name }, headers: { 'idempotency-key': name } })
  const apps = async (name: string) =>
    (await own.database.pool.query('select from app where name = $1', [name])).rowCount
  /** Waits for another's lock, and the database is away before it has it; then the line is mended. */
  const cutWhile = async (lock: string, statement: string, name: string) => {
    const holder = await own.database.pool.connect()
    await holder.query(`begin; ${lock}`)
    const running = make(name)
    const waiting = await until(async () => {
      const { rows } = await own.database.pool.query<{ pid: number }>(
        `select pid from pg_stat_activity
          where wait_event_type = 'Lock' and query like $1
            and pid <> pg_backend_pid() and datname = current_database()`,
        [`%${statement}%`],
      )
      return rows[0]
    })
    await own.line!.cut()
    await own.database.pool.query('select pg_terminate_backend($1)', [waiting.pid])
    const answer = await running
    await holder.query('rollback')
    holder.release()
    await own.line!.mend()
    return answer
  }

  test.each(['same', 'other'])(
    'is free once it is back, at the %s node, where nothing was done',
    async (which) => {
      const at = which === 'same' ? own : other
      const name = `free-${which}`
      expect(await cutWhile('lock table app in share mode', 'insert into app', name)).toMatchObject(
        {
          status: 503,
        },
      )
      await until(async () => (await make(name, at)).status === 201)
      expect(await apps(name)).toBe(1)
    },
  )

  test.each(['same', 'other'])(
    'gives the answer that could not be kept, at the %s node',
    async (which) => {
      const at = which === 'same' ? own : other
      const name = `kept-${which}`
      const lock = 'select pg_advisory_xact_lock(42)'
      const first = await cutWhile(lock, 'update idempotency', name)
      const again = await until(async () => {
        const answer = await make(name, at)
        return answer.status === 201 && answer
      })
      expect(again.text).toBe(first.text)
      expect(await apps(name)).toBe(1)
    },
  )

  test('is free at its node, where nothing was done and the database would not free it', async () => {
    await own.database.pool.query(
      `create function hold_on() returns trigger language plpgsql as $$ begin raise 'not now'; end $$;
       create trigger hold_on before delete on idempotency for each row
         when (old.key = 'held') execute function hold_on()`,
    )
    await own.call('POST', '/api/v1/app', { body: { name: 'a', uid: 'taken' } })
    const ask = (uid: string) =>
      own.call('POST', '/api/v1/app', {
        body: { name: 'held', uid },
        headers: { 'idempotency-key': 'held' },
      })
    const refused = await ask('taken')
    expect(refused.status).toBe(409)
    expect((await ask('taken')).body).toEqual(refused.body)
    expect(refused.body.code).not.toBe('idempotency_in_progress')
  })

  test.each(['same', 'other'])(
    'is free, at the %s node, where nobody heard that it was taken',
    async (which) => {
      const at = which === 'same' ? own : other
      const name = `unheard-${which}`
      const lost = own.line!.loseAnswer('insert into idempotency')
      expect((await make(name)).status).toBe(503)
      await lost
      await until(async () => (await make(name, at)).status === 201)
      expect(await apps(name)).toBe(1)
    },
  )
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
