// LGPD: what is kept of a person is shown, and erased, by the person's keys.
import { expect, test } from 'vitest'
import { createSeal } from '../../src/db/seal.ts'
import { readId } from '../../src/core/id.ts'
import { createPersonHashes } from '../../src/core/person.ts'
import { canonicalSamples } from '../support/canonical-events.ts'
import { until } from '../support/receiver.ts'
import { personTests } from '../support/person.ts'

const at = personTests()
const {
  person,
  traces,
  newTenant,
  call,
  send,
  setPaths,
  attempted,
  everything,
  left,
  fillWithPerson,
} = at

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
    const { body } = await call('GET', `/api/v1/app/${at.tenant.app}/msg/${id}`)
    expect(body).toMatchObject({ id, payload: {}, eventId: null, tags: null })
    const attempts = await call('GET', `/api/v1/app/${at.tenant.app}/attempt/msg/${id}`)
    expect(attempts.body.data[0]).toMatchObject({ status: 0, response: '(erased)' })
  }
  for (const id of others) {
    const { body } = await call('GET', `/api/v1/app/${at.tenant.app}/msg/${id}`)
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
  at.receiver.answer = () => ({ status: 503, headers: { 'retry-after': '3600' } })
  const id = await send({ email: 'maria@example.com' })
  await attempted(1)
  await until(async () => {
    const { rows } = await at.api.database.pool.query<{ count: number }>(
      'select count(*) as count from work where tenant_id = $1 and attempt = 1 and lease_owner is null',
      [at.tenant.uuid],
    )
    return rows[0]!.count === 1
  })
  const { body: report } = await call('POST', '/api/v1/privacy/erase', { email: person.email })
  expect(report.erased).toMatchObject({ messages: 1, deliveries: 1, attempts: 1 })
  const { body } = await call('GET', `/api/v1/app/${at.tenant.app}/msg/${id}/endpoint`)
  expect(JSON.stringify(body)).not.toContain('nextAttempt":"')
  const { rows } = await at.api.database.pool.query<{ state: string; reason: string }>(
    'select state, reason from history where tenant_id = $1 and state is not null',
    [at.tenant.uuid],
  )
  expect(rows).toEqual([
    {
      state: 'discarded',
      reason: 'not sent: erased on the request of the person that it is about',
    },
  ])
})

test('what is being sent at that moment is erased as soon as its answer is recorded', async () => {
  at.receiver.answer = ({ body }) => ({ delayMs: 1_500, body })
  await send({ email: 'maria@example.com' })
  await at.receiver.waitFor(1)
  const { body: report } = await call('POST', '/api/v1/privacy/erase', { email: person.email })
  expect(report.erased).toMatchObject({ messages: 1, stillSending: 0 })
  await attempted(1)
  expect(await left()).toEqual([])
})

test('an answer to somebody else’s message that names the person is erased, the message stays', async () => {
  at.receiver.answer = () => ({ body: '{"assigned_to":"maria@example.com"}' })
  const id = await send({ order: 7 })
  await attempted(1)
  const { body: report } = await call('POST', '/api/v1/privacy/erase', { email: person.email })
  expect(report.erased).toMatchObject({ messages: 0, answers: 1 })
  expect((await call('GET', `/api/v1/app/${at.tenant.app}/msg/${id}`)).body.payload).toEqual({
    order: 7,
  })
  expect(await left()).toEqual([])
})

test('another tenant’s messages of the same person stay', async () => {
  await send({ email: 'maria@example.com' })
  const first = at.tenant
  at.tenant = await newTenant()
  await send({ email: 'maria@example.com' })
  const { body } = await call('POST', '/api/v1/privacy/erase', { email: person.email })
  expect(body.erased.messages).toBe(1)
  at.tenant = first
  expect(await left()).not.toEqual([])
})

