import { uuidv7 } from '../core/id.ts'
import type { IncomingMessage, Message } from '../core/message.ts'
import type { Payloads } from '../db/payload.ts'
import { type RouteRules, route } from '../route/route.ts'
import type { AppRoutes, Prepared } from './prepared.ts'
import { plainPayload } from './stored-form.ts'

export interface PrepareDeps {
  routeRules: RouteRules
  /** How payloads are stored of tenants who have them sealed. */
  payloads: Pick<Payloads, 'seal' | 'plain'>
  /** Hashes of the people whom a message names (core/person.ts). */
  personsOf: (message: Message, paths: readonly string[]) => Buffer[]
}

/** Gives a message its id, routes it, and says all that is to be stored of it. */
export function prepare(
  incoming: IncomingMessage,
  routes: AppRoutes,
  nowMs: number,
  { routeRules, payloads, personsOf }: PrepareDeps,
): Prepared {
  const message: Message = {
    id: uuidv7(nowMs),
    tenantId: incoming.tenantId,
    appId: incoming.appId,
    eventType: incoming.eventType,
    eventId: incoming.eventId ?? null,
    channels: incoming.channels ?? null,
    tags: incoming.tags ?? null,
    payload: incoming.payload,
    contentType: incoming.contentType ?? null,
    form: incoming.form ?? null,
    orderingKey: incoming.orderingKey ?? null,
    priority: incoming.priority ?? 'normal',
    createdAtMs: nowMs,
  }
  const plan = route(message, routes.endpoints, routeRules, incoming.onlyEndpointId)
  const paths = routes.app.tenantPersonPaths
  return {
    message,
    storedPayload: routes.app.tenantEncryptsPayloads
      ? payloads.seal(incoming.payload, message.id)
      : plainPayload(incoming, payloads),
    persons: paths === null ? [] : personsOf(message, paths),
    routes,
    route: plan,
    payloadBytes: Buffer.byteLength(incoming.payload),
    payloadExpiresAtMs:
      incoming.payloadRetentionDays === undefined
        ? null
        : nowMs + incoming.payloadRetentionDays * 86_400_000,
    unmatched: plan.unmatched,
    source: incoming.source ?? null,
    deliveries: plan.targets.map((endpoint) => ({
      id: uuidv7(nowMs),
      endpointId: endpoint.id,
      leased: false,
      ordered: endpoint.ordering === 'key' && message.orderingKey !== null,
      priority: endpoint.priority ?? message.priority,
    })),
    discarded: plan.discarded.map(({ endpoint, reason }) => ({
      id: uuidv7(nowMs),
      endpointId: endpoint.id,
      reason,
    })),
    dedupe: (incoming.dedupe ?? []).map((key) => ({
      scope: key.kind === 'idempotency' ? incoming.tenantId : incoming.appId,
      key,
    })),
  }
}

/** Makes it as if it came in now: new ids, and its payload sealed for them. */
export function renew(
  prepared: Prepared,
  nowMs: number,
  { payloads }: Pick<PrepareDeps, 'payloads'>,
): void {
  const { message, routes, deliveries, discarded, payloadExpiresAtMs } = prepared
  if (payloadExpiresAtMs !== null)
    prepared.payloadExpiresAtMs = payloadExpiresAtMs + nowMs - message.createdAtMs
  message.id = uuidv7(nowMs)
  message.createdAtMs = nowMs
  if (routes.app.tenantEncryptsPayloads)
    prepared.storedPayload = payloads.seal(message.payload!, message.id)
  for (const one of [...deliveries, ...discarded]) one.id = uuidv7(nowMs)
}
