/** What the monitoring API answers: health, metrics, what waits. */
import { iso, isoOrNull } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import { memberText } from '../../core/json.ts'
import type { Outcome } from '../../core/outcome.ts'
import { statusCodeOf } from '../../core/outcome.ts'
import { whereTo } from '../../core/where-to.ts'
import type { Caller } from '../contract/caller.ts'
import type { DialectPorts } from '../contract/ports.ts'
import type { Counts, DeliveryDetail, Stats } from '../contract/delivery-log.ts'
import { type ErrorCategory, errorCategory, isHealthy, rates } from './health.ts'
import { mainWebhooks } from './instances.ts'
import { body } from './payload.ts'
import type { EvolutionValues } from './settings.ts'

/** The key under which it is noted when logs and metrics were cleared. */
function clearedKey({ appId }: Caller): string {
  return appId === null ? 'cleared' : `cleared/${appId}`
}

/** What was before this is not shown; it stays recorded until its time is over. */
export async function clearedAtMs(
  ports: DialectPorts,
  caller: Caller,
): Promise<number | undefined> {
  const keys = new Set(['cleared', clearedKey(caller)])
  const notes = await Promise.all([...keys].map((key) => ports.notes.get(caller, 'evolution', key)))
  const times = notes.flatMap((note) => (note ? [Number(note.value['atMs'])] : []))
  return times.length === 0 ? undefined : Math.max(...times)
}

export async function clear(ports: DialectPorts, caller: Caller): Promise<void> {
  await ports.notes.put(caller, 'evolution', clearedKey(caller), { atMs: ports.clock.now() })
}

function totals({ attempts, failedAttempts, retries }: Counts) {
  const total = attempts
  return { total, successful: total - failedAttempts, failed: failedAttempts, retries }
}

function averageMs({ attempts, durationMs }: Counts): number {
  return attempts === 0 ? 0 : Math.round(durationMs / attempts)
}

async function read(ports: DialectPorts, caller: Caller) {
  const sinceMs = await clearedAtMs(ports, caller)
  const [stats, pending] = await Promise.all([
    ports.attempts.stats(caller, { ...mainWebhooks, ...(sinceMs !== undefined && { sinceMs }) }),
    ports.retries.count(caller, mainWebhooks),
  ])
  return { stats, pending }
}

export async function health(ports: DialectPorts, caller: Caller, values: EvolutionValues) {
  const { stats, pending } = await read(ports, caller)
  const counts = totals(stats.all)
  return {
    healthy: isHealthy({ ...counts, pendingRetries: pending.count }),
    timestamp: iso(ports.clock.now()),
    summary: {
      successRate: rates(counts).successRate,
      totalWebhooks: counts.total,
      pendingRetries: pending.count,
      avgResponseTime: averageMs(stats.all),
    },
    config: {
      globalWebhookEnabled: values.globalEnabled,
      monitoringWebhookEnabled: values.monitoringEnabled,
    },
  }
}

export async function metrics(ports: DialectPorts, caller: Caller) {
  const { stats, pending } = await read(ports, caller)
  const counts = totals(stats.all)
  return {
    ...counts,
    averageResponseTime: averageMs(stats.all),
    errorsByType: errorsByType(stats.failures),
    instanceStats: Object.fromEntries(
      stats.apps.map(({ app, counts: one }) => {
        const { total, successful, failed } = totals(one)
        return [app.uid ?? app.id, { total, successful, failed }]
      }),
    ),
    retry: {
      pending: pending.count,
      totalFailed: counts.failed,
      averageAttempts: Math.round(pending.averageAttempts * 10) / 10,
    },
    summary: rates(counts),
  }
}

function errorsByType(failures: Stats['failures']): Partial<Record<ErrorCategory, number>> {
  const byType: Partial<Record<ErrorCategory, number>> = {}
  for (const { outcome, statusCode, count } of failures) {
    const category = errorCategory({ kind: outcome, statusCode })
    if (category !== null) byType[category] = (byType[category] ?? 0) + count
  }
  return byType
}

/**
 * One that waits for another attempt, as JSON text: its payload is as it was sent, without a key that the endpoint
 * asks for.
 */
export function failedText(detail: DeliveryDetail): string {
  const { lastAttempt, event, endpoint } = detail
  const row = {
    id: showId('delivery', detail.id),
    instance: detail.app.uid ?? detail.app.id,
    webhookUrl: detail.url,
    attempts: detail.attempts,
    lastAttempt: lastAttempt && iso(lastAttempt.startedAtMs),
    nextRetry: isoOrNull(detail.nextAttemptAtMs),
    lastError: lastAttempt?.error ?? null,
    lastStatusCode: lastAttempt?.statusCode ?? null,
  }
  const { apikey: _, ...dialectOptions } = endpoint?.dialectOptions ?? {}
  const payload = event && endpoint ? body(event, { ...endpoint, dialectOptions }) : 'null'
  return `${JSON.stringify(row).slice(0, -1)},"payload":${payload}}`
}

const testPayload = {
  event: 'test.webhook',
  instance: 'test',
  data: { message: 'Teste de conectividade' },
}

/** Sends one request past the queue. `text`: the test's own body, whose payload is sent to the letter. */
export async function tryWebhook(
  ports: DialectPorts,
  url: string,
  text: string,
  timeoutMs: number,
): Promise<object> {
  const outcome = await ports.probe({
    url,
    body: memberText(text, 'payload') ?? JSON.stringify(testPayload),
    headers: { 'content-type': 'application/json' },
    timeoutMs,
  })
  return {
    success: outcome.kind === 'delivered',
    statusCode: statusCodeOf(outcome),
    responseTime: Math.round(outcome.durationMs),
    error: problemOf(outcome),
  }
}

function problemOf(outcome: Outcome): string | null {
  switch (outcome.kind) {
    case 'delivered':
      return null
    case 'refused':
      return `status ${outcome.statusCode}${whereTo(outcome)}`
    case 'timed-out':
      return `no complete answer within the deadline (waiting for the ${outcome.phase})`
    case 'unreachable':
    case 'blocked':
    case 'failed':
      return outcome.detail
  }
}
