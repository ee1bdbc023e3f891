import { z } from 'zod'
import { isShallow } from '../event-types/schema.ts'
import { component, given, together } from '../field.ts'
import { say } from '../../core/sentences/sentences.ts'

const deepest = 100

export const importIn = z
  .object({
    spec: z
      .record(z.string(), z.unknown())
      .refine((given) => isShallow(given, deepest), say('nests_deeper', { limit: deepest }))
      .meta({ contentMediaType: 'application/vnd.oai.openapi+json' })
      .nullish()
      .meta({
        description: 'The document',
        examples: [
          {
            openapi: '3.1.0',
            info: { title: 'Shop', version: '1' },
            webhooks: { 'invoice.paid': { post: { description: 'An invoice was paid' } } },
          },
        ],
      }),
    specRaw: z
      .string()
      .meta({ contentMediaType: 'application/vnd.oai.openapi' })
      .nullish()
      .describe('Instead: the document as text, in JSON or YAML'),
    dryRun: z.boolean().optional().describe('Only show what would be changed'),
    replaceAll: z
      .boolean()
      .optional()
      .describe('Archive the event types that the document does not have'),
  })
  .meta({
    id: 'EventTypeImportOpenApiIn',
    ...together({ oneOf: [given('spec'), given('specRaw')] }),
  })

const imported = component('EventTypeFromOpenApi', {
  name: z.string(),
  description: z.string(),
  schemas: z.record(z.string(), z.unknown()).nullable(),
  deprecated: z.boolean(),
  featureFlag: z.string().nullable(),
  featureFlags: z.array(z.string()).nullable(),
  groupName: z.string().nullable(),
})

export const importOut = component('EventTypeImportOpenApiOut', {
  data: z.object({
    modified: z
      .array(z.string())
      .describe('Made, changed, taken out of the archive or put into it'),
    to_modify: z.array(imported).nullable().describe('With dryRun: what would be made or changed'),
    to_archive: z
      .array(z.string())
      .nullable()
      .describe('With dryRun and replaceAll: what would be archived'),
  }),
})
