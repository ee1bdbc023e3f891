// Event types that bind: what endpoints may subscribe to, what a schema must be, and who sees a type with a flag.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  api = await startApi()
  receiver = await startReceiver()
  await post('/app', { name: 'a', uid: 'a' })
})
afterAll(async () => {
  await receiver?.close()
  await api?.stop()
})

const post = (path: string, body?: unknown, key?: string) =>
  api.call('POST', `/api/v1${path}`, { body, ...(key && { key }) })
const get = (path: string, key?: string) => api.call('GET', `/api/v1${path}`, key ? { key } : {})
const subscribe = (...eventTypes: string[]) =>
  post('/app/a/endpoint', { url: receiver.url, eventTypes })

test('a tenant without event types takes every name; one with some refuses others and names the nearest', async () => {
  expect((await subscribe('invoice.payed')).status).toBe(201)
  await post('/event-type', { name: 'invoice.paid', description: '' })
  const refused = await subscribe('invoice.paid', 'invoice.payed')
  expect(refused.status).toBe(422)
  expect(refused.body.detail).toEqual([
    {
      loc: ['body', 'eventTypes', '1'],
      msg: 'there is no event type "invoice.payed"; did you mean "invoice.paid"?',
      type: 'value_error',
      code: 'unknown_event_type',
      values: { name: 'invoice.payed', near: 'invoice.paid' },
    },
  ])
  const made = await post('/app/a/endpoint', { uid: 'e', url: receiver.url })
  expect(made.status).toBe(201)
  for (const method of ['PUT', 'PATCH']) {
    const body = { url: receiver.url, filterTypes: ['invoice.payed'] }
    const { status } = await api.call(method, '/api/v1/app/a/endpoint/e', { body })
    expect(status, method).toBe(422)
  }
  const polling = '/app/a/polling-endpoint'
  const poller = await post(polling, { name: 'p', eventTypes: ['invoice.paid'] })
  const eventTypes = ['invoice.payed']
  for (const answer of [
    await post(polling, { name: 'p', eventTypes }),
    await api.call('PATCH', `/api/v1${polling}/${poller.body.id}`, { body: { eventTypes } }),
  ]) {
    expect(answer.status).toBe(422)
    expect(answer.body.detail[0].msg).toContain('did you mean "invoice.paid"?')
  }
})

test('of a thousand names that do not exist some are named, and the nearest of the first', async () => {
  await post('/event-type', { name: 'invoice.paid', description: '' })
  const refused = await subscribe(...Array.from({ length: 1_000 }, (_, n) => `invoice.paid${n}`))
  expect(refused.status).toBe(422)
  const hints = refused.body.detail.map(({ values }: { values: { near: string } }) => values.near)
  expect(hints).toHaveLength(50)
  expect(new Set(hints.slice(0, 3))).toEqual(new Set(['invoice.paid']))
  expect(new Set(hints.slice(3))).toEqual(new Set(['']))
})

test('wildcards, archived types and the events of sources and dialects can always be asked for', async () => {
  await post('/event-type', { name: 'old.one', description: '' })
  await api.call('DELETE', '/api/v1/event-type/old.one')
  const names = ['*', 'payed.*', 'old.one', 'message.received', 'messages.upsert']
  for (const name of names) expect((await subscribe(name)).status, name).toBe(201)
})

test('a tenant can let its endpoints ask for whatever they like', async () => {
  const tenant = (await get('/tenant')).body.data[0].id
  const set = (allowUnknownEventTypes: boolean) =>
    api.call('PATCH', `/api/v1/tenant/${tenant}`, { body: { allowUnknownEventTypes } })
  expect((await set(true)).body.allowUnknownEventTypes).toBe(true)
  expect((await subscribe('no.such')).status).toBe(201)
  await set(false)
  expect((await subscribe('no.such')).status).toBe(422)
})

test.each([
  ['a type that is none', { type: 'strng' }, ['type']],
  ['a word with a value of another kind', { readOnly: 15 }, ['readOnly']],
  ['deep inside', { properties: { a: { minLength: -1 } } }, ['properties', 'a', 'minLength']],
  ['a pattern that is none', { pattern: '(' }, []],
  ['a reference within it that leads nowhere', { $ref: '#/$defs/none' }, []],
  ['a draft that is not known', { $schema: 'http://example.com/mine' }, ['$schema']],
])('a schema with %s is refused, with its place', async (_, schema, at) => {
  for (const [method, path] of [
    ['POST', '/event-type'],
    ['PUT', '/event-type/s.x'],
  ] as const) {
    const body = {
      ...(method === 'POST' && { name: 's.x' }),
      description: '',
      schemas: { 1: schema },
    }
    const { status, body: answer } = await api.call(method, `/api/v1${path}`, { body })
    expect(status).toBe(422)
    expect(answer.detail[0].loc).toEqual(['body', 'schemas', '1', ...at])
    expect(answer.detail[0].msg).toMatch(/^is no JSON Schema: ./)
  }
})

