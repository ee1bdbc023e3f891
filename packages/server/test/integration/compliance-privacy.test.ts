// LGPD: what is kept of a person is shown, and erased, by the person's keys.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createSeal } from '../../src/db/seal.ts'
import { readId } from '../../src/core/id.ts'
import { createPersonHashes } from '../../src/core/person.ts'
import { canonicalSamples } from '../support/canonical-events.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  api = await startApi()
  receiver = await startReceiver()
})
afterAll(async () => {
  await receiver?.close()
  await api?.stop()
})

const person = { userId: 'u-4711', email: 'Maria@Example.com', phone: '+55 (11) 99999-9999' }

interface Tenant {
  id: string
  uuid: string
  key: string
  app: string
  endpoint: string
}
let tenant: Tenant

/** Each test has a tenant of its own, with an app and an endpoint. */
beforeEach(async () => {
  receiver.received.length = 0
  receiver.answer = () => ({ body: 'ok' })
  tenant = await newTenant()
})

async function newTenant(): Promise<Tenant> {
  const { body } = await api.call('POST', '/api/v1/tenant', { body: { name: 'T' } })
  const key = body.key as string
  const app = (await api.call('POST', '/api/v1/app', { body: { name: 'A' }, key })).body
    .id as string
  const made = await api.call('POST', `/api/v1/app/${app}/endpoint`, {
    body: { url: `${receiver.url}/hook` },
    key,
  })
  const { rows } = await api.database.pool.query<{ id: string }>(
    `select id from tenant order by id desc limit 1`,
  )
  return { id: body.id, uuid: rows[0]!.id, key, app, endpoint: made.body.id }
}

const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  api.call(method, path, { ...(body === undefined ? {} : { body }), key: tenant.key, headers })

async function send(
  payload: object,
  more: object = {},
  headers: Record<string, string> = {},
): Promise<string> {
  const sent = await call(
    'POST',
    `/api/v1/app/${tenant.app}/msg`,
    { eventType: 'order.paid', payload, ...more },
    headers,
  )
  expect(sent.status).toBe(202)
  return sent.body.id as string
}

async function setPaths(personPaths: string[] | null): Promise<void> {
  const set = await api.call('PATCH', `/api/v1/tenant/${tenant.id}`, { body: { personPaths } })
  expect(set.body).toMatchObject({ personPaths })
}

async function attempted(count: number): Promise<void> {
  await until(async () => {
    const { rows } = await api.database.pool.query<{ count: number }>(
      'select count(*) as count from attempt where tenant_id = $1',
      [tenant.uuid],
    )
    return rows[0]!.count >= count
  })
}

/** Everything in the database that is the tenant's, as one text: every table, every column, but the audit log's own. */
async function everything(): Promise<string> {
  const { rows: tables } = await api.database.pool.query<{ name: string }>(
    `select distinct table_name as name
       from information_schema.columns
      where table_schema = 'public' and column_name = 'tenant_id'`,
  )
  let text = ''
  for (const { name } of tables) {
    const { rows } = await api.database.pool.query<{ text: string | null }>(
      `select string_agg(to_jsonb(t)::text, ' ') as text from ${name} t where tenant_id = $1`,
      [tenant.uuid],
    )
    text += rows[0]!.text ?? ''
  }
  return text
}

const traces = /maria@example|u-4711\b|99999-?9999/i

/** What is left of the person, with what stands around it. */
async function left(): Promise<string[]> {
  const around = new RegExp(`.{0,60}(?:${traces.source}).{0,60}`, 'gi')
  return (await everything()).match(around) ?? []
}

async function fillWithPerson(): Promise<{ theirs: string[]; others: string[] }> {
  receiver.answer = ({ body }) => ({ body: body.includes('echo') ? body : 'ok' })
  const theirs = [
    await send({ user_id: 'u-4711', note: 'echo' }),
    await send(
      { order: { customer: { email: 'maria@example.com' } } },
      { eventId: 'order.u-4711' },
    ),
    await send(
      { phone: 5511999999999 },
      { tags: ['user.u-4711'] },
      { 'idempotency-key': 'maria@example.com/1' },
    ),
    await send({ text: 'ligue para +55 11 99999-9999 hoje' }, { orderingKey: '5511999999999' }),
  ]
  const others = [
    await send({ user_id: 'u-4712', email: 'joao@example.com' }),
    await send({ text: 'u-47110' }, { eventId: 'other' }),
  ]
  await attempted(6)
  return { theirs, others }
}

