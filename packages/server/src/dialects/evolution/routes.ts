/** The requests of this dialect: an instance's webhook, and the monitoring API. */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { PomboError } from '../../core/error.ts'
import type { Caller } from '../contract/caller.ts'
import type { DialectRoutes } from '../contract/dialect.ts'
import type { DialectPorts } from '../contract/ports.ts'
import {
  bearerKey,
  bodyOf,
  header,
  param,
  readBody,
  readQuery,
  sendJson,
  takesQuery,
  wholeNumber,
} from '../contract/request.ts'
import { ingest } from './ingest.ts'
import { ensureInstance, mainUid, mainWebhooks, monitoringUid } from './instances.ts'
import { csvText, jsonText, showLog } from './log.ts'
import { clear, clearedAtMs, failedText, health, metrics, tryWebhook } from './monitoring.ts'
import type { EvolutionValues } from './settings.ts'
import { readWebhook, setWebhook, showWebhook } from './webhook.ts'

export function evolutionRoutes(values: EvolutionValues): DialectRoutes {
  return {
    mount(app, ports) {
      webhooks(app, ports, values)
      overview(app, ports, values)
      logs(app, ports)
      failed(app, ports)
      trial(app, ports, values)
      ingest(app, ports, values)
    },
    // `response.message` is where Evolution's own clients look.
    refusal: ({ code, message }) => ({
      status: 'ERROR',
      error: code,
      message,
      response: { message: [message] },
    }),
  }
}

async function callerOf(ports: DialectPorts, request: FastifyRequest): Promise<Caller> {
  return await ports.authenticate(header(request, 'apikey') ?? bearerKey(request))
}

function webhooks(app: FastifyInstance, ports: DialectPorts, values: EvolutionValues): void {
  app.post('/webhook/set/:instance', async (request, reply) => {
    const caller = await callerOf(ports, request)
    const given = readWebhook(request)
    const instance = await ensureInstance(ports, caller, param(request, 'instance'), values)
    const endpoint = await setWebhook(ports, instance, given)
    return sendJson(reply, 201, showWebhook(instance, endpoint))
  })
  app.get('/webhook/find/:instance', async (request, reply) => {
    const caller = await callerOf(ports, request)
    const name = param(request, 'instance')
    const instance = await ports.apps.find(caller, name)
    if (!instance) throw new PomboError('not_found', { what: 'instance', id: name })
    return sendJson(
      reply,
      200,
      showWebhook(instance, await ports.endpoints.find(instance, mainUid)),
    )
  })
}

function overview(app: FastifyInstance, ports: DialectPorts, values: EvolutionValues): void {
  app.get('/webhook/health', async (request, reply) => {
    const caller = await callerOf(ports, request)
    return sendJson(reply, 200, { status: 'SUCCESS', data: await health(ports, caller, values) })
  })
  app.get('/webhook/metrics', async (request, reply) => {
    const caller = await callerOf(ports, request)
    return sendJson(reply, 200, { status: 'SUCCESS', metrics: await metrics(ports, caller) })
  })
}

const logQuery = z.object({
  limit: wholeNumber(1, 1_000).optional(),
  type: z.enum(['errors', 'main', 'monitoring'], 'must be errors, main or monitoring').optional(),
  instance: z.string().optional(),
  format: z.enum(['json', 'csv'], 'must be json or csv').optional(),
})

/** Which attempts are asked for; undefined: of an instance that there is not. */
async function askedFor(
  ports: DialectPorts,
  caller: Caller,
  { type, instance }: z.output<typeof logQuery>,
) {
  const app = instance === undefined ? undefined : await ports.apps.find(caller, instance)
  if (instance !== undefined && !app) return undefined
  const sinceMs = await clearedAtMs(ports, caller)
  return {
    dialect: 'evolution' as const,
    ...(sinceMs !== undefined && { sinceMs }),
    ...(app && { appId: app.id }),
    ...(type === 'errors' && { failed: true }),
    ...(type === 'main' && mainWebhooks),
    ...(type === 'monitoring' && { uids: [monitoringUid] }),
  }
}

/** What waits in each instance's queue now. */
async function queueSizes(ports: DialectPorts, caller: Caller): Promise<Map<string, number>> {
  const { apps } = await ports.attempts.stats(caller, mainWebhooks)
  return new Map(apps.map(({ app, counts }) => [app.id, counts.open]))
}

