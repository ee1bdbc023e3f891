// Who may send events in, where to, and what is answered: over real HTTP, with every answer of the API checked
// against its document.
import { createHmac } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readId } from '../../src/core/id.ts'
import { whatsAppGateways } from '../../src/sources/gateways.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { capture } from '../support/captures.ts'
import { messagesOf, openSession, postCapture, postJson, textMessage } from '../support/gateway.ts'
import { until } from '../support/receiver.ts'

let api: TestApi
let other: TestApi
beforeAll(async () => {
  api = await startApi({ cuttable: true, maxBodyBytes: 100_000 })
  other = await api.second()
})
afterAll(async () => {
  await other?.stop()
  await api?.stop()
})

const baileys = () => openSession(api, undefined, 'baileys')
const urlOf = (session: { uid: string }, on = api) => `${on.url}/ingest/baileys/${session.uid}`

describe('the token', () => {
  test('is taken from the query, x-api-key, apikey and Authorization, with or without Bearer', async () => {
    const session = await baileys()
    const { token } = session
    const url = urlOf(session)
    const statuses = [
      await postJson(`${url}?token=${token}`, textMessage('A1')),
      await postJson(url, textMessage('A2'), { 'x-api-key': token }),
      await postJson(url, textMessage('A3'), { apikey: token }),
      await postJson(url, textMessage('A4'), { authorization: `Bearer ${token}` }),
      await postJson(url, textMessage('A5'), { authorization: token }),
      // A gateway's own proof does not hide the token.
      await postJson(`${url}?token=${token}`, textMessage('A6'), { authorization: 'Bearer a.b.c' }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200])
    expect(await session.messages()).toHaveLength(6)
  })

  test('is asked for, and one that is not known is refused without a word about what exists', async () => {
    const session = await baileys()
    for (const headers of [
      {},
      { apikey: 'pombosrc_wrong' },
      { authorization: 'Bearer pombo_wrong' },
    ]) {
      const answer = await postJson(
        urlOf(session),
        textMessage('B1'),
        headers as Record<string, string>,
      )
      expect(answer.status).toBe(401)
      expect(await answer.json()).toMatchObject({ code: 'ingest_unauthorised' })
    }
    const nowhere = await postJson(`${api.url}/ingest/baileys/nowhere`, textMessage('B1'))
    expect(nowhere.status).toBe(401)
    expect(await session.messages()).toEqual([])
  })

  test('counts for its own gateway only', async () => {
    const session = await baileys()
    const answer = await postJson(
      `${api.url}/ingest/waha/${session.uid}?token=${session.token}`,
      {},
    )
    expect(answer.status).toBe(403)
    const unknown = await postJson(`${api.url}/ingest/carrier-pigeon/x?token=${session.token}`, {})
    expect(unknown.status).toBe(404)
  })

  test('is found with the event behind it, where Evolution puts it', async () => {
    const session = await openSession(api, undefined, 'evolution')
    const { body, headers } = capture('evolution-2.3.7/messages-upsert-by-events')
    const answer = await fetch(`${session.ingestUrl}/messages-upsert`, {
      method: 'POST',
      headers,
      body,
    })
    expect(answer.status).toBe(200)
    expect(await session.messages()).toMatchObject([{ event_type: 'message.received' }])
  })

  test('is shown once; a new one ends it, on every node', async () => {
    const session = await baileys()
    const path = `/api/v1/app/${session.app}/source/${session.source}`
    const shown = await api.call('GET', path)
    expect(shown.text).not.toContain(session.token)
    expect(shown.body.tokenHint).toBe(`${session.token.slice(0, 13)}…`)
    const post = async (token: string, on: TestApi) =>
      (await postJson(urlOf(session, on), textMessage('C1'), { apikey: token })).status
    expect(await post(session.token, other)).toBe(200)
    const rotated = await api.call('POST', `${path}/token/rotate`)
    expect(await post(session.token, api)).toBe(401)
    await until(async () => (await post(session.token, other)) === 401)
    expect(await post(rotated.body.token, api)).toBe(200)
    expect(await post(rotated.body.token, other)).toBe(200)
    expect((await api.call('DELETE', path)).status).toBe(204)
    expect(await post(rotated.body.token, api)).toBe(401)
    await until(async () => (await post(rotated.body.token, other)) === 401)
  })
})

describe('signatures', () => {
  test('that are missing are refused where a secret is set', async () => {
    const session = await openSession(api, undefined, 'baileys', { secret: 'the secret' })
    const url = `${urlOf(session)}?token=${session.token}`
    expect((await postJson(url, textMessage('D1'))).status).toBe(401)
    const body = JSON.stringify(textMessage('D1'))
    const mac = createHmac('sha256', 'the secret').update(body).digest('hex')
    const signed = await postJson(url, body, { 'x-hub-signature-256': `sha256=${mac}` })
    expect(signed.status).toBe(200)
    expect(await session.stats()).toMatchObject({ badSignature: 1, accepted: 1 })
  })

  test('are not asked of Evolution’s error webhook, which cannot carry one', async () => {
    const session = await openSession(api, undefined, 'evolution', { secret: 'evo-jwt-key' })
    const taken = await postCapture(api, capture('evolution-2.3.7/error-webhook'), session.token)
    expect(taken.status).toBe(200)
    const message = await postCapture(api, capture('evolution-2.3.7/seed-form'), session.token)
    expect(message.status).toBe(401)
  })
})

