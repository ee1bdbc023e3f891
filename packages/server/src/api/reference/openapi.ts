import { z } from 'zod'
import { catalogue, type ErrorCode } from '../../core/error.ts'
import { roleOf } from '../roles.ts'
import type { AnswerShape, Route } from '../route.ts'

/**
 * The OpenAPI 3.1 document of the whole API, made of the route table that is mounted: nothing in it is written twice.
 */

type Json = Record<string, unknown>

export interface Description {
  title: string
  version: string
  description: string
}

/** @param server the path below which the API is reached, with a slash at its end */
export function openApi(routes: readonly Route[], info: Description, server = '/'): Json {
  const schemas: Json = { HttpErrorOut: httpError, HTTPValidationError: validationError }
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = (paths[route.path] ??= {})
    path[route.method.toLowerCase()] = operation(route, schemas)
  }
  const tags = [...new Set(routes.map((route) => route.tag))].map((name) => ({ name }))
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: server }],
    security: [{ key: [] }, { session: [] }],
    tags,
    paths,
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'A key of the tenant, or a token of one app.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'pombo_session',
          description: 'Of `POST /api/v1/auth/session`; for changes with the header X-Pombo-Csrf.',
        },
      },
      schemas: Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    },
  }
}

function operation(route: Route, schemas: Json): Json {
  const parameters = [
    ...parametersOf(route.params, 'path', schemas),
    ...parametersOf(route.query, 'query', schemas),
    ...(route.method === 'POST' && route.access !== 'open' ? [idempotencyKey] : []),
  ]
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.access === 'open' ? { security: [] } : {}),
    'x-access': route.access,
    ...(route.access === 'open' ? {} : { 'x-pombo-role': roleOf(route) }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: !accepts(route.body, undefined),
            content: { 'application/json': { schema: shape(route.body, 'input', schemas) } },
          },
        }),
    responses: { ...answers(route.answers, schemas), ...refusals(route) },
  }
}

function accepts(schema: z.ZodType, value: unknown): boolean {
  return schema.safeParse(value).success
}

function parametersOf(
  object: z.ZodObject | undefined,
  where: 'path' | 'query',
  schemas: Json,
): Json[] {
  if (object === undefined) return []
  return Object.entries(object.shape).map(([name, field]) => {
    const { description, ...schema } = shape(field as z.ZodType, 'input', schemas)
    return {
      name,
      in: where,
      ...(where === 'path' || !accepts(field as z.ZodType, undefined) ? { required: true } : {}),
      ...(description === undefined ? {} : { description }),
      // Lists are written with commas; repeating the name works too.
      ...(schema.type === 'array' ? { style: 'form', explode: false } : {}),
      schema,
    }
  })
}

function answers(given: Record<number, AnswerShape>, schemas: Json): Json {
  return Object.fromEntries(
    Object.entries(given).map(([status, { description, body, mediaType = 'application/json' }]) => [
      status,
      body === undefined
        ? { description }
        : {
            description,
            content: { [mediaType]: { schema: shape(body, 'output', schemas) } },
          },
    ]),
  )
}

/** A schema in the document; those with an id become components. */
function shape(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  // Inside an object a schema with an id comes out as a reference; on its own it would be written out.
  const made = z.toJSONSchema(z.object({ it: schema }), {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => tidy(jsonSchema as Json, io),
  }) as Json
  for (const [name, definition] of Object.entries((made.$defs ?? {}) as Json)) {
    const { id: _, ...rest } = definition as Json
    const moved = relocate(rest)
    const known = schemas[name]
    if (known !== undefined && text(known) !== text(moved))
      throw new Error(`two schemas of the API are called ${name}`)
    // What is both shown and taken is described as it is taken.
    if (known !== undefined && io === 'output') continue
    schemas[name] = moved
  }
  return relocate((made.properties as { it: Json }).it)
}

/**
 * The long patterns beside `format` say nothing to a reader. Answers may gain members, so none is closed; what is sent
 * in may hold only what is named (core/known.ts), and of two names of one thing one.
 */
function tidy(jsonSchema: Json, io: 'input' | 'output'): void {
  const properties = jsonSchema.properties as Json | undefined
  const otherNames = jsonSchema['x-aliases'] as Record<string, string> | undefined
  delete jsonSchema['x-aliases']
  for (const [alias, name] of Object.entries(otherNames ?? {})) {
    properties![alias] = { ...(properties![name] as Json), description: `Another name of ${name}` }
  }
  if (io === 'input' && otherNames !== undefined)
    jsonSchema.not = { anyOf: Object.entries(otherNames).map((both) => ({ required: both })) }
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
  if (properties === undefined) return
  if (io === 'output') delete jsonSchema.additionalProperties
  else jsonSchema.additionalProperties ??= false
}

