import { z } from 'zod'
import { readIdCursor } from '../pagination.ts'
import { cloudOnly, json, type Route, route } from '../route.ts'
import { type AttemptDeps, pick } from './endpoint-of.ts'
import { filterOf } from './status.ts'
import { attemptQuery } from './schema.ts'
import { attemptsByEndpoint } from '../history/endpoint-attempts/store.ts'
import { component } from '../field.ts'

/** Beyond it, nobody counts attempts one by one; and reading them all would take as long as there are many. */
const most = 10_000

const { with_msg: _, ...filters } = attemptQuery

const countOut = component('CountOut', {
  count: z.int().min(0),
  approximated: z.boolean().describe(`true: it is more than ${most}`),
})

export function countRoute({ reads, endpointsOf }: AttemptDeps): Route {
  return route({
    at: 'GET /api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}/count',
    id: 'v1.message-attempt.count-by-endpoint',
    tag: 'Message Attempt',
    summary: `Count an endpoint's attempts, up to ${most.toLocaleString('en')}`,
    description: cloudOnly,
    access: 'app',
    query: z.object(filters),
    answers: { 200: { description: 'How many there are', body: countOut } },
    async handle(call) {
      const { holder, appId, params, query } = call
      const { id } = pick(await endpointsOf(holder.tenantId, appId), params.endpoint_id)
      const cursor = { ...readIdCursor({}, 'descending', 'attempt'), limit: most }
      const found = await attemptsByEndpoint(reads(call), id, filterOf(query), cursor, false)
      return json(200, { count: Math.min(found.length, most), approximated: found.length > most })
    },
  })
}
