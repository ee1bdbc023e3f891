// The audit log: who changed what, in the transaction that changed it, append-only.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { startPombo } from '../support/pombo-app.ts'
import { startReceiver, until } from '../support/receiver.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.stop())

interface Entry {
  id: string
  keyId: string | null
  actor: string
  onBehalfOf: string | null
  action: string
  kind: string
  target: string
  appId: string | null
  changes: Record<string, unknown>
}

/** Oldest first. */
async function entries(query: string, key?: string): Promise<Entry[]> {
  const { status, body } = await api.call(
    'GET',
    `/api/v1/audit?order=ascending&${query}`,
    key === undefined ? {} : { key },
  )
  expect(status).toBe(200)
  return body.data as Entry[]
}

test('every change of the registry is in the log, with the key, whom it was for, and what was and is', async () => {
  const { body: key } = await api.call('POST', '/api/v1/key', { body: { name: 'painel' } })
  const as = { key: key.key as string, headers: { 'x-pombo-actor': 'maria@example.com' } }
  const { body: app } = await api.call('POST', '/api/v1/app', { body: { name: 'Loja' }, ...as })
  const { body: endpoint } = await api.call('POST', `/api/v1/app/${app.id}/endpoint`, {
    body: { url: 'https://example.com/hook', headers: { authorization: 'Bearer s3gredo' } },
    ...as,
  })
  const path = `/api/v1/app/${app.id}/endpoint/${endpoint.id}`
  await api.call('PATCH', path, { body: { url: 'https://example.org/hook' }, ...as })
  await api.call('POST', `${path}/secret/rotate`, { body: {}, ...as })
  await api.call('POST', '/api/v1/event-type', {
    body: { name: 'order.paid', description: 'Paid' },
    ...as,
  })
  await api.call('DELETE', `/api/v1/app/${app.id}`, as)

  const found = await entries(`key_id=${key.id}`)
  expect(found.map(({ action, kind }) => `${action} ${kind}`)).toEqual([
    'create app',
    'create endpoint',
    'create endpoint_secret',
    'update endpoint',
    'update endpoint_secret',
    'create endpoint_secret',
    'create event_type',
    'delete app',
    'delete endpoint',
    'delete endpoint_secret',
    'delete endpoint_secret',
  ])
  for (const { actor, onBehalfOf } of found)
    expect([actor, onBehalfOf]).toEqual(['painel', 'maria@example.com'])
  expect(found[0]).toMatchObject({
    target: app.id,
    appId: app.id,
    changes: { name: [null, 'Loja'] },
  })
  expect(found[1]).toMatchObject({ target: endpoint.id, changes: { headers_sealed: 'hidden' } })
  expect(found[3]).toMatchObject({
    target: endpoint.id,
    changes: { url: ['https://example.com/hook', 'https://example.org/hook'] },
  })
  expect(Object.keys(found[3]!.changes)).toEqual(['url'])
  expect(found[7]).toMatchObject({ changes: { name: ['Loja', null] } })
  expect(await entries(`target=${endpoint.id}`)).toHaveLength(3)
  expect(await entries(`kind=event_type&action=create&target=order.paid`)).toHaveLength(1)
  expect(await entries(`app_id=${app.id}&kind=app`)).toHaveLength(2)

  const { rows } = await api.database.pool.query<{ log: string }>(
    'select jsonb_agg(to_jsonb(a))::text as log from audit_log a',
  )
  for (const secret of ['s3gredo', 'whsec_', key.key as string])
    expect(rows[0]!.log).not.toContain(secret)
})

test('a change that is rolled back leaves nothing in the log', async () => {
  await api.call('POST', '/api/v1/app', { body: { name: 'One', uid: 'same' } })
  const before = (await entries('limit=250')).length
  expect(
    (await api.call('POST', '/api/v1/app', { body: { name: 'Two', uid: 'same' } })).status,
  ).toBe(409)
  expect((await entries('limit=250')).length).toBe(before)
})

test('keys and tenants are in it too, and a use of a key is not', async () => {
  const { body: tenant } = await api.call('POST', '/api/v1/tenant', { body: { name: 'Other' } })
  const { body: key } = await api.call('POST', '/api/v1/key', {
    body: { name: 'k' },
    key: tenant.key,
  })
  await api.node.registry.cache.key(key.key as string)
  await api.call('DELETE', `/api/v1/key/${key.id}`, { key: tenant.key })
  await api.database.pool.query('update api_key set last_used_at = now()')
  const found = await entries('limit=250', tenant.key as string)
  expect(found.map(({ action, kind }) => `${action} ${kind}`)).toEqual([
    'create tenant',
    'create api_key',
    'create api_key',
    'update api_key',
  ])
  expect(found[3]!.changes).toEqual({ revoked_at: [null, expect.any(String)] })
  // Made by the operator's key, which the tenant sees by name only.
  expect(found[0]!.actor).toBe('bootstrap')
  await api.call('PATCH', `/api/v1/tenant/${tenant.id}`, { body: { name: 'Another' } })
  expect((await entries('kind=tenant&action=update', tenant.key as string))[0]!.changes).toEqual({
    name: ['Other', 'Another'],
  })
})

test('one tenant does not read another’s log, and an app’s token reads none', async () => {
  const { body: tenant } = await api.call('POST', '/api/v1/tenant', { body: { name: 'Third' } })
  const { body: app } = await api.call('POST', '/api/v1/app', { body: { name: 'Mine' } })
  expect(await entries(`target=${app.id}`, tenant.key as string)).toEqual([])
  const { body: token } = await api.call('POST', `/api/v1/auth/app-portal-access/${app.id}`, {
    body: {},
  })
  expect((await api.call('GET', '/api/v1/audit', { key: token.token })).status).toBe(403)
})