test.each([
  [
    'of draft 7',
    { $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'string' }] },
  ],
  ['of draft 7 without saying so', { items: [{ type: 'string' }] }],
  ['of 2020-12', { $schema: 'https://json-schema.org/draft/2020-12/schema', prefixItems: [{}] }],
  ['with a pattern that has no flag u', { pattern: '^\\-$' }],
  ['that refers to another document', { $ref: 'https://example.com/other.json' }],
  ['with words of OpenAPI', { type: 'object', example: { a: 1 }, nullable: true }],
])('a schema %s is taken', async (name, schema) => {
  const made = await post('/event-type', {
    name: `ok.${name.replaceAll(/\W+/g, '-')}`,
    description: '',
    schemas: { 1: schema },
  })
  expect(made.status).toBe(201)
})

test('an event type with a flag is shown to tokens that have it, and to the tenant', async () => {
  await post('/event-type', {
    name: 'f.new',
    description: '',
    featureFlags: ['beta'],
    groupName: 'g',
  })
  const token = async (featureFlags?: string[]) =>
    (await post('/auth/app-portal-access/a', { featureFlags })).body.token as string
  const seen = async (key?: string) =>
    (await get('/event-type', key)).body.data.map(({ name }: { name: string }) => name)
  const [without, other, having] = await Promise.all([token(), token(['x']), token(['x', 'beta'])])
  for (const key of [without, other]) {
    expect(await seen(key)).not.toContain('f.new')
    expect((await get('/event-type/f.new', key)).status).toBe(404)
    const near = { url: receiver.url, eventTypes: ['f.neww'] }
    expect((await post('/app/a/endpoint', near, key)).text).toContain('create it, or see')
  }
  for (const key of [having, undefined]) {
    expect(await seen(key)).toContain('f.new')
    const shown = { featureFlag: 'beta', featureFlags: ['beta'], groupName: 'g' }
    expect((await get('/event-type/f.new', key)).body).toMatchObject(shown)
  }
})

test('the destinations of a message show an endpoint that was deleted since, oldest first', async () => {
  await post('/app', { name: 'd', uid: 'd' })
  const ids: string[] = []
  for (const uid of ['1', '2', '3'])
    ids.push((await post('/app/d/endpoint', { uid, url: `${receiver.url}/${uid}` })).body.id)
  const { id } = (await post('/app/d/msg', { eventType: 'f.new', payload: {} })).body
  const destinations = async () => (await get(`/app/d/msg/${id}/endpoint`)).body.data
  await until(async () =>
    (await destinations()).every(({ status }: { status: number }) => status === 0),
  )
  await api.call('DELETE', '/api/v1/app/d/endpoint/2')
  const shown = await until(async () => {
    const now = await destinations()
    return now.some(({ disabledReason }: { disabledReason: string }) => disabledReason) && now
  })
  expect(shown.map((one: { id: string }) => one.id)).toEqual(ids)
  expect(shown[1]).toMatchObject({
    status: 0,
    url: `${receiver.url}/2`,
    disabled: true,
    disabledReason: 'deleted',
  })
})

test('a delivery that was still open when its endpoint was deleted shows as given up, with the endpoint', async () => {
  await post('/app', { name: 'o', uid: 'o' })
  const { id: endpointId } = (await post('/app/o/endpoint', { uid: 'e', url: receiver.url })).body
  await post('/app/o/endpoint/e/pause')
  const { id } = (await post('/app/o/msg', { eventType: 'f.new', payload: {} })).body
  expect((await get(`/app/o/msg/${id}/endpoint`)).body.data).toMatchObject([
    { id: endpointId, status: 1 },
  ])
  await api.call('DELETE', '/api/v1/app/o/endpoint/e')
  const shown = await until(async () => {
    const { data } = (await get(`/app/o/msg/${id}/endpoint?expanded_statuses=true`)).body
    return data.length > 0 && data
  })
  expect(shown).toMatchObject([
    {
      id: endpointId,
      status: 4,
      url: 'https://deleted.invalid/',
      disabledReason: 'deleted',
      reason: 'not sent: endpoint deleted',
    },
  ])
})

test('operational endpoints ask for events that there are; the nearest is named', async () => {
  const path = '/operational-webhook/endpoint'
  const types = ['endpoint.disabled', 'message.attempt.*', '*']
  expect((await post(path, { url: receiver.url, eventTypes: types })).status).toBe(201)
  const refused = await post(path, { url: receiver.url, eventTypes: ['endpoint.disable'] })
  expect(refused.status).toBe(422)
  expect(refused.body.detail).toMatchObject([
    { loc: ['body', 'eventTypes', '0'], msg: expect.stringContaining('"endpoint.disabled"') },
  ])
})

