import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { PomboError } from '../../core/error.ts'
import { readId, showId } from '../../core/id.ts'
import { appId } from '../apps/schema.ts'
import { endpointId, showEndpoint } from '../endpoints/schema.ts'
import { messageJson } from '../messages/message-json.ts'
import { messagePage } from '../messages/message-page.ts'
import { requireMessage } from '../messages/routes.ts'
import { endpointMessageOut, filterQuery, msgId, withContent } from '../messages/schema.ts'
import {
  type AttemptRow,
  attemptsByMessage,
  expungeResponse,
  findAttempt,
} from '../history/attempts/store.ts'
import { attemptsByEndpoint } from '../history/endpoint-attempts/store.ts'
import { type Messages, readMessages } from '../history/messages/store.ts'
import { messageIdOf } from '../messages/store.ts'
import { listOf, pageOf, pageQuery, readIdCursor } from '../pagination.ts'
import { type Answer, empty, json, type Route, route } from '../route.ts'
import type { Pool } from '../../db/pool.ts'
import { deletedEndpoint } from './deleted/endpoint.ts'
import { deletedDestinations } from './deleted/store.ts'
import {
  attemptId,
  attemptOut,
  attemptQuery,
  expandedStatuses,
  messageEndpointOut,
  statusQuery,
} from './schema.ts'
import type { AttemptDeps } from './deps.ts'
import { resendRoute, skipRoute } from './by-hand.ts'
import { pick } from './pick.ts'
import { showStatus, statusByNumber, statusOf } from './status.ts'
import { deliveriesOfEndpoint, deliveriesOfMessage, type MessageDelivery } from './store.ts'

const tag = 'Message Attempt'
const byEndpoint = z.object({ app_id: appId, endpoint_id: endpointId })
const byMessage = z.object({ app_id: appId, msg_id: msgId })
const oneParams = z.object({ app_id: appId, msg_id: msgId, attempt_id: attemptId })

const ofEndpoint = endpointId.optional().meta({ description: 'Only attempts to this endpoint' })
const ofMessage = z.object({ ...pageQuery, ...attemptQuery, ...withContent })

export function attemptRoutes(deps: AttemptDeps): Route[] {
  return [
    byEndpointRoute(deps),
    byMessageRoute(deps),
    ...olderByMessageRoutes(deps),
    getRoute(deps),
    expungeRoute(deps),
    messagesRoute(deps),
    destinationsRoute(deps),
    resendRoute(deps),
    skipRoute(deps),
  ]
}

function byEndpointRoute(deps: AttemptDeps): Route {
  const { db, endpointsOf } = deps
  return route({
    method: 'GET',
    path: '/api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}',
    id: 'v1.message-attempt.list-by-endpoint',
    tag,
    summary: "List an endpoint's attempts, newest first",
    access: 'app',
    params: byEndpoint,
    query: z.object({ ...pageQuery, ...attemptQuery, ...withContent }),
    answers: { 200: { description: 'A page of attempts', body: listOf(attemptOut) } },
    async handle({ holder, appId, params, query }) {
      const endpoint = pick(await endpointsOf(holder.tenantId, appId), params.endpoint_id)
      const cursor = readIdCursor(query, 'descending', 'attempt')
      const rows = await attemptsByEndpoint(
        db,
        endpoint.id,
        filterOf(query),
        cursor,
        query.with_content,
      )
      return await attemptPage(deps, appId, rows, cursor, query)
    },
  })
}

function byMessageRoute(deps: AttemptDeps): Route {
  return route({
    method: 'GET',
    path: '/api/v1/app/{app_id}/attempt/msg/{msg_id}',
    id: 'v1.message-attempt.list-by-msg',
    tag,
    summary: "List a message's attempts, newest first",
    access: 'app',
    params: byMessage,
    query: ofMessage.extend({ endpoint_id: ofEndpoint }),
    answers: { 200: { description: 'A page of attempts', body: listOf(attemptOut) } },
    handle: async ({ holder, appId, params, query }) =>
      await messageAttempts(deps, { holder, appId, params, query }, query.endpoint_id),
  })
}