test('the log is walked page by page, newest first, none left out and none twice', async () => {
  for (let n = 0; n < 5; n++) await api.call('POST', '/api/v1/app', { body: { name: `P${n}` } })
  const seen: string[] = []
  let iterator = ''
  for (;;) {
    const { body } = await api.call('GET', `/api/v1/audit?limit=7${iterator}`)
    seen.push(...body.data.map((entry: Entry) => entry.id))
    if (body.done) break
    iterator = `&iterator=${body.iterator}`
  }
  expect(seen).toEqual(seen.toSorted().toReversed())
  expect(new Set(seen).size).toBe(seen.length)
  const { rows } = await api.database.pool.query<{ count: number }>(
    'select count(*) from audit_log where tenant_id = $1',
    [api.tenantId],
  )
  expect(seen).toHaveLength(rows[0]!.count)
})

test.each([
  'update audit_log set actor = $$nobody$$',
  'delete from audit_log',
  'truncate audit_log',
  'update audit_log set actor = $$nobody$$ where false',
])('%s is refused, to the owner of the tables too', async (sql) => {
  await expect(api.database.pool.query(sql)).rejects.toMatchObject({
    code: '42501',
    message: expect.stringContaining('append-only') as unknown,
  })
})

test.each([
  `update audit_log set actor = 'nobody'`,
  `update audit_log set target = 'elsewhere'`,
  `update audit_log set on_behalf_of = 'nobody'`,
  `update audit_log set on_behalf_of = '(erased)' where on_behalf_of is null`,
  `update audit_log set action = '(erased)'`,
  `update audit_log set at = now()`,
  `update audit_log set changes = '{}'`,
  `update audit_log set changes = changes || '{"added": "(erased)"}'`,
  `update audit_log set changes = jsonb_set(changes, '{name}', '"other"') where changes ? 'name'`,
  'delete from audit_log',
  'truncate audit_log',
])('not even an erasure may %s', async (sql) => {
  await api.call('POST', '/api/v1/app', { body: { name: 'Kept' } })
  const client = await api.database.pool.connect()
  try {
    await client.query('begin')
    await client.query(`select set_config('pombo.erasing', 'on', true)`)
    await expect(client.query(sql)).rejects.toMatchObject({
      code: '42501',
      message: expect.stringContaining('append-only') as unknown,
    })
  } finally {
    await client.query('rollback')
    client.release()
  }
})

test('what somebody does in the database itself is in the log under that user’s name', async () => {
  const { body: app } = await api.call('POST', '/api/v1/app', { body: { name: 'By hand' } })
  await api.database.pool.query(`update app set name = 'Changed' where name = 'By hand'`)
  const [, entry] = await entries(`target=${app.id}`)
  expect(entry).toMatchObject({
    keyId: null,
    actor: expect.stringMatching(/^database user /) as unknown,
    changes: { name: ['By hand', 'Changed'] },
  })
})

test('an endpoint disabled by what it answered was disabled by Pombo, not by whose message it was', async () => {
  const gone = await startReceiver(() => ({ status: 410 }))
  const { body: app } = await api.call('POST', '/api/v1/app', { body: { name: 'Gone' } })
  const { body: endpoint } = await api.call('POST', `/api/v1/app/${app.id}/endpoint`, {
    body: { url: gone.url },
  })
  await api.call('POST', `/api/v1/app/${app.id}/msg`, {
    body: { eventType: 'order.paid', payload: {} },
    headers: { 'x-pombo-actor': 'joao' },
  })
  const entry = await until(async () => (await entries(`target=${endpoint.id}&action=update`))[0])
  expect(entry).toMatchObject({
    keyId: null,
    actor: 'pombo',
    onBehalfOf: null,
    changes: { disabled: [false, true] },
  })
  await gone.close()
})

test('an application that a message makes is in the log under the key that sent it', async () => {
  const { body: key } = await api.call('POST', '/api/v1/key', { body: { name: 'sender' } })
  await api.call('POST', '/api/v1/app/made-on-the-way/msg', {
    key: key.key,
    body: {
      eventType: 'order.paid',
      payload: {},
      application: { name: 'Made', uid: 'made-on-the-way' },
    },
  })
  const found = await entries(`key_id=${key.id}`)
  expect(found).toMatchObject([{ action: 'create', kind: 'app', actor: 'sender' }])
})

test('what is done through a dialect’s requests is in the log under their key', async () => {
  const pombo = await startPombo()
  try {
    const authorization = `Basic ${Buffer.from(`x:${pombo.key}`).toString('base64')}`
    const made = await pombo.call('POST', '/api/devices', {
      body: {
        statusWebhookUrl: 'https://example.com/hook',
        statusWebhookSecret: 'segredo',
        gatewayUrl: 'ws://admin:senha@127.0.0.1:3000/ws',
      },
      headers: { authorization, 'x-pombo-actor': 'operadora' },
    })
    expect(made.status).toBe(201)
    const { body } = await pombo.api('GET', '/audit?order=ascending')
    const found = (body.data as Entry[]).filter(({ onBehalfOf }) => onBehalfOf === 'operadora')
    expect(found.map(({ action, kind, actor }) => `${action} ${kind} ${actor}`)).toEqual([
      'create app bootstrap',
      'create endpoint bootstrap',
      'create endpoint_secret bootstrap',
      'create device bootstrap',
    ])
    expect(JSON.stringify(body)).not.toContain('senha')
  } finally {
    await pombo.stop()
  }
})
