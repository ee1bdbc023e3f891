/** An instance's own webhook, as Evolution itself sets and shows it. */
import { listUnknown } from '../contract/catalogue.ts'
import { makeEndpoint } from '../contract/endpoint.ts'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { invalid } from '../../core/error.ts'
import { showId } from '../../core/id.ts'
import { fields } from '../../core/json-values.ts'
import { aliases } from '../../core/known.ts'
import type { DialectApp } from '../contract/caller.ts'
import type { DialectPorts, EndpointChanges } from '../contract/ports.ts'
import { bodyOf, readBody } from '../contract/request.ts'
import { listedName, readSubscription } from './events.ts'
import { mainUid } from './instances.ts'
import { type Options, optionsOf } from './options.ts'

const members = z.object({
  enabled: z.boolean().default(true),
  url: z.string().default(''),
  headers: z.record(z.string(), z.string()).nullish(),
  byEvents: z.boolean().nullish(),
  base64: z.boolean().nullish(),
  events: z.array(z.string()).nullish(),
  /** Put into every body. */
  apikey: z.string().nullish(),
  /** Signs every body. */
  secret: z.string().nullish(),
})

/** What its releases have called them besides; programs send several of them at once. */
const webhook = members.meta(
  aliases({
    webhookByEvents: 'byEvents',
    webhook_by_events: 'byEvents',
    webhookBase64: 'base64',
    webhook_base64: 'base64',
  }),
)
type Webhook = z.output<typeof webhook>

/** Evolution 2's `{webhook: {…}}`. */
const wrapped = z.object({ webhook })

/** Evolution 1's fields alone. */
const alone = webhook.refine(
  ({ url }) => url !== '',
  'is needed: {"webhook": {"enabled", "url", "headers", "byEvents", "base64", "events"}}',
)

export function readWebhook(request: FastifyRequest): Webhook {
  return 'webhook' in (fields(bodyOf(request).value) ?? {})
    ? readBody(wrapped, request).webhook
    : readBody(alone, request)
}

/** Sets the main webhook of an instance, as a whole. */
export async function setWebhook(
  ports: DialectPorts,
  app: DialectApp,
  given: Webhook,
): Promise<Endpoint | undefined> {
  const before = await ports.endpoints.find(app, mainUid)
  if (given.url === '') {
    if (given.enabled)
      throw invalid(['body', 'webhook', 'url'], 'is needed where the webhook is enabled')
    if (before) await ports.endpoints.delete(app, before.id)
    return undefined
  }
  const changes = { ...changesOf(given), url: given.url }
  if (before) return await ports.endpoints.patch(app, before.id, changes)
  return await makeEndpoint(ports, app, { uid: mainUid, dialect: 'evolution' }, changes)
}

function changesOf(given: Webhook): EndpointChanges {
  const read = readSubscription(given.events ?? [])
  if (!read.ok)
    throw invalid(
      ['body', 'webhook', 'events'],
      `holds no event of Evolution: ${listUnknown(read.unknown)}`,
    )
  const { jwt_key: jwtKey, ...headers } = given.headers ?? {}
  const options: Options = {
    ...(given.byEvents && { webhookByEvents: true }),
    ...(given.base64 && { webhookBase64: true }),
    ...(given.apikey && { apikey: given.apikey }),
    ...(jwtKey && { signature: 'jwt' as const }),
  }
  return {
    disabled: !given.enabled,
    headers,
    ...read.subscription,
    dialectOptions: { ...options },
    // Of an event's two proofs a webhook has one.
    secret: jwtKey || given.secret || null,
  }
}

/** As `/webhook/find` of Evolution shows it; null: there is none. */
export function showWebhook(app: DialectApp, endpoint: Endpoint | undefined): object | null {
  if (endpoint === undefined) return null
  const { webhookByEvents = false, webhookBase64 = false } = optionsOf(endpoint.dialectOptions)
  return {
    id: showId('endpoint', endpoint.id),
    url: endpoint.url,
    headers: Object.keys(endpoint.headers).length > 0 ? endpoint.headers : null,
    enabled: !endpoint.disabled,
    events: eventsOf(endpoint).map(listedName),
    webhookByEvents,
    webhookBase64,
    createdAt: iso(endpoint.createdAtMs),
    updatedAt: iso(endpoint.updatedAtMs),
    instanceId: showId('app', app.id),
  }
}

/** What was subscribed to, without what the subscription needed besides. */
function eventsOf({ eventTypes }: Endpoint): string[] {
  return (eventTypes ?? []).filter((name) => name !== 'message.sent')
}
