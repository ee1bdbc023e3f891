/** What lists and streams hold, as the messages that ingest takes. Pure. */
import { say } from '../../core/sentences/sentences.ts'
import { isUtf8 } from 'node:buffer'
import { memberText } from '../../core/json.ts'
import type { ReadItem } from '../broker/acceptance.ts'
import { indexable } from '../broker/content-id.ts'
import { readPlainEvent } from '../gateway/plain-event.ts'

/** Longer than a Redis is cut off from Pombo. */
const rememberedSeconds = 7 * 86_400

/**
 * An element of a list: JSON, as the body of POST …/msg. With an `eventId` it is stored once, whoever dies; without
 * one, what a process had accepted and not yet removed when it was killed is stored again.
 */
export function readElement(bytes: Buffer, key: string, maxBytes: number): ReadItem {
  if (bytes.length > maxBytes) return tooLarge(bytes.length, maxBytes)
  if (!isUtf8(bytes)) return { ok: false, problem: say('not_utf8') }
  const text = bytes.toString()
  const value = parsed(text)
  if (value === undefined) return { ok: false, problem: say('not_json') }
  return message(value, memberText(text, 'payload'), (eventId) =>
    eventId === null ? null : `redis|${key}|${eventId}`,
  )
}

/**
 * An entry of a stream: `eventType`, `payload` and what else a message has, each a field; or one field `message`, as
 * an element.
 */
export function readEntry(
  id: string,
  fields: readonly Buffer[],
  key: string,
  maxBytes: number,
): ReadItem {
  const size = fields.reduce((sum, field) => sum + field.length, 0)
  if (size > maxBytes) return tooLarge(size, maxBytes)
  if (!fields.every((field) => isUtf8(field))) return { ok: false, problem: say('not_utf8') }
  const entry = new Map<string, string>()
  for (let at = 0; at + 1 < fields.length; at += 2)
    entry.set(fields[at]!.toString(), fields[at + 1]!.toString())
  // The entry's id is its identity, and no other has it.
  const identity = () => `redis|${key}|${id}`
  const whole = entry.get('message')
  if (whole !== undefined && entry.size === 1) {
    const value = parsed(whole)
    if (value === undefined) return { ok: false, problem: 'its field "message" is not JSON' }
    return message(value, memberText(whole, 'payload'), identity)
  }
  const { payload, channels, tags, ...texts } = Object.fromEntries(entry)
  if (payload !== undefined && parsed(payload) === undefined)
    return { ok: false, problem: 'its field "payload" is not JSON' }
  const words = (list: string | undefined) =>
    list === undefined ? {} : list.split(',').map((word) => word.trim())
  return message(
    {
      ...texts,
      ...(channels !== undefined && { channels: words(channels) }),
      ...(tags !== undefined && { tags: words(tags) }),
    },
    payload,
    identity,
  )
}

function message(
  value: unknown,
  payload: string | undefined,
  identityOf: (eventId: string | null) => string | null,
): ReadItem {
  const read = readPlainEvent(value, payload)
  if (!read.ok) return read
  const identity = identityOf(read.event.eventId)
  return {
    ok: true,
    message: {
      ...read.event,
      dedupe:
        identity === null
          ? []
          : [{ kind: 'source', key: indexable(identity, 250), windowSeconds: rememberedSeconds }],
    },
  }
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function tooLarge(bytes: number, maxBytes: number): ReadItem {
  return { ok: false, problem: say('taken_too_large', { bytes, limit: maxBytes }) }
}
