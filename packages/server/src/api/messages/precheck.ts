import { z } from 'zod'
import type { Endpoint } from '../../core/endpoint.ts'
import type { Message } from '../../core/message.ts'
import { dialectOf } from '../../dialects/dialects.ts'
import { route as routeMessage } from '../../route/route.ts'
import { component, channel, eventTypeName } from '../field.ts'
import { json, type Route, route } from '../route.ts'

const precheckIn = component('MessagePrecheckIn', {
  eventType: eventTypeName,
  channels: z.array(channel).max(5).nullish(),
})

const precheckOut = component('MessagePrecheckOut', { active: z.boolean() })

/**
 * For producers whose payloads are dear to make: whether anybody would get such a message. Filters look at payloads,
 * so they count as met.
 */
export function precheckRoute({
  endpointsOf,
}: {
  endpointsOf: (tenantId: string, appId: string) => Promise<readonly Endpoint[]>
}): Route {
  return route({
    at: 'POST /api/v1/app/{app_id}/msg/precheck/active',
    id: 'v1.message.precheck',
    tag: 'Message',
    summary: 'Ask whether a message would reach any endpoint',
    access: 'tenant',
    body: precheckIn,
    // It changes nothing, so there is nothing to keep of it; Svix's client sends a key all the same.
    idempotency: 'own',
    answers: { 200: { description: 'Whether some endpoint would get it', body: precheckOut } },
    async handle({ holder, appId, body }) {
      const endpoints = await endpointsOf(holder.tenantId, appId)
      const message = probe(holder.tenantId, appId, body.eventType, body.channels ?? null)
      const unfiltered = endpoints.map((endpoint) => ({ ...endpoint, filter: null }))
      const { targets } = routeMessage(message, unfiltered, {
        eventName: (dialect, type) => dialectOf(dialect).eventName(type),
        compileChatFilter: () => () => null,
      })
      return json(200, { active: targets.length > 0 })
    },
  })
}

function probe(
  tenantId: string,
  appId: string,
  eventType: string,
  channels: string[] | null,
): Message {
  return {
    id: '',
    tenantId,
    appId,
    eventType,
    eventId: null,
    channels,
    tags: null,
    payload: null,
    form: null,
    orderingKey: null,
    priority: 'normal',
    createdAtMs: 0,
  }
}
