import { z } from 'zod'
import { authIn, authOf, authOut, showAuth, showTls, tlsIn, tlsOut } from './access-schema.ts'
import { batch, circuit, oversize, transform } from './parts-schema.ts'
import { iso } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { dialectNames, type Endpoint, signatureHeaderNames } from '../../core/endpoint.ts'
import { showId } from '../../core/id.ts'
import { priorities } from '../../core/message.ts'
import type { EndpointSettings } from '../../registry/endpoints/settings.ts'
import { destinationIn, destinationOut, showDestination } from '../../destinations/shown.ts'
import { chatFilter } from '../../sources/chat-filter-schema.ts'
import { aliases } from '../../core/known.ts'
import { shownUrl } from '../shown-url.ts'
import { headerMap, secret } from './action-schema.ts'
import {
  bounded,
  cel,
  channels,
  given,
  metadata,
  shownMetadata,
  time,
  together,
  whenever,
  uid,
  typeOrPrefix,
  nonEmpty,
  between,
} from '../field.ts'
import { disabledCause, disabledCauses } from '../../core/disabled.ts'
import { say } from '../../core/sentences/sentences.ts'
import { health } from './health.ts'

const rate = (what: string) => between(1, 65_535).nullish().describe(what)

// What names, URLs, filters and options may hold the registry knows, and says in its 422; here is only their form.
export const subscriptionsTo = (type: z.ZodType<string, string>, examples: string[]) =>
  z.array(type).meta({
    uniqueItems: true,
    maxItems: 1_000,
    description: 'Event types it gets; `message.*` means all below; null: all',
    examples: [examples],
  })
const subscriptions = subscriptionsTo(typeOrPrefix, ['message.received', 'session.*'])

const url = nonEmpty(65_536).meta({ format: 'uri', examples: ['https://example.com/webhook/'] })

const shared = {
  uid: uid.nullish(),
  description: z.string().meta({ maxLength: 16_384 }).optional(),
  disabled: z.boolean().optional(),
  version: z
    .literal(1, 'must be 1, the only version that endpoints have')
    .nullish()
    .describe('Of clients 1.x; always 1'),
  metadata: metadata.optional(),
  throttleRate: rate('Requests in each throttleWindowMs at most, over all nodes; null: no limit'),
  throttleWindowMs: bounded(1_000, 86_400_000)
    .optional()
    .describe(
      'The time over which the rate counts, 1,000 to 86,400,000; default 1,000: a second. Requests are ' +
        'spread over it evenly',
    ),
  dialect: z
    .enum(dialectNames)
    .optional()
    .describe('The form in which it gets its events, and how they are signed'),
  dialectOptions: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'What only that dialect knows, as its page of the reference lists it; up to 16,384 characters',
    ),
  retrySchedule: z
    .array(z.number().meta({ minimum: 0, maximum: 604_800 }))
    .nullish()
    .meta({
      maxItems: 100,
      description:
        "Seconds before each retry; its length is the number of retries; null: the dialect's",
      examples: [[5, 300, 1800]],
    }),
  timeoutMs: bounded(1_000, 60_000)
    .nullish()
    .describe("Deadline of the whole exchange, 1,000 to 60,000; null: the dialect's"),
  maxInFlight: bounded(1, 1_000)
    .optional()
    .describe('Requests at a time, over all nodes, 1 to 1,000; default 20'),
  ordering: z
    .enum(['none', 'key'])
    .optional()
    .describe('key: the messages of one orderingKey one after the other'),
  priority: z.enum(priorities).nullish().describe("Instead of the messages' own"),
  filter: cel(4_096)
    .nullish()
    .meta({
      description:
        'CEL over payload, eventType, channels, tags; only messages for which it is true',
      examples: ['payload.fromMe == false'],
    }),
  signatureHeaders: z
    .enum(signatureHeaderNames)
    .optional()
    .describe("How signature headers begin; default: the tenant's"),
  circuit: circuit.nullish(),
  transform: transform.nullish(),
  batch: batch.nullish(),
  onExhausted: z
    .enum(['continue', 'stop'])
    .optional()
    .describe(
      'What a delivery that was given up does to its orderingKey: let the next go (default), or hold the ' +
        'key until someone acts',
    ),
  oversize: oversize.nullish(),
  destination: destinationIn
    .nullish()
    .describe('Where its messages go instead of a url: a broker, a database, a feed'),
  chatFilter: chatFilter.nullish().describe('Which WhatsApp events it gets'),
  auth: authIn.nullish(),
  tls: tlsIn.nullish(),
}

/** As clients 1.x call them. */
export const otherNames = aliases({ filterTypes: 'eventTypes', rateLimit: 'throttleRate' })

/** Where its messages go has to be said, by the one or the other. */
export const whereTo = together(whenever({ not: given('destination') }, { required: ['url'] }))

const creating = {
  ...shared,
  url: url.optional(),
  eventTypes: subscriptions.min(1).nullish(),
  channels: channels
    .min(1)
    .meta({ uniqueItems: true })
    .nullish()
    .describe('Channels it listens to; null: all'),
}

export const endpointIn = z
  .object({
    ...creating,
    secret: secret.nullish().describe('The signing secret, `whsec_…`; made where none is given'),
    headers: headerMap.optional(),
  })
  .meta({ id: 'EndpointIn', ...otherNames, ...whereTo })

export const endpointUpdate = z
  .object({ ...creating, headers: headerMap.optional() })
  .meta({ id: 'EndpointUpdate', ...otherNames, ...whereTo })

