import { z } from 'zod'
import { aliases } from '../../core/known.ts'
import {
  cel,
  channel,
  channels,
  eventTypeName,
  instant,
  time,
  typeOrPrefix,
  uid,
  wholeNumber,
} from '../field.ts'
import { messageOut } from '../messages/schema.ts'
import { maxPageItems } from '../pagination.ts'
import { say } from '../../core/sentences/sentences.ts'

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
  channels: channels.nullish().meta({ description: 'Channels that it listens to; null: all' }),
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

export const pollerOut = z
  .object({
    id: z.string(),
    uid: z.string().nullable(),
    name: z.string(),
    eventTypes: z.array(z.string()).nullable(),
    filterTypes: z.array(z.string()).nullable().meta({ description: 'Another name of eventTypes' }),
    channels: z.array(z.string()).nullable(),
    filter: z.string().nullable(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'PollingEndpointSettingsOut' })

export const sinkId = z
  .string()
  .min(1)
  .max(256)
  .meta({ description: "The polling endpoint's id or uid" })

export const consumerId = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[a-zA-Z0-9\-_.]+$/, say('name_characters'))
  .meta({ description: 'A name of your own', examples: ['worker-1'] })

const limit = wholeNumber(1, maxPageItems).optional().meta({
  description: 'How many messages at most; 50 unless given',
  type: 'integer',
  pattern: undefined,
})

const iterator = z
  .string()
  .max(300)
  .optional()
  .meta({ description: 'The `iterator` of the answer before' })

const wait = wholeNumber(0, 30).optional().meta({
  description: 'Seconds to wait for a message where there is none; 0 unless given',
  type: 'integer',
  pattern: undefined,
})

export const pollQuery = z.object({
  limit,
  iterator,
  wait,
  after: instant.optional().meta({
    description: 'Without an iterator: from this time on; else from when the endpoint was made',
  }),
  event_type: eventTypeName.optional().meta({ description: 'Only this event type' }),
  channel: channel.optional().meta({ description: 'Only what was sent on this channel' }),
})

export const consumerQuery = z.object({
  limit,
  iterator: iterator.meta({
    description:
      'The `iterator` of the answer before: all up to it is done with. Without, what was not yet done with comes again',
  }),
  wait,
})

export const pushQuery = z.object({
  limit: limit.meta({
    description: 'How many messages a WebSocket is sent at once; 50 unless given',
  }),
  last_event_id: z.string().max(300).optional().meta({
    description: 'Instead of the header Last-Event-ID: all up to this one is done with',
  }),
})

export const leaseQuery = z.object({
  limit,
  lease_duration_ms: wholeNumber(1, 3_600_000).optional().meta({
    description:
      'For how long nobody else is given what is answered, unless it is committed before; 60,000 unless given',
  }),
  starting_position: z
    .enum(['earliest', 'latest'])
    .optional()
    .meta({
      description:
        'Where a consumer begins that has never read: with what came since the polling endpoint was made, as it ' +
        'does unless this is given, or with what comes from now on',
    }),
})

const polled = messageOut.omit({ unmatched: true }).extend({
  headers: z
    .record(z.string(), z.string())
    .nullable()
    .meta({ description: 'The content type of what was sent in raw' }),
})
/** One message, as it is pushed. */
export const polledOut = polled.meta({ id: 'PolledMessageOut' })
const done = z.boolean().meta({ description: 'Nothing more is there for now' })

export const pollOut = z
  .object({ data: z.array(polled), iterator: z.string(), done })
  .meta({ id: 'PollingEndpointOut' })

export const seekIn = z
  .object({ after: instant.meta({ examples: ['2026-01-31T00:00:00Z'] }) })
  .meta({ id: 'PollingEndpointConsumerSeekIn' })

export const seekOut = z
  .object({ iterator: z.string() })
  .meta({ id: 'PollingEndpointConsumerSeekOut' })

export const leasedOut = z
  .object({
    data: z.array(
      polled.extend({
        offset: z.int().meta({ description: 'The number by which it is committed' }),
      }),
    ),
    done,
  })
  .meta({ id: 'PollerV2PollOut' })

export const commitIn = z
  .object({
    offset: z
      .int()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .meta({ description: 'Of the last message that is done with', examples: [12] }),
  })
  .meta({ id: 'PollerV2CommitIn' })