test('a since that lies before all that is kept, or has not come, is refused, and says why', async () => {
  const at = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
  const endpoint = '/app/d/endpoint/1'
  for (const path of [
    `${endpoint}/recover`,
    `${endpoint}/replay-missing`,
    `${endpoint}/bulk-replay`,
    '/replay',
  ]) {
    const refused = await post(path, { since: at(400) })
    expect(refused.status).toBe(422)
    expect(refused.body.detail[0]).toMatchObject({
      loc: ['body', 'since'],
      msg: expect.stringMatching(/there is nothing from before \d{4}-/),
    })
    for (const since of [at(-1), '9999-12-31T23:59:59Z']) {
      const future = await post(path, { since })
      expect([path, future.status]).toEqual([path, 422])
      expect(future.body.detail).toMatchObject([
        { loc: ['body', 'since'], code: 'since_before_until' },
      ])
    }
    expect((await post(path, { since: at(1) })).status).toBe(202)
  }
})

test('payloads are checked against the newest schema of their type: refused, reported, or left alone', async () => {
  const schemas = {
    2: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
    10: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  }
  const set = (name: string, payloadCheck: string) =>
    post('/event-type', { name, description: '', schemas, payloadCheck })
  for (const check of ['off', 'report', 'refuse'])
    expect((await set(`p.${check}`, check)).body.payloadCheck).toBe(check)
  const send = (eventType: string, payload: unknown) => post('/app/a/msg', { eventType, payload })
  // It is seen within a second.
  const refused = await until(async () => {
    const answer = await send('p.refuse', { n: 1.5 })
    return answer.status === 422 && answer
  })
  expect(refused.body.detail[0]).toMatchObject({
    loc: ['body', 'payload', 'n'],
    msg: 'does not fit the schema of "p.refuse": must be integer',
  })
  expect((await send('p.refuse', { n: 1 })).status).toBe(202)
  expect((await send('p.off', {})).status).toBe(202)
  const before = api.logged.length
  expect((await send('p.report', {})).status).toBe(202)
  expect(api.logged.slice(before)).toMatchObject([
    { message: 'a payload does not fit its schema', fields: { eventType: 'p.report' } },
  ])
  const batch = await post('/app/a/msg/batch', {
    messages: [
      { eventType: 'p.refuse', payload: {} },
      { eventType: 'p.refuse', payload: { n: 1 } },
    ],
  })
  expect(batch.body.results).toMatchObject([
    { status: 422, error: { detail: [{ loc: ['body', 'messages', '0', 'payload'] }] } },
    { status: 202 },
  ])
})

test('a payload that takes too long to check is refused or told, and holds up nobody', async () => {
  const text = `${'a'.repeat(40)}!`
  const nested = JSON.parse(`${'{"a":'.repeat(60)}{}${'}'.repeat(60)}`) as object
  const branch = { properties: { a: { $ref: '#' } }, required: ['a'] }
  const slow: [string, object, unknown][] = [
    ['pattern', { properties: { t: { pattern: '^(a+)+$' } } }, { t: text }],
    ['names', { patternProperties: { '^(a+)+$': { type: 'string' } } }, { [text]: 1 }],
    ['unique', { properties: { l: { uniqueItems: true } } }, { l: objects(60_000) }],
    ['branches', { anyOf: [branch, branch] }, nested],
  ]
  for (const [name, schema] of slow)
    for (const payloadCheck of ['report', 'refuse'])
      await post('/event-type', {
        name: `late.${name}.${payloadCheck}`,
        description: '',
        schemas: { 1: schema },
        payloadCheck,
      })
  let sender = 'a'
  const send = (eventType: string, payload: unknown) =>
    post(`/app/${sender}/msg`, { eventType, payload })
  // What is made is seen within a second.
  await until(async () => (await send('late.branches.refuse', { a: {} })).status === 422)
  for (const [name, , payload] of slow) {
    await post('/app', { name, uid: (sender = `late-${name}`) })
    const startedAt = performance.now()
    const refused = await send(`late.${name}.refuse`, payload)
    expect(refused.body.detail[0]).toMatchObject({
      loc: ['body', 'payload'],
      code: 'payload_check_late',
      values: { type: `late.${name}.refuse` },
    })
    expect((await send(`late.${name}.report`, payload)).status).toBe(202)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  }
  // That was the sender's time; another one's is untouched.
  const again = await until(async () => {
    const answer = await send('late.pattern.refuse', { t: text })
    return answer.status === 429 && answer
  })
  expect(again.body.code).toBe('no_time_to_check')
  expect(again.headers.get('retry-after')).toBe('1')
  sender = 'a'
  expect((await send('late.pattern.refuse', { t: 'aaa' })).status).toBe(202)
  const unfit = await send('late.pattern.refuse', { t: 'b' })
  expect(unfit.body.detail[0]).toMatchObject({ loc: ['body', 'payload', 't'] })
})

function objects(count: number): object[] {
  return Array.from({ length: count }, (_, i) => ({ i }))
}
