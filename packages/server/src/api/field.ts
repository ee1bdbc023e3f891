import { z } from 'zod'
import { type FieldProblem, PomboError } from '../core/error.ts'
import { nearest } from '../core/nearest.ts'
import { known } from './known.ts'

/** The fields that several resources share, and how a value that does not fit is reported. */

const namePattern = /^[a-zA-Z0-9\-_.]+$/
const nameRule = 'may hold only letters, digits, "-", "_" and "."'

/** A caller's own id of something, usable in paths wherever Pombo's id is. */
export const uid = z
  .string()
  .min(1)
  .max(256)
  .regex(namePattern, nameRule)
  .meta({
    description: 'Your own id for it, unique among its kind',
    examples: ['session-5511999990000'],
  })

export const eventTypeName = z
  .string()
  .min(1)
  .max(256)
  .regex(namePattern, nameRule)
  .meta({ description: "The event type's name", examples: ['message.received'] })

/** As endpoints subscribe: `message.*` means all below. */
export const typeOrPrefix = z
  .string()
  .min(1)
  .max(256)
  .meta({ pattern: '^(?:\\*|[a-zA-Z0-9\\-_.]+(?:\\.\\*)?)$' })

export const channel = z
  .string()
  .min(1)
  .max(128)
  .regex(namePattern, nameRule)
  .meta({ examples: ['project_1337'] })

export const tag = z
  .string()
  .min(1)
  .max(128)
  .regex(namePattern, nameRule)
  .meta({ examples: ['my_tag'] })

export const name = z.string().min(1).max(1_000)

export const metadata = z
  .record(z.string().max(256), z.string().max(4_096))
  .refine((given) => Object.keys(given).length <= 50, 'may hold at most 50 entries')
  .nullable()
  .transform((given) => given ?? {})
  .meta({ description: 'Text of your own, kept beside it', examples: [{ team: 'support' }] })

/** An instant as ISO 8601 with its offset; milliseconds since the epoch once read. */
export const instant = z.iso
  .datetime({ offset: true, message: 'must be a time such as 2026-01-31T09:30:00Z' })
  .transform((text) => Date.parse(text))

/** `true` or `false` in a query. */
export const flag = z
  .enum(['true', 'false'], 'must be true or false')
  .transform((text) => text === 'true')
  .meta({ type: 'boolean', enum: undefined })

/** A whole number in a query. */
export function wholeNumber(min: number, max: number) {
  const rule = `must be a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^-?\d{1,15}$/, rule)
    .transform(Number)
    .refine((value) => value >= min && value <= max, rule)
    .meta({ type: 'integer', pattern: undefined, minimum: min, maximum: max })
}

/** A whole number whose bounds the registry checks, in words of its own: the document says them too. */
export function bounded(minimum: number, maximum: number) {
  return z.int().meta({ minimum, maximum })
}

/** A list in a query, repeated (`a=1&a=2`) or with commas (`a=1,2`), as the clients of different languages write it. */
export function list<Item extends z.ZodType<string, string>>(item: Item) {
  return z.preprocess(split, z.array(item).min(1).max(100).optional())
}

function split(given: unknown): unknown {
  if (typeof given === 'string') return given.split(',')
  return Array.isArray(given)
    ? given.flatMap((part: unknown) => (typeof part === 'string' ? part.split(',') : [part]))
    : given
}

/** In answers. */
export const time = z.iso.datetime().meta({ examples: ['2026-01-31T09:30:00.000Z'] })
export const shownMetadata = z.record(z.string(), z.string())

/** An error in the form that all but a 422 have, for routes that describe one of their own. */
export const refusal = z.object({ code: z.string(), detail: z.string() })

/**
 * Reads `value` by `schema`, or refuses with everything that is wrong with it. `where`: body, query, path or header.
 */
export function read<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const looked = known(schema, value, [where])
  const result = schema.safeParse(looked.value, { reportInput: true })
  if (result.success && looked.problems.length === 0) return result.data
  const misfits = result.error?.issues.map((issue) => problemOf(issue, where)) ?? []
  const problems = [...looked.problems, ...misfits]
  const detail = problems.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ')
  throw new PomboError('validation', { detail }, { problems })
}

function problemOf(issue: z.core.$ZodIssue, where: string): FieldProblem {
  const loc = [where, ...issue.path.map(String)]
  if (
    issue.input === undefined &&
    (issue.code === 'invalid_type' || issue.code === 'invalid_value')
  ) {
    return { loc, msg: 'field required', type: 'value_error.missing' }
  }
  return {
    loc,
    msg: issue.message + nearestWord(issue),
    type: issue.code === 'invalid_type' ? 'type_error' : 'value_error',
  }
}

/** Of the words that an enum takes, the one that was most likely meant. */
function nearestWord(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_value' || typeof issue.input !== 'string') return ''
  const words = issue.values.filter((word) => typeof word === 'string')
  const near = nearest(issue.input, words)
  return near === undefined ? '' : `; did you mean "${near}"?`
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> }

/** The members that were given: a field that was left out is absent, not undefined. */
export function defined<T extends object>(given: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}
