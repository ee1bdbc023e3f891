import { invalid } from '../../core/error.ts'
import { recoverOut, showBegun } from '../background-tasks/schema.ts'
import { startTask, usual } from '../background-tasks/store.ts'
import { component, instant } from '../field.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'

const cancelIn = component('CancelMessagesIn', {
  until: instant.nullish().describe('Messages before this time; null: now'),
})

/** `POST …/endpoint/{endpoint_id}/cancel-messages`: what waits is not sent any more. */
export function cancelRoute({ db, clock, endpoints }: Needs<'db' | 'clock' | 'endpoints'>): Route {
  return route({
    at: 'POST /api/v1/app/{app_id}/endpoint/{endpoint_id}/cancel-messages',
    id: 'v1.endpoint.cancel-messages',
    tag: 'Endpoint',
    summary: 'Give up all that still waits to be sent to an endpoint',
    description:
      'It shows as canceled, and can be sent again by hand, by recover and by replay. ' +
      'What a node is sending, or has in hand to send next, is not stopped; pause the endpoint before, and what ' +
      'is in hand is put back within a second. ' +
      "Works in the background; see the background task. Svix's open-source server has no such path.",
    access: 'app',
    body: cancelIn.optional(),
    answers: { 202: { description: 'It has begun', body: recoverOut } },
    async handle({ scope, params, body }) {
      const { id } = await endpoints.get(scope, params.endpoint_id)
      const nowMs = clock.now()
      const untilMs = body?.until ?? nowMs + 1
      if (untilMs > nowMs + 1)
        throw invalid(['body', 'until'], { msg: 'lies in the future', code: 'time_future' })
      const args = { ...usual, states: [], sinceMs: 0, untilMs: Math.max(0, untilMs) }
      const whose = { ...scope, endpointId: id }
      const task = await startTask(db, whose, 'endpoint.cancel-messages', args, nowMs)
      return json(202, showBegun(task))
    },
  })
}
