import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import type { EventType } from '../../registry/event-types/store.ts'
import { invalid } from '../../core/error.ts'
import { component, eventTypeName, time } from '../field.ts'
import { say } from '../../core/sentences/sentences.ts'

const maxDepth = 64

const schemas = z
  .record(
    z.string().max(64),
    z.record(z.string(), z.unknown()).meta({ contentMediaType: 'application/schema+json' }),
  )
  .refine((given) => isShallow(given, maxDepth), say('nests_deeper', { limit: maxDepth }))
  .nullish()
  .meta({
    description:
      'JSON Schemas of the payload, by version; their examples are what send-example sends',
    examples: [
      {
        '1': {
          type: 'object',
          properties: { id: { type: 'string' } },
          examples: [{ id: 'wamid.1' }],
        },
      },
    ],
  })

const fields = {
  description: z
    .string()
    .max(16_384, 'is longer than 16384 characters')
    .meta({ examples: ['A message came in'] }),
  schemas,
  archived: z.boolean().optional(),
  deprecated: z.boolean().optional(),
  featureFlag: eventTypeName.nullish().meta({
    description: "Shown only to an application's tokens that have this flag, and to the tenant",
    examples: ['cool-new-feature'],
  }),
  featureFlags: z
    .array(eventTypeName)
    .max(1, say('one_flag'))
    .nullish()
    .describe('The featureFlag as a list, as newer clients send it'),
  groupName: eventTypeName.nullish().describe('Kept, and shown'),
  payloadCheck: z
    .enum(['off', 'report', 'refuse'])
    .optional()
    .describe(
      'What a payload sent in that does not fit the newest of the schemas means: nothing (default), a ' +
        'line in the log, or a 422',
    ),
}

/** Two names of one thing. */
export const oneFlag = {
  not: {
    required: ['featureFlag', 'featureFlags'],
    properties: { featureFlag: { type: 'string' }, featureFlags: { type: 'array', minItems: 1 } },
  },
}

export const eventTypeIn = z
  .object({ name: eventTypeName, ...fields })
  .meta({ id: 'EventTypeIn', ...oneFlag })
export const eventTypeUpdate = z.object(fields).meta({ id: 'EventTypeUpdate', ...oneFlag })
export const eventTypePatch = z
  .object({ ...fields, description: fields.description.optional() })
  .meta({ id: 'EventTypePatch', description: 'Only what is given is changed', ...oneFlag })

export const eventTypeOut = component('EventTypeOut', {
  name: z.string(),
  description: z.string(),
  schemas: z.record(z.string(), z.unknown()).nullable(),
  archived: z.boolean(),
  deprecated: z.boolean(),
  featureFlag: z.string().nullable(),
  featureFlags: z.array(z.string()).nullable(),
  groupName: z.string().nullable(),
  payloadCheck: z.enum(['off', 'report', 'refuse']),
  createdAt: time,
  updatedAt: time,
})

type Given = z.output<typeof eventTypePatch>

/** From the API's words to the registry's. */
export function settingsOf<One extends Given>(
  { featureFlags, ...given }: One,
  at: readonly string[] = ['body'],
) {
  const [flag] = featureFlags ?? []
  if (flag !== undefined && given.featureFlag != null && given.featureFlag !== flag)
    throw invalid([...at, 'featureFlags'], say('other_flag'))
  const featureFlag = flag ?? (featureFlags == null ? given.featureFlag : null)
  return defined({ ...given, featureFlag })
}

export function showEventType(type: EventType, withContent = true): z.output<typeof eventTypeOut> {
  return {
    name: type.name,
    description: type.description,
    schemas: withContent ? type.schemas : null,
    archived: type.archived,
    deprecated: type.deprecated,
    featureFlag: type.featureFlag,
    featureFlags: type.featureFlag === null ? null : [type.featureFlag],
    groupName: type.groupName,
    payloadCheck: type.payloadCheck,
    createdAt: iso(type.createdAtMs),
    updatedAt: iso(type.updatedAtMs),
  }
}

/** Level by level, so that the check itself needs no stack; what is kept must be writable by code that does. */
export function isShallow(value: unknown, depth: number): boolean {
  let level: unknown[] = [value]
  for (let at = 0; at < depth; at++) {
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? Object.values(one) : [],
    )
    if (level.length === 0) return true
  }
  return false
}
