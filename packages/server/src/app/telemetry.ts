import type { Config } from '../config/config.ts'
import type { SignalOptions, TelemetryOptions } from '../observe/telemetry/options.ts'
import type { Log } from '../observe/log.ts'
import type { Telemetry } from '../observe/telemetry/telemetry.ts'
import { version } from '../version.ts'

/** OpenTelemetry, where it is switched on; its libraries are loaded only then. */
export async function openTelemetryOf(config: Config): Promise<Telemetry | undefined> {
  const options = telemetryOf(config)
  if (options === undefined) return undefined
  const { openTelemetry } = await import('../observe/telemetry/telemetry.ts')
  return await openTelemetry(options)
}

/** From now on it speaks in the log; what is set of it and means nothing to Pombo is said there. */
export function hearTelemetry(
  telemetry: Telemetry | undefined,
  { otelUnread }: Config,
  log: Log,
): void {
  telemetry?.complainTo(log)
  if (telemetry && otelUnread.length > 0)
    log.main.warn(
      { variables: otelUnread },
      'these variables of OpenTelemetry are not read by Pombo',
    )
}

/** What OpenTelemetry is to do; undefined where it is off, which is the default. */
export function telemetryOf(values: Config): TelemetryOptions | undefined {
  const { otelDisabled, otlpEndpoint, otlpHeaders, otlpProtocol } = values
  if (otelDisabled) return undefined
  const signal = (
    name: 'traces' | 'metrics' | 'logs',
    exporter: 'otlp' | 'none' | undefined,
    own: { url?: string; headers?: Record<string, string>; protocol?: SignalOptions['protocol'] },
  ): SignalOptions | undefined => {
    if (exporter === 'none') return undefined
    if (exporter === undefined && otlpEndpoint === undefined && own.url === undefined)
      return undefined
    const { url: whole = below(otlpEndpoint ?? 'http://localhost:4318', name) } = own
    return {
      url: whole,
      headers: own.headers ?? otlpHeaders ?? {},
      protocol: own.protocol ?? otlpProtocol,
    }
  }
  const { otlpTracesEndpoint, otlpMetricsEndpoint, otlpLogsEndpoint } = values
  const signals = {
    traces: signal('traces', values.otelTracesExporter, {
      ...(otlpTracesEndpoint !== undefined && { url: otlpTracesEndpoint }),
      ...(values.otlpTracesHeaders && { headers: values.otlpTracesHeaders }),
      ...(values.otlpTracesProtocol && { protocol: values.otlpTracesProtocol }),
    }),
    metrics: signal('metrics', values.otelMetricsExporter, {
      ...(otlpMetricsEndpoint !== undefined && { url: otlpMetricsEndpoint }),
      ...(values.otlpMetricsHeaders && { headers: values.otlpMetricsHeaders }),
      ...(values.otlpMetricsProtocol && { protocol: values.otlpMetricsProtocol }),
    }),
    logs: signal('logs', values.otelLogsExporter, {
      ...(otlpLogsEndpoint !== undefined && { url: otlpLogsEndpoint }),
      ...(values.otlpLogsHeaders && { headers: values.otlpLogsHeaders }),
      ...(values.otlpLogsProtocol && { protocol: values.otlpLogsProtocol }),
    }),
  }
  if (!signals.traces && !signals.metrics && !signals.logs) return undefined
  return {
    ...signals,
    resource: {
      'service.name': 'pombo',
      'service.version': version,
      ...values.otelResource,
      ...(values.otelServiceName !== undefined && { 'service.name': values.otelServiceName }),
    },
    timeoutMs: values.otlpTimeoutMs,
    gzip: values.otlpCompression === 'gzip',
    files: { ca: values.otlpCa, cert: values.otlpCert, key: values.otlpKey },
    sampler: { name: values.otelSampler, share: values.otelSamplerArg },
    propagators: values.otelPropagators,
    spans: {
      delayMs: values.otelBspDelayMs,
      queue: values.otelBspQueue,
      batch: values.otelBspBatch,
    },
    records: {
      delayMs: values.otelBlrpDelayMs,
      queue: values.otelBlrpQueue,
      batch: values.otelBlrpBatch,
    },
    metricsEveryMs: values.otelMetricsEveryMs,
  }
}

const below = (base: string, signal: string): string => `${base.replace(/\/+$/, '')}/v1/${signal}`
