import { isoOrNull } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { showEndpoint } from '../endpoints/schema.ts'
import { iteratorsById, listRoute, textListRoute } from '../list.ts'
import { messageJson } from '../messages/message-json.ts'
import { messagePage } from '../messages/message-page.ts'
import { requireMessage } from '../messages/routes.ts'
import { endpointMessageOut, filterQuery, withContent } from '../messages/schema.ts'
import type { Route } from '../route.ts'
import { type AttemptDeps, deletedEndpoint, pick } from './endpoint-of.ts'
import { expandedStatuses, messageEndpointOut, statusQuery } from './schema.ts'
import { filterOf, showStatus, statusOf } from './status.ts'
import {
  deletedDestinations,
  deliveriesOfMessage,
  type DeliveryRow,
  type StandingState,
} from '../history/deliveries/store.ts'
import { deliveriesOfEndpoint, type MessageDelivery } from '../history/endpoint-deliveries/store.ts'
import { showCoded } from '../coded.ts'

const tag = 'Message Attempt'

/** How deliveries stand: those of an endpoint, by message, and those of a message, by endpoint. */
export function standingRoutes(deps: AttemptDeps): Route[] {
  return [messagesRoute(deps), destinationsRoute(deps)]
}

function messagesRoute(deps: AttemptDeps): Route {
  const { reads, endpointsOf } = deps
  const iterators = iteratorsById('message', (row: MessageDelivery) => row.message_id)
  return textListRoute({
    path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/msg',
    id: 'v1.message-attempt.list-attempted-messages',
    tag,
    summary: "List an endpoint's messages and how their deliveries stand, newest first",
    access: 'app',
    query: { ...filterQuery, ...statusQuery, ...withContent },
    order: 'descending',
    iterators,
    item: endpointMessageOut,
    page: 'A page of messages',
    async answer(call, cursor) {
      const { holder, appId, params, query } = call
      const from = { ...deps, db: reads(call) }
      const endpoint = pick(await endpointsOf(holder.tenantId, appId), params.endpoint_id)
      const expanded = query.expanded_statuses === true
      const filter = { ...filterOf(query), expanded }
      const rows = await deliveriesOfEndpoint(from.db, appId, endpoint.id, filter, cursor)
      return await messagePage(from, rows, cursor, {
        messageOf: (row) => row.message,
        iteratorOf: iterators.write,
        show: (row) => {
          const shown = JSON.stringify(standing(row, expanded))
          return messageJson(row.message, query.with_content, `,${shown.slice(1, -1)}`)
        },
        withContent: query.with_content,
      })
    },
  })
}

function standing(row: Pick<MessageDelivery, 'state' | 'next_ms' | 'reason'>, expanded: boolean) {
  return {
    ...showStatus(statusOf(row.state, expanded)),
    nextAttempt: isoOrNull(row.next_ms),
    reason: row.reason,
    reasonCoded: showCoded(row.reason),
  }
}

function destinationsRoute(deps: AttemptDeps): Route {
  const { db, endpointsOf } = deps
  return listRoute({
    path: '/api/v1/app/{app_id}/msg/{msg_id}/endpoint',
    id: 'v1.message-attempt.list-attempted-destinations',
    tag,
    summary: 'List the endpoints a message was for, and how its delivery to each stands',
    access: 'app',
    query: expandedStatuses,
    order: 'ascending',
    iterators: iteratorsById('endpoint', ({ endpoint }: Destination) => endpoint.id),
    item: messageEndpointOut,
    page: 'A page of endpoints',
    async find({ holder, appId, params }, { at, order, limit }) {
      const message = await requireMessage(deps, appId, params.msg_id, 'no payload')
      const endpoints = await endpointsOf(holder.tenantId, appId)
      const ids = endpoints.map(({ id }) => id)
      const byId = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]))
      const found = (await deliveriesOfMessage<StandingState>(db, ids, message.id, 'sending')).map(
        (row) => ({
          row,
          endpoint: byId.get(row.endpoint_id)!,
        }),
      )
      // One that was deleted since is shown by what its attempts and deliveries say of it.
      for (const row of await deletedDestinations(db, message.id, ids))
        found.push({ row, endpoint: deletedEndpoint(message, row.endpoint_id, row.url) })
      found.sort((a, b) => (a.endpoint.id < b.endpoint.id ? -1 : 1))
      if (order === 'descending') found.reverse()
      const first = found.findIndex(
        ({ endpoint: { id } }) => at === null || (order === 'ascending' ? id > at : id < at),
      )
      return first === -1 ? [] : found.slice(first, first + limit + 1)
    },
    show: (rows, { query }) =>
      rows.map(({ row, endpoint }) => ({
        ...showEndpoint(endpoint),
        ...standing(row, query.expanded_statuses === true),
      })),
  })
}

interface Destination {
  row: DeliveryRow<StandingState>
  endpoint: Endpoint
}
