// What Pombo does not know is refused, on every path of its document and of its dialects, and what is meant is named.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routesOf } from '../../src/api/dialects/reference.ts'
import type { DialectName } from '../../src/core/endpoint.ts'
import { dialects } from '../../src/dialects/dialects.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'

interface Operation {
  security?: unknown[]
  requestBody?: object
}

let api: TestPombo
let operations: { method: string; path: string; operation: Operation }[]
beforeAll(async () => {
  api = await startPombo()
  await call('POST', '/api/v1/app', { body: { name: 'a', uid: 'a' } })
  const document = (await (await fetch(`${api.url}/api/v1/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Operation>>
  }
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.replace('{app_id}', 'a').replaceAll(/\{\w+\}/g, 'x'),
      operation,
    })),
  )
  expect(operations.length).toBeGreaterThan(80)
})
afterAll(async () => await api?.stop())

const call = async (method: string, path: string, { body }: { body?: unknown } = {}) =>
  await api.call(method, path, { body, headers: { authorization: `Bearer ${api.key}` } })

/** The places that a refusal names. */
async function refused(method: string, path: string, body?: unknown): Promise<string[]> {
  const answer = await fetch(api.url + path, {
    method,
    headers: {
      authorization: `Bearer ${api.key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const { detail } = (await answer.json().catch(() => ({}))) as {
    detail?: { loc: string[] }[] | string
  }
  if (answer.status !== 422 || !Array.isArray(detail)) return [`${answer.status}`]
  return detail.map(({ loc }) => loc.join('.'))
}

test('every operation refuses a parameter that it does not know, and names it', async () => {
  for (const { method, path } of operations)
    expect(await refused(method, `${path}?nosuch=1`), `${method} ${path}`).toContain('query.nosuch')
})

test('every operation that can have a body refuses a field that it does not know, and names it', async () => {
  for (const { method, path } of operations.filter((one) => one.method !== 'GET'))
    expect(await refused(method, path, { nosuch: 1 }), `${method} ${path}`).toContain('body.nosuch')
})

test('what takes no body refuses one that says something, in any form', async () => {
  const bodiless = operations.filter((one) => one.method !== 'GET' && !one.operation.requestBody)
  expect(bodiless.length).toBeGreaterThan(20)
  for (const { method, path } of bodiless)
    for (const body of ['x', 0, true, ['x']])
      expect(await refused(method, path, body), `${method} ${path}`).toContain('body')
})

const problemsOf = async (method: string, path: string, body?: unknown) => {
  const answer = await call(method, path, { body })
  expect(answer.status).toBe(422)
  return (answer.body as { detail: { loc: string[]; msg: string }[] }).detail.map(
    ({ loc, msg }) => `${loc.join('.')}: ${msg}`,
  )
}

test('the nearest name is given for a field, a field within a field, a parameter and a word', async () => {
  const url = 'http://127.0.0.1:9/'
  const endpoints = '/api/v1/app/a/endpoint'
  expect(await problemsOf('POST', endpoints, { url, evenTypes: ['a.b'] })).toEqual([
    'body.evenTypes: is not known here; did you mean "eventTypes"?',
  ])
  expect(await problemsOf('POST', endpoints, { url, circuit: { pausMs: 100 } })).toEqual([
    'body.circuit.pausMs: is not known here; did you mean "pauseMs"?',
  ])
  expect(await problemsOf('GET', `${endpoints}?limt=1`)).toEqual([
    'query.limt: is not known here; did you mean "limit"?',
  ])
  expect(await problemsOf('GET', `${endpoints}?order=decending`)).toEqual([
    expect.stringMatching(/^query\.order: .*did you mean "descending"\?$/),
  ])
  const twice = 'is given more than once; give it once'
  expect(
    await problemsOf('GET', `${endpoints}?limit=1&limit=2&order=ascending&order=descending`),
  ).toEqual([`query.limit: ${twice}`, `query.order: ${twice}`])
  expect(await problemsOf('DELETE', `${endpoints}/e?hard=true`)).toEqual([
    'query.hard: is not known here; leave it out',
  ])
  const source = '/api/v1/app/a/source'
  const verification = { kind: 'token', at: { headr: 'authorization' } }
  for (const [path, body, at, near] of [
    [endpoints, { url, auth: { type: 'bearr', token: 'x' } }, 'auth.type', 'bearer'],
    [endpoints, { url, auth: { type: 'bearer', tokn: 'x' } }, 'auth.tokn', 'token'],
    [endpoints, { url, destination: { type: 'mqt' } }, 'destination.type', 'mqtt'],
    [
      source,
      { gateway: 'webhook', webhook: { eventTyp: { body: 'x' } } },
      'webhook.eventTyp',
      'eventType',
    ],
    [
      source,
      { gateway: 'webhook', secret: 'x', webhook: { verification } },
      'webhook.verification.at.headr',
      'header',
    ],
    [
      '/api/v1/app/a/msg',
      { eventType: 'a.b', transformationsParams: { rawPaylod: 'x' } },
      'transformationsParams.rawPaylod',
      'rawPayload',
    ],
  ] as const)
    expect(await problemsOf('POST', path, body)).toContainEqual(
      expect.stringMatching(new RegExp(`^body\\.${at}: .*did you mean "${near}"\\?$`)),
    )
  const nested = { eventType: 'a.b', payload: {}, application: { name: 'n', uid: 'n', uidd: 'x' } }
  expect(await problemsOf('POST', '/api/v1/app/n/msg', nested)).toEqual([
    'body.application.uidd: is not known here; did you mean "uid"?',
  ])
})

test('in a batch the message with an unknown field is refused, and the others are taken', async () => {
  const answer = await call('POST', '/api/v1/app/a/msg/batch', {
    body: {
      messages: [
        { eventType: 'a.b', payload: {}, chanels: ['c'] },
        { eventType: 'a.b', data: { a: 1 } },
      ],
    },
  })
  const [first, second] = (answer.body as { results: { status: number; error?: object }[] }).results
  expect(first).toMatchObject({
    status: 422,
    error: { detail: [{ loc: ['body', 'messages', '0', 'chanels'] }] },
  })
  expect(second).toMatchObject({ status: 202, message: { payload: { a: 1 } } })
})

test('an event in Pombo’s own words with a field that it does not know is refused, and the nearest named', async () => {
  const { body } = await call('POST', '/api/v1/app/a/source', { body: { gateway: 'events' } })
  const send = async (more: object) => {
    const response = await fetch(`${api.url}/ingest/events?token=${body.token}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ eventType: 'own.words', payload: {}, ...more }),
    })
    return { status: response.status, text: await response.text() }
  }
  const refused = await send({ evntId: 'x' })
  expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('evntId')])
  expect(refused.text).toContain('eventId')
  expect((await send({ evntId: null })).status).toBe(200)
})

test('what says nothing is no fault: null, empty text, lists and objects, and parameters without a value', async () => {
  const body = { name: 'b', uid: 'b', one: null, two: '', three: [], four: {} }
  expect((await call('POST', '/api/v1/app?nosuch=', { body })).status).toBe(201)
  expect((await call('POST', '/api/v1/auth/app/b/expire-all', { body: {} })).status).toBe(204)
})

test('what people name themselves is never taken for a field', async () => {
  const body = {
    eventType: 'a.b',
    payload: { anything: { goes: 1 } },
    application: null,
  }
  expect((await call('POST', '/api/v1/app/a/msg', { body })).status).toBe(202)
  const app = { name: 'c', uid: 'c', metadata: { anything: 'goes' } }
  expect((await call('POST', '/api/v1/app', { body: app })).status).toBe(201)
})

test('an order that client 1.42 writes letter by letter is read, and other numbers are refused', async () => {
  const { body } = await call('GET', '/api/v1/app?limit=1&0=d&1=e&2=s&3=c&4=e&5=n&6=d&7=i&8=n&9=g')
  const last = await call('GET', '/api/v1/app?limit=1&order=descending')
  expect(body).toEqual(last.body)
  expect(await problemsOf('GET', '/api/v1/app?0=d')).toEqual([expect.stringContaining('query.0: ')])
})

test('lists in a query are read with commas, repeated, and with brackets', async () => {
  for (const eventType of ['l.a', 'l.b', 'l.c'])
    await call('POST', '/api/v1/app/a/msg', { body: { eventType, payload: {} } })
  const found = async (query: string) => {
    const { body } = await call('GET', `/api/v1/app/a/msg?${query}`)
    return (body as { data: { eventType: string }[] }).data.map((one) => one.eventType)
  }
  for (const query of [
    'event_types=l.a,l.b',
    'event_types=l.a&event_types=l.b',
    'event_types[]=l.a&event_types[]=l.b',
    'event_types%5B%5D=l.a&event_types%5B%5D=l.b',
    'event_types[0]=l.a&event_types[1]=l.b',
    'event_types[]=l.a&event_types=l.b',
  ])
    expect(await found(query), query).toEqual(['l.b', 'l.a'])
  expect(await problemsOf('GET', '/api/v1/app/a/msg?limit[]=3')).toEqual([
    expect.stringContaining('query.limit[]'),
  ])
})

describe('the requests of dialects', () => {
  // Evolution takes a refusal as final, and its document has its webhook's path taken by anything that it sends.
  const takesAnything = /^POST \/evolution(\/|$)/
  // Of the events of these the body is the event itself.
  const bodyIsEvent = /^POST \/api\/(devices\/\{hash\}\/events|webhooks\/events\/)/
  const made: Record<string, string> = {}
  let requests: { dialect: DialectName; name: string; method: string; path: string }[]

  const ask = (dialect: DialectName, method: string, path: string, body?: unknown) =>
    api.call(method, path, {
      ...(body !== undefined && { body }),
      headers:
        dialect === 'device-status'
          ? {
              authorization: `Basic ${Buffer.from(`x:${api.key}`).toString('base64')}`,
              'x-instance-id': 'x',
            }
          : { authorization: `Bearer ${api.key}` },
    })

  beforeAll(async () => {
    await ask('standard', 'POST', '/api/v1/app', { name: 'x', uid: 'x' })
    await ask('standard', 'POST', '/api/v1/event-type', { name: 'order.paid', description: '' })
    const url = 'http://127.0.0.1:9/'
    const endpoints = '/api/webhooks/endpoints'
    const workflows = '/api/webhooks/n8n/workflows'
    const endpoint = await ask('agentes', 'POST', endpoints, { url, name: 'e' })
    const workflow = { webhook_url: url, workflow_id: 'x' }
    made[endpoints] = endpoint.body.id
    made[workflows] = (await ask('agentes', 'POST', workflows, workflow)).body.id
    requests = []
    for (const { name: dialect, ...one } of dialects.values())
      for (const { method, path } of await routesOf({ ...one, name: dialect })) {
        const id = made[path.replace(/\/\{id\}$/, '')] ?? 'x'
        const name = `${method} ${path}`
        requests.push({ dialect, name, method, path: path.replaceAll(/\{\w+\}/g, id) })
      }
    expect(requests.length).toBeGreaterThan(60)
  })

  test('refuse a parameter that they do not know, and name it', async () => {
    for (const { dialect, name, method, path } of requests) {
      if (takesAnything.test(name)) continue
      const { status, text } = await ask(dialect, method, `${path}?nosuch=1`)
      expect([name, status, method === 'HEAD' ? 'nosuch' : text]).toEqual([
        name,
        422,
        expect.stringContaining('nosuch'),
      ])
    }
  })

  test('refuse a field that they do not know, and name it', async () => {
    for (const { dialect, name, method, path } of requests) {
      if (takesAnything.test(name) || bodyIsEvent.test(name)) continue
      if (method === 'GET' || method === 'HEAD') continue
      const { status, text } = await ask(dialect, method, path, { nosuch: 1 })
      expect([name, status, text]).toEqual([name, 422, expect.stringContaining('nosuch')])
    }
  })

  test.each<[DialectName, string, string, object | undefined, string, string]>([
    ['zaphub', 'POST', '/api/v1/sessions', { lable: 'x' }, 'lable', 'label'],
    [
      'whatsmeow',
      'PUT',
      '/api/whatsmeow/sessions/x/webhook',
      { url: 'https://a.example.com', priority: 'hihg' },
      'priority',
      'high',
    ],
    [
      'device-status',
      'POST',
      '/api/devices',
      { statusWebhookURL: 'https://a.example.com' },
      'statusWebhookURL',
      'statusWebhookUrl',
    ],
    [
      'evolution',
      'POST',
      '/webhook/set/x',
      { webhook: { url: 'https://a.example.com', event: ['CALL'] } },
      'webhook.event',
      'events',
    ],
    [
      'evolution',
      'POST',
      '/webhook/set/x',
      { url: 'https://a.example.com', evnts: ['CALL'] },
      'evnts',
      'events',
    ],
    [
      'zaphub',
      'POST',
      '/api/v1/sessions',
      { webhook_url: 'https://a.example.com', webhook_events: ['order.payed'] },
      'webhook_events.0',
      'order.paid',
    ],
    ['evolution', 'GET', '/webhook/logs?type=error', undefined, 'type', 'errors'],
    ['evolution', 'GET', '/webhook/logs?instanse=x', undefined, 'instanse', 'instance'],
    [
      'agentes',
      'POST',
      '/api/webhooks/endpoints',
      { name: 'n', url: 'https://a.example.com', isactive: false },
      'isactive',
      'is_active',
    ],
    [
      'agentes',
      'POST',
      '/api/webhooks/trigger',
      { event_type: 'user.registred' },
      'user.registred',
      'user.registered',
    ],
  ])('%s: the nearest name is said', async (dialect, method, path, body, named, near) => {
    const { status, text } = await ask(dialect, method, path, body)
    expect([status, text]).toEqual([422, expect.stringContaining(named)])
    expect(text).toContain(JSON.stringify(`did you mean "${near}"?`).slice(1, -1))
  })

  test('Evolution’s webhook is set by all names that its releases gave the same setting', async () => {
    const url = 'http://127.0.0.1:9/'
    const body = { url, webhookByEvents: true, webhook_by_events: true, webhook_base64: true }
    for (const given of [body, { webhook: { ...body, byEvents: true } }])
      expect(await ask('evolution', 'POST', '/webhook/set/x', given)).toMatchObject({
        status: 201,
        body: { webhookByEvents: true, webhookBase64: true },
      })
    const { status, text } = await ask('evolution', 'POST', '/webhook/set/x', {
      webhook: { ...body, byEvents: false },
    })
    expect([status, text]).toEqual([422, expect.stringContaining('webhookByEvents')])
  })
})