export const endpointPatch = z
  .object({
    ...shared,
    url: url.optional(),
    eventTypes: subscriptions.nullish(),
    channels: channels.nullish(),
    secret: z
      .unknown()
      .refine((given) => given == null, say('secret_by_rotation'))
      .optional()
      .meta({ type: 'null', description: 'Not taken here: a secret is changed by rotating it' }),
  })
  .meta({ id: 'EndpointPatch', description: 'Only what is given is changed', ...otherNames })

export const endpointOut = z.object({
  id: z.string().meta({ examples: ['ep_01hzy3k9v2e8r5c7m4n6p8q0sa'] }),
  uid: z.string().nullable(),
  url: z
    .string()
    .describe(
      'Of a destination where it leads, without what opens it; for roles below `administer` without the keys ' +
        'that addresses of Slack, Discord, Telegram and their like hold, too',
    ),
  destination: destinationOut.nullable(),
  description: z.string(),
  version: z.int().describe('Of clients 1.x; always 1'),
  eventTypes: z.array(z.string()).nullable(),
  filterTypes: z.array(z.string()).nullable().describe('Another name of eventTypes'),
  channels: z.array(z.string()).nullable(),
  metadata: shownMetadata,
  disabled: z.boolean(),
  disabledReason: z.string().nullable(),
  disabledCause: z
    .enum(disabledCauses)
    .nullable()
    .describe('The same for programs. no-success: for days; gone: it answered 410'),
  paused: z.boolean(),
  throttleRate: z.int().nullable(),
  rateLimit: z.int().nullable(),
  throttleWindowMs: z.int(),
  dialect: z.enum(dialectNames),
  dialectOptions: z.record(z.string(), z.unknown()),
  retrySchedule: z.array(z.number()).nullable(),
  timeoutMs: z.int().nullable(),
  maxInFlight: z.int(),
  ordering: z.enum(['none', 'key']),
  priority: z.enum(priorities).nullable(),
  filter: z.string().nullable(),
  signatureHeaders: z.enum(signatureHeaderNames),
  circuit: circuit.nullable(),
  transform: transform.nullable(),
  batch: batch.nullable(),
  onExhausted: z.enum(['continue', 'stop']),
  oversize: oversize.nullable(),
  chatFilter: chatFilter.nullable(),
  auth: authOut.nullable(),
  tls: tlsOut.nullable(),
  createdAt: time,
  updatedAt: time,
})

export const endpointWithHealth = endpointOut
  .extend({ health: health.optional() })
  .meta({ id: 'EndpointOut' })

type Given = Omit<z.output<typeof endpointPatch>, 'secret'> & {
  secret?: string | null | undefined
  headers?: Record<string, string> | undefined
}

/** From the API's words to the registry's. An empty list in a patch means the same as null: all. */
export function settingsOf({ retrySchedule, ...body }: Given): EndpointSettings {
  const { version: _, ...given } = body
  return defined({
    ...given,
    eventTypes: given.eventTypes?.length === 0 ? null : given.eventTypes,
    channels: given.channels?.length === 0 ? null : given.channels,
    retryScheduleMs: retrySchedule?.map((seconds) => Math.round(seconds * 1_000)) ?? retrySchedule,
    circuit: given.circuit == null ? given.circuit : defined(given.circuit),
    destination: given.destination == null ? given.destination : defined(given.destination),
    transform: given.transform == null ? given.transform : defined(given.transform),
    auth: given.auth == null ? given.auth : authOf(given.auth),
    tls: given.tls == null ? given.tls : defined(given.tls),
    chatFilter: given.chatFilter == null ? given.chatFilter : defined(given.chatFilter),
  }) as EndpointSettings
}

export function showEndpoint(endpoint: Endpoint): z.output<typeof endpointOut> {
  return {
    id: showId('endpoint', endpoint.id),
    uid: endpoint.uid,
    url: shownUrl(endpoint.url),
    destination: endpoint.destination && showDestination(endpoint.destination),
    description: endpoint.description,
    version: 1,
    eventTypes: endpoint.eventTypes,
    filterTypes: endpoint.eventTypes,
    channels: endpoint.channels,
    metadata: endpoint.metadata,
    disabled: endpoint.disabled,
    disabledReason: endpoint.disabledReason,
    disabledCause: disabledCause(endpoint.disabledReason),
    paused: endpoint.paused,
    throttleRate: endpoint.throttleRate,
    rateLimit: endpoint.throttleRate,
    throttleWindowMs: endpoint.throttleWindowMs,
    dialect: endpoint.dialect,
    dialectOptions: endpoint.dialectOptions,
    retrySchedule: endpoint.retryScheduleMs?.map((ms) => ms / 1_000) ?? null,
    timeoutMs: endpoint.timeoutMs,
    maxInFlight: endpoint.maxInFlight,
    ordering: endpoint.ordering,
    priority: endpoint.priority,
    filter: endpoint.filter,
    signatureHeaders: endpoint.signatureHeaders,
    circuit: endpoint.circuit,
    transform: endpoint.transform,
    batch: endpoint.batch,
    onExhausted: endpoint.onExhausted,
    oversize: endpoint.oversize,
    chatFilter: endpoint.chatFilter,
    auth: showAuth(endpoint),
    tls: showTls(endpoint),
    createdAt: iso(endpoint.createdAtMs),
    updatedAt: iso(endpoint.updatedAtMs),
  }
}
