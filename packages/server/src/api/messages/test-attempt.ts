import { type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { messageJson } from './message-json.ts'
import type { MessageDeps } from './routes.ts'
import { messageIn, messageOut } from './schema.ts'
import { checkedPayload, incoming, settled } from './send.ts'

/** `POST …/endpoint/{endpoint_id}/msg/test-attempt`: a message of one's own, to this endpoint alone. */
export function testAttemptRoute(deps: MessageDeps & Needs<'endpoints'>): Route {
  return route({
    at: 'POST /api/v1/app/{app_id}/endpoint/{endpoint_id}/msg/test-attempt',
    id: 'v1.message.test-attempt',
    tag: 'Message',
    summary: 'Send a message to this endpoint alone',
    description:
      'Whatever event types, channels and filters it asks for. The application is there already, so that what is ' +
      'said of it is passed over, as where a message is sent. ' +
      "In Svix's cloud only, for clients 1.x; its open-source server has no such path.",
    access: 'tenant',
    body: messageIn,
    idempotency: 'own',
    answers: { 202: { description: 'Accepted and stored', body: messageOut } },
    async handle({ scope, params, body, text, idempotencyKey }) {
      const { id } = await deps.endpoints.get(scope, params.endpoint_id)
      const eventIdDays = deps.retentionDays
      const message = incoming({ ...scope, given: body, text, idempotencyKey, eventIdDays })
      const sent = { ...message, onlyEndpointId: id }
      await deps.checkPayload(scope, checkedPayload(body))
      return {
        status: 202,
        text: messageJson(await settled(deps, sent, await deps.accept(sent)), true),
      }
    },
  })
}
