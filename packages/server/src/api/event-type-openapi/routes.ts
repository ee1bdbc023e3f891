import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { invalid, PomboError } from '../../core/error.ts'
import type { EventType } from '../../registry/event-types/store.ts'
import { recoverOut, showBegun } from '../background-tasks/schema.ts'
import { finishedTask, usual } from '../background-tasks/store.ts'
import { allTypes } from '../event-types/all.ts'
import { exampleOf } from '../event-types/example.ts'
import { refuseInvalidSchemas } from '../event-types/json-schema.ts'
import { isShallow } from '../event-types/schema.ts'
import { cloudOnly, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { type ImportedType, webhooksOf } from './read.ts'
import { importIn, importOut } from './schema.ts'
import { documentOf } from './write.ts'
import { say } from '../../core/sentences/sentences.ts'
import { coded } from '../../core/field-problem.ts'
import { errorMessage } from '../../core/thrown.ts'
import { component } from '../field.ts'

export type EventTypeOpenApiDeps = Needs<'db' | 'clock' | 'eventTypes' | 'version'>

const tag = 'Event Type'
const document = z
  .record(z.string(), z.unknown())
  .meta({ id: 'OpenApiDocument', description: 'An OpenAPI 3.1 document' })

/** Event types as an OpenAPI document, in and out. */
export function eventTypeOpenApiRoutes(deps: EventTypeOpenApiDeps): Route[] {
  const { db, clock, eventTypes } = deps
  return [
    importRoute(deps),
    route({
      at: 'GET /api/v1/event-type/export/openapi',
      id: 'v1.event-type.get-openapi',
      tag,
      summary: 'Get the event types as an OpenAPI document',
      description: 'Those that are not archived; the import reads it back as it was.',
      access: 'tenant',
      answers: { 200: { description: 'The document', body: document } },
      handle: async ({ holder }) => json(200, await exported(holder.tenantId)),
    }),
    route({
      at: 'POST /api/v1/event-type/export/openapi',
      id: 'v1.event-type.export-openapi',
      tag,
      summary: 'Get the event types as an OpenAPI document, by a background task',
      description: `\`data.openapi\` of the task is the document. ${cloudOnly}`,
      access: 'tenant',
      answers: { 202: { description: 'It is done', body: recoverOut } },
      async handle({ holder: { tenantId } }) {
        const result = { openapi: await exported(tenantId) }
        const nowMs = clock.now()
        const args = { ...usual, states: [], sinceMs: 0, untilMs: nowMs }
        const task = await finishedTask(db, tenantId, 'sdk.generate', { args, result }, nowMs)
        return json(202, showBegun(task))
      },
    }),
    route({
      at: 'POST /api/v1/event-type/schema/generate-example',
      id: 'v1.event-type.generate-example',
      tag,
      summary: 'Make an example that fits a JSON Schema',
      description: cloudOnly,
      access: 'app',
      idempotency: 'own',
      body: z
        .object({
          schema: z
            .record(z.string(), z.unknown())
            .refine((given) => isShallow(given, 64), say('nests_deeper', { limit: 64 })),
        })
        .meta({ id: 'EventTypeSchemaIn', examples: [{ schema: { type: 'object' } }] }),
      answers: {
        200: {
          description: 'The example',
          body: component('EventTypeExampleOut', { example: z.unknown() }),
        },
      },
      async handle({ body: { schema } }) {
        await refuseInvalidSchemas({ '1': schema })
        return json(200, { example: exampleOf({ '1': schema }, undefined) ?? null })
      },
    }),
  ]

  async function exported(tenantId: string) {
    const types = (await allTypes(eventTypes, tenantId)).filter(({ archived }) => !archived)
    return documentOf(types, deps.version)
  }
}

function importRoute({ eventTypes }: EventTypeOpenApiDeps): Route {
  return route({
    at: 'POST /api/v1/event-type/import/openapi',
    id: 'v1.event-type.import-openapi',
    tag,
    summary: 'Make event types of the webhooks of an OpenAPI document',
    description:
      'Made, or set to what the document says; `payloadCheck` and other versions of the schemas stay. ' +
      `All of them or, if one is refused, none. ${cloudOnly}`,
    access: 'tenant',
    body: importIn,
    answers: { 200: { description: 'What was changed', body: importOut } },
    async handle({ holder: { tenantId }, body }) {
      const { given, at } = await documentIn(body)
      const types = webhooksOf(given, at)
      const twice = types.find(
        ({ name }, index) => types.findIndex((one) => one.name === name) < index,
      )
      if (twice) throw invalid(at, say('type_named_twice', { name: twice.name }))
      for (const { schemas } of types) await refuseInvalidSchemas(schemas)
      const all = await allTypes(eventTypes, tenantId)
      const known = new Map(all.map((type) => [type.name, type]))
      const wanted = types.map((type) => settingsOf(type, known.get(type.name)))
      const changed = wanted.filter(({ name, ...settings }) => differs(known.get(name), settings))
      const named = new Set(types.map(({ name }) => name))
      const gone = body.replaceAll
        ? all.filter(({ name, archived }) => !archived && !named.has(name)).map(({ name }) => name)
        : []
      if (body.dryRun)
        return json(200, {
          data: {
            modified: [],
            to_modify: changed.map(({ name }) => shown(types.find((type) => type.name === name)!)),
            to_archive: gone,
          },
        })
      await eventTypes.putAll(tenantId, changed, gone)
      const modified = [...changed.map(({ name }) => name), ...gone]
      return json(200, { data: { modified, to_modify: null, to_archive: null } })
    },
  })
}

async function documentIn({ spec, specRaw }: z.output<typeof importIn>) {
  if (spec != null && specRaw != null)
    throw new PomboError(
      'validation',
      { detail: 'spec and specRaw say the same; give one of them' },
      {
        problems: ['spec', 'specRaw'].map((name) => ({
          loc: ['body', name],
          ...coded(say('stands_beside')),
          type: 'value_error',
        })),
      },
    )
  if (spec != null) return { given: spec, at: ['body', 'spec'] }
  const at = ['body', 'specRaw']
  if (specRaw == null) throw invalid(['body', 'spec'], { msg: 'field required', code: 'missing' })
  const given = await textDocument(specRaw, at)
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalid(at, say('object_needed'))
  if (!isShallow(given, 100)) throw invalid(at, say('nests_deeper', { limit: 100 }))
  return { given: given as Record<string, unknown>, at }
}

/** JSON is YAML too, and is read by the parser that everybody has. */
async function textDocument(text: string, at: string[]): Promise<unknown> {
  try {
    return JSON.parse(text) as unknown
  } catch {
    const { parse } = await import('yaml')
    try {
      return parse(text, { maxAliasCount: 100 }) as unknown
    } catch (error) {
      const [line] = errorMessage(error).split('\n')
      throw invalid(at, say('no_json_or_yaml', { problem: line ?? '' }))
    }
  }
}

/** What the document does not speak of stays as it is. */
function settingsOf(type: ImportedType, known: EventType | undefined) {
  const schemas =
    type.schemas === null ? (known?.schemas ?? null) : { ...known?.schemas, ...type.schemas }
  return {
    ...type,
    schemas,
    archived: false,
    payloadCheck: known?.payloadCheck ?? ('off' as const),
  }
}

function differs(known: EventType | undefined, settings: object): boolean {
  if (known === undefined) return true
  const before = known as unknown as Record<string, unknown>
  return Object.entries(settings).some(([key, value]) => !isDeepStrictEqual(before[key], value))
}

function shown({ featureFlag, ...type }: ImportedType) {
  return { ...type, featureFlag, featureFlags: featureFlag === null ? null : [featureFlag] }
}