function logs(app: FastifyInstance, ports: DialectPorts): void {
  app.get('/webhook/logs', takesQuery, async (request, reply) => {
    const caller = await callerOf(ports, request)
    const query = readQuery(logQuery, request)
    const asked = await askedFor(ports, caller, query)
    const rows = asked
      ? (await ports.attempts.list(caller, { ...asked, limit: query.limit ?? 100 })).rows
      : []
    const sizes = rows.length > 0 ? await queueSizes(ports, caller) : new Map<string, number>()
    const shown = rows.map((row) => showLog(row, sizes.get(row.app.id) ?? 0))
    return sendJson(reply, 200, { status: 'SUCCESS', data: { logs: shown, total: shown.length } })
  })

  app.get('/webhook/logs/export', takesQuery, async (request, reply) => {
    const caller = await callerOf(ports, request)
    const query = readQuery(logQuery, request)
    const asked = await askedFor(ports, caller, query)
    const batches = asked ? ports.attempts.stream(caller, asked) : nothing()
    const format = query.format ?? 'json'
    const text =
      format === 'csv' ? csvText(batches) : jsonText(batches, await queueSizes(ports, caller))
    return reply
      .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8')
      .header('content-disposition', `attachment; filename="webhook-logs.${format}"`)
      .send(Readable.from(text))
  })

  app.delete('/webhook/logs', async (request, reply) => {
    await clear(ports, await callerOf(ports, request))
    return sendJson(reply, 200, { status: 'SUCCESS', message: 'Logs and metrics cleared' })
  })
}

async function* nothing(): AsyncGenerator<never[]> {
  yield []
}

const failedQuery = z.object({
  limit: wholeNumber(1, 1_000).optional(),
  cursor: z.string().optional(),
  instance: z.string().optional(),
})

function failed(app: FastifyInstance, ports: DialectPorts): void {
  app.get('/webhook/failed', takesQuery, async (request, reply) => {
    const caller = await callerOf(ports, request)
    const { limit = 100, cursor, instance } = readQuery(failedQuery, request)
    const one = instance === undefined ? undefined : await ports.apps.find(caller, instance)
    if (instance !== undefined && !one)
      throw new PomboError('not_found', { what: 'instance', id: instance })
    const selection = { ...mainWebhooks, ...(one && { appId: one.id }) }
    const [page, { count }] = await Promise.all([
      ports.retries.list(caller, { ...selection, limit, ...(cursor && { after: cursor }) }),
      ports.retries.count(caller, selection),
    ])
    const rows = page.rows.map(failedText).join(',')
    const next = page.next === null ? '' : `,"nextCursor":${JSON.stringify(page.next)}`
    return reply
      .type('application/json; charset=utf-8')
      .send(`{"status":"SUCCESS","data":{"failedWebhooks":[${rows}],"total":${count}${next}}}`)
  })

  app.delete('/webhook/failed/:webhookId', async (request, reply) => {
    const caller = await callerOf(ports, request)
    const id = param(request, 'webhookId')
    const result = await ports.retries.discard(caller, id, mainWebhooks)
    if (result === 'missing')
      throw new PomboError('not_found', { what: 'webhook waiting for a retry', id })
    if (result === 'sending')
      throw new PomboError('conflict', {
        detail: `An attempt of webhook "${id}" is under way; repeat this when it has ended.`,
      })
    return sendJson(reply, 200, {
      status: 'SUCCESS',
      message: `Webhook ${id} removed from the retry queue`,
    })
  })

  app.delete('/webhook/failed', async (request, reply) => {
    const removed = await ports.retries.discardAll(await callerOf(ports, request), mainWebhooks)
    const message = `${removed} webhooks removed from the retry queue`
    return sendJson(reply, 200, { status: 'SUCCESS', message, data: { removed } })
  })
}

const testIn = z.object({ url: z.string().min(1), payload: z.unknown().optional() })

function trial(app: FastifyInstance, ports: DialectPorts, { timeoutMs }: EvolutionValues): void {
  app.post('/webhook/test', async (request, reply) => {
    await callerOf(ports, request)
    const { url } = readBody(testIn, request)
    const data = await tryWebhook(ports, url, bodyOf(request).text, timeoutMs)
    return sendJson(reply, 200, { status: 'SUCCESS', data })
  })
}
