/** The requests of this dialect: events in, a session's webhook, the log, the catalogue. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { showId } from '../../core/id.ts'
import { invalid, PomboError } from '../../core/error.ts'
import type { DialectRoutes } from '../contract/dialect.ts'
import type { Caller, DialectApp } from '../contract/caller.ts'
import type { DialectPorts, GatewayTaken } from '../contract/ports.ts'
import {
  bearer,
  bodyOf,
  header,
  instant,
  param,
  readBody,
  wholeNumber,
} from '../contract/request.ts'
import {
  Answer,
  keyedRoutes,
  noContent,
  type Routes,
  routesFor,
  errorRefusal,
} from '../contract/routes.ts'
import { catalogue, readEventName, wildcard } from './events.ts'
import { logText, showLog, statesOf, statuses } from './log.ts'
import { eventName } from './names.ts'
import { putWebhook, showWebhook, webhookIn, webhookUid } from './session.ts'
import type { WhatsmeowValues } from './settings.ts'

const session = '/api/whatsmeow/sessions/:id'

export function whatsmeowRoutes(values: WhatsmeowValues): DialectRoutes {
  return {
    mount(app, ports) {
      const on = keyedRoutes(app, ports)
      events(on, ports, values)
      webhooks(on, ports, values)
      logs(app, ports, values)
      catalogues(on)
    },
    refusal: errorRefusal,
  }
}

const eventIn = z.object({
  type: z.string().min(1).max(200),
  event: z.record(z.string(), z.unknown()).nullish(),
})

function events(on: Routes, ports: DialectPorts, { queueSize }: WhatsmeowValues): void {
  on.post(`${session}/events`, async (caller, request) => {
    const { type } = readBody(eventIn, request)
    const one = await ports.apps.ensure(caller, param(request, 'id'), {}, ['path', 'id'])
    if (queueSize !== undefined) {
      const queues = await ports.retries.queues(caller, { appId: one.id, uids: [webhookUid] })
      const waiting = queues.retrying + Object.values(queues.waiting).reduce((sum, n) => sum + n, 0)
      if (waiting >= queueSize)
        throw new PomboError(
          'overloaded',
          { detail: `${waiting} events wait for this session's webhook (WEBHOOK_QUEUE_SIZE).` },
          { retryAfterSeconds: 5 },
        )
    }
    const { messages, filtered, skipped } = await ports.gateways.take({
      gateway: 'whatsmeow',
      keys: [bearer.of(request)!],
      headers: signatureHeaders(request),
      rawBody: Buffer.from(bodyOf(request).text),
      session: one.uid ?? one.id,
      event: null,
    })
    const reason = await whyNot(ports, one, messages)
    const known = readEventName(type)
    const body = {
      session_id: one.uid ?? one.id,
      type,
      known: known !== undefined && known !== wildcard,
      events: messages.map((result) => showAccepted(result, reason)),
      filtered,
      skipped,
    }
    return new Answer(202, JSON.stringify(body))
  })
}

/** A source of whatsmeow's that has a secret asks for one of them. */
function signatureHeaders(request: FastifyRequest): Record<string, string | undefined> {
  return {
    'x-webhook-signature': header(request, 'x-webhook-signature'),
    'x-hub-signature-256': header(request, 'x-hub-signature-256'),
  }
}

function showAccepted(
  { eventType, accepted }: GatewayTaken['messages'][number],
  reason: string | null,
) {
  const event = eventName(eventType)
  if (accepted.outcome === 'duplicate')
    return { event, id: showId('message', accepted.of), status: 'duplicate', reason: null }
  const sent = accepted.deliveries > 0
  return {
    event,
    id: showId('message', accepted.message.id),
    status: sent ? 'queued' : 'not_sent',
    reason: sent ? null : reason,
  }
}

/** Why an event that nobody gets is not sent. */
async function whyNot(
  ports: DialectPorts,
  app: DialectApp,
  accepted: GatewayTaken['messages'],
): Promise<string | null> {
  const nobody = accepted.some(
    (one) => one.accepted.outcome === 'accepted' && one.accepted.deliveries === 0,
  )
  if (!nobody) return null
  const webhook = await ports.endpoints.find(app, webhookUid)
  if (!webhook) return 'the session has no webhook'
  return webhook.disabled ? 'the webhook is disabled' : 'the webhook is not subscribed to it'
}

