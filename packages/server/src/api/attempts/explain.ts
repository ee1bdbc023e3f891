import { z } from 'zod'
import { isoOrNull } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { showId } from '../../core/id.ts'
import type { AppRoutes } from '../../registry/cache/routes.ts'
import { judge, type PassedOver, type RouteRules } from '../../route/route.ts'
import { time } from '../field.ts'
import { iteratorsById, listRoute } from '../list.ts'
import { requireMessage } from '../messages/routes.ts'
import { statusText } from '../messages/schema.ts'
import type { StoredMessage } from '../history/messages/store.ts'
import {
  deliveriesOfMessage,
  type DeliveryRow,
  type StandingState,
} from '../history/deliveries/store.ts'
import type { Route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { statusOf } from './status.ts'
import { shownUrl } from '../shown-url.ts'
import { say } from '../../core/sentences/sentences.ts'
import { codedOut, showCoded } from '../coded.ts'

export type ExplainDeps = Needs<'db' | 'payloads' | 'routesOf'> & { rules: RouteRules }

const text = z.string().nullable()

const explainOut = z
  .object({
    endpointId: z.string(),
    url: z.string(),
    description: z.string(),
    got: z.boolean().describe('Whether there was a delivery to it, finished or still open'),
    because: z
      .enum([
        'delivered',
        'sending',
        'waiting',
        'paused',
        'circuit-open',
        'given-up',
        'not-sent',
        'event-type',
        'channel',
        'chat-filter',
        'filter',
        'newer',
        'changed',
      ])
      .describe(
        'paused, circuit-open: it waits for that. not-sent: closed without an attempt. newer: the endpoint was ' +
          'made after the message. changed: its settings would let it through now, and did not then, or the message ' +
          'was meant for another endpoint alone.',
      ),
    statusText: statusText.nullable().describe('Of the delivery, where there is one'),
    nextAttempt: time.nullable(),
    reason: text.describe(
      'What the filter, the circuit or who gave it up says of it, as a sentence',
    ),
    reasonCoded: codedOut,
    setting: z
      .union([z.string(), z.array(z.string())])
      .nullable()
      .describe('The event types, channels or filter that left it out, as they are now'),
    changedSince: z
      .boolean()
      .describe(
        'The endpoint was changed after the message came: it may have been judged by others',
      ),
  })
  .meta({
    id: 'MessageExplanationOut',
    examples: [
      {
        endpointId: 'ep_01hzy3k9v2e8r5c7m4n6p8q0sa',
        url: 'https://example.com/webhook',
        description: '',
        got: false,
        because: 'filter',
        statusText: null,
        nextAttempt: null,
        reason: null,
        reasonCoded: null,
        setting: 'payload.amount > 100',
        changedSince: false,
      },
    ],
  })

type Explanation = z.output<typeof explainOut>

interface Judged {
  endpoint: Endpoint
  row: DeliveryRow<StandingState> | undefined
  why: PassedOver | null
  message: StoredMessage
  routes: AppRoutes
}

/** `GET …/msg/{msg_id}/explain`: of each of the app's endpoints, whether it got the message, and why or why not. */
export function explainRoute(deps: ExplainDeps): Route {
  return listRoute({
    path: '/api/v1/app/{app_id}/msg/{msg_id}/explain',
    id: 'v1.message.explain',
    tag: 'Message',
    summary: 'Say of each endpoint whether it got the message, and why or why not',
    description:
      'Deliveries are those that there were; where there was none, the reason is what the endpoint’s settings, as ' +
      'they are now, say of the message.',
    access: 'app',
    order: 'ascending',
    iterators: iteratorsById('endpoint', ({ endpoint }: Judged) => endpoint.id),
    item: explainOut,
    page: 'A page of endpoints',
    async find({ holder, appId, params }, { at, order, limit }) {
      const message = await requireMessage(deps, appId, params.msg_id)
      const routes = await deps.routesOf(holder.tenantId, appId)
      if (routes === undefined) return []
      const sorted = routes.endpoints.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      if (order === 'descending') sorted.reverse()
      const behind = sorted.filter(
        ({ id }) => at === null || (order === 'ascending' ? id > at : id < at),
      )
      const page = behind.slice(0, limit + 1)
      const ids = page.map(({ id }) => id)
      const rows = await deliveriesOfMessage<StandingState>(deps.db, ids, message.id, 'sending')
      const byId = new Map(rows.map((row) => [row.endpoint_id, row]))
      const why = judge(message, page, deps.rules)
      return page.map((endpoint, i) => ({
        endpoint,
        row: byId.get(endpoint.id),
        why: why[i] ?? null,
        message,
        routes,
      }))
    },
    show: (rows) => rows.map(explanation),
  })
}

function explanation(judged: Judged): Explanation {
  const { endpoint, row, message } = judged
  const why = row === undefined ? left(judged) : { ...had(judged, row), setting: null }
  return {
    endpointId: showId('endpoint', endpoint.id),
    url: shownUrl(endpoint.url),
    description: endpoint.description,
    got: row !== undefined,
    statusText: row === undefined ? null : statusOf(row.state, true),
    nextAttempt: isoOrNull(row?.next_ms ?? null),
    ...why,
    reasonCoded: showCoded(why.reason),
    changedSince: endpoint.updatedAtMs > message.createdAtMs,
  }
}

function had(
  { endpoint, routes }: Judged,
  row: DeliveryRow<StandingState>,
): Pick<Explanation, 'because' | 'reason'> {
  switch (row.state) {
    case 'delivered':
      return { because: 'delivered', reason: null }
    case 'exhausted':
      return { because: 'given-up', reason: row.reason }
    case 'discarded':
      return { because: 'not-sent', reason: row.reason }
    case 'sending':
      return { because: 'sending', reason: null }
    case 'pending': {
      if (endpoint.paused) return { because: 'paused', reason: null }
      const health = routes.health.get(endpoint.id)
      if (health === undefined || health.circuit === 'closed')
        return { because: 'waiting', reason: null }
      return {
        because: 'circuit-open',
        reason: say('failed_in_a_row', { count: health.consecutiveFailures }),
      }
    }
  }
}

const codes = {
  type: 'event-type',
  channel: 'channel',
  chat: 'chat-filter',
  filter: 'filter',
} as const

function left({
  endpoint,
  message,
  why,
}: Judged): Pick<Explanation, 'because' | 'reason' | 'setting'> {
  if (endpoint.createdAtMs > message.createdAtMs)
    return { because: 'newer', reason: null, setting: null }
  if (why === null) return { because: 'changed', reason: null, setting: null }
  const settings = {
    type: endpoint.eventTypes,
    channel: endpoint.channels,
    chat: endpoint.chatFilter === null ? null : JSON.stringify(endpoint.chatFilter),
    filter: endpoint.filter,
  }
  return { because: codes[why.by], reason: why.reason, setting: settings[why.by] }
}
