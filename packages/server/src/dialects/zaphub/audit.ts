/** ZapHub's table of events, read from what the engine records: messages, deliveries, attempts. */
import { iso } from '../../core/clock.ts'
import { readEvent } from '../../whatsapp/whatsapp.ts'
import type { Caller, DialectApp } from '../contract/caller.ts'
import type { DialectPorts } from '../contract/ports.ts'
import type { AttemptEntry, DeliveryEntry, MessageEntry } from '../contract/delivery-log.ts'
import { eventName } from './events.ts'
import { messageUuid } from './message-id.ts'

export const categories = ['session', 'message', 'webhook', 'other'] as const
type Category = (typeof categories)[number]

interface AuditEvent {
  id: string
  eventType: string
  eventCategory: Category
  payload: object
  severity: 'debug' | 'info' | 'warn'
  created_at: string
}

/** `webhook.delivered` or `webhook.failed`: one attempt, with its number. */
export function showAttempt(attempt: AttemptEntry): AuditEvent {
  const { statusCode, number } = attempt
  const about = { event: eventName(attempt.eventType), webhookUrl: attempt.url }
  const common = {
    id: attempt.id,
    eventCategory: 'webhook' as const,
    created_at: iso(attempt.startedAtMs + attempt.durationMs),
  }
  if (attempt.outcome === 'delivered')
    return {
      ...common,
      eventType: 'webhook.delivered',
      payload: { ...about, status: statusCode, attempt: number },
      severity: 'debug',
    }
  const error =
    attempt.outcome === 'refused'
      ? `Webhook returned status ${statusCode}`
      : (attempt.error ?? attempt.outcome)
  return {
    ...common,
    eventType: 'webhook.failed',
    payload: { ...about, error, attempt: number },
    severity: 'warn',
  }
}

function showQueued(delivery: DeliveryEntry): AuditEvent {
  return {
    id: delivery.id,
    eventType: 'webhook.delivery.queued',
    eventCategory: 'webhook',
    payload: { event: eventName(delivery.eventType), webhookUrl: delivery.url },
    severity: 'debug',
    created_at: iso(delivery.createdAtMs),
  }
}

function categoryOf(type: string): Category {
  return categories.find((category) => type.startsWith(`${category}.`)) ?? 'other'
}

interface AuditQuery {
  limit: number
  offset: number
  category: Category | undefined
}

/** Which types of messages are of a category. */
function typesIn(category: Category | undefined) {
  const own = (one: string) => `${one}.`
  if (category === undefined) return {}
  if (category !== 'other') return { prefixes: [own(category)] }
  return { exceptPrefixes: categories.filter((one) => one !== 'other').map(own) }
}

/**
 * A page, newest first, and how many there are in all. Each list is read as far as the page reaches, and they are
 * merged.
 */
export async function auditOf(
  ports: DialectPorts,
  caller: Caller,
  app: DialectApp,
  { limit, offset, category }: AuditQuery,
): Promise<{ rows: AuditEvent[]; total: number }> {
  const page = { limit: limit + offset }
  const ofMessages = { appId: app.id, ...typesIn(category) }
  const ofWebhook = { appId: app.id, dialect: 'zaphub' } as const
  const withWebhook = category === undefined || category === 'webhook'
  const none = { rows: [] }
  const [messages, deliveries, attempts, ...counts] = await Promise.all([
    ports.messages.list(caller, { ...ofMessages, ...page }),
    withWebhook ? ports.deliveries.list(caller, { ...ofWebhook, ...page }) : none,
    withWebhook ? ports.attempts.list(caller, { ...ofWebhook, ...page }) : none,
    ports.messages.count(caller, ofMessages),
    withWebhook ? ports.deliveries.count(caller, ofWebhook) : 0,
    withWebhook ? ports.attempts.count(caller, ofWebhook) : 0,
  ])
  const found = [
    ...messages.rows.map((entry) => ({ entry, event: showMessage(entry) })),
    ...[...deliveries.rows.map(showQueued), ...attempts.rows.map(showAttempt)].map((event) => ({
      entry: null,
      event,
    })),
  ].toSorted((a, b) => (a.event.created_at < b.event.created_at ? 1 : -1))
  const rows: AuditEvent[] = []
  for (const { entry, event } of found.slice(offset, offset + limit))
    rows.push(entry ? await withPayload(ports, caller, app, entry, event) : event)
  return { rows, total: counts.reduce((sum, count) => sum + count, 0) }
}

function showMessage({ message, unmatched }: MessageEntry): AuditEvent {
  const type = eventName(message.eventType)
  return {
    id: message.id,
    eventType: type,
    eventCategory: categoryOf(type),
    payload: unmatched === null ? {} : { notSent: unmatched },
    severity: 'info',
    created_at: iso(message.createdAtMs),
  }
}

/** What the document's worker notes of a message that came in; lists of messages come without payloads. */
async function withPayload(
  ports: DialectPorts,
  caller: Caller,
  app: DialectApp,
  { message: { id, form, eventType } }: MessageEntry,
  event: AuditEvent,
): Promise<AuditEvent> {
  if (form !== 'whatsapp' || eventType !== 'message.received') return event
  const text = (await ports.messages.find(caller, app, id))?.message.payload
  if (text == null) return event
  const received = readEvent(JSON.parse(text))
  if (received.type !== 'message.received') return event
  const { session, messageId, chat, content } = received
  return {
    ...event,
    payload: {
      messageDbId: messageUuid(session, messageId, false),
      from: received.sender?.id ?? chat.id,
      type: content.type,
      waMessageId: messageId,
      ...event.payload,
    },
  }
}
