import { z } from 'zod'
import { aliases } from '../../core/known.ts'
import {
  component,
  cel,
  channel,
  channels,
  eventTypeName,
  instant,
  time,
  typeOrPrefix,
  uid,
  wholeNumber,
  between,
} from '../field.ts'
import { messageOut } from '../messages/schema.ts'
import { iteratorText, maxPageItems } from '../pagination.ts'

const settings = {
  uid: uid.nullish(),
  name: z.string().max(1_024).optional(),
  eventTypes: z
    .array(typeOrPrefix)
    .meta({ uniqueItems: true, maxItems: 1_000 })
    .nullish()
    .meta({
      description: 'Event types that it reads; `message.*` means all below; null: all',
      examples: [['message.*']],
    }),
  channels: channels.nullish().describe('Channels that it listens to; null: all'),
  filter: cel(3_500)
    .nullish()
    .meta({
      description:
        'CEL over payload, eventType, channels, tags; only messages for which it is true',
      examples: ['payload.fromMe == false'],
    }),
}

const otherNames = aliases({ filterTypes: 'eventTypes' })

export const pollerIn = z.object(settings).meta({ id: 'PollingEndpointIn', ...otherNames })
export const pollerPatch = z
  .object(settings)
  .meta({ id: 'PollingEndpointPatch', description: 'Only what is given is changed', ...otherNames })

export const pollerOut = component('PollingEndpointSettingsOut', {
  id: z.string(),
  uid: z.string().nullable(),
  name: z.string(),
  eventTypes: z.array(z.string()).nullable(),
  filterTypes: z.array(z.string()).nullable().describe('Another name of eventTypes'),
  channels: z.array(z.string()).nullable(),
  filter: z.string().nullable(),
  createdAt: time,
  updatedAt: time,
})

const limit = wholeNumber(1, maxPageItems)
  .optional()
  .describe('How many messages at most; 50 unless given')

const iterator = iteratorText(300).optional().describe('The `iterator` of the answer before')

const wait = wholeNumber(0, 30)
  .optional()
  .describe('Seconds to wait for a message where there is none; 0 unless given')

export const pollQuery = z.object({
  limit,
  iterator,
  wait,
  after: instant
    .optional()
    .describe('Without an iterator: from this time on; else from when the endpoint was made'),
  event_type: eventTypeName.optional().describe('Only this event type'),
  channel: channel.optional().describe('Only what was sent on this channel'),
})

export const consumerQuery = z.object({
  limit,
  iterator: iterator.describe(
    'The `iterator` of the answer before: all up to it is done with. Without, what was not yet done with comes again',
  ),
  wait,
})

export const pushQuery = z.object({
  limit: limit.describe('How many messages a WebSocket is sent at once; 50 unless given'),
  last_event_id: z
    .string()
    .max(300)
    .optional()
    .describe('Instead of the header Last-Event-ID: all up to this one is done with'),
})

export const leaseQuery = z.object({
  limit,
  lease_duration_ms: wholeNumber(1, 3_600_000)
    .optional()
    .describe(
      'For how long nobody else is given what is answered, unless it is committed before; 60,000 unless given',
    ),
  starting_position: z
    .enum(['earliest', 'latest'])
    .optional()
    .describe(
      'Where a consumer begins that has never read: with what came since the polling endpoint was made, as it ' +
        'does unless this is given, or with what comes from now on',
    ),
})

const polled = messageOut.omit({ unmatched: true }).extend({
  headers: z
    .record(z.string(), z.string())
    .nullable()
    .describe('The content type of what was sent in raw'),
})
/** One message, as it is pushed. */
export const polledOut = polled.meta({ id: 'PolledMessageOut' })
const done = z.boolean().describe('Nothing more is there for now')

export const pollOut = component('PollingEndpointOut', {
  data: z.array(polled),
  iterator: z.string(),
  done,
})

export const seekIn = component('PollingEndpointConsumerSeekIn', {
  after: instant.meta({ examples: ['2026-01-31T00:00:00Z'] }),
})

export const seekOut = component('PollingEndpointConsumerSeekOut', { iterator: z.string() })

export const leasedOut = component('PollerV2PollOut', {
  data: z.array(
    polled.extend({
      offset: z.int().describe('The number by which it is committed'),
    }),
  ),
  done,
})

export const commitIn = component('PollerV2CommitIn', {
  offset: between(0, Number.MAX_SAFE_INTEGER).meta({
    description: 'Of the last message that is done with',
    examples: [12],
  }),
})