test('with paths a person is found by keyed hashes: no key is in the index, and nothing has to be read', async () => {
  await setPaths(['user_id', '**.email', '**.phone'])
  await fillWithPerson()
  const { rows } = await at.api.database.pool.query<{ hash: Buffer; row: string }>(
    'select hash, to_jsonb(p)::text as row from message_person p where tenant_id = $1',
    [at.tenant.uuid],
  )
  expect(rows.length).toBeGreaterThan(4)
  for (const { row } of rows) expect(row).not.toMatch(traces)
  // A keyed hash: a bare SHA-256 of an address can be guessed.
  const hashes = createPersonHashes(
    createSeal([Buffer.alloc(32, 7).toString('base64')]).derived('person keys'),
  )
  const expected = hashes.hash(at.tenant.uuid, 'maria@example.com')
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
  const { rows } = await at.api.database.pool.query<{ id: string; app: string }>(
    `insert into media (id, tenant_id, sha256, mimetype, size_bytes, bytes, expires_at)
     select uuid_v7(), $1, 'x', 'image/png', 1, 'x', now() + interval '1 day'
     returning id, (select id from app where tenant_id = $1 and kind = 'app') as app`,
    [at.tenant.uuid],
  )
  const { id: file, app } = rows[0]!
  const { showId } = await import('../../src/core/id.ts')
  event['content'] = {
    ...event['content'],
    media: { stored: { url: `https://p/media/${showId('media', file)}?exp=1&sig=x` } },
  }
  await at.api.database.pool.query(
    `insert into profile (app_id, jid, tenant_id, alt_jid, name)
     values ($1, '551199999999@s.whatsapp.net', $2, null, 'Maria'),
            ($1, '5521988887777@s.whatsapp.net', $2, null, 'João')`,
    [app, at.tenant.uuid],
  )
  await at.api.node.engine.ingest.accept({
    tenantId: at.tenant.uuid,
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
  const { rows } = await at.api.database.pool.query<{ key: string }>(
    'select key from idempotency where tenant_id = $1',
    [at.tenant.uuid],
  )
  expect(rows).toEqual([{ key: 'a-3' }])
})

test('the audit log, tasks and devices’ words lose only what names the person; what people set is told', async () => {
  const headers = { 'x-pombo-actor': 'maria@example.com' }
  const named = { name: 'Loja da maria@example.com', metadata: { plan: 'b' } }
  const { body: app } = await call('POST', '/api/v1/app', named, headers)
  const { body: other } = await call('POST', '/api/v1/app', { name: 'Other' })
  const replay = await call('POST', '/api/v1/replay', {
    appId: at.tenant.app,
    status: 'delivered',
    since: new Date(Date.now() - 60_000).toISOString(),
    payloadFilter: 'payload.email == "maria@example.com"',
  })
  expect(replay.status).toBeLessThan(300)
  await at.api.database.pool.query(
    `insert into device (id, tenant_id) select id, tenant_id from app where tenant_id = $1 and name = 'Other'`,
    [at.tenant.uuid],
  )
  await at.api.database.pool.query(
    `update device set last_message = 'Successfully paired with 5511999999999:1@s.whatsapp.net' where tenant_id = $1`,
    [at.tenant.uuid],
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
  at.receiver.answer = () => ({ status: 503 })
  await send({ n: 1 })
  await attempted(1)
  const given = await call('POST', '/api/v1/bulk', {
    action: 'discard',
    filter: { appId: at.tenant.app },
    reason: 'a pedido de maria@example.com',
  })
  expect(given.status, given.text).toBe(202)
  const { pool } = at.api.database
  await until(async () => {
    const { rows } = await pool.query('select from delivery where tenant_id = $1', [at.tenant.uuid])
    return rows.length === 1
  })
  const { body: source } = await call('POST', `/api/v1/app/${at.tenant.app}/source`, {
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
      at.tenant.uuid,
      { payloadFilter: null, message: { payload: '{"user":"u-4711"}', channels: null } },
    ],
  )
  const { body } = await call('POST', '/api/v1/privacy/erase', person)
  expect(body.erased).toMatchObject({ messages: 0, reasons: 2, tasks: 2 })
  expect(await left()).toEqual([])
})
