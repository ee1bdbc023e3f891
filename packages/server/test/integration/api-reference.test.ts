// The OpenAPI document and the reference page: complete, sound, and usable without the network.
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { ownContract, svixContract } from '../support/openapi.ts'

interface Operation {
  operationId: string
  summary: string
  tags: string[]
  parameters?: { name: string; in: string; schema: object }[]
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>
}
interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

let api: TestApi
let document: Document
beforeAll(async () => {
  api = await startApi()
  document = (await (await fetch(`${api.url}/api/v1/openapi.json`)).json()) as Document
})
afterAll(async () => await api?.stop())

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  )

// The operations of the Svix API that Pombo promises, so that none goes missing where Svix's own document is not at
// hand.
const promised = `
GET /api/v1/app
POST /api/v1/app
GET /api/v1/app/{app_id}
PUT /api/v1/app/{app_id}
PATCH /api/v1/app/{app_id}
DELETE /api/v1/app/{app_id}
GET /api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}
GET /api/v1/app/{app_id}/attempt/msg/{msg_id}
GET /api/v1/app/{app_id}/endpoint
POST /api/v1/app/{app_id}/endpoint
GET /api/v1/app/{app_id}/endpoint/{endpoint_id}
PUT /api/v1/app/{app_id}/endpoint/{endpoint_id}
PATCH /api/v1/app/{app_id}/endpoint/{endpoint_id}
DELETE /api/v1/app/{app_id}/endpoint/{endpoint_id}
GET /api/v1/app/{app_id}/endpoint/{endpoint_id}/headers
PUT /api/v1/app/{app_id}/endpoint/{endpoint_id}/headers
PATCH /api/v1/app/{app_id}/endpoint/{endpoint_id}/headers
GET /api/v1/app/{app_id}/endpoint/{endpoint_id}/msg
POST /api/v1/app/{app_id}/endpoint/{endpoint_id}/recover
GET /api/v1/app/{app_id}/endpoint/{endpoint_id}/secret
POST /api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate
POST /api/v1/app/{app_id}/endpoint/{endpoint_id}/send-example
GET /api/v1/app/{app_id}/endpoint/{endpoint_id}/stats
GET /api/v1/app/{app_id}/msg
POST /api/v1/app/{app_id}/msg
GET /api/v1/app/{app_id}/msg/{msg_id}
GET /api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}
DELETE /api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/content
DELETE /api/v1/app/{app_id}/msg/{msg_id}/content
GET /api/v1/app/{app_id}/msg/{msg_id}/endpoint
POST /api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend
POST /api/v1/auth/app-portal-access/{app_id}
POST /api/v1/auth/logout
GET /api/v1/event-type
POST /api/v1/event-type
GET /api/v1/event-type/{event_type_name}
PUT /api/v1/event-type/{event_type_name}
PATCH /api/v1/event-type/{event_type_name}
DELETE /api/v1/event-type/{event_type_name}
GET /api/v1/health
GET /api/v1/health/ping
`
  .trim()
  .split('\n')

test('all of the promised operations of Svix are there', () => {
  expect(ownContract(document).operations).toEqual(expect.arrayContaining(promised))
  const svix = svixContract()
  // Fastify answers HEAD where there is a GET.
  if (svix)
    expect(promised).toEqual(
      expect.arrayContaining(svix.operations.filter((one) => !one.startsWith('HEAD'))),
    )
})

test('every operation is named once, and says what it does, takes and answers', () => {
  const all = operations()
  expect(all.length).toBeGreaterThan(60)
  expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length)
  for (const { path, summary, tags, parameters, responses } of all) {
    expect(summary.length).toBeGreaterThan(5)
    expect(tags).toHaveLength(1)
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    expect(
      (parameters ?? [])
        .filter((one) => one.in === 'path')
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(named.toSorted((a, b) => a!.localeCompare(b!)))
    expect(Object.keys(responses).some((status) => status.startsWith('2'))).toBe(true)
    expect(Object.values(responses).every(({ description }) => description.length > 2)).toBe(true)
  }
})

