/**
 * The canonical WhatsApp event: what every gateway's events are turned into, and every dialect's are made of.
 *
 * A message with `form: 'whatsapp'` holds one: `message.eventType` is the event's `type`, `message.payload` the
 * JSON of a `WhatsAppEvent`. A source maps its gateway's event to it (one event may give several: a receipt
 * gives one per message id); nothing is lost, since the gateway's own object rides along in `raw`.
 *
 * A dialect reads it so:
 *
 *     const names: { [T in EventType]?: string } = { 'message.received': 'message', … }
 *     const dataOf: ByType<object> = { 'message.received': (event) => ({ body: event.content.text, … }), … }
 *
 *     eventName: (type) => names[type as EventType] ?? type
 *     format: (event) => {
 *       if (event.message.form !== 'whatsapp') …                     // the producer's own JSON
 *       const whatsapp = readEvent(event.payload())
 *       const data = applyByType(dataOf, whatsapp) ?? whatsapp.raw.event
 *     }
 *
 * - The type alone decides the dialect's name, so types are as fine as the finest gateway tells them apart: a
 *   dialect maps several to one word (every `session.*` loss is `session.disconnected` in zaphub), never one to
 *   several.
 * - A type outside the catalogue is `whatsapp.<snake_case name>`: an event that no canonical form covers. Its
 *   data is `raw.event`, to be passed through as it came. `isFallback` tells.
 * - `wire/baileys.ts` gives the message in Baileys' JSON (`key`, `message`, `messageTimestamp`) whatever
 *   gateway it came from.
 * - `chat.name`, `chat.imageUrl` are the group's in a group and the contact's in a person's chat.
 * - `identity` (identity/event-identity.ts) is what makes two reports of one event the same.
 */
import type { EventFields } from './event-fields.ts'
import type { Chat, Person } from './message/message.ts'

/** The gateway's own event. */
export interface RawEvent {
  /** Which gateway: `baileys`, `whatsmeow`, `wuzapi`, `gowa`, `evolution`, `evolution-go`, `waha`, `zpwoot`, … */
  source: string
  /** The gateway's name for it: `messages.upsert`, `Message`, `message.ack`, … */
  name: string
  /**
   * The gateway's own id of it, or a hash that repeats only when the gateway repeats itself; null where there
   * is neither.
   */
  id: string | null
  /** As it came, without keys and tokens. Of a batch, the one item. */
  event: unknown
}

export interface EventBase<Type extends string> {
  type: Type
  /** The gateway's name of the session, instance or device. */
  session: string
  /** When it happened, ISO 8601 in UTC with milliseconds. When it was received, if the gateway gives no time. */
  at: string
  /** The same in whole seconds since the epoch. */
  timestamp: number
  raw: RawEvent
}

export type EventType = keyof EventFields
/** Of one call, that is not unknown; they have the same fields. */
export type CallType = Exclude<Extract<EventType, `call.${string}`>, 'call.unknown'>
export type FallbackType = `whatsapp.${string}`

/** An event that no canonical form covers; its data is `raw.event`. */
export type FallbackEvent = EventBase<FallbackType> & {
  chat: Chat | null
  sender: Person | null
  fromMe: boolean | null
}

/** One canonical event by its type. */
export type EventOf<Type extends EventType> = { [T in Type]: EventBase<T> & EventFields[T] }[Type]

export type WhatsAppEvent = EventOf<EventType> | FallbackEvent

/** The length of event types everywhere. What gateways send as a name may be as long as a body. */
const longestName = 256

/** `CATRefreshError`, `message.any`, `typebot-start` → `whatsapp.cat_refresh_error`, `whatsapp.message_any`, … */
export function fallbackType(name: string): FallbackType {
  const snake = name
    .slice(0, longestName)
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
  return `whatsapp.${snake || 'unknown'}`
}

export function isFallback(event: WhatsAppEvent): event is FallbackEvent {
  return event.type.startsWith('whatsapp.')
}

/** One function an event type, for those types that have one. */
export type ByType<Result> = { readonly [Type in EventType]?: (event: EventOf<Type>) => Result }

/**
 * Calls the event's own function; undefined where the table has none. A table and not a switch: a hundred cases
 * fit no screen.
 */
export function applyByType<Result>(
  table: ByType<Result>,
  event: WhatsAppEvent,
): Result | undefined {
  return (table[event.type as EventType] as ((event: WhatsAppEvent) => Result) | undefined)?.(event)
}

/**
 * The payload of a message of form `whatsapp`. Only sources make such messages, so a wrong shape is a bug and
 * throws.
 */
export function readEvent(payload: unknown): WhatsAppEvent {
  const event = payload as Partial<WhatsAppEvent> | null
  if (
    typeof event !== 'object' ||
    event === null ||
    typeof event.type !== 'string' ||
    typeof event.session !== 'string' ||
    !event.raw
  ) {
    throw new TypeError('a message of form "whatsapp" holds no WhatsApp event')
  }
  return event as WhatsAppEvent
}
