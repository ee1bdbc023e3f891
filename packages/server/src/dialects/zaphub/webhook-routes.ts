/** A session's webhook: tried, its history, an event sent again; and the catalogue of events. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { PomboError } from '../../core/error.ts'
import { showId, uuidv7 } from '../../core/id.ts'
import { memberText } from '../../core/json.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import type { Message } from '../../core/message.ts'
import type { OutgoingEvent } from '../contract/delivery.ts'
import type { DialectApp } from '../contract/caller.ts'
import type { DialectPorts } from '../contract/ports.ts'
import { bodyOf, readBody } from '../contract/request.ts'
import { keyedRoutes } from '../contract/routes.ts'
import { auditOf, categories, showAttempt } from './audit.ts'
import { catalogue } from './events.ts'
import { jobTag, newJobId } from './job.ts'
import { body, headers, signBody } from './payload.ts'
import { page, sessionsOwn, success } from './request.ts'
import { idOf, webhookUid } from './session.ts'
import type { ZaphubValues } from './settings.ts'
import { testAnswer } from './test-answer.ts'

const path = '/api/v1/sessions/:id'

const eventName = z.string().regex(/^[a-zA-Z0-9\-_.]{1,256}$/, 'takes letters, digits and - _ .')
const testIn = z.object({ url: z.string().max(4_096).nullish(), event: eventName.nullish() })
const retryIn = z.object({
  event: eventName,
  payload: z.unknown().refine((given) => given !== undefined, 'field required'),
})

export function webhookRoutes(
  app: FastifyInstance,
  ports: DialectPorts,
  values: ZaphubValues,
): void {
  const on = sessionsOwn(app, ports)
  on.post(`${path}/webhook/test`, async ({ session: one }, request) => {
    const given = readBody(testIn, request)
    const webhook = await ports.endpoints.find(one, webhookUid)
    const url = given.url || webhook?.url
    if (url === undefined) throw noWebhook(one)
    // Another URL gets what a webhook of that URL would get, and none of the secrets of this one.
    const own = webhook?.url === url ? webhook : undefined
    const event = testEvent(ports, one, given.event ?? 'webhook.test')
    const text = body(event)
    const outcome = await ports.probe({
      url,
      body: text,
      headers: {
        ...own?.headers,
        'Content-Type': 'application/json',
        ...headers(event),
        ...signBody(text, secretsOf(own, event.nowMs)),
      },
      timeoutMs: own?.timeoutMs ?? values.timeoutMs,
    })
    return testAnswer(url, outcome, values.maxBodyBytes)
  })

  on.post(`${path}/webhook/retry`, async ({ session: one }, request) => {
    const { event } = readBody(retryIn, request)
    const webhook = await ports.endpoints.find(one, webhookUid)
    if (!webhook) throw noWebhook(one)
    if (webhook.disabled)
      throw new PomboError('conflict', {
        detail:
          `The webhook of this session is disabled (${webhook.disabledReason ?? 'by hand'}); ` +
          'set its webhook_url again to enable it.',
      })
    const jobId = newJobId(idOf(one), event, ports.clock.now(), Math.random())
    await ports.accept({
      tenantId: one.tenantId,
      appId: one.id,
      eventType: event,
      eventId: jobId,
      tags: [jobTag],
      payload: memberText(bodyOf(request).text, 'payload')!,
      onlyEndpointId: webhook.id,
    })
    return success({ jobId, webhookUrl: webhook.url, event }, 'Webhook retry queued successfully')
  })

  const historyQuery = z.object({ ...page, status: z.enum(['delivered', 'failed']).optional() })
  on.query(`${path}/webhook/events`, historyQuery, async ({ caller, session: one }, asked) => {
    const { limit, offset, status } = asked
    const query = {
      appId: one.id,
      dialect: 'zaphub' as const,
      ...(status && { failed: status === 'failed' }),
    }
    const [total, { rows }] = await Promise.all([
      ports.attempts.count(caller, query),
      ports.attempts.list(caller, { ...query, limit, offset }),
    ])
    return { success: true, data: rows.map(showAttempt), pagination: { limit, offset, total } }
  })

  const auditQuery = z.object({
    limit: page.limit,
    // Three lists are read up to it and merged.
    offset: page.offset.refine((value) => value <= 1_000, 'must be at most 1000'),
    category: z.enum(categories, `must be one of ${categories.join(', ')}`).optional(),
  })
  on.query(`${path}/events`, auditQuery, async ({ caller, session: one }, asked) => {
    const { limit, offset, category } = asked
    const { rows, total } = await auditOf(ports, caller, one, { limit, offset, category })
    return { success: true, data: rows, pagination: { limit, offset, total } }
  })

  keyedRoutes(app, ports).get('/api/v1/webhook/events', async () => {
    const data = catalogue.map(({ name, ...rest }) => ({ event: name, ...rest }))
    return success(data, `${data.length} webhook event types available`)
  })
}

function noWebhook(one: DialectApp): PomboError {
  return new PomboError('bad_request', {
    detail: `The session "${idOf(one)}" has no webhook_url: set one, or name a url.`,
  })
}

function secretsOf(endpoint: Endpoint | undefined, nowMs: number) {
  return (endpoint?.secrets ?? [])
    .filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs)
    .map(({ secret }) => secret)
}

function testEvent(ports: DialectPorts, one: DialectApp, eventType: string): OutgoingEvent {
  const nowMs = ports.clock.now()
  const payload = { message: 'This is a test webhook from ZapHub', timestamp: iso(nowMs) }
  const message: Message = {
    id: uuidv7(nowMs),
    tenantId: one.tenantId,
    appId: one.id,
    eventType,
    eventId: null,
    channels: null,
    tags: null,
    payload: JSON.stringify(payload),
    form: null,
    orderingKey: null,
    priority: 'normal',
    createdAtMs: nowMs,
  }
  return {
    message,
    payload: () => payload,
    app: { id: showId('app', one.id), uid: one.uid, name: one.name },
    messageId: showId('message', message.id),
    deliveryId: showId('delivery', uuidv7(nowMs)),
    attempt: 1,
    nowMs,
    serverUrl: ports.serverUrl(),
  }
}
