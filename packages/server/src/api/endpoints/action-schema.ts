/** What the paths below an endpoint take and answer. */
import { z } from 'zod'
import { instant } from '../field.ts'

export const headerMap = z
  .record(z.string(), z.string())
  .meta({ description: 'Further request headers', examples: [{ 'X-Example': '123' }] })

export const secretOut = z
  .object({ key: z.string().meta({ examples: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] }) })
  .meta({ id: 'EndpointSecretOut' })

export const rotateIn = z
  .object({
    key: z.string().nullish().meta({ description: 'The new secret; made where none is given' }),
    gracePeriodSeconds: z
      .int()
      .min(0)
      .max(604_800)
      .nullish()
      .meta({ description: 'How long the old one signs too; default a day' }),
  })
  .meta({ id: 'EndpointSecretRotateIn' })

export const headersOut = z
  .object({
    headers: headerMap,
    sensitive: z.array(z.string()).meta({ description: 'Headers whose values are not shown' }),
  })
  .meta({ id: 'EndpointHeadersOut' })

export const headersIn = z.object({ headers: headerMap }).meta({ id: 'EndpointHeadersIn' })

export const headersPatch = z
  .object({
    headers: z.record(z.string(), z.string().nullable()).meta({ description: 'null removes' }),
    deleteHeaders: z.array(z.string()).nullish(),
  })
  .meta({ id: 'EndpointHeadersPatchIn' })

export const recoverIn = z
  .object({ since: instant, until: instant.nullish() })
  .meta({ id: 'RecoverIn' })

export const exampleIn = z
  .object({ eventType: z.string().min(1).max(256), exampleIndex: z.int().min(0).nullish() })
  .meta({ id: 'EventExampleIn' })

export const circuitIn = z
  .object({
    state: z.enum(['open', 'closed']),
    seconds: z
      .int()
      .min(1)
      .max(604_800)
      .optional()
      .meta({ description: 'How long it stays open before a probe; default 3,600' }),
  })
  .meta({ id: 'EndpointCircuitIn' })

const count = z.int().min(0)
export const stats = z
  .object({ success: count, fail: count, pending: count, sending: count, canceled: count })
  .meta({
    id: 'EndpointStats',
    description:
      'Deliveries that were finished in the time asked for; messages of that time that are still open',
  })
