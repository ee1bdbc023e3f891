// Checks every answer of the API against its own OpenAPI document, and against Svix's where a copy of it lies beside
// the checkout.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

type Json = Record<string, unknown>

export const formatsOfPombo = [
  'cel',
  'header-name',
  'header-value',
  'signing-secret',
  'media-type',
  'ip-or-network',
]

/** Of Svix's document. */
const numbers = ['uint16', 'uint32', 'uint64', 'int16', 'int64']

export interface Contract {
  /** What is wrong with an answer; undefined: nothing, or the document says nothing of it. */
  problemOf(method: string, path: string, status: number, body: unknown): string | undefined
  /** `METHOD /path` of everything the document describes. */
  operations: string[]
}

/** Of the repository's root. */
const svixPath = join(import.meta.dirname, '../../../../../shared/reference/svix-openapi.json')

/**
 * Svix's own document, where it is at hand. What it does not describe (Pombo's additions, a 413) is left to Pombo's
 * own.
 */
export function svixContract(): Contract | undefined {
  svix ??= readSvix()
  return svix
}
let svix: Contract | undefined

function readSvix(): Contract | undefined {
  if (!existsSync(svixPath)) return undefined
  const document = JSON.parse(readFileSync(svixPath, 'utf8')) as Json
  const { schemas } = document.components as { schemas: Record<string, { enum: unknown[] }> }
  // Newer clients know a status more than this document, and ask for it by `expanded_statuses`.
  schemas.MessageStatus!.enum.push(4)
  schemas.MessageStatusText!.enum.push('canceled')
  const contract = contractOf(modern(document) as Json, { complete: false })
  return {
    ...contract,
    problemOf: (method, path, status, body) =>
      status === 200 && askedForOnly.test(`${method} ${path}`)
        ? undefined
        : contract.problemOf(method, path, status, body),
  }
}

/** What answers 204, and 200 only where a caller asks for more or is a newer client than this document. */
const askedForOnly = /^(?:POST .*\/secret\/rotate|GET \/api\/v1\/health(?:\/ping)?)$/

/** Pombo's document, which has to describe whatever is answered. */
export function ownContract(document: unknown): Contract {
  return contractOf(document as Json, { complete: true })
}

function contractOf(document: Json, { complete }: { complete: boolean }): Contract {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true })
  formats.default(ajv)
  for (const name of [...formatsOfPombo, ...numbers]) ajv.addFormat(name, true)
  ajv.addSchema(document, 'api')
  const paths = document.paths as Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: Json }> }> }>
  >
  const forms = Object.keys(paths).map((path) => ({
    path,
    form: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))
  const validators = new Map<string, ValidateFunction>()
  const validatorOf = (at: string) => {
    let validator = validators.get(at)
    if (validator === undefined)
      validators.set(at, (validator = ajv.compile({ $ref: `api#/${at}` })))
    return validator
  }
  return {
    operations: Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    ),
    problemOf(method, given, status, body) {
      const path = given.replace(/(?<=.)\/$/, '')
      // Where two forms fit (`/msg/batch` and `/msg/{msg_id}`), the one without a parameter is meant.
      const found = forms.filter(
        ({ path: one, form }) => form.test(path) && paths[one]![method.toLowerCase()] !== undefined,
      )
      const form = found.toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)[0]
        ?.path
      const nothing = complete ? `${method} ${path} is not described` : undefined
      if (form === undefined) return status === 404 || status === 405 ? undefined : nothing
      const answers = paths[form]![method.toLowerCase()]!.responses
      const answer = answers[String(status)]
      const described = Object.keys(answers).some((one) => one.startsWith('2'))
      if (answer === undefined) {
        return (complete || (status < 300 && described)) && status < 500
          ? `${method} ${form} answered ${status}, which is not described`
          : undefined
      }
      if (answer.content === undefined)
        return body === undefined ? undefined : `${method} ${form} ${status} should have no body`
      const validate = validatorOf(
        [
          'paths',
          form,
          method.toLowerCase(),
          'responses',
          String(status),
          'content',
          'application/json',
          'schema',
        ]
          .map(pointer)
          .join('/'),
      )
      if (validate(body)) return undefined
      const start = JSON.stringify(body).slice(0, 1_000)
      return `${method} ${form} ${status}: ${ajv.errorsText(validate.errors)} in ${start}`
    },
  }
}

function pointer(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
}

// Where Pombo takes, and so shows, more than Svix: payloads of any JSON type, and wildcards among the event types of
// an endpoint.
const wider: Record<string, Json> = {
  payload: {},
  eventTypes: {
    type: ['array', 'null'],
    items: { type: 'string' },
    minItems: 1,
    uniqueItems: true,
  },
}

/** OpenAPI 3.0 says `nullable`, also beside a `$ref`; JSON Schema has no such word. */
function modern(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(modern)
  if (typeof value !== 'object' || value === null) return value
  const { nullable, ...rest } = value as Json
  const changed = Object.fromEntries(
    Object.entries(rest).map(([key, one]) => [key, wider[key] ?? modern(one)]),
  )
  return nullable === true ? { anyOf: [changed, { type: 'null' }] } : changed
}

/** A fetch that throws where an answer breaks a contract. */
export function checkedFetch(contracts: Contract[]): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    const url = new URL(input instanceof Request ? input.url : input)
    const text = await response.clone().text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    const body: unknown = text === '' ? undefined : isJson ? JSON.parse(text) : text
    for (const contract of contracts) {
      const problem = contract.problemOf(init?.method ?? 'GET', url.pathname, response.status, body)
      if (problem !== undefined) throw new Error(problem)
    }
    return response
  }
}
