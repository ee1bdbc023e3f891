import { z } from 'zod'
import { type IdKind, prefixes } from '../core/id.ts'
import { say } from '../core/sentences/sentences.ts'

/** The fields that several resources share, and how a value that does not fit is reported. */

const namePattern = /^[a-zA-Z0-9\-_.]+$/
const nameRule = say('name_characters')

export function nonEmpty(maxLength: number) {
  return z.string().min(1).max(maxLength)
}

/** Of something by its id or uid, in paths and queries. */
export const idOrUid = nonEmpty(256)

/** That it is an id of the kind, and no uid, is for `readId` to say: the document says it too. */
export function shownId(kind: IdKind, maxLength: number) {
  const pattern = `^${prefixes[kind]}_[0-7][0-9a-hjkmnp-tv-z]{25}$`
  return z.string().max(maxLength).meta({ pattern })
}

/** A whole number, its bounds among them. */
export function between(min: number, max: number) {
  return z.int().min(min).max(max)
}

const named = (maxLength: number) => nonEmpty(maxLength).regex(namePattern, nameRule)

/** A caller's own id of something, usable in paths wherever Pombo's id is. */
export const uid = named(256).meta({
  description: 'Your own id for it, unique among its kind',
  examples: ['session-5511999990000'],
})

export const eventTypeName = named(256).meta({
  description: "The event type's name",
  examples: ['message.received'],
})

/** As endpoints subscribe: `message.*` means all below. */
export const typeOrPrefix = nonEmpty(256).meta({
  pattern: '^(?:\\*|[a-zA-Z0-9\\-_.]+(?:\\.\\*)?)$',
})

export const channel = named(128).meta({ examples: ['project_1337'] })

export const tag = named(128).meta({ examples: ['my_tag'] })

/** As endpoints and polling endpoints listen: each once. */
export const channels = z.array(channel).max(10).meta({ uniqueItems: true })

export const name = nonEmpty(1_000)

/** An expression; that it reads as one is for whoever compiles it to say. */
export function cel(maxLength: number) {
  return z.string().max(maxLength, `is longer than ${maxLength} characters`).meta({ format: 'cel' })
}

/** Certificates or a key, one after the other. */
export const pem = z
  .string()
  .meta({ contentMediaType: 'application/x-pem-file', maxLength: 65_536 })

/** Which members may stand together, where the code that reads them says so in words of its own. */
export function together(...allOf: object[]): { allOf: object[] } {
  return { allOf }
}

/** For `together`: what holds where something else does. */
export function whenever(condition: object, follows: object, otherwise?: object): object {
  // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
  return { if: condition, then: follows, ...(otherwise && { else: otherwise }) }
}

/** For `together`: the member is given and not null. */
export const given = (member: string) => ({
  required: [member],
  properties: { [member]: { not: { type: 'null' } } },
})

export const metadata = z
  .record(z.string().max(256), z.string().max(4_096))
  .refine((given) => Object.keys(given).length <= 50, say('entries_at_most', { limit: 50 }))
  .meta({ maxProperties: 50 })
  .nullable()
  .transform((given) => given ?? {})
  .meta({
    description:
      'Text of your own, kept beside it; names and values together up to 16,384 characters',
    examples: [{ team: 'support' }],
  })

/** An instant as ISO 8601 with its offset; milliseconds since the epoch once read. */
export const instant = z.iso
  .datetime({ offset: true, message: say('time_form') })
  .transform((text) => Date.parse(text))

/** `true` or `false` in a query. */
export const flag = z
  .enum(['true', 'false'], say('true_or_false'))
  .transform((text) => text === 'true')
  .meta({ type: 'boolean', enum: undefined })

/** A whole number in a query. */
export function wholeNumber(min: number, max: number) {
  const rule = say('whole_between', { min, max })
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

/** An object that is a component of the OpenAPI document, under its name there. */
export function component<Fields extends z.ZodRawShape>(id: string, fields: Fields) {
  return z.object(fields).meta({ id })
}

/** In answers. */
export const time = z.iso.datetime().meta({ examples: ['2026-01-31T09:30:00.000Z'] })
export const shownMetadata = z.record(z.string(), z.string())

/** An error in the form that all but a 422 have, for routes that describe one of their own. */
export const refusal = z.object({ code: z.string(), detail: z.string() })