describe('sessions', () => {
  test('a source of one app takes everything for it, whatever the path calls the session', async () => {
    const session = await baileys()
    const renamed = await postJson(
      `${api.url}/ingest/baileys/its-old-name?token=${session.token}`,
      textMessage('E1'),
    )
    expect(renamed.status).toBe(200)
    expect(await session.events()).toMatchObject([{ session: 'its-old-name' }])
  })

  test('a source of any session makes an app for each, once, on whatever node it is heard of', async () => {
    const { token, app, source } = await openSession(api, undefined, 'baileys', { sessions: 'any' })
    const name = `fresh-${process.pid}`
    const answers = await Promise.all(
      [api, other, api, other].map((on, i) =>
        postJson(`${on.url}/ingest/baileys/${name}?token=${token}`, textMessage(`F${i}`)),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const made = await api.svix.application.get(name)
    expect(await messagesOf(api, readId('app', made.id)!)).toHaveLength(4)
    await other.intake.counters.flush()
    // It is seen from the session it serves, beside the session's own.
    const listed = await api.call('GET', `/api/v1/app/${made.id}/source`)
    expect(listed.body.data).toMatchObject([{ id: source, sessions: 'any' }])
    const stats = await api.call('GET', `/api/v1/app/${made.id}/source/${source}/stats`)
    expect(stats.body).toMatchObject({ received: 4, accepted: 4 })
    expect((await api.call('DELETE', `/api/v1/app/${made.id}/source/${source}`)).status).toBe(404)
    expect((await api.call('GET', `/api/v1/app/${app}/source/${source}`)).status).toBe(200)
  })

  test('one URL can serve sessions that name themselves in the body', async () => {
    const { token } = await openSession(api, undefined, 'baileys', { sessions: 'any' })
    const url = `${api.url}/ingest/baileys?token=${token}`
    await postJson(url, { ...textMessage('G1'), session: `in-body-${process.pid}` })
    const made = await api.svix.application.get(`in-body-${process.pid}`)
    expect(await messagesOf(api, readId('app', made.id)!)).toHaveLength(1)
  })

  test('an API key will do, and the session’s source makes itself', async () => {
    const uid = `by-key-${process.pid}`
    const post = (key: string, session = uid) =>
      postJson(`${api.url}/ingest/baileys/${session}`, textMessage('H1'), {
        authorization: `Bearer ${key}`,
      })
    expect(await (await post(api.key)).json()).toMatchObject({ accepted: 1 })
    const made = await api.svix.application.get(uid)
    const { body } = await api.call('GET', `/api/v1/app/${made.id}/source`)
    expect(body.data).toMatchObject([{ gateway: 'baileys', name: 'baileys', tokenHint: null }])
    // A token of one app reaches no other.
    const scoped = await api.svix.authentication.appPortalAccess(made.id, {})
    expect(await (await post(scoped.token)).json()).toMatchObject({ duplicate: 1 })
    await post(scoped.token, `not-${uid}`)
    const listed = await api.svix.application.list({ limit: 250 })
    expect(listed.data.map((app) => app.uid)).not.toContain(`not-${uid}`)
    const any = await api.call('POST', `/api/v1/app/${made.id}/source`, {
      key: scoped.token,
      body: { gateway: 'waha', sessions: 'any' },
    })
    expect(any.status).toBe(403)
  })
})

describe('what is sent in', () => {
  test.each([
    ['nothing', '', 'application/json'],
    ['text that is no JSON', 'hello', 'application/json'],
    ['a page', '<html>', 'text/html'],
    ['a JSON list', '[1,2]', 'application/json'],
    ['a number', '7', 'application/json'],
    ['twenty thousand brackets', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, 'application/json'],
    ['a broken form', '--x', 'multipart/form-data; boundary=x'],
  ])('%s is taken by every gateway, kept as it came, and flagged', async (_, body, type) => {
    for (const gateway of [...whatsAppGateways.map(({ name }) => name), 'supabase']) {
      const session = await openSession(api, undefined, gateway)
      const answer = await fetch(session.ingestUrl, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      })
      expect([gateway, answer.status]).toEqual([gateway, 200])
      const [message] = await session.messages()
      expect(message!.tags).toEqual(['unrecognised'])
      expect(message!.event_type).toMatch(/^(whatsapp\.\w+|[\w-]+\.unknown)$/)
      expect(await session.stats()).toMatchObject({ received: 1, accepted: 1, unrecognised: 1 })
    }
  })

  test('ids that no index can hold still make repeats', async () => {
    const session = await baileys()
    for (const id of ['x'.repeat(5_000)]) {
      const url = `${urlOf(session)}?token=${session.token}`
      expect(await (await postJson(url, textMessage(id))).json()).toMatchObject({ accepted: 1 })
      expect(await (await postJson(url, textMessage(id))).json()).toMatchObject({ duplicate: 1 })
    }
  })

  test('a body over the limit is refused, and shows among the counts', async () => {
    const session = await baileys()
    const big = { ...textMessage('I1'), padding: 'x '.repeat(60_000) }
    expect((await postJson(session.ingestUrl, big)).status).toBe(413)
    expect((await postJson(urlOf(session), big)).status).toBe(401)
    expect(await session.stats()).toMatchObject({ tooLarge: 1, received: 0 })
  })

  test('is answered 503 while the database is away, and taken when it comes again', async () => {
    const session = await baileys()
    expect((await postJson(session.ingestUrl, textMessage('J0'))).status).toBe(200)
    await api.line!.cut()
    const away = await postJson(session.ingestUrl, textMessage('J1'))
    expect(away.status).toBe(503)
    expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0)
    await api.line!.mend()
    await until(async () => (await postJson(session.ingestUrl, textMessage('J1'))).status === 200)
    expect(await session.events()).toMatchObject([{ messageId: 'J0' }, { messageId: 'J1' }])
  })
})

