import { z } from 'zod'
import { signatureHeaderNames } from '../../core/endpoint.ts'
import { eventTypeIn, eventTypeOut, oneFlag } from '../event-types/schema.ts'
import { component, time } from '../field.ts'
import { say } from '../../core/sentences/sentences.ts'

const retrySchedule = z
  .array(z.number().min(0).max(604_800))
  .max(100)
  .nullable()
  .describe('Seconds before each retry; null: as endpoints and dialects have it')

const settings = z.object({
  allowUnknownEventTypes: z.boolean().optional(),
  signatureHeaders: z.enum(signatureHeaderNames).nullish(),
})

const none = (what: string) =>
  z
    .array(z.unknown())
    .nullish()
    .refine((given) => given == null || given.length === 0, say('all_left_out', { what }))
    .meta({ maxItems: 0, description: 'Not offered' })

const connectors = none('are not offered: an endpoint with a transform does what they do')

export const environmentOut = component('EnvironmentOut', {
  version: z.literal(1),
  createdAt: time,
  eventTypes: z.array(eventTypeOut.extend({ retrySchedule })),
  settings: z.object({
    allowUnknownEventTypes: z.boolean(),
    signatureHeaders: z.enum(signatureHeaderNames).nullable(),
  }),
  connectors: z.array(z.unknown()).describe('Always empty'),
  transformationTemplates: z.array(z.unknown()).describe('Of clients 1.x'),
})

export const environmentIn = z
  .object({
    version: z.literal(1, 'must be 1').optional(),
    createdAt: time.optional().describe('When it was exported; says nothing here'),
    eventTypes: z
      .array(
        eventTypeIn
          .extend({
            retrySchedule: retrySchedule.optional(),
            createdAt: time.optional(),
            updatedAt: time.optional(),
          })
          .meta(oneFlag),
      )
      .max(10_000)
      .nullish(),
    settings: settings.nullish(),
    connectors,
    transformationTemplates: connectors,
    dryRun: z.boolean().optional().describe('Only show what would be changed'),
  })
  .meta({
    id: 'EnvironmentIn',
    examples: [{ eventTypes: [{ name: 'invoice.paid', description: 'Paid' }], dryRun: true }],
  })

const change = z.object({ before: z.unknown(), after: z.unknown() })

export const importedOut = component('EnvironmentImportOut', {
  applied: z.boolean().describe('false with dryRun'),
  eventTypes: z.object({
    created: z.array(z.string()),
    changed: z.array(z.object({ name: z.string(), fields: z.record(z.string(), change) })),
    unchanged: z.int(),
  }),
  settings: z.record(z.string(), change).describe('Those that change'),
})
