/** Events of gateways as the messages that ingest takes. Pure. */
import type { DedupeKey, IncomingMessage } from '../../core/message.ts'
import { identity, orderingKey } from '../../whatsapp/identity/event-identity.ts'
import { fallbackType, isFallback, type WhatsAppEvent } from '../../whatsapp/whatsapp.ts'
import type { Parsed, PlainMessage } from '../gateway/gateway.ts'
import { indexable } from '../broker/content-id.ts'
import type { Source } from './settings.ts'

/** On messages that no canonical form covers. */
export const unrecognisedTag = 'unrecognised'

/** A login code gives full access to the account, for a minute or two. */
const qrRetentionDays = 1

export function messageOf(event: WhatsAppEvent, source: Source, appId: string): IncomingMessage {
  return {
    ...whoseOf(source, appId),
    eventType: short(event.type),
    payload: jsonText(event),
    form: 'whatsapp',
    orderingKey: key(orderingKey(event)),
    dedupe: identity(event).map((text) => dedupeKey(text, source)),
    tags: isFallback(event) ? [unrecognisedTag] : null,
    ...(event.type === 'session.qr_updated' ? { payloadRetentionDays: qrRetentionDays } : {}),
  }
}

/** What is not the gateway's format at all is delivered as it came. Nothing in it says what would make it a repeat. */
export function unknownMessage(
  parsed: Extract<Parsed, { outcome: 'unknown' }>,
  source: Source,
  appId: string,
): IncomingMessage {
  return {
    ...whoseOf(source, appId),
    eventType:
      parsed.name === 'unknown' ? `${source.gateway}.unknown` : short(fallbackType(parsed.name)),
    payload: jsonText(parsed.body ?? null),
    form: null,
    tags: [unrecognisedTag],
  }
}

/** What is not of WhatsApp, as its source has read it. */
export function plainMessage(
  { eventType, dedupe, ...rest }: PlainMessage,
  source: Source,
  appId: string,
): IncomingMessage {
  return {
    ...whoseOf(source, appId),
    ...rest,
    eventType: short(eventType),
    form: null,
    ...(dedupe && { dedupe: [dedupeKey(dedupe.key, source, dedupe.windowSeconds)] }),
  }
}

function whoseOf({ tenantId, gateway }: Source, appId: string) {
  return { tenantId, appId, source: gateway }
}

function dedupeKey(
  text: string,
  { dedupeSeconds }: Source,
  windowSeconds = dedupeSeconds,
): DedupeKey {
  return { kind: 'source', key: key(text), windowSeconds }
}

function key(text: string): string {
  return indexable(text, 500)
}

/** The length that event types have everywhere else. */
function short(type: string): string {
  return type.slice(0, 256)
}

/**
 * JSON.parse reads any depth, JSON.stringify and whoever walks over it do not. Such a body is nobody's event; that it
 * came is kept.
 */
const omitted = { omitted: 'it is nested too deeply' }

function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (error instanceof RangeError) return JSON.stringify(omitted)
    throw error
  }
}

/** What a body is taken for that could not be read for its depth. */
export function tooDeep(error: unknown): Parsed {
  if (!(error instanceof RangeError)) throw error
  return {
    outcome: 'unknown',
    name: 'unknown',
    session: null,
    body: omitted,
    reason: omitted.omitted,
  }
}
