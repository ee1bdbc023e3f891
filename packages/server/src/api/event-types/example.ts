import { type Fields as Json, isObject } from '../../core/json-values.ts'

/** What is sent for an event type of which nothing is known. */
const generic = { example: true, message: 'This is an example that was sent by hand.' }

/**
 * An example of an event type's payload: one that its newest schema brings, else one made of the schema.
 * Undefined: the schema has no example with that index.
 */
export function exampleOf(
  schemas: Record<string, unknown> | null,
  index: number | undefined,
): unknown {
  const newest = Object.entries(schemas ?? {})
    .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1)?.[1]
  if (!isObject(newest)) return index === undefined ? generic : undefined
  const given = Array.isArray(newest.examples)
    ? newest.examples
    : 'example' in newest
      ? [newest.example]
      : []
  if (index !== undefined) return given[index]
  return given.length > 0 ? given[0] : make(newest, newest, 0)
}

function make(schema: unknown, root: Json, depth: number): unknown {
  if (!isObject(schema) || depth > 8) return null
  if ('const' in schema) return schema.const
  for (const key of ['example', 'default'] as const) if (key in schema) return schema[key]
  for (const key of ['examples', 'enum'] as const) {
    const list = schema[key]
    if (Array.isArray(list) && list.length > 0) return list[0]
  }
  if (typeof schema.$ref === 'string') return make(resolve(root, schema.$ref), root, depth + 1)
  for (const key of ['oneOf', 'anyOf'] as const) {
    const list = schema[key]
    if (Array.isArray(list) && list.length > 0) return make(list[0], root, depth + 1)
  }
  if (Array.isArray(schema.allOf)) {
    const parts = schema.allOf.map((part) => make(part, root, depth + 1)).filter(isObject)
    return Object.assign({}, ...parts) as Json
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  switch (type ?? ('properties' in schema ? 'object' : 'string')) {
    case 'object':
      return Object.fromEntries(
        Object.entries(isObject(schema.properties) ? schema.properties : {}).map(([name, part]) => [
          name,
          make(part, root, depth + 1),
        ]),
      )
    case 'array':
      return schema.items === undefined ? [] : [make(schema.items, root, depth + 1)]
    case 'integer':
    case 'number':
      return typeof schema.minimum === 'number' ? schema.minimum : 1
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return textOf(schema.format)
  }
}

function textOf(format: unknown): string {
  switch (format) {
    case 'date-time':
      return '2026-01-31T09:30:00.000Z'
    case 'date':
      return '2026-01-31'
    case 'email':
      return 'someone@example.com'
    case 'uri':
    case 'url':
      return 'https://example.com/'
    case 'uuid':
      return '00000000-0000-4000-8000-000000000000'
    default:
      return 'text'
  }
}

/** A reference within the schema, such as `#/$defs/Message`. */
function resolve(root: Json, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined
  const steps = reference
    .slice(2)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return steps.reduce<unknown>(
    (at, step) => (isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined),
    root,
  )
}
