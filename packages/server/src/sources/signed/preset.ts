/**
 * Webhooks of other services, as data: how each signs, where its event's type and id stand, how long it tries again,
 * what it expects as an answer. One reader makes a source of each.
 */
import { elementTexts, memberText } from '../../core/json.ts'
import { list } from '../../core/json-values.ts'
import { notUnderstood } from '../gateway/request.ts'
import type { GatewayAnswer, GatewaySource, Parsed, PlainMessage } from '../gateway/gateway.ts'
import { inside, type Reader, readerOf } from '../gateway/reader.ts'
import type { Place, Scheme } from '../gateway/scheme.ts'
import { shown, verifyScheme } from '../gateway/verify-scheme.ts'

/** A question by which a service finds out whether the address is alive, answered and no event. */
export interface Challenge {
  /** All of these values in the body. */
  when: Readonly<Record<string, string | number>>
  status: number
  /** Of the answer's JSON: fixed, or taken from the body. Undefined: no body. */
  json?: Readonly<Record<string, { body: string } | number>>
}

type Hmac = Extract<Scheme, { kind: 'hmac' }>

/** A keyed hash in a header: of the body, in hex, unless more is said. */
export function hmac(header: string, algorithm: Hmac['algorithm'], more: Partial<Hmac> = {}): Hmac {
  return { kind: 'hmac', algorithm, at: { header }, ...more }
}

/** A part of an event type, and what is put before it. */
export type TypePart = Place & { before?: string }

export interface Preset {
  /** As in `/ingest/{name}`, and before each event type. */
  name: string
  title: string
  /** The page of the service's own documentation that the scheme is from. */
  docs: string
  /** What is put in as the source's secret. */
  secretIs: string
  scheme: Scheme
  /** The parts of the event type, joined by dots; one that is missing is left out. */
  type: readonly TypePart[]
  /** The type of what has none. */
  otherType?: string
  /** The first that is there is the event's id; of a list of places all that are there, where one is not enough. */
  id: readonly (Place | readonly Place[])[]
  order?: Place
  /** The body holds several events: the path of their list, empty where the body is the list. */
  list?: string
  /** How long the service tries again: an event that comes again within it is a repeat. */
  retriesForSeconds: number
  challenge?: readonly Challenge[]
  /** Where the service reads more than the status. */
  answer?: GatewayAnswer
}

/** What the reader needs of a preset; a source of the kind `webhook` brings its own. */
export type Reading = Pick<Preset, 'type' | 'id' | 'order' | 'list' | 'otherType'> & {
  name: string
  /** Before each type. */
  prefix: string
}

export function sourceOfPreset(preset: Preset): GatewaySource {
  return {
    name: preset.name,
    dedupeSeconds: preset.retriesForSeconds,
    absent: `${proofOf(preset.scheme)} is missing`,
    async verify(request, secret) {
      return await verifyScheme(preset.scheme, await readerOf(request), secret)
    },
    async parse(request) {
      const reader = await readerOf(request)
      if (challengeOf(preset, reader))
        return { outcome: 'messages', session: request.session, messages: [] }
      return messagesOf({ ...preset, prefix: `${preset.name}.` }, reader)
    },
    async answer(request) {
      const reader = await readerOf(request)
      const asked = challengeOf(preset, reader)
      return asked ? answerTo(asked, reader) : preset.answer
    },
  }
}

export function proofOf(scheme: Scheme): string {
  if (scheme.kind === 'basic') return 'the header authorization'
  return shown(scheme.at ?? { header: 'authorization' })
}

function challengeOf({ challenge = [] }: Preset, { body }: Reader): Challenge | undefined {
  return challenge.find(({ when }) =>
    Object.entries(when).every(([path, value]) => inside(body, path) === value),
  )
}

function answerTo({ status, json }: Challenge, { body }: Reader): GatewayAnswer {
  if (!json) return { status }
  const filled = Object.entries(json).map(([name, value]) => [
    name,
    typeof value === 'number' ? value : inside(body, value.body),
  ])
  return { status, type: 'application/json', body: JSON.stringify(Object.fromEntries(filled)) }
}

/** The events of a request, each as it came: JSON to the byte, a form as an object of its fields. */
export function messagesOf(reading: Reading, reader: Reader): Parsed {
  const { request, body, form } = reader
  if (body === undefined || (form && form.size === 0))
    return notUnderstood(request, 'the body is neither JSON nor a form')
  const text = form ? JSON.stringify(body) : request.rawBody.toString()
  const messages =
    reading.list === undefined
      ? [messageOf(reading, reader, text, body)]
      : events(reading.list, text, body).map(([one, value]) =>
          messageOf(reading, reader, one, value),
        )
  return { outcome: 'messages', session: request.session, messages }
}

function events(path: string, text: string, body: unknown): [string, unknown][] {
  let listText: string | undefined = text
  for (const step of path === '' ? [] : path.split('.'))
    listText = listText === undefined ? undefined : memberText(listText, step)
  const values = list(inside(body, path))
  const texts = listText === undefined ? [] : elementTexts(listText)
  // A single event comes without a list around it.
  if (path === '' && !Array.isArray(body)) return [[text, body]]
  return texts.map((one, index) => [one, values[index]])
}

function messageOf(
  reading: Reading,
  reader: Reader,
  payload: string,
  event: unknown,
): PlainMessage {
  const at = (place: Place): string | null => {
    if (!('body' in place)) return reader.at(place)
    const value = inside(event, place.body)
    return typeof value === 'string' || typeof value === 'number' ? String(value) || null : null
  }
  const type = reading.type.flatMap((part) => {
    const value = at(part)
    return value === null ? [] : (part.before ?? '') + value
  })
  const id = reading.id.map(idAt).find((one) => one !== '')
  function idAt(id: Place | readonly Place[]): string {
    return (Array.isArray(id) ? id : [id]).flatMap((place: Place) => at(place) ?? []).join(' ')
  }
  const order = reading.order ? at(reading.order) : null
  return {
    eventType: eventType(
      reading.prefix,
      type.length > 0 ? type.join('.') : (reading.otherType ?? 'received'),
    ),
    payload,
    orderingKey: order !== null && order.length <= 256 ? order : null,
    ...(id !== undefined && { dedupe: { key: `${reading.name} ${id}` } }),
  }
}

/** Services write types as they like (`customer/created`, `Push Hook`); Pombo's have letters, digits, `-_.`. */
function eventType(prefix: string, given: string): string {
  const type = given
    .trim()
    .replaceAll(/[/:\s]+/g, '.')
    .replaceAll(/[^a-zA-Z0-9\-_.]/g, '_')
  return (type.startsWith(prefix) ? type : prefix + type).slice(0, 256)
}
