/** The requests of this dialect: an instance's webhook, and the monitoring API. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { PomboError } from '../../core/error.ts'
import { unauthenticated } from '../../core/key-form.ts'
import type { Caller, DialectApp } from '../contract/caller.ts'
import type { DialectRoutes } from '../contract/dialect.ts'
import type { DialectPorts } from '../contract/ports.ts'
import {
  bearer,
  bodyOf,
  header,
  param,
  type PresentedKey,
  readBody,
  readQuery,
  takesQuery,
  wholeNumber,
} from '../contract/request.ts'
import { Answer, created, keyedRoutes, type Routes } from '../contract/routes.ts'
import { ingest } from './ingest.ts'
import { ensureInstance, mainUid, mainWebhooks, monitoringUid } from './instances.ts'
import { csvText, jsonText, showLog } from './log.ts'
import { clear, clearedAtMs, failedText, health, metrics, tryWebhook } from './monitoring.ts'
import type { EvolutionValues } from './settings.ts'
import { readWebhook, setWebhook, showWebhook } from './webhook.ts'

export function evolutionRoutes(values: EvolutionValues): DialectRoutes {
  return {
    mount(app, ports) {
      const on = keyedRoutes(app, ports, apikey)
      webhooks(on, ports, values)
      overview(on, ports, values)
      logs(app, on, ports)
      failed(on, ports)
      trial(on, ports, values)
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

/** As Evolution takes it, which is no scheme of HTTP's, or as Bearer. */
const apikey: PresentedKey = {
  says: '"apikey: <key>", or "Authorization: Bearer <key>"',
  challenge: bearer.challenge,
  of: (request) => header(request, 'apikey') ?? bearer.of(request),
}

async function instanceOf(ports: DialectPorts, caller: Caller, name: string): Promise<DialectApp> {
  const instance = await ports.apps.find(caller, name)
  if (!instance) throw new PomboError('not_found', { what: 'instance', id: name })
  return instance
}

function webhooks(on: Routes, ports: DialectPorts, values: EvolutionValues): void {
  on.post('/webhook/set/:instance', async (caller, request) => {
    const given = readWebhook(request)
    const instance = await ensureInstance(ports, caller, param(request, 'instance'), values)
    return created(showWebhook(instance, await setWebhook(ports, instance, given)))
  })
  on.get('/webhook/find/:instance', async (caller, request) => {
    const instance = await instanceOf(ports, caller, param(request, 'instance'))
    return showWebhook(instance, await ports.endpoints.find(instance, mainUid))
  })
}

function overview(on: Routes, ports: DialectPorts, values: EvolutionValues): void {
  on.get('/webhook/health', async (caller) => ({
    status: 'SUCCESS',
    data: await health(ports, caller, values),
  }))
  on.get('/webhook/metrics', async (caller) => ({
    status: 'SUCCESS',
    metrics: await metrics(ports, caller),
  }))
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

function logs(app: FastifyInstance, on: Routes, ports: DialectPorts): void {
  on.query('/webhook/logs', logQuery, async (caller, query) => {
    const asked = await askedFor(ports, caller, query)
    const rows = asked
      ? (await ports.attempts.list(caller, { ...asked, limit: query.limit ?? 100 })).rows
      : []
    const sizes = rows.length > 0 ? await queueSizes(ports, caller) : new Map<string, number>()
    const shown = rows.map((row) => showLog(row, sizes.get(row.app.id) ?? 0))
    return { status: 'SUCCESS', data: { logs: shown, total: shown.length } }
  })

  app.get('/webhook/logs/export', takesQuery, async (request, reply) => {
    const key = apikey.of(request)
    const caller = await ports.authenticate(key, apikey)
    const query = readQuery(logQuery, request)
    const asked = await askedFor(ports, caller, query)
    const batches = asked
      ? whileCounted(ports, key!, ports.attempts.stream(caller, asked))
      : nothing()
    const format = query.format ?? 'json'
    const text =
      format === 'csv' ? csvText(batches) : jsonText(batches, await queueSizes(ports, caller))
    return reply
      .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8')
      .header('content-disposition', `attachment; filename="webhook-logs.${format}"`)
      .send(Readable.from(text))
  })

  on.delete('/webhook/logs', async (caller) => {
    await clear(ports, caller)
    return { status: 'SUCCESS', message: 'Logs and metrics cleared' }
  })
}

/** Somebody who reads slowly reads no more once the key is revoked: the answer breaks off, so that it is seen. */
async function* whileCounted<Batch>(
  ports: DialectPorts,
  key: string,
  batches: AsyncIterable<Batch>,
): AsyncGenerator<Batch> {
  for await (const batch of batches) {
    if (!(await ports.counts(key))) throw unauthenticated('This key counts no longer.', apikey)
    yield batch
  }
}

async function* nothing(): AsyncGenerator<never[]> {
  yield []
}

const failedQuery = z.object({
  limit: wholeNumber(1, 1_000).optional(),
  cursor: z.string().optional(),
  instance: z.string().optional(),
})

function failed(on: Routes, ports: DialectPorts): void {
  on.query('/webhook/failed', failedQuery, async (caller, { limit = 100, cursor, instance }) => {
    const one = instance === undefined ? undefined : await instanceOf(ports, caller, instance)
    const selection = { ...mainWebhooks, ...(one && { appId: one.id }) }
    const [page, { count }] = await Promise.all([
      ports.retries.list(caller, { ...selection, limit, ...(cursor && { after: cursor }) }),
      ports.retries.count(caller, selection),
    ])
    const rows = page.rows.map(failedText).join(',')
    const next = page.next === null ? '' : `,"nextCursor":${JSON.stringify(page.next)}`
    return new Answer(
      200,
      `{"status":"SUCCESS","data":{"failedWebhooks":[${rows}],"total":${count}${next}}}`,
    )
  })

  on.delete('/webhook/failed/:webhookId', async (caller, request) => {
    const id = param(request, 'webhookId')
    const result = await ports.retries.discard(caller, id, mainWebhooks)
    if (result === 'missing')
      throw new PomboError('not_found', { what: 'webhook waiting for a retry', id })
    if (result === 'sending')
      throw new PomboError('conflict', {
        detail: `An attempt of webhook "${id}" is under way; repeat this when it has ended.`,
      })
    return { status: 'SUCCESS', message: `Webhook ${id} removed from the retry queue` }
  })

  on.delete('/webhook/failed', async (caller) => {
    const removed = await ports.retries.discardAll(caller, mainWebhooks)
    const message = `${removed} webhooks removed from the retry queue`
    return { status: 'SUCCESS', message, data: { removed } }
  })
}

const testIn = z.object({ url: z.string().min(1), payload: z.unknown().optional() })

function trial(on: Routes, ports: DialectPorts, { timeoutMs }: EvolutionValues): void {
  on.post('/webhook/test', async (_caller, request) => {
    const { url } = readBody(testIn, request)
    const data = await tryWebhook(ports, url, bodyOf(request).text, timeoutMs)
    return { status: 'SUCCESS', data }
  })
}
