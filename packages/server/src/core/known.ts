import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { FieldProblem } from './error.ts'
import { nearest } from './nearest.ts'
import { coded } from './field-problem.ts'
import { say } from './sentences/sentences.ts'

/**
 * Nothing that a caller sends is silently ignored: a member that a schema does not know is refused, unless it says
 * nothing (null or empty). One place for all routes, since it reads the same schemas by which bodies and queries are
 * read.
 */
export interface Known {
  /** The value with each alias under its own name; the given one where there were none. */
  value: unknown
  problems: Found[]
}

/** What is wrong, and the words for it: a body may have as many as it has bytes, and few are told. */
export interface Found {
  loc: string[]
  tell: () => FieldProblem
}

/**
 * Other names of an object's members, as clients of other generations call them: `.meta(aliases({ rateLimit:
 * 'throttleRate' }))`.
 */
export function aliases(named: Readonly<Record<string, string>>): {
  'x-aliases': Readonly<Record<string, string>>
} {
  return { 'x-aliases': named }
}

/** The registry puts a schema's meta together anew each time. */
const knownAliases = new WeakMap<z.core.$ZodType, Readonly<Record<string, string>>>()

export function aliasesOf(schema: z.core.$ZodType): Readonly<Record<string, string>> {
  let found = knownAliases.get(schema)
  if (found === undefined) {
    const meta = z.globalRegistry.get(schema)?.['x-aliases']
    found = (meta as Readonly<Record<string, string>> | undefined) ?? {}
    knownAliases.set(schema, found)
  }
  return found
}

type Json = Record<string, unknown>

/** Looks through `value` by `schema`. `loc`: where it is. */
export function known(schema: z.core.$ZodType, value: unknown, loc: string[]): Known {
  // zod's `instanceof` walks through a set of traits: most members are not asked about.
  if (typeof value !== 'object' || value === null || holdsAnything(schema))
    return { value, problems: [] }
  if (schema instanceof z.ZodObject) return knownObject(schema, value, loc)
  if (schema instanceof z.ZodArray && Array.isArray(value))
    return knownItems(schema.element, value, loc)
  if (schema instanceof z.ZodRecord && !Array.isArray(value))
    return knownValues(schema.valueType, value as Json, loc)
  if (schema instanceof z.ZodUnion) {
    const option = optionOf(schema, value)
    return option === undefined
      ? { value, problems: unknownToAll(schema, value, loc) }
      : known(option, value, loc)
  }
  if (schema instanceof z.ZodPipe) {
    const { in: first, out } = schema.def
    return known(first instanceof z.ZodTransform ? out : first, value, loc)
  }
  const inner = innerOf(schema)
  return inner === undefined ? { value, problems: [] } : known(inner, value, loc)
}

/** A payload: any JSON, nothing of which is known or unknown. */
function holdsAnything(schema: z.core.$ZodType): boolean {
  const { def } = schema._zod as { def: z.core.$ZodTypeDef & { innerType?: z.core.$ZodType } }
  if (def.type === 'optional') return holdsAnything(def.innerType!)
  return def.type === 'unknown' || def.type === 'any'
}

/** The one that is meant: which fits, or else which says the same kind of thing. */
function optionOf(schema: z.ZodUnion, value: object): z.core.$ZodType | undefined {
  const fits = schema.options.find((option) => z.safeParse(option, value).success)
  if (fits !== undefined || !(schema instanceof z.ZodDiscriminatedUnion)) return fits
  const kind = (value as Json)[schema.def.discriminator] as z.core.util.Primitive
  return schema.options.find((option) =>
    option._zod.propValues?.[schema.def.discriminator]?.has(kind),
  )
}

/** Where no option fits: the members that none of them has. */
function unknownToAll(schema: z.ZodUnion, value: object, loc: string[]): Found[] {
  if (Array.isArray(value)) return []
  const names = new Set<string>()
  for (const option of schema.options) {
    if (!(option instanceof z.ZodObject) || isOpen(option)) return []
    for (const name of Object.keys(option.shape)) names.add(name)
  }
  return Object.entries(value)
    .filter(([name, member]) => !names.has(name) && !isEmpty(member))
    .map(([name]) => stranger(name, () => [...names], loc))
}

function isOpen({ def: { catchall } }: z.ZodObject): boolean {
  return catchall !== undefined && !(catchall instanceof z.ZodNever)
}

/** Of what only wraps another schema. */
function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  return schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodReadonly
    ? schema.def.innerType
    : undefined
}

