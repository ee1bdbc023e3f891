import { readFile } from 'node:fs/promises'
import type { LogRecordExporter } from '@opentelemetry/sdk-logs'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { SignalOptions, TelemetryOptions } from './options.ts'

export interface Exporters {
  traces: SpanExporter | undefined
  metrics: PushMetricExporter | undefined
  logs: LogRecordExporter | undefined
}

/** The exporters of the signals that are on, in the encoding that is asked for; the others are not loaded. */
export async function createExporters(options: TelemetryOptions): Promise<Exporters> {
  const { traces, metrics, logs } = options
  const tls = await tlsOf(options)
  const settings = ({ url, headers }: SignalOptions) => ({
    url,
    headers,
    timeoutMillis: options.timeoutMs,
    compression: (options.gzip ? 'gzip' : 'none') as never,
    userAgent: `Pombo/${options.resource['service.version']}`,
    httpAgentOptions: { keepAlive: true, ...tls },
  })
  return {
    traces: traces && new (await traceExporter(traces.protocol))(settings(traces)),
    metrics: metrics && new (await metricExporter(metrics.protocol))(settings(metrics)),
    logs: logs && new (await logExporter(logs.protocol))(settings(logs)),
  }
}

type Protocol = SignalOptions['protocol']

async function traceExporter(protocol: Protocol) {
  return protocol === 'http/json'
    ? (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter
    : (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter
}

async function metricExporter(protocol: Protocol) {
  return protocol === 'http/json'
    ? (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter
    : (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter
}

async function logExporter(protocol: Protocol) {
  return protocol === 'http/json'
    ? (await import('@opentelemetry/exporter-logs-otlp-http')).OTLPLogExporter
    : (await import('@opentelemetry/exporter-logs-otlp-proto')).OTLPLogExporter
}

const variables = {
  ca: 'OTEL_EXPORTER_OTLP_CERTIFICATE',
  cert: 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
  key: 'OTEL_EXPORTER_OTLP_CLIENT_KEY',
}

async function tlsOf({ files }: TelemetryOptions): Promise<Record<string, Buffer>> {
  const read: Record<string, Buffer> = {}
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = files[name]
    if (path === undefined) continue
    try {
      read[name] = await readFile(path)
    } catch (error) {
      throw new Error(`${variables[name]} names ${path}, which cannot be read.`, { cause: error })
    }
  }
  return read
}
