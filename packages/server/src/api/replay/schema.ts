import { z } from 'zod'
import { priorities } from '../../core/message.ts'
import { component, cel, instant, nonEmpty } from '../field.ts'
import { say } from '../../core/sentences/sentences.ts'

export const replayStatuses = ['exhausted', 'discarded', 'delivered', 'any'] as const

export const replayIn = component('ReplayIn', {
  appId: nonEmpty(256).nullish().describe("The app's id or uid; null: all apps"),
  endpointId: nonEmpty(256)
    .nullish()
    .describe("The endpoint's id, or with an app its uid; null: all endpoints"),
  eventTypes: z
    .array(
      z
        .string()
        .max(256)
        .regex(/^(?:\*|[a-zA-Z0-9\-_.]+|[a-zA-Z0-9\-_.]+\.\*)$/, say('name_or_beginning')),
    )
    .min(1)
    .max(100)
    .nullish()
    .meta({
      description: '`message.*` means all below; null: all',
      examples: [['message.*', 'session.closed']],
    }),
  status: z
    .enum(replayStatuses)
    .nullish()
    .describe(
      'How the last delivery ended: given up, not sent, delivered, or in any way; null: given up or not sent',
    ),
  since: instant.describe('Messages from this time on'),
  until: instant.nullish().describe('Messages before this time; null: now'),
  payloadFilter: cel(4_096)
    .nullish()
    .meta({
      description:
        'CEL over payload, eventType, channels, tags; only messages for which it is true',
      examples: ['payload.amount > 100'],
    }),
  dryRun: z.boolean().optional().describe('Count only'),
  ratePerSecond: z
    .number()
    .min(0.1)
    .max(100_000)
    .optional()
    .describe('Deliveries opened a second at most, over all nodes; default 1,000'),
  priority: z
    .enum(priorities)
    .optional()
    .describe('Of the opened deliveries, beside live ones; default low'),
})
