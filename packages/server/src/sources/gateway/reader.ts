import { fields } from '../../core/json-values.ts'
import type { GatewayRequest } from './gateway.ts'
import { formFields, jsonValue } from './request.ts'
import type { Place } from './scheme.ts'

/** A request whose body is read once, and places in it. */
export interface Reader {
  request: GatewayRequest
  /** JSON, or the fields of a form; undefined: neither. */
  body: unknown
  /** Of a form, in order; null where the body is none. */
  form: ReadonlyMap<string, string> | null
  at(place: Place): string | null
}

export async function readerOf(request: GatewayRequest): Promise<Reader> {
  const form = (await formFields(request)) ?? null
  const body = form ? Object.fromEntries(form) : jsonValue(request.rawBody)
  return { request, body, form, at: (place) => valueAt(place, request, body) }
}

function valueAt(place: Place, request: GatewayRequest, body: unknown): string | null {
  if ('header' in place) return word(request.headers[place.header.toLowerCase()])
  if ('query' in place) return word(request.query[place.query])
  return word(inside(body, place.body))
}

/** What a path leads to: the whole name first, since a form's fields may have dots in theirs. */
export function inside(value: unknown, path: string): unknown {
  if (path === '') return value
  const whole = own(value, path)
  if (whole !== undefined) return whole
  let at: unknown = value
  for (const step of path.split('.')) at = Array.isArray(at) ? at[Number(step)] : own(at, step)
  return at
}

function own(value: unknown, name: string): unknown {
  const object = fields(value)
  return object && Object.hasOwn(object, name) ? object[name] : undefined
}

function word(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && value !== '' ? value : null
}
