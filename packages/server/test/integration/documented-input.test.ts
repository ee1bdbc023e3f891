// What the OpenAPI document says of each operation's body is what the server does: bodies drawn from its schemas are
// taken, and broken in one place they are refused with that place.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { checker } from '../support/documented-check.ts'
import { breaksOf, type Components, fitting, type Schema } from '../support/documented.ts'
import { languages, meaningful } from '../support/documented-meaning.ts'
import { runs } from '../support/property-runs.ts'

type Json = Record<string, unknown>

let api: TestApi
let components: Components
let bodies: Map<string, Schema>
let fits: (schema: Schema, value: unknown) => boolean

beforeAll(async () => {
  api = await startApi()
  const document = (await (await fetch(`${api.url}/api/v1/openapi.json`)).json()) as Document
  components = document.components.schemas
  bodies = new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { requestBody }]) =>
        requestBody === undefined
          ? []
          : [[`${method.toUpperCase()} ${path}`, requestBody.content['application/json'].schema]],
      ),
    ),
  )
  fits = checker(document)
})
afterAll(async () => await api?.stop())

interface Template {
  id: string
  fields: { name: string; example: string }[]
}

interface Document {
  paths: Record<
    string,
    Record<string, { requestBody?: { content: { 'application/json': { schema: Schema } } } }>
  >
  components: { schemas: Components }
}

const call = async (method: string, path: string, body?: unknown, key = api.key) =>
  await api.call(method, `/api/v1${path}`, {
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body }),
  })

/** A tenant with one of everything that a path can name. */
async function surroundings(operation: string) {
  const [method, path] = operation.split(' ') as [string, string]
  const tenant = (await call('POST', '/tenant', { name: 'documented' })).body as Json
  const key = String(tenant['key'])
  const made = async (where: string, body: object) =>
    String(((await call('POST', where, body, key)).body as Json)['id'])
  await call('PATCH', `/tenant/${String(tenant['id'])}`, { allowUnknownEventTypes: true })
  const app = await made('/app', { name: 'documented' })
  const endpoints = path.includes('/operational-webhook/')
    ? '/operational-webhook/endpoint'
    : `/app/${app}/endpoint`
  await call('POST', '/event-type', { name: 'known.type', description: '' }, key)
  const ids: Record<string, string> = {
    app_id: app,
    consumer_id: 'one',
    event_type_name: 'known.type',
    tenant_id: String(tenant['id']),
    env_id: String(tenant['id']),
  }
  const poller = async () => await made(`/app/${app}/polling-endpoint`, { name: 'p' })
  const others: Record<string, () => Promise<string>> = {
    endpoint_id: async () =>
      path.includes('/poller/')
        ? await poller()
        : await made(endpoints, { url: 'https://127.0.0.1:9/' }),
    sink_id: poller,
    integ_id: async () => await made(`/app/${app}/integration`, { name: 'i' }),
    source_id: async () => await made(`/app/${app}/source`, { gateway: 'evolution' }),
    key_id: async () => await made('/management/authentication/api-token', { name: 'k' }),
  }
  if (path.includes('{template_id}')) {
    const { data } = (await call('GET', '/template')).body as { data: Template[] }
    ids['template_id'] = data[0]!.id
    // What a template asks for is its own.
    const values = data[0]!.fields.map(({ name, example }) => [name, example])
    ids['template_values'] = JSON.stringify(Object.fromEntries(values))
  }
  for (const [, name] of path.matchAll(/\{(\w+)\}/g)) ids[name!] ??= await others[name!]!()
  const url = path.replace('/api/v1', '').replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name]!)
  const isOperators = /\/(?:tenant|management\/environment)/.test(path)
  return {
    ids,
    send: async (body: unknown) => {
      const ask = async () => await call(method, url, body, isOperators ? api.key : key)
      let answer = await ask()
      // A database that a busy machine keeps waiting is nothing of the body.
      while (answer.status === 503) answer = await ask()
      return answer
    },
  }
}

