import { z } from 'zod'
import { defined } from '../../core/defined.ts'
import type { EndpointDefaults } from '../../core/endpoint-defaults.ts'
import type { Role } from '../../core/role.ts'
import { headersFor, showHeaders } from '../../registry/endpoints/headers.ts'
import { bounded } from '../field.ts'
import { headerMap } from './action-schema.ts'
import { circuit } from './parts-schema.ts'

/** What a tenant says for endpoints that say nothing of their own, under an endpoint's names. */
export const endpointDefaults = z
  .object({
    retrySchedule: z
      .array(z.number().meta({ minimum: 0, maximum: 604_800 }))
      .optional()
      .meta({ maxItems: 100, description: 'Seconds before each retry' }),
    timeoutMs: bounded(1_000, 60_000).optional(),
    maxInFlight: bounded(1, 1_000)
      .optional()
      .describe('Taken over by endpoints when they are made'),
    throttleRate: bounded(1, 65_535).optional(),
    throttleWindowMs: bounded(1_000, 86_400_000)
      .optional()
      .describe('Over which that throttleRate counts; default 1,000'),
    circuit: circuit.optional(),
    headers: headerMap
      .optional()
      .describe("Go along with every request, beside the endpoint's own, which go before them"),
  })
  .meta({
    id: 'EndpointDefaults',
    description:
      'What holds for its endpoints that say nothing of their own; changed as a whole. What is left out is as ' +
      'configured for all',
    examples: [{ retrySchedule: [5, 60, 600], timeoutMs: 10_000, circuit: { failuresToOpen: 20 } }],
  })

/** As it is shown: of headers that look like credentials the names only, and of all for roles below `administer`. */
export const endpointDefaultsOut = endpointDefaults
  .extend({
    sensitiveHeaders: z.array(z.string()).optional().describe('Headers whose values are not shown'),
  })
  .meta({ id: 'EndpointDefaultsOut', description: 'What holds for endpoints that say nothing' })

/** From the API's words to the registry's. */
export function defaultsOf({
  retrySchedule,
  circuit: given,
  ...others
}: z.output<typeof endpointDefaults>): EndpointDefaults {
  return defined({
    ...others,
    retryScheduleMs: retrySchedule?.map((seconds) => Math.round(seconds * 1_000)),
    circuit: given && defined(given),
  })
}

export function showDefaults(
  role: Role,
  defaults: EndpointDefaults | null,
): z.output<typeof endpointDefaultsOut> | null {
  if (defaults === null) return null
  const { retryScheduleMs, headers: given, ...others } = defaults
  const { headers, sensitive } = headersFor(role, showHeaders(given ?? {}))
  return {
    ...others,
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(sensitive.length > 0 && { sensitiveHeaders: sensitive }),
    ...(retryScheduleMs && { retrySchedule: retryScheduleMs.map((ms) => ms / 1_000) }),
  }
}
