/** A session's webhook: the document's `{enabled, url, events, token}`, and the secret for the signature beside it. */
import { listUnknown } from '../contract/catalogue.ts'
import { makeEndpoint } from '../contract/endpoint.ts'
import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { invalid } from '../../core/error.ts'
import { priorities } from '../../core/message.ts'
import type { DialectApp } from '../contract/caller.ts'
import type { DialectPorts, EndpointChanges } from '../contract/ports.ts'
import { readSubscription, wildcard } from './events.ts'

/** The uid of a session's endpoint. */
export const webhookUid = 'whatsmeow'

/** Lenient where Go is: a nil slice comes as null, an empty string where nothing is meant. */
export const webhookIn = z.object({
  enabled: z.boolean().default(true),
  url: z.string().default(''),
  /** Left out: all. */
  events: z.array(z.string()).nullish(),
  /** Left out: as it is. Empty or null: none. */
  token: z.string().nullish(),
  secret: z.string().nullish(),
  /** In the queue. Left out: each event's own. */
  priority: z.enum(priorities).nullish(),
})
export type WebhookIn = z.output<typeof webhookIn>

/** Sets the webhook, or takes it away where it is switched off without a URL. */
export async function putWebhook(
  ports: DialectPorts,
  app: DialectApp,
  given: WebhookIn,
  workers: number,
): Promise<Endpoint | undefined> {
  const before = await ports.endpoints.find(app, webhookUid)
  if (given.url === '') {
    if (given.enabled) throw invalid(['body', 'url'], 'is needed where the webhook is enabled')
    if (before) await ports.endpoints.delete(app, before.id)
    return undefined
  }
  const changes = { ...changesOf(given, before), url: given.url, maxInFlight: workers }
  if (before) return await ports.endpoints.patch(app, before.id, changes)
  return await makeEndpoint(ports, app, { uid: webhookUid, dialect: 'whatsmeow' }, changes)
}

function changesOf(
  { enabled, events, token, secret, priority }: WebhookIn,
  before: Endpoint | undefined,
) {
  const changes: EndpointChanges = { disabled: !enabled, eventTypes: subscriptionOf(events) }
  if (token !== undefined) {
    const others = Object.entries(before?.headers ?? {}).filter(([name]) => !isToken(name))
    changes.headers = { ...Object.fromEntries(others), ...(token && { Authorization: token }) }
  }
  if (secret !== undefined) changes.secret = secret || null
  if (priority !== undefined) changes.priority = priority
  return changes
}

function isToken(header: string): boolean {
  return header.toLowerCase() === 'authorization'
}

/** Null: all. */
function subscriptionOf(events: string[] | null | undefined): string[] | null {
  if (!events) return null
  if (events.length === 0)
    throw invalid(
      ['body', 'events'],
      `names none; ["${wildcard}"] subscribes to everything, "enabled": false stops the webhook`,
    )
  const read = readSubscription(events)
  if (!read.ok)
    throw invalid(
      ['body', 'events'],
      `holds what is no event type: ${listUnknown(read.unknown)}; they are listed at /api/whatsmeow/webhook/events`,
    )
  return read.events.includes(wildcard) ? null : read.events
}

/** The document's configuration, as it stands. */
export function showWebhook(sessionId: string, endpoint: Endpoint | undefined) {
  const token = Object.entries(endpoint?.headers ?? {}).find(([name]) => isToken(name))?.[1]
  return {
    session_id: sessionId,
    enabled: endpoint !== undefined && !endpoint.disabled,
    url: endpoint?.url ?? '',
    events: endpoint === undefined ? [] : (endpoint.eventTypes ?? [wildcard]),
    token: token ?? '',
    priority: endpoint?.priority ?? null,
    signed: (endpoint?.secrets.length ?? 0) > 0,
    disabled_reason: endpoint?.disabledReason ?? null,
    created_at: endpoint ? iso(endpoint.createdAtMs) : null,
    updated_at: endpoint ? iso(endpoint.updatedAtMs) : null,
  }
}
