// What the OpenAPI document says of each operation's parameters is what the server does: what is drawn from their
// schemas is taken, all else is refused with its place, and whatever is answered is documented.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { called } from '../support/called.ts'
import { checker } from '../support/documented-check.ts'
import { type Components, fitting, resolved, type Schema } from '../support/documented.ts'
import { languages } from '../support/documented-meaning.ts'
import { checkedFetch, ownContract } from '../support/openapi.ts'
import { until } from '../support/receiver.ts'
import { runs } from '../support/property-runs.ts'

type Json = Record<string, unknown>

interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  schema: Schema
}

interface Operation {
  parameters?: Parameter[]
  requestBody?: object
  responses: Record<string, { content?: Json }>
}

interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Components }
}

interface One extends Operation {
  method: string
  path: string
  parameters: Parameter[]
}

let api: TestApi
let components: Components
let operations: One[]
let fits: (schema: Schema, value: unknown) => boolean
let fetchChecked: typeof fetch
let ids: Record<string, string>

beforeAll(async () => {
  api = await startApi()
  const document = (await (await fetch(`${api.url}/api/v1/openapi.json`)).json()) as Document
  components = document.components.schemas
  fits = checker(document)
  fetchChecked = checkedFetch([ownContract(document)])
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({
      parameters: [],
      ...one,
      path,
      method: method.toUpperCase(),
    })),
  )
  const made = async (where: string, body: object) =>
    String(((await api.call('POST', `/api/v1${where}`, { body })).body as Json)['id'])
  const app = await made('/app', { name: 'documented' })
  await api.call('POST', '/api/v1/event-type', { body: { name: 'known.type', description: '' } })
  const nobody = '01hzy3k9v2e8r5c7m4n6p8q0sa'
  ids = {
    app_id: app,
    endpoint_id: await made(`/app/${app}/endpoint`, { url: 'https://127.0.0.1:9/' }),
    sink_id: await made(`/app/${app}/polling-endpoint`, { name: 'p' }),
    integ_id: await made(`/app/${app}/integration`, { name: 'i' }),
    source_id: await made(`/app/${app}/source`, { gateway: 'evolution' }),
    msg_id: await made(`/app/${app}/msg`, { eventType: 'known.type', payload: {} }),
    tenant_id: api.tenantId,
    env_id: api.tenantId,
    consumer_id: 'one',
    event_type_name: 'known.type',
    template_id: 'slack',
    key_id: `key_${nobody}`,
    attempt_id: `atmpt_${nobody}`,
    task_id: `qtask_${nobody}`,
  }
})
afterAll(async () => await api?.stop())

/** Every answer is checked against the document. */
const ask = async (
  method: string,
  at: string,
  { headers }: { headers?: Record<string, string> } = {},
) =>
  await called(
    api.url + at,
    method,
    { headers: { authorization: `Bearer ${api.key}`, ...headers } },
    fetchChecked,
  )

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()

/** What a value stands for besides its form: things that there are, and times in order. */
const meanings: Record<string, string> = {
  app_id: '',
  endpoint_id: '',
  source_id: '',
  key_id: '',
  since: daysAgo(2),
  startDate: daysAgo(2),
  until: daysAgo(1),
  endDate: daysAgo(1),
  wait: '0',
}
/** What goes with a parameter, or has to. */
const companions: Record<string, string[]> = {
  until: ['since'],
  endDate: ['startDate'],
  endpoint_id: ['app_id'],
  group_by: ['app_id'],
}
/** Given again as an answer gave them. */
const fromAnswers = new Set(['iterator', 'last_event_id'])

const written = (value: unknown) => (Array.isArray(value) ? value.join(',') : String(value))

function url(path: string, given: Record<string, string>, query: Record<string, string> = {}) {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(
      given[name] ?? ids[name === 'endpoint_id' && path.includes('/poller/') ? 'sink_id' : name]!,
    ),
  )
  const search = new URLSearchParams(query).toString()
  return search === '' ? filled : `${filled}?${search}`
}

interface Problem {
  loc: string[]
  code?: string
}

const problemsOf = (body: unknown): Problem[] => {
  const { detail } = (body ?? {}) as { detail?: Problem[] | string }
  return Array.isArray(detail) ? detail : []
}

const queryOf = ({ parameters }: One) => parameters.filter((one) => one.in === 'query')

/** Streams do not end by themselves, and what is deleted is not there for the next. */
const isAsked = ({ method, responses }: One) =>
  method !== 'DELETE' && responses['200']?.content?.['text/event-stream'] === undefined

