// Bodies that an OpenAPI document allows, drawn at random from its schemas, and the same broken in one place.
import fc from 'fast-check'

export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  not?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  propertyNames?: Schema
  minProperties?: number
  maxProperties?: number
  items?: Schema
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  minLength?: number
  maxLength?: number
  pattern?: string
  format?: string
  contentMediaType?: string
  minimum?: number
  maximum?: number
  multipleOf?: number
}

export type Components = Record<string, Schema>

/** What a schema cannot say by itself: texts in a language of their own, by their format or media type. */
export type Languages = Record<string, fc.Arbitrary<unknown>>

export function resolved(schema: Schema, components: Components): Schema {
  if (schema.$ref === undefined) return schema
  return resolved(components[schema.$ref.replace('#/components/schemas/', '')]!, components)
}

/** Values that fit. Bounds themselves come up often. */
export function fitting(
  given: Schema,
  components: Components,
  languages: Languages,
  depth = 0,
): fc.Arbitrary<unknown> {
  const schema = resolved(given, components)
  const own = languages[schema.format ?? ''] ?? languages[schema.contentMediaType ?? '']
  if (own !== undefined) return own
  const inner = (one: Schema) => fitting(one, components, languages, depth + 1)
  const options = schema.anyOf ?? schema.oneOf
  if (options !== undefined) return fc.oneof(...options.map((one) => inner(within(one, schema))))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const types = typesOf(schema)
  if (types.length > 1) return fc.oneof(...types.map((type) => inner({ ...schema, type })))
  switch (types[0]) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'integer':
    case 'number':
      return numbers(schema, types[0] === 'integer')
    case 'string':
      return texts(schema)
    case 'array': {
      const { items = {}, minItems = 0, maxItems = 5 } = schema
      const bounds = { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, 5)) }
      return schema.uniqueItems === true
        ? fc.uniqueArray(inner(items), { ...bounds, selector: (one) => JSON.stringify(one) })
        : fc.array(inner(items), bounds)
    }
    case 'object':
      return objects(schema, inner)
    default:
      return fc.jsonValue({ maxDepth: 2, noUnicodeString: false }).map(clean)
  }
}

/** What stands beside `anyOf` holds for each of its schemas. */
function within(option: Schema, { anyOf: _any, oneOf: _one, ...beside }: Schema): Schema {
  return option.$ref === undefined ? { ...beside, ...option } : option
}

function typesOf(schema: Schema): string[] {
  const { type } = schema
  if (type !== undefined) return [type].flat()
  return schema.properties === undefined ? [] : ['object']
}

function numbers(schema: Schema, whole: boolean): fc.Arbitrary<number> {
  const { minimum = -1_000_000, maximum = 1_000_000, multipleOf = 1 } = schema
  const drawn = whole
    ? fc
        .integer({ min: minimum, max: Math.min(maximum, Number.MAX_SAFE_INTEGER) })
        .map((n) => n - (n % multipleOf))
    : fc.double({ min: minimum, max: maximum, noNaN: true }).map((n) => (n === 0 ? 0 : n))
  const bounds = fc.constantFrom(minimum, maximum - (whole ? maximum % multipleOf : 0))
  return fc.oneof({ arbitrary: drawn, weight: 3 }, bounds)
}

/** Made once: each new one makes a map of all of Unicode, which took two thirds of the test's time. */
const character = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })
const matches = new Map<string, fc.Arbitrary<string>>()

function matching(pattern: string): fc.Arbitrary<string> {
  const known = matches.get(pattern)
  if (known !== undefined) return known
  const made = fc.stringMatching(new RegExp(pattern, 'u'))
  matches.set(pattern, made)
  return made
}

function texts(schema: Schema): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = 20_000, pattern, format } = schema
  if (format === 'date-time')
    return fc
      .date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString())
  if (pattern !== undefined)
    return matching(pattern)
      .map((text) => text.slice(0, maxLength))
      .filter((text) => text.length >= minLength && new RegExp(pattern, 'u').test(text))
  if (format === 'uri')
    return fc.webUrl({ withQueryParameters: true }).filter((url) => url.length <= maxLength)
  const short = fc.string({ unit: character, minLength, maxLength: Math.min(maxLength, 40) })
  return fc.oneof(
    { arbitrary: short.map(withoutNul).filter((text) => text.length >= minLength), weight: 4 },
    fc.constantFrom('x'.repeat(Math.max(1, minLength)), 'y'.repeat(Math.min(maxLength, 20_000))),
  )
}

function objects(schema: Schema, inner: (one: Schema) => fc.Arbitrary<unknown>) {
  const { properties = {}, required = [], additionalProperties, propertyNames } = schema
  const named = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, inner(one)])),
    { requiredKeys: required },
  ) as fc.Arbitrary<Record<string, unknown>>
  const apart = schema.not?.anyOf?.flatMap((both) => (both.required ? [both.required] : [])) ?? []
  const fit = named.map((value) => {
    for (const [first, ...others] of apart)
      if (first! in value && others.every((one) => one in value))
        for (const one of others) if (!required.includes(one)) delete value[one]
    return value
  })
  if (typeof additionalProperties !== 'object') return fit
  const { minProperties = 0, maxProperties = 5 } = schema
  const names = propertyNames === undefined ? fc.string({ minLength: 1 }) : inner(propertyNames)
  return fc
    .uniqueArray(fc.tuple(names, inner(additionalProperties)), {
      minLength: minProperties,
      maxLength: Math.max(minProperties, Math.min(maxProperties, 5)),
      selector: ([name]) => name,
    })
    .map((entries) => Object.fromEntries(entries as [string, unknown][]))
}

