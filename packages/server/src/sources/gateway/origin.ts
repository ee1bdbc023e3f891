/** Making canonical events: what all events of one request have in common, and the fallback. */
import { createHash } from 'node:crypto'
import type { EventFields } from '../../whatsapp/event-fields.ts'
import type { Chat, Person } from '../../whatsapp/message/message.ts'
import { toMs } from '../../whatsapp/wire/json-shapes.ts'
import { type EventType, fallbackType, type WhatsAppEvent } from '../../whatsapp/whatsapp.ts'
import type { Mapped, Skipped } from './gateway.ts'

export interface Origin {
  source: string
  session: string
  /** The gateway's name of the event. */
  name: string
  /** The gateway's own id of the event, or a hash of a body that holds the time it was sent. */
  id: string | null
  /**
   * A hash of the event. Identical bytes are a repeat only if they say when it happened, since "connected" is
   * rightly said twice.
   */
  hash: string | null
  receivedAtMs: number
  /** The envelope's time, in any shape: it counts for events without a time of their own. */
  sentAt?: unknown
  /** The session's own account, where the gateway tells. */
  me: Person | null
}

/** `at`: the event's own time, in any shape; else that of the envelope, else that of receipt. */
export function make<Type extends EventType>(
  origin: Origin,
  type: Type,
  raw: unknown,
  at: unknown,
  fields: EventFields[Type],
): WhatsAppEvent {
  return { ...base(origin, type, raw, at), ...fields } as unknown as WhatsAppEvent
}

function base(origin: Origin, type: string, raw: unknown, at: unknown) {
  const ownMs = toMs(at ?? origin.sentAt)
  const ms = ownMs ?? origin.receivedAtMs
  const id = origin.id ?? (ownMs === null ? null : origin.hash)
  return {
    type,
    session: origin.session,
    at: new Date(ms).toISOString(),
    timestamp: Math.floor(ms / 1000),
    raw: { source: origin.source, name: origin.name, id, event: raw },
  }
}

interface About {
  chat?: Chat | null
  sender?: Person | null
  fromMe?: boolean | null
}

/** An event that no canonical form covers, as it came. */
export function fallback(
  origin: Origin,
  raw: unknown,
  at?: unknown,
  about: About = {},
): WhatsAppEvent {
  const { chat = null, sender = null, fromMe = null } = about
  return {
    ...base(origin, fallbackType(origin.name), raw, at),
    chat,
    sender,
    fromMe,
  } as WhatsAppEvent
}

export function mapped(...events: (WhatsAppEvent | null)[]): Mapped {
  return { events: events.filter((event) => event !== null), skipped: [] }
}

export function skipped(name: string, reason: string): Mapped {
  const one: Skipped = { name, reason }
  return { events: [], skipped: [one] }
}

/**
 * Several parts of one request, in order. Events of one type that share an id get a number, so that they are
 * not each other's repeat.
 */
export function joined(parts: Mapped[], name = 'list'): Mapped {
  if (parts.length === 0) return skipped(name, 'it lists nothing')
  const seen = new Map<string, number>()
  const events = parts
    .flatMap((part) => part.events)
    .map((event) => {
      if (event.raw.id === null) return event
      const key = `${event.type} ${event.raw.id}`
      const count = seen.get(key) ?? 0
      seen.set(key, count + 1)
      return count === 0
        ? event
        : { ...event, raw: { ...event.raw, id: `${event.raw.id}#${count}` } }
    })
  return { events, skipped: parts.flatMap((part) => part.skipped) }
}

/** With another object as the gateway's own: what it was before it was read as something else. */
export function withRaw(result: Mapped, rawOf: (event: unknown) => unknown): Mapped {
  return {
    ...result,
    events: result.events.map((event) => ({
      ...event,
      raw: { ...event.raw, event: rawOf(event.raw.event) },
    })),
  }
}

/** 132 bits of SHA-256: an id for what has none. */
export function hashOf(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
}

/** A shallow copy without some of the keys; the value itself where it has none of them. */
export function without<Value>(value: Value, ...keys: string[]): Value {
  if (typeof value !== 'object' || value === null || !keys.some((key) => key in value)) return value
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))) as Value
}