test('everything that names the person is erased, and nothing else, with a report that says how much', async () => {
  const { theirs, others } = await fillWithPerson()
  expect(await left()).not.toEqual([])
  const { status, body: report } = await call('POST', '/api/v1/privacy/erase', person)
  expect(status).toBe(200)
  expect(report).toMatchObject({
    person: [1, 2, 3].map(() => expect.stringMatching(/^[0-9a-f]{32}$/) as unknown),
    erased: {
      messages: 4,
      attempts: 4,
      answers: 0,
      deliveries: 0,
      stillSending: 0,
      dedupeKeys: 2,
      idempotencyKeys: 0,
      profiles: 0,
      files: 0,
      hashes: 0,
      auditEntries: 0,
      tasks: 0,
      devices: 0,
    },
    read: { messages: 6, attempts: expect.any(Number) as unknown, unreadable: 0 },
    stillNamed: [],
  })
  expect(await left()).toEqual([])
  for (const id of theirs) {
    const { body } = await call('GET', `/api/v1/app/${tenant.app}/msg/${id}`)
    expect(body).toMatchObject({ id, payload: {}, eventId: null, tags: null })
    const attempts = await call('GET', `/api/v1/app/${tenant.app}/attempt/msg/${id}`)
    expect(attempts.body.data[0]).toMatchObject({ status: 0, response: '(erased)' })
  }
  for (const id of others) {
    const { body } = await call('GET', `/api/v1/app/${tenant.app}/msg/${id}`)
    expect(Object.keys(body.payload as object)).not.toEqual([])
  }
  const again = await call('POST', '/api/v1/privacy/erase', person)
  expect(again.body.erased).toMatchObject({ messages: 0, attempts: 0, dedupeKeys: 0 })
})

test('the report stays in the audit log, which names the person by a keyed hash alone', async () => {
  await send({ email: 'maria@example.com' })
  const { body: report } = await call(
    'POST',
    '/api/v1/privacy/erase',
    { email: person.email },
    {
      'x-pombo-actor': 'dpo@example.com',
    },
  )
  const { body } = await call('GET', '/api/v1/audit?kind=person')
  expect(body.data).toMatchObject([
    {
      id: report.auditId,
      action: 'erase',
      actor: 'first',
      onBehalfOf: 'dpo@example.com',
      target: report.person[0],
      changes: { erased: report.erased },
    },
  ])
  expect(JSON.stringify(body)).not.toMatch(traces)
})

test('what waits to be sent is closed, and never leaves', async () => {
  receiver.answer = () => ({ status: 503, headers: { 'retry-after': '3600' } })
  const id = await send({ email: 'maria@example.com' })
  await attempted(1)
  await until(async () => {
    const { rows } = await api.database.pool.query<{ count: number }>(
      'select count(*) as count from work where tenant_id = $1 and attempt = 1 and lease_owner is null',
      [tenant.uuid],
    )
    return rows[0]!.count === 1
  })
  const { body: report } = await call('POST', '/api/v1/privacy/erase', { email: person.email })
  expect(report.erased).toMatchObject({ messages: 1, deliveries: 1, attempts: 1 })
  const { body } = await call('GET', `/api/v1/app/${tenant.app}/msg/${id}/endpoint`)
  expect(JSON.stringify(body)).not.toContain('nextAttempt":"')
  const { rows } = await api.database.pool.query<{ state: string; reason: string }>(
    'select state, reason from history where tenant_id = $1 and state is not null',
    [tenant.uuid],
  )
  expect(rows).toEqual([
    {
      state: 'discarded',
      reason: 'not sent: erased on the request of the person that it is about',
    },
  ])
})

test('what is being sent at that moment is erased as soon as its answer is recorded', async () => {
  receiver.answer = ({ body }) => ({ delayMs: 1_500, body })
  await send({ email: 'maria@example.com' })
  await receiver.waitFor(1)
  const { body: report } = await call('POST', '/api/v1/privacy/erase', { email: person.email })
  expect(report.erased).toMatchObject({ messages: 1, stillSending: 0 })
  await attempted(1)
  expect(await left()).toEqual([])
})

test('an answer to somebody else’s message that names the person is erased, the message stays', async () => {
  receiver.answer = () => ({ body: '{"assigned_to":"maria@example.com"}' })
  const id = await send({ order: 7 })
  await attempted(1)
  const { body: report } = await call('POST', '/api/v1/privacy/erase', { email: person.email })
  expect(report.erased).toMatchObject({ messages: 0, answers: 1 })
  expect((await call('GET', `/api/v1/app/${tenant.app}/msg/${id}`)).body.payload).toEqual({
    order: 7,
  })
  expect(await left()).toEqual([])
})

