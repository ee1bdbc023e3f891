import { z } from 'zod'
import { aliases } from '../../core/known.ts'
import { component, cel, channel, eventTypeName, time } from '../field.ts'
import { payloadOrData } from '../messages/raw-schema.ts'
import { say } from '../../core/sentences/sentences.ts'

const code = cel(8_192)
  .nullish()
  .meta({
    description:
      'A CEL expression over payload, eventType, channels, tags, messageId and timestamp that gives what is sent; ' +
      'null: the payload is sent as it came. JavaScript, as in Svix, is not run',
    examples: ['{"text": payload.body, "from": payload.chat}'],
  })

const variables = z
  .record(z.string(), z.string())
  .nullish()
  .refine((given) => given == null || Object.keys(given).length === 0, say('values_in_expression'))
  .meta({ maxProperties: 0 })
  .describe('Not offered')

const further = {
  headers: cel(8_192)
    .nullish()
    .describe('An expression that gives a map of further request headers'),
  path: cel(8_192)
    .nullish()
    .describe("An expression that gives what is appended to the URL's path"),
}

export const transformationOut = component('EndpointTransformationOut', {
  code,
  enabled: z.boolean(),
  variables: z.null(),
  updatedAt: time.nullable().describe('Of the endpoint; null: it has none'),
  headers: z.string().nullable(),
  path: z.string().nullable(),
})

export const transformationPatch = z
  .object({
    code,
    enabled: z
      .boolean()
      .optional()
      .describe('false: it is kept, and messages are sent as they came'),
    variables,
    ...further,
  })
  .meta({ id: 'EndpointTransformationPatch', description: 'Only what is given is changed' })

export const simulateIn = z
  .object({
    code: cel(8_192)
      .min(1)
      .meta({ format: 'cel', examples: ['{"text": payload.body}'] }),
    eventType: eventTypeName,
    payload: z.unknown().meta({ examples: [{ body: 'Olá' }] }),
    channels: z.array(channel).max(5).nullish(),
  })
  .meta({
    id: 'EndpointTransformationSimulateIn',
    ...aliases({ data: 'payload' }),
    ...payloadOrData,
  })

export const simulateOut = component('EndpointTransformationSimulateOut', {
  payload: z.string().describe('The body that would be sent'),
  url: z.string(),
  method: z.literal('POST'),
})