/** The paths of clients 1.x for the same. */
function olderByMessageRoutes(deps: AttemptDeps): Route[] {
  const older = {
    method: 'GET',
    tag,
    access: 'app',
    answers: { 200: { description: 'A page of attempts', body: listOf(attemptOut) } },
  } as const
  return [
    route({
      ...older,
      path: '/api/v1/app/{app_id}/msg/{msg_id}/attempt',
      id: 'v1.message-attempt.list-by-msg-deprecated',
      summary: "List a message's attempts, as clients 1.x ask",
      params: byMessage,
      query: ofMessage.extend({ endpoint_id: ofEndpoint }),
      handle: async (call) => await messageAttempts(deps, call, call.query.endpoint_id),
    }),
    route({
      ...older,
      path: '/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/attempt',
      id: 'v1.message-attempt.list-by-endpoint-deprecated',
      summary: "List a message's attempts to one endpoint, as clients 1.x ask",
      params: byMessage.extend({ endpoint_id: endpointId }),
      query: ofMessage,
      handle: async (call) => await messageAttempts(deps, call, call.params.endpoint_id),
    }),
  ]
}

async function messageAttempts(
  deps: AttemptDeps,
  call: {
    holder: { tenantId: string }
    appId: string
    params: z.output<typeof byMessage>
    query: z.output<typeof ofMessage>
  },
  endpoint: string | undefined,
): Promise<Answer> {
  const { db, endpointsOf } = deps
  const { holder, appId, params, query } = call
  const message = await requireMessage(deps, appId, params.msg_id)
  const wanted =
    endpoint === undefined
      ? undefined
      : pick(await endpointsOf(holder.tenantId, appId), endpoint).id
  const cursor = readIdCursor(query, 'descending', 'attempt')
  const rows = await attemptsByMessage(
    db,
    message,
    { ...filterOf(query), endpointId: wanted },
    cursor,
    query.with_content,
  )
  return await attemptPage(deps, appId, rows, cursor, query)
}

function getRoute({ db }: AttemptDeps): Route {
  return route({
    method: 'GET',
    path: '/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}',
    id: 'v1.message-attempt.get',
    tag,
    summary: 'Get an attempt',
    access: 'app',
    params: oneParams,
    query: z.object(expandedStatuses),
    answers: { 200: { description: 'The attempt', body: attemptOut } },
    async handle({ appId, params }) {
      const ids = await attemptKey(db, appId, params)
      const row = ids && (await findAttempt(db, appId, ids.messageId, ids.attemptId))
      if (row === undefined)
        throw new PomboError('not_found', { what: 'attempt', id: params.attempt_id })
      return json(200, showAttempt(row))
    },
  })
}

function expungeRoute({ db }: AttemptDeps): Route {
  return route({
    method: 'DELETE',
    path: '/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/content',
    id: 'v1.message-attempt.expunge-content',
    tag,
    summary: 'Delete what the receiver answered to an attempt',
    access: 'tenant',
    params: oneParams,
    answers: { 204: { description: 'Deleted' } },
    async handle({ appId, params }) {
      const ids = await attemptKey(db, appId, params)
      if (ids === undefined || !(await expungeResponse(db, appId, ids.messageId, ids.attemptId))) {
        throw new PomboError('not_found', { what: 'attempt', id: params.attempt_id })
      }
      return empty
    },
  })
}

function messagesRoute(deps: AttemptDeps): Route {
  const { db, endpointsOf } = deps
  return route({
    method: 'GET',
    path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/msg',
    id: 'v1.message-attempt.list-attempted-messages',
    tag,
    summary: "List an endpoint's messages and how their deliveries stand, newest first",
    access: 'app',
    params: byEndpoint,
    query: z.object({ ...pageQuery, ...filterQuery, ...statusQuery, ...withContent }),
    answers: { 200: { description: 'A page of messages', body: listOf(endpointMessageOut) } },
    async handle({ holder, appId, params, query }) {
      const endpoint = pick(await endpointsOf(holder.tenantId, appId), params.endpoint_id)
      const cursor = readIdCursor(query, 'descending', 'message')
      const expanded = query.expanded_statuses === true
      const filter = { ...filterOf(query), expanded }
      const rows = await deliveriesOfEndpoint(db, appId, endpoint.id, filter, cursor)
      return await messagePage(deps, rows, cursor, {
        messageOf: (row) => row.message,
        iteratorOf: (row) => showId('message', row.message_id),
        show: (row) => messageJson(row.message, query.with_content, standing(row, expanded)),
        withContent: query.with_content,
      })
    },
  })
}