test('another tenant’s messages of the same person stay', async () => {
  await send({ email: 'maria@example.com' })
  const first = tenant
  tenant = await newTenant()
  await send({ email: 'maria@example.com' })
  const { body } = await call('POST', '/api/v1/privacy/erase', { email: person.email })
  expect(body.erased.messages).toBe(1)
  tenant = first
  expect(await left()).not.toEqual([])
})

test('with paths a person is found by keyed hashes: no key is in the index, and nothing has to be read', async () => {
  await setPaths(['user_id', '**.email', '**.phone'])
  await fillWithPerson()
  const { rows } = await api.database.pool.query<{ hash: Buffer; row: string }>(
    'select hash, to_jsonb(p)::text as row from message_person p where tenant_id = $1',
    [tenant.uuid],
  )
  expect(rows.length).toBeGreaterThan(4)
  for (const { row } of rows) expect(row).not.toMatch(traces)
  // A keyed hash: a bare SHA-256 of an address can be guessed.
  const hashes = createPersonHashes(
    createSeal([Buffer.alloc(32, 7).toString('base64')]).derived('person keys'),
  )
  const expected = hashes.hash(tenant.uuid, 'maria@example.com')
  expect(rows.some(({ hash }) => hash.equals(expected))).toBe(true)

  const { body: report } = await call('POST', '/api/v1/privacy/erase', { ...person, scan: false })
  // The one that only mentions the number in a sentence is under no path.
  expect(report).toMatchObject({ erased: { messages: 3 }, read: { messages: 0, attempts: 0 } })
  expect(report.erased.hashes).toBeGreaterThanOrEqual(3)
  const rest = await call('POST', '/api/v1/privacy/erase', person)
  expect(rest.body).toMatchObject({ erased: { messages: 1 } })
  expect(await left()).toEqual([])
})

test('a user whose id a tag cannot hold is found by the tag all the same', async () => {
  await setPaths([])
  const tag = `user64.${Buffer.from('maria@example.com').toString('base64url')}`
  for (const scan of [true, false]) {
    await send({ order: 7 }, { tags: [tag] })
    await send(
      { order: 8 },
      { tags: [`user64.${Buffer.from('joao@example.com').toString('base64url')}`] },
    )
    const { body } = await call('POST', '/api/v1/privacy/erase', { email: person.email, scan })
    expect(body.erased.messages).toBe(1)
  }
  // A row of a table of users, by its own key.
  const record = tag.replace('user64', 'record64')
  await send({ order: 9 }, { tags: [record] })
  const { body } = await call('POST', '/api/v1/privacy/erase', { email: person.email })
  expect(body.erased.messages).toBe(1)
  for (const one of [tag, record]) expect(await everything()).not.toContain(one)
})

test('of WhatsApp’s events chat and sender are indexed without a path; names, images, files go with them', async () => {
  await setPaths([])
  const sample = canonicalSamples.find(({ eventType }) => eventType === 'message.received')!
  const event = structuredClone(sample.payload) as Record<string, Record<string, unknown>>
  const other = { kind: 'person', name: null, imageUrl: null, altId: null }
  event['chat'] = { ...other, id: '551199999999@s.whatsapp.net' }
  event['sender'] = {
    ...other,
    id: '998877665544332@lid',
    altId: '551199999999@s.whatsapp.net',
    phone: '551199999999',
  }
  const { rows } = await api.database.pool.query<{ id: string; app: string }>(
    `insert into media (id, tenant_id, sha256, mimetype, size_bytes, bytes, expires_at)
     select uuid_v7(), $1, 'x', 'image/png', 1, 'x', now() + interval '1 day'
     returning id, (select id from app where tenant_id = $1 and kind = 'app') as app`,
    [tenant.uuid],
  )
  const { id: file, app } = rows[0]!
  const { showId } = await import('../../src/core/id.ts')
  event['content'] = {
    ...event['content'],
    media: { stored: { url: `https://p/media/${showId('media', file)}?exp=1&sig=x` } },
  }
  await api.database.pool.query(
    `insert into profile (app_id, jid, tenant_id, alt_jid, name)
     values ($1, '551199999999@s.whatsapp.net', $2, null, 'Maria'),
            ($1, '5521988887777@s.whatsapp.net', $2, null, 'João')`,
    [app, tenant.uuid],
  )
  await api.node.engine.ingest.accept({
    tenantId: tenant.uuid,
    appId: app,
    eventType: 'message.received',
    payload: JSON.stringify(event),
    form: 'whatsapp',
    orderingKey: 'session:551199999999@s.whatsapp.net',
    dedupe: [
      {
        kind: 'source',
        key: 'session|message|551199999999@s.whatsapp.net|3EB0||',
        windowSeconds: 60,
      },
    ],
  })
  // The number as people write it, with the ninth digit that WhatsApp's id lacks.
  const { body: report } = await call('POST', '/api/v1/privacy/erase', {
    phone: person.phone,
    scan: false,
  })
  expect(report.erased).toMatchObject({ messages: 1, profiles: 1, files: 1, dedupeKeys: 1 })
  const text = await everything()
  expect(/.{0,60}551199999999.{0,60}/.exec(text)).toBeNull()
  expect(text.includes('5521988887777')).toBe(true)
})

