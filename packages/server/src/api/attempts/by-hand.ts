import { z } from 'zod'
import type { Endpoint } from '../../core/endpoint.ts'
import { PomboError } from '../../core/error.ts'
import { uuidv7 } from '../../core/id.ts'
import { priorityRank } from '../../queue/queue.ts'
import { resend } from '../../queue/reopen/store.ts'
import { discardDeliveries } from '../../record/discard/store.ts'
import { requireMessage } from '../messages/routes.ts'
import { empty, json, type Route, route } from '../route.ts'
import { deliveriesOfMessage, type StandingState } from '../history/deliveries/store.ts'
import type { StoredMessage } from '../history/messages/store.ts'
import { type AttemptDeps, pick } from './endpoint-of.ts'
import { say } from '../../core/sentences/sentences.ts'
import { component } from '../field.ts'

const tag = 'Message Attempt'

/** What people do to deliveries of one message: send it again, or give one up. */
export function byHandRoutes(deps: AttemptDeps): Route[] {
  return [resendRoute(deps), resendAllRoute(deps), skipRoute(deps)]
}

function resendRoute(deps: AttemptDeps): Route {
  const { db, endpointsOf, clock, wake } = deps
  return route({
    at: 'POST /api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend',
    id: 'v1.message-attempt.resend',
    tag,
    summary: 'Send a message to an endpoint again',
    description:
      'Also where it was delivered already. Where it still waits, it is brought forward instead. While an attempt ' +
      'is under way another one is made, and what that one brings counts: the receiver may then have both at once, ' +
      'also where it gets messages in order.',
    access: 'app',
    answers: {
      202: { description: 'It will be sent', body: component('EmptyResponse', {}) },
    },
    async handle({ holder, appId, params }) {
      const message = await requireMessage(deps, appId, params.msg_id)
      const endpoint = pick(await endpointsOf(holder.tenantId, appId), params.endpoint_id)
      if (message.payload === null) throw new PomboError('payload_gone', { id: params.msg_id })
      await resend(db, target(message, endpoint, uuidv7(clock.now()), holder.tenantId))
      wake(endpoint.id)
      return json(202, {})
    },
  })
}

/** `POST …/msg/{msg_id}/resend`: to every endpoint that the message was for, or would be for now. */
function resendAllRoute(deps: AttemptDeps): Route {
  const { db, endpointsOf, clock, wake } = deps
  return route({
    at: 'POST /api/v1/app/{app_id}/msg/{msg_id}/resend',
    id: 'v1.message.resend',
    tag,
    summary: 'Send a message again to every endpoint that it was for',
    description: 'Also where it was delivered already. Endpoints that are disabled are left alone.',
    access: 'app',
    answers: {
      202: {
        description: 'It will be sent',
        body: component('ResendOut', { deliveries: z.int() }),
      },
    },
    async handle({ holder, appId, params }) {
      const message = await requireMessage(deps, appId, params.msg_id)
      if (message.payload === null) throw new PomboError('payload_gone', { id: params.msg_id })
      const all = await endpointsOf(holder.tenantId, appId)
      const ids = all.map(({ id }) => id)
      const had = new Set(
        (await deliveriesOfMessage<StandingState>(db, ids, message.id, 'sending')).map(
          (row) => row.endpoint_id,
        ),
      )
      const meant = all.filter(({ id, disabled }) => had.has(id) && !disabled)
      for (const endpoint of meant) {
        await resend(db, target(message, endpoint, uuidv7(clock.now()), holder.tenantId))
        wake(endpoint.id)
      }
      return json(202, { deliveries: meant.length })
    },
  })
}

function skipRoute(deps: AttemptDeps): Route {
  const { db, endpointsOf, wake } = deps
  return route({
    at: 'DELETE /api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}',
    id: 'v1.message-attempt.skip',
    tag,
    summary: 'Give up a delivery that is still open',
    description:
      'It is recorded as not sent. Where it held its orderingKey, the next one goes. It can be sent again by hand. ' +
      'One that a node is sending, or has in hand to send next, is not stopped: that is 409.',
    access: 'app',
    answers: { 204: { description: 'It is given up' } },
    async handle({ holder, appId, params }) {
      const endpoint = pick(await endpointsOf(holder.tenantId, appId), params.endpoint_id)
      const message = await requireMessage(deps, appId, params.msg_id, 'no payload')
      const open = { endpointIds: [endpoint.id], messageIds: [message.id] }
      if ((await discardDeliveries(db, open, say('not_sent_by_hand'))) === 0)
        throw new PomboError('conflict', { detail: say('delivery_not_open') })
      wake(endpoint.id)
      return empty
    },
  })
}

function target(
  message: StoredMessage,
  endpoint: Endpoint,
  deliveryId: string,
  tenantId: string,
): Parameters<typeof resend>[1] {
  return {
    deliveryId,
    tenantId,
    appId: message.appId,
    endpointId: endpoint.id,
    messageId: message.id,
    eventType: message.eventType,
    payloadBytes: message.payloadBytes,
    priority: priorityRank[endpoint.priority ?? message.priority],
    orderingKey: endpoint.ordering === 'key' ? message.orderingKey : null,
  }
}
