import { memberText } from '../../core/json.ts'
import { PomboError } from '../../core/error.ts'
import type { Accepted, DedupeKey, IncomingMessage, Message } from '../../core/message.ts'
import { idempotencyWindowSeconds, requestHash } from '../idempotency/idempotency.ts'
import { storedContentType } from '../../core/raw-payload.ts'
import type { MessageIn } from './schema.ts'
import type { Messages } from '../history/messages/store.ts'
import { findMessage } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

export interface Sending {
  tenantId: string
  appId: string
  /** The message as it was read. */
  given: MessageIn
  /** The exact text that was read. */
  text: string
  idempotencyKey: string | undefined
  /** How long an event id is remembered. */
  eventIdDays: number
}

/** What ingest gets: the payload as its source text, and the keys that make it a repeat. */
export function incoming({
  tenantId,
  appId,
  given,
  text,
  idempotencyKey,
  eventIdDays,
}: Sending): IncomingMessage {
  const content = contentOf(given, text)
  const dedupe: DedupeKey[] = []
  if (idempotencyKey !== undefined) {
    dedupe.push({
      kind: 'idempotency',
      key: idempotencyKey,
      windowSeconds: idempotencyWindowSeconds,
      requestHash: requestHash(appId, text),
    })
  }
  if (given.eventId != null)
    dedupe.push({ kind: 'event-id', key: given.eventId, windowSeconds: eventIdDays * 86_400 })
  const retentionDays = retentionOf(given)
  return {
    tenantId,
    appId,
    eventType: given.eventType,
    ...content,
    eventId: given.eventId ?? null,
    channels: given.channels ?? null,
    tags: given.tags && given.tags.length > 0 ? given.tags : null,
    orderingKey: given.orderingKey ?? null,
    priority: given.priority ?? 'normal',
    ...(retentionDays === undefined ? {} : { payloadRetentionDays: retentionDays }),
    ...(dedupe.length > 0 ? { dedupe } : {}),
  }
}

/** The payload to the letter: the text that was sent in raw, or that of the JSON member. */
function contentOf(
  { transformationsParams }: MessageIn,
  text: string,
): { payload: string; contentType: string | null } {
  const raw = transformationsParams?.rawPayload
  if (raw != null) {
    const [given] = Object.values(transformationsParams?.headers ?? {})
    return { payload: raw, contentType: storedContentType(raw, given) }
  }
  const payload = payloadText(text)
  if (payload === undefined) throw new Error('a message was read without its payload')
  return { payload, contentType: null }
}

/** What a schema of the event type is held against: of what was sent in raw, its JSON, or the text where it is none. */
export function checkedPayload({ eventType, payload, transformationsParams }: MessageIn): {
  eventType: string
  payload: unknown
} {
  const raw = transformationsParams?.rawPayload
  return { eventType, payload: raw == null ? payload : jsonOrText(raw) }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/**
 * The payload's own text: `payload`, or `data`, as the first clients call it. A null beside the other name says
 * nothing.
 */
export function payloadText(text: string): string | undefined {
  const named = memberText(text, 'payload')
  return named === undefined || named === 'null' ? (memberText(text, 'data') ?? named) : named
}

function retentionOf({
  payloadRetentionHours,
  payloadRetentionPeriod,
}: MessageIn): number | undefined {
  if (payloadRetentionHours != null) return payloadRetentionHours / 24
  return payloadRetentionPeriod
}

/** The message that is answered: the accepted one, or the one that the same request made before. */
export async function settled(
  from: Messages,
  sent: IncomingMessage,
  accepted: Accepted,
): Promise<Message> {
  if (accepted.outcome === 'accepted') return accepted.message
  switch (accepted.kind) {
    case 'idempotency': {
      const key = sent.dedupe?.find(({ kind }) => kind === 'idempotency')?.key ?? ''
      const first = accepted.sameRequest
        ? await findMessage(from, sent.appId, accepted.of)
        : undefined
      if (first === undefined) throw new PomboError('idempotency_mismatch', { key })
      return first
    }
    case 'event-id':
      throw new PomboError('conflict', {
        detail: say('event_id_taken', { id: sent.eventId ?? '' }),
      })
    case 'source':
      throw new PomboError('conflict', { detail: say('event_taken') })
  }
}