test('kept answers to Idempotency-Key requests are erased where the key or answer names the person', async () => {
  await call(
    'POST',
    '/api/v1/app',
    { name: 'Loja da maria@example.com' },
    { 'idempotency-key': 'a-1' },
  )
  await call('POST', '/api/v1/app', { name: 'Other' }, { 'idempotency-key': 'u-4711' })
  await call('POST', '/api/v1/app', { name: 'Third' }, { 'idempotency-key': 'a-3' })
  const { body } = await call('POST', '/api/v1/privacy/erase', person)
  expect(body.erased.idempotencyKeys).toBe(2)
  const { rows } = await api.database.pool.query<{ key: string }>(
    'select key from idempotency where tenant_id = $1',
    [tenant.uuid],
  )
  expect(rows).toEqual([{ key: 'a-3' }])
})

test('the audit log, tasks and devices’ words lose only what names the person; what people set is told', async () => {
  const headers = { 'x-pombo-actor': 'maria@example.com' }
  const named = { name: 'Loja da maria@example.com', metadata: { plan: 'b' } }
  const { body: app } = await call('POST', '/api/v1/app', named, headers)
  const { body: other } = await call('POST', '/api/v1/app', { name: 'Other' })
  const replay = await call('POST', '/api/v1/replay', {
    appId: tenant.app,
    status: 'delivered',
    since: new Date(Date.now() - 60_000).toISOString(),
    payloadFilter: 'payload.email == "maria@example.com"',
  })
  expect(replay.status).toBeLessThan(300)
  await api.database.pool.query(
    `insert into device (id, tenant_id) select id, tenant_id from app where tenant_id = $1 and name = 'Other'`,
    [tenant.uuid],
  )
  await api.database.pool.query(
    `update device set last_message = 'Successfully paired with 5511999999999:1@s.whatsapp.net' where tenant_id = $1`,
    [tenant.uuid],
  )
  const { body: source } = await call('POST', `/api/v1/app/${other.id}/source`, {
    gateway: 'baileys',
    filters: { deny: ['5511999999999@s.whatsapp.net'] },
  })
  const before = (await call('GET', '/api/v1/audit?order=ascending')).body.data as object[]
  const { body: report } = await call('POST', '/api/v1/privacy/erase', person)
  expect(report).toMatchObject({
    erased: { messages: 0, auditEntries: 2, tasks: 1, devices: 1 },
    stillNamed: [
      { kind: 'app', id: app.id },
      { kind: 'source', id: source.id },
    ],
  })
  const after = (await call('GET', '/api/v1/audit?order=ascending')).body.data as {
    target: string
    changes: object
  }[]
  expect(after.find(({ target }) => target === app.id)).toMatchObject({
    action: 'create',
    onBehalfOf: '(erased)',
    changes: { name: '(erased)', metadata: [null, { plan: 'b' }] },
  })
  const others = (entries: object[]) =>
    entries.filter((entry) => ![app.id, source.id].includes((entry as { target: string }).target))
  expect(others(after).slice(0, -1)).toEqual(others(before))
  expect(after.find(({ target }) => target === other.id)).toMatchObject({
    changes: { name: [null, 'Other'] },
  })
  await call('PUT', `/api/v1/app/${app.id}`, { name: 'Loja' })
  await call('PATCH', `/api/v1/app/${other.id}/source/${source.id}`, { filters: {} })
  expect((await call('POST', '/api/v1/privacy/erase', person)).body).toMatchObject({
    erased: { auditEntries: 2 },
    stillNamed: [],
  })
  expect(await left()).toEqual([])
})

