import type { Ajv, ErrorObject, Options, ValidateFunction } from 'ajv'
import type { FormatsPlugin } from 'ajv-formats'
import { type FieldProblem, invalidFields } from '../../core/error.ts'
import { coded } from '../../core/field-problem.ts'
import { text } from '../../core/json-values.ts'
import { say } from '../../core/sentences/sentences.ts'

/**
 * Event types' schemas as a kept validator reads them: whether they are JSON Schemas, and whether a payload fits one.
 * The validator is loaded when the first schema comes: most installations have none.
 */
type Drafts = Awaited<ReturnType<typeof load>>
let loaded: Promise<Drafts> | undefined

async function load() {
  const [{ Ajv2020 }, { Ajv2019 }, { Ajv }, formats] = await Promise.all([
    import('ajv/dist/2020.js'),
    import('ajv/dist/2019.js'),
    import('ajv'),
    import('ajv-formats'),
  ])
  // Words of other vocabularies (OpenAPI's `example`) are no faults; `format` and the rest are checked.
  // Patterns are read with the flag `u` where they can be: `\-` is none then, and stands in many schemas.
  const both = (make: (options: Options) => Validator) =>
    [true, false].map((unicodeRegExp) => () => {
      const options = { strict: false, allErrors: true, logger: false, unicodeRegExp } as const
      return formats.default.default(make(options))
    })
  return {
    newest: both((options) => new Ajv2020(options)),
    middle: both((options) => new Ajv2019(options)),
    seven: both((options) => new Ajv(options)),
  }
}

type Validator = Pick<Ajv, 'validateSchema' | 'compile' | 'errors'> & Parameters<FormatsPlugin>[0]

/**
 * Those that a schema may be meant for: the one it names; else the newest, or draft 7, which differ in lists of
 * items.
 */
function makersFor(schema: object, drafts: Drafts) {
  const named = '$schema' in schema ? String(schema.$schema) : undefined
  if (named === undefined) return [...drafts.newest, ...drafts.seven]
  if (named.includes('2020-12')) return drafts.newest
  if (named.includes('2019-09')) return drafts.middle
  return named.includes('draft-07') || named.includes('draft-06') ? drafts.seven : []
}

type ReadSchema =
  /** `compile` throws where a reference leads nowhere, as one to another document does. */
  { ok: true; compile: () => ValidateFunction } | { ok: false; problem: string; at: string }

export async function readSchema(schema: object): Promise<ReadSchema> {
  const drafts = await (loaded ??= load())
  const makers = makersFor(schema, drafts)
  if (makers.length === 0)
    return {
      ok: false,
      at: '/$schema',
      problem: 'names a draft that is not known; known are draft-06, draft-07, 2019-09 and 2020-12',
    }
  let first: ReadSchema | undefined
  for (const make of makers) {
    const ajv = make()
    const { $schema: _, ...plain } = schema as Record<string, unknown>
    const read: ReadSchema =
      ajv.validateSchema(plain) === true
        ? compiled(text(plain['$id']) ?? '', () => ajv.compile(plain))
        : { ok: false, ...said(ajv.errors?.[0]) }
    if (read.ok) return read
    first ??= read
  }
  return first!
}

/** The schemas of the drafts say nothing of patterns that cannot be read, so each schema is tried. */
function compiled(id: string, compile: () => ValidateFunction): ReadSchema {
  try {
    compile()
  } catch (error) {
    // A reference to another document leads somewhere, if not here.
    const { message, missingRef } = error as Error & { missingRef?: string }
    if (missingRef?.startsWith(`${id}#`) !== false) return { ok: false, at: '', problem: message }
  }
  return { ok: true, compile }
}

function said(error: ErrorObject | undefined): { at: string; problem: string } {
  const allowed = (error?.params as { allowedValues?: unknown[] } | undefined)?.allowedValues
  const words = allowed === undefined ? '' : `: ${allowed.join(', ')}`
  return { at: error?.instancePath ?? '', problem: `${error?.message ?? 'is not valid'}${words}` }
}

/** Throws a 422 that says of each version where it is no JSON Schema, and why. */
export async function refuseInvalidSchemas(
  schemas: Record<string, object> | null | undefined,
): Promise<void> {
  const problems: FieldProblem[] = []
  for (const [version, schema] of Object.entries(schemas ?? {})) {
    const read = await readSchema(schema)
    if (read.ok) continue
    const steps = read.at.split('/').slice(1)
    const loc = ['body', 'schemas', version, ...steps]
    problems.push({
      loc,
      ...coded(say('schema_wrong', { problem: read.problem })),
      type: 'value_error',
    })
  }
  if (problems.length > 0) throw invalidFields(problems)
}
