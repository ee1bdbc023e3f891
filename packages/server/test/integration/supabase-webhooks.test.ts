import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type GatewaySession, openSession } from '../support/gateway.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  api = await startApi()
  receiver = await startReceiver()
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

/** As pg_net sends it. */
async function post(
  session: GatewaySession,
  body: string,
  headers: Record<string, string> = {},
  event = '',
): Promise<Response> {
  return await fetch(`${api.url}/ingest/supabase/${session.uid}${event}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'pg_net/0.14.0', ...headers },
    body,
  })
}

const insert =
  '{"type": "INSERT", "table": "users", "schema": "public", ' +
  '"record": {"id": 9007199254740993, "email": "ana@example.com"}, "old_record": null}'

test('a database webhook is one message, however often it is sent, and its body leaves to the byte', async () => {
  const session = await openSession(api, receiver, 'supabase')
  const headers = { authorization: `Bearer ${session.token}` }
  for (const what of ['accepted', 'duplicate']) {
    const answer = await post(session, insert, headers)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ [what]: 1 })
  }
  const others = await Promise.all(
    ['/crm.lead', '/crm.lead'].map((event) => post(session, insert, headers, event)),
  )
  expect(others.map(({ status }) => status)).toEqual([200, 200])
  expect(await session.messages()).toMatchObject([
    {
      event_type: 'user.registered',
      payload: insert,
      form: null,
      ordering_key: 'users:9007199254740993',
    },
    { event_type: 'crm.lead', payload: insert },
  ])
  await receiver.waitFor(2)
  expect(session.delivered().map(({ body }) => body)).toEqual([insert, insert])
  expect(await session.stats()).toMatchObject({ received: 4, accepted: 2, duplicate: 2 })
})

test('an agentes endpoint learns table, record and user from it', async () => {
  const session = await openSession(api, receiver, 'supabase', {}, { dialect: 'agentes' })
  const before = receiver.received.length
  await post(session, insert, { 'x-api-key': session.token })
  await receiver.waitFor(before + 1)
  expect(JSON.parse(session.delivered()[0]!.body)).toMatchObject({
    event_type: 'user.registered',
    event_source: 'supabase',
    table_name: 'users',
    record_id: '9007199254740993',
    user_id: '9007199254740993',
  })
})

test('without a token nothing is taken; with an API key the app is made; a secret must be in the header', async () => {
  const session = await openSession(api, undefined, 'supabase', { secret: 'a secret of my own' })
  const headers = { authorization: `Bearer ${session.token}` }
  expect((await post(session, insert)).status).toBe(401)
  expect((await post(session, insert, headers)).status).toBe(401)
  expect((await post(session, insert, { ...headers, 'x-webhook-secret': 'guess' })).status).toBe(
    401,
  )
  expect(await session.messages()).toEqual([])
  const proved = { ...headers, 'x-webhook-secret': 'a secret of my own' }
  expect((await post(session, insert, proved)).status).toBe(200)
  const made = await fetch(`${api.url}/ingest/supabase/new-shop`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.key}` },
    body: insert,
  })
  expect(made.status).toBe(200)
  expect(await api.svix.application.get('new-shop')).toMatchObject({ uid: 'new-shop' })
})

test('what is no change of a row is kept and flagged, not refused', async () => {
  const session = await openSession(api, undefined, 'supabase')
  const answer = await post(session, '{"hello": 1}', { apikey: session.token })
  expect(answer.status).toBe(200)
  expect(await session.messages()).toMatchObject([
    { event_type: 'supabase.unknown', tags: ['unrecognised'] },
  ])
})