test('what people gave as a reason loses what names the person, and a broadcast under way is stopped', async () => {
  receiver.answer = () => ({ status: 503 })
  await send({ n: 1 })
  await attempted(1)
  const given = await call('POST', '/api/v1/bulk', {
    action: 'discard',
    filter: { appId: tenant.app },
    reason: 'a pedido de maria@example.com',
  })
  expect(given.status, given.text).toBe(202)
  const { pool } = api.database
  await until(async () => {
    const { rows } = await pool.query('select from delivery where tenant_id = $1', [tenant.uuid])
    return rows.length === 1
  })
  const { body: source } = await call('POST', `/api/v1/app/${tenant.app}/source`, {
    gateway: 'events',
  })
  await pool.query(
    `update source_session set last_refusal = $2, last_refused_at = now() where source_id = $1`,
    [readId('source', source.id), 'body.by.55 11 99999-9999: is not known here'],
  )
  await pool.query(
    `insert into job (id, tenant_id, task, args, status)
     values (uuid_v7(), $1, 'message.broadcast', $2, 'canceled')`,
    [
      tenant.uuid,
      { payloadFilter: null, message: { payload: '{"user":"u-4711"}', channels: null } },
    ],
  )
  const { body } = await call('POST', '/api/v1/privacy/erase', person)
  expect(body.erased).toMatchObject({ messages: 0, reasons: 2, tasks: 2 })
  expect(await left()).toEqual([])
})

test('an export shows all of it, payloads to the letter, page by page, and nothing of others', async () => {
  const { theirs } = await fillWithPerson()
  const exact = await call('POST', `/api/v1/app/${tenant.app}/msg`, {
    eventType: 'order.paid',
    payload: { email: 'maria@example.com' },
  })
  for (const scan of [true, false]) {
    if (!scan) await setPaths(['**.email'])
    const { status, body } = await call('POST', '/api/v1/privacy/export', { ...person, scan })
    expect(status).toBe(200)
    const shown = (body.messages as { id: string }[]).map(({ id }) => id)
    expect(shown).toEqual(scan ? [...theirs, exact.body.id] : [])
    if (!scan) continue
    expect(body.messages[0]).toMatchObject({
      appId: tenant.app,
      eventType: 'order.paid',
      payload: { user_id: 'u-4711', note: 'echo' },
      attempts: [
        {
          endpointId: tenant.endpoint,
          status: 200,
          outcome: 'delivered',
          url: `${receiver.url}/hook`,
        },
      ],
    })
    expect(body.messages[0].attempts[0].response).toContain('u-4711')
    expect(body).toMatchObject({ done: true, iterator: null, profiles: [] })
  }
  const { body: audit } = await call('GET', '/api/v1/audit?kind=person&action=export')
  expect(audit.data).toHaveLength(2)
})

test('a large export goes page by page, none left out and none twice', async () => {
  await setPaths(['email'])
  const sent: string[] = []
  for (let n = 0; n < 180; n++)
    sent.push(await send({ email: n % 3 === 0 ? 'other@example.com' : 'maria@example.com', n }))
  const theirs = sent.filter((_, n) => n % 3 !== 0)
  for (const scan of [true, false]) {
    const seen: string[] = []
    let iterator: string | null = null
    do {
      const { body }: { body: { messages: { id: string }[]; iterator: string | null } } =
        await call('POST', '/api/v1/privacy/export', {
          email: 'maria@example.com',
          scan,
          limit: 5,
          ...(iterator && { iterator }),
        })
      seen.push(...body.messages.map(({ id }) => id))
      iterator = body.iterator
    } while (iterator)
    expect(seen.toSorted()).toEqual(theirs.toSorted())
  }
  expect(
    (await call('POST', '/api/v1/privacy/export', { email: 'a@b.co', iterator: 'nope' })).status,
  ).toBe(422)
})

test('mistakes are answered, and an app’s token may neither', async () => {
  const problem = async (body: object) =>
    JSON.stringify((await call('POST', '/api/v1/privacy/erase', body)).body)
  expect(await problem({})).toContain('names nobody')
  expect(await problem({ userId: '42' })).toContain('too short')
  const bad = await api.call('PATCH', `/api/v1/tenant/${tenant.id}`, {
    body: { personPaths: ['a b'] },
  })
  expect(JSON.stringify(bad.body)).toContain('is no path')
  const token = await call('POST', `/api/v1/auth/app-portal-access/${tenant.app}`, {})
  for (const what of ['export', 'erase'])
    expect(
      (await api.call('POST', `/api/v1/privacy/${what}`, { body: person, key: token.body.token }))
        .status,
    ).toBe(403)
})
