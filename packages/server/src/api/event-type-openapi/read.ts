import { invalid } from '../../core/error.ts'
import { type Fields as Json, isObject } from '../../core/json-values.ts'
import { say } from '../../core/sentences/sentences.ts'
import type { EventType } from '../../registry/event-types/store.ts'

/**
 * The webhooks of an OpenAPI document as event types: `webhooks` of 3.1, `x-webhooks` of 3.0. Each schema is kept on
 * its own, so what it refers to is put beside it, under `$defs`.
 */
export interface ImportedType
  extends Pick<EventType, 'name' | 'description' | 'deprecated' | 'featureFlag' | 'groupName'> {
  schemas: Record<string, Json> | null
}

const name = /^[a-zA-Z0-9\-_.]{1,256}$/
const version = '1'
const mostSchemas = 1_000

export function webhooksOf(document: Json, at: string[]): ImportedType[] {
  const where = document['webhooks'] === undefined ? 'x-webhooks' : 'webhooks'
  const webhooks = document[where]
  if (!isObject(webhooks) || Object.keys(webhooks).length === 0)
    throw invalid(at, say('no_webhooks'))
  return Object.entries(webhooks).map(([key, item]) => {
    const place = [...at, where, key]
    const path = resolve(document, item, place)
    const operation = resolve(document, path['post'] ?? path['put'] ?? {}, place)
    const id = operation['operationId']
    const named = name.test(key) ? key : typeof id === 'string' && name.test(id) ? id : undefined
    if (named === undefined) throw invalid(place, say('no_type_name'))
    return {
      name: named,
      description: textOf(operation['description'] ?? operation['summary'] ?? path['summary']),
      schemas: schemasOf(document, operation, place),
      deprecated: operation['deprecated'] === true,
      featureFlag: optionalText(operation['x-feature-flag'] ?? operation['x-svix-feature-flag']),
      groupName: optionalText(operation['x-group-name'] ?? operation['x-svix-group-name']),
    }
  })
}

function schemasOf(document: Json, operation: Json, at: string[]): Record<string, Json> | null {
  if (operation['requestBody'] === undefined) return null
  const body = resolve(document, operation['requestBody'], at)
  const content = isObject(body['content']) ? body['content'] : {}
  const type = Object.keys(content).find((one) => /^application\/(?:.*\+)?json\b/.test(one))
  const media = type === undefined ? undefined : content[type]
  if (!isObject(media) || !isObject(media['schema'])) return null
  const schema = withDefinitions(document, media['schema'], at)
  const examples = isObject(media['examples'])
    ? Object.values(media['examples']).flatMap((one) =>
        isObject(one) && 'value' in one ? [one['value']] : [],
      )
    : 'example' in media
      ? [media['example']]
      : []
  return { [version]: { ...(examples.length > 0 && { examples }), ...schema } }
}

/** The schema with all that it refers to in the document, which it takes along. */
function withDefinitions(document: Json, schema: Json, at: string[]): Json {
  const found: Json = {}
  const names = new Map<string, string>()
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy)
    if (!isObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) =>
        key === '$ref' && typeof one === 'string' ? [key, take(one)] : [key, copy(one)],
      ),
    )
  }
  const take = (reference: string): string => {
    if (!reference.startsWith('#/')) throw invalid(at, say('refers_outside', { reference }))
    const known = names.get(reference)
    if (known !== undefined) return `#/$defs/${known}`
    if (names.size >= mostSchemas) throw invalid(at, say('refers_to_many', { count: mostSchemas }))
    let own = reference.slice(reference.lastIndexOf('/') + 1).replaceAll(/[^\w.-]/g, '_')
    while (own in found) own += '_'
    names.set(reference, own)
    // Held free while what it refers to is taken.
    found[own] = {}
    found[own] = copy(pointed(document, reference, at))
    return `#/$defs/${own}`
  }
  const copied = copy(schema) as Json
  if (names.size === 0) return copied
  const own = isObject(copied['$defs']) ? copied['$defs'] : {}
  return { ...copied, $defs: { ...own, ...found } }
}

function resolve(document: Json, value: unknown, at: string[]): Json {
  let one = value
  for (let steps = 0; isObject(one) && typeof one['$ref'] === 'string'; steps++) {
    if (steps > 20) throw invalid(at, say('refers_to_itself'))
    one = pointed(document, one['$ref'], at)
  }
  if (!isObject(one)) throw invalid(at, say('object_needed'))
  return one
}

function pointed(document: Json, reference: string, at: string[]): unknown {
  let one: unknown = reference.startsWith('#/') ? document : undefined
  for (const part of reference.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    one = isObject(one) && Object.hasOwn(one, key) ? one[key] : undefined
  }
  if (one === undefined) throw invalid(at, say('refers_nowhere', { reference }))
  return one
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '')
const optionalText = (value: unknown) =>
  typeof value === 'string' && name.test(value) ? value : null