describe('sources', () => {
  test('of one app are listed without a look for it for each', async () => {
    const session = await baileys()
    const path = `/api/v1/app/${session.app}/source`
    for (let n = 0; n < 9; n++) {
      const body = { gateway: 'waha', name: `${n}` }
      expect((await api.call('POST', path, { body })).status).toBe(201)
    }
    const query = vi.spyOn(pg.Pool.prototype, 'query')
    try {
      const { body } = await api.call('GET', path)
      expect(body.data).toHaveLength(10)
      for (const { url } of body.data) expect(url).toMatch(new RegExp(`/${session.uid}$`))
      const looks = query.mock.calls.filter((asked) => /\bfrom app\b/.test(JSON.stringify(asked)))
      expect(looks.length).toBeLessThan(5)
    } finally {
      query.mockRestore()
    }
  })

  test('can be changed in part, and say everything that is wrong with a change at once', async () => {
    const session = await baileys()
    const path = `/api/v1/app/${session.app}/source/${session.source}`
    const changed = await api.call('PATCH', path, {
      body: {
        name: 'shop',
        filters: { chatKinds: ['person'] },
        silenceMinutes: 15,
        secret: 'abcd',
      },
    })
    expect(changed.body).toMatchObject({
      name: 'shop',
      filters: { chatKinds: ['person'] },
      silenceMinutes: 15,
      signed: true,
      dedupeSeconds: 86_400,
      url: `${api.url}/ingest/baileys/${session.uid}`,
    })
    const wrong = await api.call('PATCH', path, {
      body: { filters: { events: ['a b'], deny: ['x y'] } },
    })
    expect(wrong.status).toBe(422)
    expect(wrong.body.detail.map(({ loc }: { loc: string[] }) => loc.join('.'))).toEqual([
      'body.filters.events',
      'body.filters.deny',
    ])
    const taken = await api.call('POST', `/api/v1/app/${session.app}/source`, {
      body: { gateway: 'waha', name: 'shop' },
    })
    expect(taken.status).toBe(409)
  })

  test('of an app that is being deleted cost no other app its names and counts', async () => {
    const [going, staying] = [await baileys(), await baileys()]
    const holder = await api.database.pool.connect()
    try {
      const names = async () => {
        await api.intake.profiles.flush()
        await api.intake.counters.flush()
      }
      await names()
      await holder.query('begin')
      await holder.query('delete from app where id = $1', [readId('app', going.app)])
      for (const session of [going, staying])
        await postJson(session.ingestUrl, textMessage('L1', { pushName: 'Maria' }))
      const written = names()
      const waits = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
      await until(async () => (await api.database.pool.query(waits)).rowCount! > 0)
      await holder.query('commit')
      await written
    } finally {
      holder.release()
    }
    expect(api.logged).toEqual([])
    const { rows } = await api.database.pool.query<{ app_id: string; name: string }>(
      'select app_id, name from profile where app_id = any($1)',
      [[going, staying].map(({ app }) => readId('app', app))],
    )
    expect(rows).toEqual([{ app_id: readId('app', staying.app), name: 'Maria' }])
  })

  test('of an app that is deleted are gone with it', async () => {
    const session = await baileys()
    await postJson(session.ingestUrl, textMessage('K1'))
    await api.svix.application.delete(session.app)
    expect((await postJson(session.ingestUrl, textMessage('K2'))).status).toBe(401)
    await api.intake.counters.flush()
    await api.intake.profiles.flush()
    expect(api.logged).toEqual([])
  })
})