const withoutNul = (text: string) => text.replaceAll('\0', '')

function clean(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll('\\u0000', ''), (_, one: unknown) => one)
}

/** One place of a body that no longer fits. */
export interface Break {
  why: string
  /** Where the refusal has to point. */
  at: (string | number)[]
  body: unknown
}

/** A value broken in each place and way that its schema names; some of them may fit after all. */
export function breaksOf(
  given: Schema,
  value: unknown,
  components: Components,
  fits: (schema: Schema, value: unknown) => boolean,
): Break[] {
  const found: Break[] = []
  const put = (at: (string | number)[], why: string, wrong: unknown, named = at) =>
    found.push({ why, at: named, body: replaced(value, at, wrong) })

  /** One form of several is not broken by what another of them allows: types are broken where the forms are listed. */
  function visit(one: Schema, it: unknown, at: (string | number)[], isOneOfSeveral = false): void {
    const schema = resolved(one, components)
    const options = (schema.anyOf ?? schema.oneOf)?.map((option) => within(option, schema))
    if (at.length > 0 && !isOneOfSeveral)
      for (const wrong of [12.5, true, 'nosuch-word', [[7]], { 'no such': 1 }])
        if (!fits(one, wrong)) put(at, 'type', wrong)
    if (options !== undefined) {
      const option = options.find((candidate) => fits(candidate, it))
      const before = found.length
      if (option !== undefined) visit(option, it, at, true)
      // Which of several forms was meant cannot be told: the refusal is of the whole.
      const forms = options.filter((one) => typesOf(resolved(one, components))[0] === 'object')
      if (schema.anyOf !== undefined && forms.length > 1)
        for (const one of found.slice(before)) one.at = at
      return
    }
    if (typeof it === 'string') visitText(schema, it, at)
    if (typeof it === 'number') {
      if (schema.minimum !== undefined) put(at, 'minimum', schema.minimum - 1)
      if (schema.maximum !== undefined) put(at, 'maximum', schema.maximum + 1)
    }
    if (Array.isArray(it)) visitItems(schema, it, at)
    else if (typeof it === 'object' && it !== null)
      visitMembers(schema, it as Record<string, unknown>, at)
  }

  function visitText(schema: Schema, it: string, at: (string | number)[]): void {
    const { minLength = 0, maxLength = Infinity, pattern, format, enum: words } = schema
    if (minLength > 0) put(at, 'minLength', 'a'.repeat(minLength - 1))
    if (maxLength < 100_000) put(at, 'maxLength', it.padEnd(maxLength + 1, 'a'))
    if (pattern !== undefined) put(at, 'pattern', `${it} \n?`)
    if (format === 'date-time' || format === 'uri') put(at, 'format', 'not of that form')
    if (words !== undefined) put(at, 'enum', 'nosuch-word')
  }

  function visitItems(schema: Schema, it: unknown[], at: (string | number)[]): void {
    const { minItems = 0, maxItems = Infinity, uniqueItems, items } = schema
    if (minItems > 0) put(at, 'minItems', it.slice(0, minItems - 1))
    if (maxItems < 2_000 && it.length > 0 && uniqueItems !== true)
      put(
        at,
        'maxItems',
        Array.from({ length: maxItems + 1 }, () => it[0]),
      )
    if (uniqueItems === true && it.length > 0) put(at, 'uniqueItems', [...it, it[0]])
    if (items !== undefined)
      for (const [index, item] of it.entries()) visit(items, item, [...at, index])
  }

  function visitMembers(
    schema: Schema,
    it: Record<string, unknown>,
    at: (string | number)[],
  ): void {
    const { properties = {}, required = [], additionalProperties } = schema
    for (const name of required) {
      const { [name]: _, ...rest } = it
      put(at, 'required', rest, [...at, name])
    }
    if (additionalProperties === false)
      put(at, 'unknown', { ...it, nosuchfield: 1 }, [...at, 'nosuchfield'])
    for (const [name, member] of Object.entries(it)) {
      const other = typeof additionalProperties === 'object' ? additionalProperties : {}
      // Names are drawn too, such as "constructor".
      const one = Object.hasOwn(properties, name) ? properties[name]! : other
      visit(one, member, [...at, name])
    }
  }

  visit(given, value, [])
  return found
}

function replaced(value: unknown, at: readonly (string | number)[], wrong: unknown): unknown {
  const [first, ...rest] = at
  if (first === undefined) return wrong
  if (Array.isArray(value))
    return value.map((one, index) => (index === first ? replaced(one, rest, wrong) : one))
  const object = value as Record<string, unknown>
  return { ...object, [first]: replaced(object[first], rest, wrong) }
}