function destinationsRoute(deps: AttemptDeps): Route {
  const { db, endpointsOf } = deps
  return route({
    method: 'GET',
    path: '/api/v1/app/{app_id}/msg/{msg_id}/endpoint',
    id: 'v1.message-attempt.list-attempted-destinations',
    tag,
    summary: 'List the endpoints a message was for, and how its delivery to each stands',
    access: 'app',
    params: byMessage,
    query: z.object({ ...pageQuery, ...expandedStatuses }),
    answers: { 200: { description: 'A page of endpoints', body: listOf(messageEndpointOut) } },
    async handle({ holder, appId, params, query }) {
      const message = await requireMessage(deps, appId, params.msg_id)
      const endpoints = new Map(
        (await endpointsOf(holder.tenantId, appId)).map((endpoint) => [endpoint.id, endpoint]),
      )
      const rows = await deliveriesOfMessage(db, message.id, [...endpoints.keys()])
      // One that was deleted since is shown by what its attempts and deliveries say of it.
      for (const row of await deletedDestinations(db, message.id, [...endpoints.keys()])) {
        rows.push(row)
        endpoints.set(row.endpoint_id, deletedEndpoint(message, row.endpoint_id, row.url))
      }
      const cursor = readIdCursor(query, 'ascending', 'endpoint')
      const down = cursor.order === 'descending'
      const sorted = rows.toSorted((a, b) => (a.endpoint_id < b.endpoint_id !== down ? -1 : 1))
      const { at } = cursor
      const ahead =
        at === null
          ? sorted
          : sorted.filter((row) => (down ? row.endpoint_id < at : row.endpoint_id > at))
      const page = pageOf(
        ahead.slice(0, cursor.limit + 1),
        cursor,
        (row) => showId('endpoint', row.endpoint_id),
        (row) => ({
          ...showEndpoint(endpoints.get(row.endpoint_id)!),
          ...showStatus(statusOf(row.state, query.expanded_statuses === true)),
          nextAttempt: row.next_ms === null ? null : iso(row.next_ms),
          reason: row.reason,
        }),
      )
      return json(200, page)
    },
  })
}

function filterOf<Query extends { status?: number | undefined }>(query: Query) {
  return { ...query, status: query.status === undefined ? undefined : statusByNumber(query.status) }
}

async function attemptKey(db: Pool, appId: string, params: { msg_id: string; attempt_id: string }) {
  const attemptId = readId('attempt', params.attempt_id)
  const messageId =
    attemptId === undefined ? undefined : await messageIdOf(db, appId, params.msg_id)
  return attemptId === undefined || messageId === undefined ? undefined : { attemptId, messageId }
}

async function attemptPage(
  from: Messages,
  appId: string,
  rows: AttemptRow[],
  cursor: Parameters<typeof pageOf>[1],
  query: { with_msg?: boolean | undefined; with_content: boolean },
) {
  const ids = query.with_msg === true ? [...new Set(rows.map((row) => row.message_id))] : []
  const messages = await readMessages(
    from,
    ids.map((id) => ({ appId, id })),
    'no payload',
  )
  return await messagePage(from, rows, cursor, {
    messageOf: (row) => messages.get(row.message_id),
    iteratorOf: ({ id }) => showId('attempt', id),
    show: (row) => {
      const text = JSON.stringify(showAttempt(row))
      const message = messages.get(row.message_id)
      if (message === undefined) return text
      return `${text.slice(0, -1)},"msg":${messageJson(message, query.with_content)}}`
    },
    withContent: query.with_content,
  })
}

function showAttempt(row: AttemptRow) {
  return {
    id: showId('attempt', row.id),
    msgId: showId('message', row.message_id),
    endpointId: showId('endpoint', row.endpoint_id),
    url: row.url,
    // Svix's clients have no other place to learn why there was no answer.
    response: row.status_code === 0 ? row.response || (row.error ?? '') : (row.response ?? ''),
    responseStatusCode: row.status_code,
    responseDurationMs: row.duration_ms,
    ...showStatus(row.outcome === 'delivered' ? 'success' : 'fail'),
    triggerType: row.trigger,
    timestamp: iso(row.created_ms),
    attempt: row.number,
    outcome: row.outcome,
    error: row.error,
    eventType: row.event_type,
  }
}

function standing(row: MessageDelivery, expanded: boolean): string {
  const { status, statusText } = showStatus(statusOf(row.state, expanded))
  const next = row.next_ms === null ? null : iso(row.next_ms)
  return `,"status":${status},"statusText":"${statusText}","nextAttempt":${JSON.stringify(next)},"reason":${JSON.stringify(row.reason)}`
}