test('each parameter is taken as the document allows it', async () => {
  for (const one of operations.filter(isAsked)) {
    const parameters = queryOf(one)
    const valueOf = (name: string, drawn: unknown) =>
      name in meanings && parameters.some((other) => other.name === name)
        ? meanings[name] === '' && ids[name] !== undefined
          ? ids[name]
          : meanings[name]!
        : written(drawn)
    for (const { name, schema } of parameters.filter(({ name }) => !fromAnswers.has(name)))
      await fc.assert(
        fc.asyncProperty(fitting(schema, components, languages), async (drawn) => {
          const query: Record<string, string> = { [name]: valueOf(name, drawn) }
          // Either of two has to be there, which no document of parameters can say.
          if (one.path.endsWith('/msg/search')) query['text'] ??= 'x'
          for (const other of parameters)
            if (other.required === true || companions[name]?.includes(other.name))
              query[other.name] ??= valueOf(other.name, 'known.type')
          const answer = await ask(one.method, url(one.path, {}, query))
          const refused = problemsOf(answer.body).filter(({ loc }) => loc[0] !== 'body')
          expect([one.method, one.path, query, refused]).toEqual([one.method, one.path, query, []])
        }),
        { numRuns: runs(4) },
      )
  }
})

const wrongs = (longest: number) => [
  '',
  'no such',
  '-1',
  '1.5',
  '0',
  '251',
  '9'.repeat(20),
  'true',
  'TRUE',
  'null',
  ' 1',
  '[]',
  'ü',
  '%',
  '2026-02-30T00:00:00Z',
  '2026-01-31',
  'x'.repeat(longest + 1),
  ',',
  Array.from({ length: 101 }, (_, at) => `x${at}`).join(','),
]

/** As a parameter's text is read. */
function read(text: string, schema: Schema): unknown {
  const { type, items } = resolved(schema, components)
  if (type === 'array') return text.split(',').map((one) => read(one, items!))
  if (type === 'integer') return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text
  if (type === 'boolean') return text === 'true' || text === 'false' ? text === 'true' : text
  return text
}

function longestOf(schema: Schema): number {
  const { items, maxLength = 0 } = resolved(schema, components)
  return items === undefined ? maxLength : longestOf(items)
}

test('a parameter that the document does not allow is refused with its place', async () => {
  for (const one of operations)
    for (const { name, schema, in: where } of one.parameters)
      for (const text of wrongs(longestOf(schema))) {
        // The language of expressions is not the document's.
        if (fits(schema, read(text, schema)) || fromAnswers.has(name)) continue
        // No path has an empty part, no header what is not Latin-1, and a body is looked at before them.
        if (where === 'path' && text === '') continue
        if (where === 'header' && (one.requestBody !== undefined || text.trim() !== text)) continue
        if (where === 'header' && text === '') continue
        const answer = await api.call(
          one.method,
          url(
            one.path,
            where === 'path' ? { [name]: text } : {},
            where === 'query' ? { [name]: text } : {},
          ),
          where === 'header' ? { headers: { [name]: text } } : {},
        )
        const asked = [one.method, one.path, name, text.slice(0, 40)]
        expect([...asked, ...problemsOf(answer.body).map(({ loc }) => loc.slice(0, 2))]).toEqual(
          expect.arrayContaining([...asked, [where, name]]),
        )
      }
})

test('a parameter that the document requires is missed by its name, and no other is', async () => {
  for (const one of operations.filter(isAsked)) {
    const { body } = await ask(one.method, url(one.path, {}))
    const missed = problemsOf(body).flatMap(({ loc: [where, name], code }) =>
      where === 'query' && code === 'missing' ? [name] : [],
    )
    const required = queryOf(one).flatMap(({ name, required: is }) => (is === true ? [name] : []))
    expect([one.method, one.path, missed]).toEqual([one.method, one.path, required])
  }
})

test('a path that cannot be decoded, and a request that cannot be made again, are answered as documented', async () => {
  for (const { method, path } of operations.filter((one) => one.path.includes('{'))) {
    const undecodable = url(path.replace(/\{\w+\}(?!.*\{)/, 'UNDECODABLE'), {})
    const answer = await ask(method, undecodable.replace('UNDECODABLE', '%zz'))
    expect([method, path, answer.status]).toEqual([method, path, 400])
  }
  const message = url('/api/v1/app/{app_id}/msg/{msg_id}', {})
  const attempt = await until(async () => (await ask('GET', `${message}/attempt`)).body.data[0])
  await ask('DELETE', `${message}/content`)
  for (const what of ['request', 'headers'])
    expect((await ask('GET', `${message}/attempt/${attempt.id}/${what}`)).status).toBe(409)
})

test('what only a busy server or an absent database brings is documented too', () => {
  const statuses = (asked: string) =>
    operations.flatMap(({ method, path, responses }) =>
      `${method} ${path}` === `POST /api/v1${asked}` ? Object.keys(responses) : [],
    )
  expect(statuses('/auth/session')).toContain('503')
  expect(statuses('/app/{app_id}/msg')).toContain('429')
  expect(statuses('/app/{app_id}/endpoint/{endpoint_id}/msg/test-attempt')).toContain('429')
  expect(statuses('/msg/broadcast')).toContain('429')
})
