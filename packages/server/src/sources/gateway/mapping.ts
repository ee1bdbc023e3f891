/**
 * The mapping engine. A gateway's events are a table, name → rule: which canonical event it is, and where each
 * of its fields stands.
 *
 *     Archive: event('chat.archived', { chat: chatAt('JID'), on: flagAt('Action.archived') }, 'Timestamp')
 *
 * A field is a constant or a reader. A reader that gives `undefined` misses something without which the event
 * says nothing: then the event is passed on as it came (`fallback`). What no table can say (one event that
 * gives several, say) is a `Handler` written out.
 */
import { entry, type Fields, fields, firstText, list } from '../../core/json-values.ts'
import type { EventFields } from '../../whatsapp/event-fields.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import type { Chat, Person } from '../../whatsapp/message/message.ts'
import type { EventType } from '../../whatsapp/whatsapp.ts'
import { toIso, toNumber, word } from '../../whatsapp/wire/json-shapes.ts'
import type { Mapped } from './gateway.ts'
import { fallback, joined, make, mapped, type Origin } from './origin.ts'

/** What a gateway's event by one name gives. `data` is kept as `raw.event`. */
export type Handler = (origin: Origin, data: unknown) => Mapped
export type Handlers = Readonly<Record<string, Handler>>

/** The fields that are read already, by the readers before. */
interface Read {
  chat?: Chat
  sender?: Person | null
}
export type Reader<Value = unknown> = (data: Fields, origin: Origin, read: Read) => Value

/** `Action.archived`; of a list of paths, the first that is neither absent nor null; or a reader. */
export type Path = string | readonly string[] | Reader

const omitted = Symbol('a field that is left out')

type Rule<Value> = {
  [Name in keyof Value]: Value[Name] | Reader<Value[Name] | undefined | typeof omitted>
}

/**
 * `rule`: the fields, or a function that gives all of them, or null where it cannot. `at`: where the event's
 * own time stands. `about`: what the event still says of itself where it is passed on as it came.
 */
export function event<Type extends EventType>(
  type: Type,
  rule: Rule<EventFields[Type]> | ((data: Fields, origin: Origin) => EventFields[Type] | null),
  at?: Path,
  about: readonly (keyof Read)[] = [],
): Handler {
  const timeOf = at === undefined ? undefined : valueAt(at)
  const readAll = typeof rule === 'function' ? rule : readerOf(rule, about)
  return (origin, raw) => {
    const data = fields(raw) ?? {}
    const known: Read = {}
    const found = readAll(data, origin, known)
    const time = timeOf?.(data, origin, {})
    return mapped(found ? make(origin, type, raw, time, found) : fallback(origin, raw, time, known))
  }
}

/** `known` is filled with the fields of `about`, whether all others are there or not. */
function readerOf<Value>(rule: Rule<Value>, about: readonly (keyof Read)[]) {
  const readers = Object.entries<unknown>(rule)
  return (data: Fields, origin: Origin, known: Read): Value | null => {
    const read: Fields = {}
    let complete = true
    for (const [name, given] of readers) {
      const value = typeof given === 'function' ? (given as Reader)(data, origin, read) : given
      if (value === undefined) complete = false
      else if (value !== omitted) read[name] = value
    }
    for (const name of about) Object.assign(known, { [name]: read[name] })
    return complete ? (read as Value) : null
  }
}

/** Each item of a list by itself; what is no list is one item. */
export function each(handler: Handler): Handler {
  return (origin, data) =>
    Array.isArray(data)
      ? joined(
          data.map((item) => handler(origin, item)),
          origin.name,
        )
      : handler(origin, data)
}

/** One rule where the value is there, another where it is not. */
export function ifText(path: Path, yes: Handler, no: Handler): Handler {
  const read = textAt(path)
  return (origin, data) => (read(fields(data) ?? {}, origin, {}) === null ? no : yes)(origin, data)
}

/** By the word that stands under `path`. */
export function byWord(path: string, handlers: Handlers, otherwise: Handler): Handler {
  return (origin, data) =>
    (entry(handlers, valueAt(path)(fields(data) ?? {}, origin, {})) ?? otherwise)(origin, data)
}

export const passOn: Handler = (origin, data) => mapped(fallback(origin, data))

export function valueAt(path: Path): Reader {
  if (typeof path === 'function') return path
  const paths = (typeof path === 'string' ? [path] : path).map((one) => one.split('.'))
  return (data) => {
    for (const steps of paths) {
      const value = steps.reduce<unknown>((inside, step) => fields(inside)?.[step], data)
      if (value !== undefined && value !== null) return value
    }
    return undefined
  }
}

/** A reader of what `convert` makes of the values under the paths. */
function converted<Value>(convert: (...values: unknown[]) => Value) {
  return (...paths: Path[]): Reader<Value> => {
    const readers = paths.map(valueAt)
    return (...given) => convert(...readers.map((read) => read(...given)))
  }
}

/** The first that is text and not empty, or null. */
export const textAt = converted(firstText)
/** Text, or a number as text. */
export const wordAt = converted(word)
/** The first that is a number. */
export const numberAt = converted((...values) => {
  for (const value of values) if (toNumber(value) !== null) return toNumber(value)
  return null
})
export const timeAt = converted(toIso)
export const flagAt = converted((value) => value === true)
export const booleanAt = converted((value) => (typeof value === 'boolean' ? value : null))
export const countAt = converted((value) => list(value).length)
export const textsAt = converted((value) =>
  list(value).filter((one): one is string => typeof one === 'string'),
)
/** Paths of id, other identity, name, picture. */
export const chatAt = converted(
  (id, alt, name, image) => chatOf(id, alt, firstText(name), firstText(image)) ?? undefined,
)
/** The same; null where there is nobody. */
export const personAt = converted((id, alt, name, image) =>
  personOf(id, alt, firstText(name), firstText(image)),
)
export const peopleAt = converted((value) => list(value).flatMap((jid) => personOf(jid) ?? []))

/** Without it the event says nothing. */
export function required<Value>(read: Reader<Value | null>): Reader<Value | undefined> {
  return (...given) => read(...given) ?? undefined
}

/** Left out where there is none. */
export function optional<Value>(read: Reader<Value | null | undefined>) {
  return (...given: Parameters<Reader>): Value | typeof omitted => read(...given) ?? omitted
}

/** Paths of id, name, colour, and whether it is gone. */
export const labelAt = converted((id, name, color, deleted) => {
  const known = word(id)
  if (known === null) return undefined
  return { id: known, name: firstText(name), color: word(color), deleted: deleted === true }
})

/** Only what changed: the values of the right type, by their new names. */
export function changesOf(
  data: Fields,
  names: Readonly<Record<string, readonly [string, 'string' | 'boolean']>>,
): Fields {
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, [key, type]]) =>
      typeof data[key] === type ? [[name, data[key]]] : [],
    ),
  )
}

/** A login code in `code`, as a picture in `image`, or one to type in. */
export function qrAt(code: Path, image: Path, pairingCode: Path): Handler {
  const readers = [textAt(code), textAt(image), textAt(pairingCode)] as const
  return event('session.qr_updated', {
    qr: (...given) => {
      const [text, picture, typed] = readers.map((read) => read(...given))
      return {
        code: text ?? null,
        image: picture ?? null,
        pairingCode: typed ?? null,
        upcoming: [],
        expiresAt: null,
      }
    },
  })
}

/** A member's role, by two of WhatsApp's words. */
export function roleOf(word: unknown): 'member' | 'admin' | 'superadmin' {
  return word === 'admin' || word === 'superadmin' ? word : 'member'
}