function knownObject(schema: z.ZodObject, value: object, loc: string[]): Known {
  if (Array.isArray(value) || isOpen(schema)) return { value, problems: [] }
  const shape = schema.shape as Record<string, z.core.$ZodType>
  const others = aliasesOf(schema)
  if (isPlain(shape, others, value as Json)) return { value, problems: [] }
  const problems: Found[] = []
  const names = () => [...Object.keys(shape), ...Object.keys(others)]
  const found: Json = {}
  let changed = false
  for (const [name, member] of Object.entries(value)) {
    if (Object.hasOwn(others, name)) {
      changed = true
      continue
    }
    if (!Object.hasOwn(shape, name)) {
      if (!isEmpty(member)) problems.push(stranger(name, names, loc))
      continue
    }
    if (typeof member !== 'object' || member === null) {
      found[name] = member
      continue
    }
    const inside = known(shape[name]!, member, [...loc, name])
    problems.push(...inside.problems)
    changed ||= inside.value !== member
    found[name] = inside.value
  }
  if (!changed) return { value, problems }
  for (const [alias, name] of Object.entries(others)) {
    if (!Object.hasOwn(value, alias)) continue
    const inside = known(shape[name]!, (value as Json)[alias], [...loc, alias])
    problems.push(...inside.problems)
    const own = found[name]
    if (own == null) found[name] = inside.value ?? own ?? inside.value
    else if (inside.value != null && !isDeepStrictEqual(inOrder(own), inOrder(inside.value))) {
      const at = { loc: [...loc, alias] }
      const tell = () => ({ ...at, ...coded(say('other_name', { name })), type: 'value_error' })
      problems.push({ ...at, tell })
    }
  }
  return { value: found, problems }
}

/** Nearly every object: all members are known by their own names, and none has anything in it to look through. */
function isPlain(
  shape: Record<string, z.core.$ZodType>,
  others: Readonly<Record<string, string>>,
  members: Json,
): boolean {
  for (const name in members) {
    if (Object.hasOwn(others, name) || !Object.hasOwn(shape, name)) return false
    const member = members[name]
    if (typeof member === 'object' && member !== null && !holdsAnything(shape[name]!)) return false
  }
  return true
}

function knownItems(item: z.core.$ZodType, value: unknown[], loc: string[]): Known {
  const all = value.map((one, index) => known(item, one, [...loc, String(index)]))
  return together(
    value,
    all,
    all.map((one) => one.value),
  )
}

function knownValues(item: z.core.$ZodType, value: Json, loc: string[]): Known {
  const names = Object.keys(value)
  const all = names.map((name) =>
    name === '__proto__' ? unkept(name, loc) : known(item, value[name], [...loc, name]),
  )
  return together(
    value,
    all,
    Object.fromEntries(names.map((name, index) => [name, all[index]!.value])),
  )
}

/** zod leaves such a member out without a word. */
function unkept(name: string, loc: string[]): Known {
  const at = [...loc, name]
  const tell = () => ({ loc: at, ...coded(say('name_not_kept')), type: 'value_error' })
  return { value: undefined, problems: [{ loc: at, tell }] }
}

/** What nothing was changed in stays the object that it is. */
function together(given: object, parts: Known[], made: object): Known {
  const before: unknown[] = Object.values(given)
  const changed = parts.some((part, index) => part.value !== before[index])
  return { value: changed ? made : given, problems: parts.flatMap(({ problems }) => problems) }
}

/** `loc` by the names that the caller gave: who wrote `filterTypes` is not told of `eventTypes`. */
export function asWritten(schema: z.core.$ZodType, value: unknown, loc: string[]): string[] {
  const [name, ...rest] = loc
  if (name === undefined || typeof value !== 'object' || value === null) return loc
  const members = value as Json
  if (schema instanceof z.ZodObject) {
    const others = Object.entries(aliasesOf(schema))
    const alias = others.find(([other, own]) => own === name && Object.hasOwn(members, other))?.[0]
    const written = alias === undefined || Object.hasOwn(members, name) ? name : alias
    const member = (schema.shape as Record<string, z.core.$ZodType>)[name]
    return [written, ...(member ? asWritten(member, members[written], rest) : rest)]
  }
  if (schema instanceof z.ZodArray) return [name, ...asWritten(schema.element, members[name], rest)]
  if (schema instanceof z.ZodPipe) {
    const { in: first, out } = schema.def
    return asWritten(first instanceof z.ZodTransform ? out : first, value, loc)
  }
  const inner = innerOf(schema)
  return inner === undefined ? loc : asWritten(inner, value, loc)
}

/** Lists of names say the same in any order. */
function inOrder(value: unknown): unknown {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
    ? value.toSorted()
    : value
}

/** Clients write null, "" and empty lists for what their caller left out. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

const stranger = (name: string, names: () => string[], loc: string[]): Found => ({
  loc: [...loc, name],
  tell: () => unknown(name, names(), loc),
})

/** `names`: what is known in its place. */
export function unknown(name: string, names: string[], loc: string[]): FieldProblem {
  const near = nearest(name, names)
  const known = names.length === 0 ? 'leave it out' : `known here: ${names.join(', ')}`
  const mend = near === undefined ? known : `did you mean "${near}"?`
  return {
    loc: [...loc, name.slice(0, 100)],
    msg: `is not known here; ${mend}`,
    type: 'value_error.unknown',
    code: 'unknown_field',
  }
}
