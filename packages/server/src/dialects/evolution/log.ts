/** The document's logs: a line for each request that was made, as JSON and as CSV. */
import { iso } from '../../core/clock.ts'
import type { AttemptEntry } from '../contract/delivery-log.ts'
import { eventName } from './events.ts'
import { errorCategory } from './health.ts'
import { monitoringUid } from './instances.ts'

export function showLog(entry: AttemptEntry, queueSize: number) {
  const success = entry.outcome === 'delivered'
  return {
    timestamp: iso(entry.startedAtMs),
    type: entry.endpointUid === monitoringUid ? 'monitoring' : 'main',
    event: eventName(entry.eventType),
    instance: entry.app.uid ?? entry.app.id,
    webhookUrl: entry.url,
    result: {
      success,
      statusCode: entry.statusCode,
      responseTime: entry.durationMs,
      ...(success
        ? {}
        : {
            error: entry.error,
            errorType: errorCategory({ kind: entry.outcome, statusCode: entry.statusCode }),
          }),
    },
    metadata: { attempt: entry.number, queueSize },
  }
}

const columns = [
  'timestamp',
  'type',
  'event',
  'instance',
  'webhookUrl',
  'success',
  'statusCode',
  'responseTime',
  'error',
  'errorType',
  'attempt',
] as const

type Batches = AsyncIterable<readonly AttemptEntry[]>

/** RFC 4180, a line for each entry. */
export async function* csvText(batches: Batches): AsyncGenerator<string> {
  yield `${columns.join(',')}\r\n`
  for await (const batch of batches) yield batch.map(csvLine).join('')
}

function csvLine(entry: AttemptEntry): string {
  const { result, metadata, ...log } = showLog(entry, 0)
  const row = { error: null, errorType: null, ...log, ...result, ...metadata }
  return `${columns.map((column) => csvField(row[column])).join(',')}\r\n`
}

function csvField(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return ''
  const text = String(value)
  // A spreadsheet takes a text that begins so for a formula, and what an endpoint says is not ours to run.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** `{status, data: {logs: […], total}}`, written as it is read. */
export async function* jsonText(
  batches: Batches,
  queueSizes: ReadonlyMap<string, number>,
): AsyncGenerator<string> {
  yield '{"status":"SUCCESS","data":{"logs":['
  let total = 0
  for await (const batch of batches) {
    const logs = batch.map((entry) =>
      JSON.stringify(showLog(entry, queueSizes.get(entry.app.id) ?? 0)),
    )
    yield `${total > 0 ? ',' : ''}\n${logs.join(',\n')}`
    total += batch.length
  }
  yield `],"total":${total}}}`
}
