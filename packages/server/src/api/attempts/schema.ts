import { z } from 'zod'
import { component, list, eventTypeName, time, wholeNumber, flag, channel, tag } from '../field.ts'
import { causeOut } from '../cause-out.ts'
import { endpointOut } from '../endpoints/schema.ts'
import { messageOut, status, statusText } from '../messages/schema.ts'
import { spanQuery } from '../pagination.ts'
import { codedOut } from '../coded.ts'

export const attemptOut = component('MessageAttemptOut', {
  id: z.string().meta({ examples: ['atmpt_01hzy3k9v2e8r5c7m4n6p8q0sa'] }),
  msgId: z.string(),
  endpointId: z.string(),
  url: z.string(),
  response: z
    .string()
    .describe("The beginning of the answer's body; what went wrong, where there was no answer"),
  responseStatusCode: z.int().describe('0: no answer'),
  responseDurationMs: z.int(),
  status,
  statusText,
  triggerType: z.union([z.literal(0), z.literal(1)]).describe('Scheduled 0, Manual 1'),
  timestamp: time,
  attempt: z.int().describe('1 for the first'),
  outcome: z
    .enum(['delivered', 'refused', 'timed-out', 'unreachable', 'blocked', 'failed'])
    .describe('refused: an answer other than 2xx; blocked: not sent, the address is forbidden'),
  error: z.string().nullable().describe('What went wrong, as a sentence'),
  errorCoded: codedOut,
  cause: causeOut.nullable().describe('Its cause for programs; null: delivered'),
  eventType: z.string(),
  msg: messageOut.optional(),
})

export const messageEndpointOut = endpointOut
  .extend({
    status,
    statusText,
    nextAttempt: time.nullable(),
    reason: z.string().nullable().describe('Why it was given up or not sent, where it was'),
    reasonCoded: codedOut,
  })
  .meta({
    id: 'MessageEndpointOut',
    description: 'An endpoint and how the delivery of the message to it stands',
  })

const statusNumber = wholeNumber(0, 4)
  .optional()
  .meta({
    description: 'Success 0, Pending 1, Fail 2, Sending 3, Canceled 4',
    type: 'integer',
    enum: [0, 1, 2, 3, 4],
    pattern: undefined,
  })

export const expandedStatuses = {
  expanded_statuses: flag
    .optional()
    .describe('Show what was not sent as Canceled (4) instead of Fail (2)'),
}

export const statusQuery = { status: statusNumber, ...expandedStatuses }

export const attemptQuery = {
  ...spanQuery,
  ...statusQuery,
  status_code_class: z
    .enum(['0', '100', '200', '300', '400', '500'], 'must be one of 0, 100, 200, 300, 400, 500')
    .transform(Number)
    .optional()
    .meta({
      description: "The answer's class; 0: no answer",
      type: 'integer',
      enum: [0, 100, 200, 300, 400, 500],
    }),
  channel: channel.optional().describe('Only messages on this channel'),
  tag: tag.optional().describe('Only messages with this tag'),
  event_types: list(eventTypeName).describe('Only these event types'),
  with_msg: flag.optional().describe('Answer the message beside each attempt'),
}
