/** What the paths below an endpoint take and answer. */
import { z } from 'zod'
import { component, eventTypeName, instant, together, whenever, between } from '../field.ts'
import { say } from '../../core/sentences/sentences.ts'

const headerForm = {
  format: 'header-name',
  pattern: "^[!#$%&'*+\\-.^_`|~0-9A-Za-z]{1,256}$",
  description: 'None of HTTP or of Pombo, such as host, content-type or webhook-id',
}
const isHeaderName = (name: string) => new RegExp(headerForm.pattern).test(name)
// The registry says more of a wrong one than zod does of a key.
const headerName = z.string().meta(headerForm)
const headerValue = z.string().meta({ format: 'header-value', maxLength: 16_384 })

export const headerMap = z.record(headerName, headerValue).meta({
  description: 'Further request headers, up to 50 and 16,384 characters together',
  maxProperties: 50,
  examples: [{ 'X-Example': '123' }],
})

/** Its form is its dialect's. */
export const secret = z.string().meta({ format: 'signing-secret' })

export const secretOut = component('EndpointSecretOut', {
  key: z.string().meta({ examples: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] }),
})

export const rotateIn = component('EndpointSecretRotateIn', {
  key: secret.nullish().describe('The new secret; made where none is given'),
  gracePeriodSeconds: between(0, 604_800)
    .nullish()
    .describe('How long the old one signs too; default a day'),
})

export const headersOut = component('EndpointHeadersOut', {
  headers: headerMap,
  sensitive: z.array(z.string()).describe('Headers whose values are not shown'),
})

export const headersIn = component('EndpointHeadersIn', { headers: headerMap })

export const headersPatch = component('EndpointHeadersPatchIn', {
  headers: z
    .record(headerName, headerValue.nullable())
    .meta({ description: 'null removes', maxProperties: 50 }),
  deleteHeaders: z
    .array(z.string().refine(isHeaderName, say('no_header_name')).meta(headerForm))
    .nullish(),
})

export const recoverIn = component('RecoverIn', { since: instant, until: instant.nullish() })

export const exampleIn = component('EventExampleIn', {
  eventType: eventTypeName,
  exampleIndex: z.int().min(0).nullish(),
})

export const circuitIn = z
  .object({
    state: z.enum(['open', 'closed']),
    seconds: between(1, 604_800)
      .optional()
      .describe('How long it stays open before a probe; default 3,600'),
  })
  .meta({
    id: 'EndpointCircuitIn',
    ...together(whenever({ required: ['seconds'] }, { properties: { state: { const: 'open' } } })),
  })

const count = z.int().min(0)
export const stats = z
  .object({ success: count, fail: count, pending: count, sending: count, canceled: count })
  .meta({
    id: 'EndpointStats',
    description:
      'Deliveries that were finished in the time asked for; messages of that time that are still open',
  })
