import { z } from 'zod'
import { priorities } from '../../core/message.ts'
import { applicationIn } from '../apps/schema.ts'
import { aliases } from '../../core/known.ts'
import {
  component,
  channel,
  eventTypeName,
  list,
  tag,
  time,
  uid,
  nonEmpty,
  between,
} from '../field.ts'
import { spanQuery } from '../pagination.ts'
import { checkPayload, payloadOrRaw, transformationsParams } from './raw-schema.ts'
import { say } from '../../core/sentences/sentences.ts'
import { codedOut } from '../coded.ts'

const distinct = (items: readonly unknown[]) => new Set(items).size === items.length

const channels = z
  .array(channel)
  .min(1)
  .max(5)
  .refine(distinct, say('names_twice'))
  .meta({
    uniqueItems: true,
    description: 'Only endpoints on one of these channels, or on none, get it',
    examples: [['project_1337']],
  })

const tags = z
  .array(tag)
  .max(10)
  .refine(distinct, say('names_twice'))
  .meta({
    uniqueItems: true,
    description: 'To find messages by later; they do not decide who gets it',
    examples: [['my_tag']],
  })

export const priority = z
  .enum(priorities)
  .describe('Its share of the work when there is more than can be sent')

export const orderingKey = nonEmpty(256).meta({
  description:
    'Endpoints that ask for order get the messages of one key in the order of acceptance',
  examples: ['5511999990000@s.whatsapp.net'],
})

const notOffered = (what: string) =>
  z
    .unknown()
    .refine((given) => given === undefined || given === null, say('left_out', { what }))
    .optional()
    .meta({ type: 'null', description: `Not offered: ${what}` })

const payload = z.unknown().meta({
  description: 'Any JSON; it is delivered to the letter as it is written here',
  examples: [{ from: '5511999990000', text: 'Olá' }],
})

/** Beside `payloadRetentionPeriod`, which is in days. */
export const retentionHours = between(1, 90 * 24)
  .nullish()
  .describe('The same in hours')

export const messageIn = z
  .object({
    eventType: eventTypeName,
    payload: payload.optional(),
    eventId: uid.nullish().meta({
      description: 'Your own id of the event; a second message with it is refused with 409',
      examples: ['evt-1'],
    }),
    channels: channels.nullish(),
    tags: tags.nullish(),
    orderingKey: orderingKey.nullish(),
    priority: priority.nullish(),
    application: applicationIn
      .nullish()
      .describe(
        'Creates the application that the path names by its uid, where it is missing; else it is ignored',
      ),
    payloadRetentionPeriod: between(5, 90)
      .optional()
      .describe('Days after which the payload is deleted, if the message itself is still kept'),
    payloadRetentionHours: retentionHours,
    deliverAt: notOffered('messages are delivered as soon as they are accepted'),
    transformationsParams: transformationsParams.nullish(),
  })
  .superRefine(checkPayload)
  .meta({ id: 'MessageIn', ...aliases({ data: 'payload' }), ...payloadOrRaw })

export type MessageIn = z.output<typeof messageIn>

/** With these, in addition, where a message is shown. */
const shown = {
  id: z.string().meta({ examples: ['msg_01hzy3k9v2e8r5c7m4n6p8q0sa'] }),
  eventType: z.string(),
  eventId: z.string().nullable(),
  channels: z.array(z.string()).nullable(),
  tags: z.array(z.string()).nullable(),
  orderingKey: z.string().nullable(),
  priority,
  timestamp: time,
  payload: z
    .unknown()
    .describe(
      'As it was sent in, and what was sent in raw as a string; `{}` where content was not asked for, ' +
        '`{"expired":true}` where it is deleted',
    ),
}

export const messageOut = component('MessageOut', {
  ...shown,
  unmatched: z
    .string()
    .nullable()
    .optional()
    .describe('Why no endpoint got it; null where one did'),
})

/** How a delivery stands, by the numbers and words of Svix. */
export const status = z
  .union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)])
  .meta({
    id: 'MessageStatus',
    description:
      'Success 0, Pending 1, Fail 2, Sending 3, Canceled 4 (only with expanded_statuses; else it shows as Fail)',
  })

export const statusText = z
  .enum(['success', 'pending', 'fail', 'sending', 'canceled'])
  .meta({ id: 'MessageStatusText' })

export const endpointMessageOut = z
  .object({
    ...shown,
    status,
    statusText,
    nextAttempt: time.nullable().describe('When it is tried next, where it waits'),
    reason: z.string().nullable().describe('Why it was given up or not sent, where it was'),
    reasonCoded: codedOut,
  })
  .meta({
    id: 'EndpointMessageOut',
    description: 'A message and how its delivery to the endpoint stands',
  })

export const withContent = {
  with_content: z
    .enum(['true', 'false'], 'must be true or false')
    .optional()
    .transform((text) => text !== 'false')
    .meta({
      type: 'boolean',
      enum: undefined,
      default: true,
      description: 'Whether to answer payloads',
    }),
}

export const filterQuery = {
  ...spanQuery,
  channel: channel.optional().describe('Only what was sent on this channel'),
  tag: tag.optional().describe('Only what has this tag'),
  event_types: list(eventTypeName).describe('Only these event types'),
}

export const batchIn = component('MessageBatchIn', {
  messages: z
    .array(z.unknown())
    .min(1)
    .max(1_000)
    .meta({
      description: 'Each as for a single message; none makes an application',
      items: {
        $ref: '#/components/schemas/MessageIn',
        properties: { application: { type: 'null' } },
      },
    }),
})

export const batchOut = z
  .object({
    results: z.array(
      z.object({
        status: z.int().meta({
          description: 'The status that the message would have got on its own',
          examples: [202],
        }),
        message: messageOut.optional(),
        error: z
          .unknown()
          .optional()
          .describe(
            'HttpErrorOut, or HTTPValidationError with status 422; its places begin with body, messages and the index',
          ),
      }),
    ),
  })
  .meta({ id: 'MessageBatchOut', description: 'One result for each message, in their order' })