/** But for whether it is closed. */
function text(schema: unknown): string {
  return JSON.stringify(schema).replaceAll(/,?"additionalProperties":false/g, '')
}

function relocate(schema: Json): Json {
  return JSON.parse(
    JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'),
  ) as Json
}

const idempotencyKey = {
  name: 'idempotency-key',
  in: 'header',
  description:
    'The same key with the same request gives the same answer for 24 hours, on every node; with another request, 409.',
  schema: { type: 'string', pattern: '^[!-~]+$', minLength: 1, maxLength: 256 },
}

const coded = {
  type: 'object',
  required: ['code', 'values'],
  properties: {
    code: { type: 'string' },
    values: { type: 'object', additionalProperties: { type: 'string' } },
  },
  description:
    'Of what is said beyond the sentence of the code, for programs, where that has a code',
}

const httpError = {
  type: 'object',
  required: ['code', 'detail'],
  properties: {
    code: { type: 'string', description: 'For programs; docs/reference/errors.md lists them' },
    detail: { type: 'string', description: 'For people: what was wrong and how to mend it' },
    values: {
      type: 'object',
      additionalProperties: { type: ['string', 'number'] },
      description: 'What stands in the sentence of the code: `id`, `what`, `limitBytes`, …',
    },
    because: coded,
  },
}

const validationError = {
  type: 'object',
  required: ['detail'],
  properties: {
    detail: {
      type: 'array',
      items: {
        type: 'object',
        required: ['loc', 'msg', 'type'],
        properties: {
          loc: {
            type: 'array',
            items: { type: 'string' },
            description: 'Where: body, query, path or header, then the field',
          },
          msg: { type: 'string', description: 'What is wrong and how to mend it, in English' },
          type: { type: 'string' },
          code: {
            type: 'string',
            description:
              'The same for programs, where it has one; docs/reference/errors.md lists them',
          },
          values: {
            type: 'object',
            additionalProperties: { type: ['string', 'number'] },
            description:
              'What stands in the sentence of that code: `limit`, `min`, `max`, `name`, …',
          },
          because: coded,
        },
      },
    },
  },
}

function refusals(route: Route): Json {
  const codes: ErrorCode[] = []
  // Whatever a path takes: a body that does not read is refused before it is looked at.
  if (route.method !== 'GET') codes.push('bad_json')
  else if (route.params !== undefined) codes.push('bad_request')
  if (route.access !== 'open') codes.push('authentication_failed', 'permission_denied')
  if (route.params !== undefined || 'app_id' in (route.query?.shape ?? {})) codes.push('not_found')
  if (route.method !== 'GET') codes.push('conflict')
  if (route.method !== 'GET') codes.push('too_large', 'unsupported_media_type')
  codes.push('validation')
  if (route.idempotency === 'own') codes.push('rate_limited')
  if (route.access !== 'open' || route.method !== 'GET') codes.push('database_away')
  return Object.fromEntries(codes.map((code) => [catalogue[code].status, refusal(code)]))
}

const titles: Partial<Record<ErrorCode, string>> = {
  bad_json: 'The body is not JSON, or not UTF-8',
  bad_request: 'The path cannot be decoded',
  authentication_failed: 'No valid key',
  permission_denied: 'The key may not do that',
  not_found: 'No such thing within reach of the key',
  conflict: 'It clashes with what is there',
  too_large: 'The body is too large',
  unsupported_media_type: 'The body is not application/json',
  validation: 'Fields that do not fit, each named',
  rate_limited: 'Too many messages; Retry-After says when to come back',
  database_away:
    'The database does not answer; repeat after Retry-After, with the same Idempotency-Key',
}

function refusal(code: ErrorCode): Json {
  const name = code === 'validation' ? 'HTTPValidationError' : 'HttpErrorOut'
  const example =
    code === 'validation'
      ? {
          detail: [
            {
              loc: ['body', 'url'],
              msg: 'field required',
              type: 'value_error.missing',
              code: 'missing',
            },
          ],
        }
      : { code, detail: catalogue[code].message }
  return {
    description: titles[code] ?? code,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` }, example } },
  }
}