/** Refused for its form, whole or a message of a batch; or lost, which a body must not be either. */
function isRefusal({ status, body }: { status: number; body: unknown }): boolean {
  const { code, results } = (body ?? {}) as { code?: string; results?: unknown }
  return (
    [400, 405, 413, 415, 422].includes(status) ||
    status >= 500 ||
    (status === 404 && code !== 'not_found') ||
    (Array.isArray(results) &&
      results.some((one: { status: number; error?: unknown }) =>
        isRefusal({ status: one.status, body: one.error }),
      ))
  )
}

const drawn = (operation: string, ids: Record<string, string>) => {
  const schema = bodies.get(operation)!
  return fitting(schema, components, languages)
    .map((body) => meaningful(operation, body, ids))
    .filter((body) => fits(schema, body))
}

/** Of a busy machine: there are some thousand requests in all. */
const patienceMs = 600_000
/** In parts, so that a failure tells of one. */
const parts = [0, 1, 2, 3, 4, 5]
const ofPart = (part: number) =>
  [...bodies.keys()].filter((_, index) => index % parts.length === part)

test('every operation with a body is looked at', () => {
  expect(bodies.size).toBeGreaterThan(60)
  expect(parts.flatMap(ofPart).toSorted()).toEqual([...bodies.keys()].toSorted())
})

test.each(parts)(
  'bodies that the document allows are taken (part %i)',
  async (part) => {
    for (const operation of ofPart(part)) {
      const { ids, send } = await surroundings(operation)
      await fc.assert(
        fc.asyncProperty(drawn(operation, ids), async (body) => {
          const answer = await send(body)
          if (isRefusal(answer)) expect.fail(`${operation} ${answer.status}: ${answer.text}`)
        }),
        { numRuns: runs(10) },
      )
    }
  },
  patienceMs,
)

test.each(parts)(
  'bodies broken in one place are refused with that place, and a code (part %i)',
  async (part) => {
    for (const operation of ofPart(part)) {
      const schema = bodies.get(operation)!
      const { ids, send } = await surroundings(operation)
      const broken = drawn(operation, ids).chain((body) => {
        const all = breaksOf(schema, body, components, fits).filter(
          ({ body: wrong }) => !fits(schema, wrong),
        )
        return all.length === 0 ? fc.constant(undefined) : fc.constantFrom(...all)
      })
      await fc.assert(
        fc.asyncProperty(broken, async (one) => {
          if (one === undefined) return
          const answer = await send(one.body)
          const problems = problemsOf(answer, one.at)
          for (const { loc, msg, code } of problems)
            if (code === undefined)
              expect.fail(`${operation}: ${loc.join('.')} has no code: ${msg}`)
          if (!problems.some(({ loc }) => isAbout(loc, ['body', ...one.at.map(String)])))
            expect.fail(
              `${operation} ${one.why} at ${one.at.join('.')} ${answer.status}: ${answer.text.slice(0, 500)}`,
            )
        }),
        { numRuns: runs(10) },
      )
    }
  },
  patienceMs,
)

/** Of a batch each message is answered for itself; where the list is broken, any of them may tell of it. */
function problemsOf(answer: Answer, at: (string | number)[] = []): Problem[] {
  const { results } = (answer.body ?? {}) as { results?: { status: number; error?: unknown }[] }
  if (results === undefined || at[0] !== 'messages')
    return problemsIn({ status: answer.status, error: answer.body })
  return results.filter((_, index) => at[1] === undefined || at[1] === index).flatMap(problemsIn)
}

interface Answer {
  status: number
  body: unknown
}

interface Problem {
  loc: string[]
  msg: string
  code?: string
}

function problemsIn({ status, error }: { status: number; error?: unknown }): Problem[] {
  const { detail } = (error ?? {}) as { detail?: Problem[] }
  return status === 422 && Array.isArray(detail) ? detail : []
}

/** The place itself or one within it; where an item of a list is wrong, the list will do. */
function isAbout(place: string[], at: string[]): boolean {
  let wanted = at
  while (/^\d+$/.test(wanted.at(-1)!)) wanted = wanted.slice(0, -1)
  return wanted.every((name, index) => place[index] === name)
}