async function sessionOf(ports: DialectPorts, caller: Caller, id: string): Promise<DialectApp> {
  const one = await ports.apps.find(caller, id)
  if (!one) throw new PomboError('not_found', { what: 'session', id })
  return one
}

function webhooks(on: Routes, ports: DialectPorts, { workers }: WhatsmeowValues): void {
  const path = `${session}/webhook`
  on.put(path, async (caller, request) => {
    const given = readBody(webhookIn, request)
    const one = await ports.apps.ensure(caller, param(request, 'id'), {}, ['path', 'id'])
    return showWebhook(one.uid ?? one.id, await putWebhook(ports, one, given, workers))
  })
  on.get(path, async (caller, request) => {
    const one = await sessionOf(ports, caller, param(request, 'id'))
    return showWebhook(one.uid ?? one.id, await ports.endpoints.find(one, webhookUid))
  })
  on.delete(path, async (caller, request) => {
    const one = await sessionOf(ports, caller, param(request, 'id'))
    const endpoint = await ports.endpoints.find(one, webhookUid)
    if (endpoint) await ports.endpoints.delete(one, endpoint.id)
    return noContent
  })
}

const logQuery = z.object({
  session_id: z.string().optional(),
  status: z.enum(statuses, `must be one of ${statuses.join(', ')}`).optional(),
  event_type: z.string().min(1).max(200).optional(),
  since: instant.optional(),
  until: instant.optional(),
  limit: wholeNumber(1, 200).optional(),
  cursor: z.string().optional(),
})

function logs(
  app: FastifyInstance,
  ports: DialectPorts,
  { enableLogs, logRetentionMs }: WhatsmeowValues,
): void {
  const path = '/api/whatsmeow/webhook/logs'
  const on = routesFor(app, async (request) => {
    const caller = await ports.authenticate(bearer.of(request), bearer)
    if (enableLogs) return caller
    throw new PomboError('bad_request', {
      detail: 'The log is switched off here (WEBHOOK_ENABLE_LOGS=false).',
    })
  })
  on.query(path, logQuery, async (caller, query) => {
    const one = query.session_id ? await sessionOf(ports, caller, query.session_id) : undefined
    const limit = query.limit ?? 50
    const oldestMs = ports.clock.now() - logRetentionMs
    const page = await ports.deliveries.list(caller, {
      dialect: 'whatsmeow',
      states: statesOf(query.status),
      sinceMs: Math.max(oldestMs, query.since ?? oldestMs),
      limit,
      ...(one && { appId: one.id }),
      ...(query.event_type && {
        eventTypes: [readEventName(query.event_type) ?? query.event_type],
      }),
      ...(query.until !== undefined && { untilMs: query.until }),
      ...(query.cursor && { after: query.cursor }),
    })
    return { logs: page.rows.map(showLog), limit, next_cursor: page.next }
  })
  on.get(`${path}/:logId`, async (caller, request) => {
    const id = param(request, 'logId')
    const detail = await ports.deliveries.find(caller, id, { dialect: 'whatsmeow' })
    if (!detail || detail.createdAtMs < ports.clock.now() - logRetentionMs)
      throw new PomboError('not_found', { what: 'log', id })
    return new Answer(200, logText(detail))
  })
}

function catalogues(on: Routes): void {
  const path = '/api/whatsmeow/webhook/events'
  const shown = catalogue.map(({ name, struct, category, description }) => ({
    event: name,
    type: struct,
    category,
    description,
  }))
  on.get(path, async () => ({ events: shown, wildcard, total: shown.length }))
  // Whether a name is an event type, in either spelling.
  on.get(`${path}/:name`, async (_caller, request) => {
    const name = readEventName(param(request, 'name'))
    const found = shown.find(({ event }) => event === name)
    if (!found) throw invalid(['path', 'name'], `"${param(request, 'name')}" is no event type`)
    return found
  })
}
