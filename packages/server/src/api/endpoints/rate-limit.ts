import { z } from 'zod'
import { pick } from '../attempts/endpoint-of.ts'
import { countAttempts } from '../history/endpoint-attempts/store.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { countDeliveries } from './store.ts'
import { component } from '../field.ts'

const out = component('EndpointRateLimitOut', {
  throttleRate: z
    .int()
    .nullable()
    .describe('Requests in each window at most, over all nodes; null: no limit'),
  throttleWindowMs: z.int(),
  attemptsInWindow: z.int().describe('Attempts that were recorded within the last window'),
  waiting: z.int().describe('Deliveries that wait, for the rate or for anything else'),
  maxInFlight: z.int(),
  sending: z.int().describe('Deliveries that a node has in hand'),
})

export type RateLimitDeps = Needs<'db' | 'clock' | 'endpointsOf'>

/** `GET …/endpoint/{endpoint_id}/rate-limit`: how far an endpoint's limits are used up. */
export function rateLimitRoute({ db, clock, endpointsOf }: RateLimitDeps): Route {
  return route({
    at: 'GET /api/v1/app/{app_id}/endpoint/{endpoint_id}/rate-limit',
    id: 'v1.endpoint.get-rate-limit',
    tag: 'Endpoint',
    summary: "Get an endpoint's limits, and how far they are used up",
    description: "Svix's open-source server has no such path.",
    access: 'app',
    answers: { 200: { description: 'The limits', body: out } },
    async handle({ holder, appId, params }) {
      const endpoint = pick(await endpointsOf(holder.tenantId, appId), params.endpoint_id)
      const nowMs = clock.now()
      const { id, throttleRate, throttleWindowMs, maxInFlight } = endpoint
      const span = { endpointIds: [id], eventTypes: null, failed: undefined }
      const [attemptsInWindow, { pending, sending }] = await Promise.all([
        countAttempts(db, span, nowMs - throttleWindowMs, undefined),
        countDeliveries(db, id, 0, nowMs + 60_000),
      ])
      return json(200, {
        throttleRate,
        throttleWindowMs,
        attemptsInWindow,
        waiting: pending,
        maxInFlight,
        sending,
      })
    },
  })
}
