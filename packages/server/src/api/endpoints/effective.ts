import { z } from 'zod'
import { circuitDefaults } from '../../core/circuit.ts'
import {
  type CircuitSettings,
  type DialectName,
  dialectNames,
  type Endpoint,
} from '../../core/endpoint.ts'
import {
  applyDefaults,
  type EndpointDefaults,
  usualMaxInFlight,
} from '../../core/endpoint-defaults.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'

type EffectiveDeps = Needs<'endpoints' | 'tenants'> & {
  /** The server's. */
  defaults: EndpointDefaults
  /** What the formats say, and the server of them. */
  dialects: ReadonlyMap<DialectName, Format>
}

interface Format {
  timeoutMs: number
  retry: { scheduleMs: readonly number[] }
}

type From = 'endpoint' | 'tenant' | 'server'

const of = <Value extends z.ZodType>(value: Value) =>
  z.object({ value, from: z.enum(['endpoint', 'tenant', 'server']) })

const effective = z
  .object({
    retrySchedule: of(z.array(z.number())),
    timeoutMs: of(z.int()),
    maxInFlight: of(z.int()),
    throttleRate: of(z.int().nullable()),
    throttleWindowMs: of(z.int()),
    circuit: z.object({
      failuresToOpen: of(z.int()),
      pauseMs: of(z.int()),
      maxPauseMs: of(z.int()),
    }),
    headers: z
      .record(z.string(), z.enum(['endpoint', 'tenant', 'server']))
      .describe('Names of the extra headers, in lower case'),
  })
  .meta({
    id: 'EndpointEffectiveOut',
    description:
      'What holds, and who says it: the endpoint, else its tenant, else the server, whose word may be the ' +
      "format's. An event type's retry schedule goes before those of tenant and server.",
  })

/** The settings as they act, with what was left to others: of an endpoint, and of one that says nothing. */
export function effectiveRoutes(deps: EffectiveDeps): Route[] {
  return [effectiveRoute(deps), defaultsRoute(deps)]
}

function effectiveRoute({ endpoints, tenants, defaults, dialects }: EffectiveDeps): Route {
  return route({
    at: 'GET /api/v1/app/{app_id}/endpoint/{endpoint_id}/effective',
    id: 'v1.endpoint.effective',
    tag: 'Endpoint',
    summary: 'Get the settings that hold for an endpoint, and where each comes from',
    access: 'app',
    answers: { 200: { description: 'The settings that hold', body: effective } },
    async handle({ scope, params }) {
      const own = await endpoints.get(scope, params.endpoint_id)
      const tenant = (await tenants.get(scope.tenantId)).endpointDefaults
      return json(200, whatHolds(own, tenant, defaults, dialects.get(own.dialect)!))
    },
  })
}

function defaultsRoute({ tenants, defaults, dialects }: EffectiveDeps): Route {
  return route({
    at: 'GET /api/v1/app/{app_id}/endpoint-defaults',
    id: 'v1.endpoint.get-defaults',
    tag: 'Endpoint',
    summary: 'Get the settings that hold for an endpoint which says nothing of its own',
    access: 'app',
    query: z.object({
      dialect: z.enum(dialectNames).optional().describe('`standard` unless given'),
    }),
    answers: { 200: { description: 'The settings that hold', body: effective } },
    async handle({ holder, query }) {
      const tenant = (await tenants.get(holder.tenantId)).endpointDefaults
      const format = dialects.get(query.dialect ?? 'standard')!
      const maxInFlight = tenant?.maxInFlight ?? defaults.maxInFlight ?? usualMaxInFlight
      const from = tenant?.maxInFlight === undefined ? 'server' : 'tenant'
      const holds = whatHolds({ ...silent, maxInFlight }, tenant, defaults, format)
      return json(200, { ...holds, maxInFlight: { value: maxInFlight, from } })
    },
  })
}

type Own = Pick<
  Endpoint,
  | 'retryScheduleMs'
  | 'timeoutMs'
  | 'throttleRate'
  | 'throttleWindowMs'
  | 'maxInFlight'
  | 'circuit'
  | 'headers'
>

/** An endpoint that says nothing. */
const silent: Omit<Own, 'maxInFlight'> = {
  retryScheduleMs: null,
  timeoutMs: null,
  throttleRate: null,
  throttleWindowMs: 1_000,
  circuit: null,
  headers: {},
}

const namesOf = (headers: Record<string, string> = {}, from: From) =>
  Object.keys(headers).map((name) => [name.toLowerCase(), from] as const)

function whatHolds(
  own: Own,
  tenant: EndpointDefaults | null,
  server: EndpointDefaults,
  format: Format,
): z.output<typeof effective> {
  const acts = applyDefaults({ ...own }, [tenant, server])
  const from = (atEndpoint: boolean, atTenant: boolean): From =>
    atEndpoint ? 'endpoint' : atTenant ? 'tenant' : 'server'
  const schedule = own.retryScheduleMs ?? tenant?.retryScheduleMs ?? format.retry.scheduleMs
  const rateFrom = from(own.throttleRate !== null, tenant?.throttleRate !== undefined)
  const partOf = (part: keyof CircuitSettings) => ({
    value: acts.circuit?.[part] ?? circuitDefaults[part],
    from: from(own.circuit?.[part] !== undefined, tenant?.circuit?.[part] !== undefined),
  })
  return {
    retrySchedule: {
      value: schedule.map((ms) => ms / 1_000),
      from: from(own.retryScheduleMs !== null, tenant?.retryScheduleMs !== undefined),
    },
    timeoutMs: {
      value: acts.timeoutMs ?? format.timeoutMs,
      from: from(own.timeoutMs !== null, tenant?.timeoutMs !== undefined),
    },
    maxInFlight: { value: own.maxInFlight, from: 'endpoint' },
    throttleRate: { value: acts.throttleRate, from: rateFrom },
    throttleWindowMs: { value: acts.throttleWindowMs, from: rateFrom },
    circuit: {
      failuresToOpen: partOf('failuresToOpen'),
      pauseMs: partOf('pauseMs'),
      maxPauseMs: partOf('maxPauseMs'),
    },
    headers: Object.fromEntries([
      ...namesOf(server.headers, 'server'),
      ...namesOf(tenant?.headers, 'tenant'),
      ...namesOf(own.headers, 'endpoint'),
    ]),
  }
}