test('every schema compiles, every reference leads somewhere, and every example fits its schema', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(document, 'api')
  let examples = 0
  for (const name of Object.keys(document.components.schemas))
    expect(ajv.compile({ $ref: `api#/components/schemas/${name}` })).toBeTypeOf('function')
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    if ('$ref' in value && typeof value.$ref === 'string')
      expect(document.components.schemas).toHaveProperty([value.$ref.split('/').at(-1)!])
    if ('examples' in value && Array.isArray(value.examples)) {
      const validate = ajv.compile(
        JSON.parse(JSON.stringify(value).replaceAll('"#/', '"api#/')) as object,
      )
      for (const example of value.examples) {
        expect(validate(example), JSON.stringify({ example, errors: validate.errors })).toBe(true)
        examples++
      }
    }
    for (const [key, member] of Object.entries(value)) if (key !== 'examples') walk(member)
  }
  walk(document)
  expect(examples).toBeGreaterThan(20)
})

test('a route that the server has is in the document, and the other way round', async () => {
  for (const { path, method, operationId } of operations()) {
    const answer = await fetch(api.url + path.replaceAll(/\{\w+\}/g, 'x'), {
      method: method.toUpperCase(),
    })
    const usual = operationId === 'v1.session.create' ? [422] : [204, 401]
    expect(usual, `${operationId} answered ${answer.status}`).toContain(answer.status)
  }
})

test('where the reference page was not built, its address says how, and leads to the document', async () => {
  const response = await fetch(`${api.url}/api/v1/docs`)
  expect(response.headers.get('content-type')).toContain('text/html')
  const page = await response.text()
  expect(page).toContain('href="openapi.json"')
  expect(page).not.toMatch(/https?:\/\//)
})

test('an Idempotency-Key of odd bytes is refused wherever one is taken, with a status that is described', async () => {
  for (const { path, method, responses, parameters } of operations()) {
    if (method !== 'post' || !parameters?.some(({ name }) => name === 'idempotency-key')) continue
    expect([path, Object.keys(responses)]).toEqual([path, expect.arrayContaining(['422'])])
  }
  const logout = await api.call('POST', '/api/v1/auth/logout', {
    headers: { 'idempotency-key': '\u00ff\u0080' },
  })
  // Checked against the document by the call itself.
  expect(logout.status).toBe(422)
  expect(logout.text).toContain('idempotency-key')
})

interface Bounds {
  at: string[]
  minimum: number
  maximum: number
  isList: boolean
}

/** Of every number in a schema that has both bounds, wherever it lies. */
function boundsIn(schema: unknown, at: string[] = []): Bounds[] {
  const { $ref, anyOf, properties, items, minimum, maximum } = schema as {
    $ref?: string
    anyOf?: unknown[]
    properties?: Record<string, unknown>
    items?: unknown
    minimum?: number
    maximum?: number
  }
  const named = $ref?.split('/').at(-1)
  if (named !== undefined) return boundsIn(document.components.schemas[named], at)
  if (anyOf) return anyOf.flatMap((one) => boundsIn(one, at))
  if (items) return boundsIn(items, at).map((one) => ({ ...one, isList: true }))
  if (properties)
    return Object.entries(properties).flatMap(([name, one]) => boundsIn(one, [...at, name]))
  if (minimum === undefined || maximum === undefined) return []
  return Number.isSafeInteger(minimum) && Math.abs(minimum) < 2 ** 50
    ? [{ at, minimum, maximum, isList: false }]
    : []
}

test.each([
  ['EndpointIn', '/api/v1/app/bounds/endpoint', { url: 'https://example.com/' }, 12],
  ['TenantIn', '/api/v1/tenant', { name: 'bounds' }, 2],
] as const)(
  'numbers of %s are taken up to the bounds that the document says, and not beyond',
  async (name, path, base, count) => {
    await api.call('POST', '/api/v1/app', { body: { name: 'bounds', uid: 'bounds' } })
    const whole: Record<string, object> = {
      batch: { maxEvents: 2, maxWaitMs: 0 },
      oversize: { maxBytes: 1_024, action: 'send' },
      circuit: {},
    }
    const found = boundsIn(document.components.schemas[name])
    expect(found.length).toBeGreaterThanOrEqual(count)
    for (const { at, minimum, maximum, isList } of found) {
      const [first, ...inner] = at as [string, ...string[]]
      const post = async (number: number) => {
        const value = inner.reduceRight<unknown>(
          (within, part) => ({ [part]: within }),
          isList ? [number] : number,
        )
        const member = inner.length === 0 ? value : { ...whole[first], ...(value as object) }
        return (await api.call('POST', path, { body: { ...base, [first]: member } })).status
      }
      expect([at, await post(minimum), await post(maximum)]).toEqual([at, 201, 201])
      expect([at, await post(minimum - 1), await post(maximum + 1)]).toEqual([at, 422, 422])
    }
  },
)
