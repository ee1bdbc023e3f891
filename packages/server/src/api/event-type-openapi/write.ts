import { escapePointer } from '../../core/oversize.ts'
import type { EventType } from '../../registry/event-types/store.ts'

type Json = Record<string, unknown>

/** The event types as an OpenAPI 3.1 document, which the import reads back as they were. */
export function documentOf(types: readonly EventType[], version: string): Json {
  return {
    openapi: '3.1.0',
    info: { title: 'Webhooks', version },
    webhooks: Object.fromEntries(types.map((type) => [type.name, { post: operationOf(type) }])),
  }
}

function operationOf(type: EventType): Json {
  const newest = Object.entries(type.schemas ?? {})
    .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1)?.[1]
  return {
    operationId: type.name,
    description: type.description,
    ...(type.deprecated && { deprecated: true }),
    ...(type.groupName !== null && { 'x-group-name': type.groupName, tags: [type.groupName] }),
    ...(type.featureFlag !== null && { 'x-feature-flag': type.featureFlag }),
    ...(newest === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: standing(newest, type.name) } },
          },
        }),
    responses: { 200: { description: 'Any 2xx: it was received' } },
  }
}

/** References within a schema count from the document's beginning once it is a part of it. */
function standing(schema: unknown, name: string): unknown {
  const place = `#/webhooks/${escapePointer(name)}/post/requestBody/content/application~1json/schema`
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) =>
        key === '$ref' && typeof one === 'string' && /^#(?:\/|$)/.test(one)
          ? [key, place + one.slice(1)]
          : [key, copy(one)],
      ),
    )
  }
  return copy(schema)
}
