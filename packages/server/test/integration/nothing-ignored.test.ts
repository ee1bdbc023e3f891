// What Pombo does not know is refused, on every path of its document, and what is meant is named.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'

interface Operation {
  security?: unknown[]
  requestBody?: object
}

let api: TestApi
let operations: { method: string; path: string; operation: Operation }[]
beforeAll(async () => {
  api = await startApi()
  await api.call('POST', '/api/v1/app', { body: { name: 'a', uid: 'a' } })
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
afterAll(async () => {
  await api?.stop()
})

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

const problemsOf = async (method: string, path: string, body?: unknown) => {
  const answer = await api.call(method, path, { body })
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
  const nested = { eventType: 'a.b', payload: {}, application: { name: 'n', uid: 'n', uidd: 'x' } }
  expect(await problemsOf('POST', '/api/v1/app/n/msg', nested)).toEqual([
    'body.application.uidd: is not known here; did you mean "uid"?',
  ])
})

test('in a batch the message with an unknown field is refused, and the others are taken', async () => {
  const answer = await api.call('POST', '/api/v1/app/a/msg/batch', {
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

test('what says nothing is no fault: null, empty text, lists and objects, and parameters without a value', async () => {
  const body = { name: 'b', uid: 'b', one: null, two: '', three: [], four: {} }
  expect((await api.call('POST', '/api/v1/app?nosuch=', { body })).status).toBe(201)
  expect((await api.call('POST', '/api/v1/auth/app/b/expire-all', { body: {} })).status).toBe(204)
})

test('what people name themselves is never taken for a field', async () => {
  const body = {
    eventType: 'a.b',
    payload: { anything: { goes: 1 } },
    application: null,
  }
  expect((await api.call('POST', '/api/v1/app/a/msg', { body })).status).toBe(202)
  const app = { name: 'c', uid: 'c', metadata: { anything: 'goes' } }
  expect((await api.call('POST', '/api/v1/app', { body: app })).status).toBe(201)
})

test('an order that client 1.42 writes letter by letter is read, and other numbers are refused', async () => {
  const { body } = await api.call(
    'GET',
    '/api/v1/app?limit=1&0=d&1=e&2=s&3=c&4=e&5=n&6=d&7=i&8=n&9=g',
  )
  const last = await api.call('GET', '/api/v1/app?limit=1&order=descending')
  expect(body).toEqual(last.body)
  expect(await problemsOf('GET', '/api/v1/app?0=d')).toEqual([expect.stringContaining('query.0: ')])
})

test('lists in a query are read with commas, repeated, and with brackets', async () => {
  for (const eventType of ['l.a', 'l.b', 'l.c'])
    await api.call('POST', '/api/v1/app/a/msg', { body: { eventType, payload: {} } })
  const found = async (query: string) => {
    const { body } = await api.call('GET', `/api/v1/app/a/msg?${query}`)
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
