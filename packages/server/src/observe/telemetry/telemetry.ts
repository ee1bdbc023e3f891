/**
 * OpenTelemetry: traces, metrics and logs, sent by OTLP. Loaded only where it is switched on; what it is told goes
 * through `Tracing` (core/trace.ts), the log and the metrics.
 *
 * It promises that a collector that is away or slow delays nothing and costs bounded memory, that what is lost by it
 * is counted and said, and that a stop waits no longer than `flushMs` for it. Nothing is registered globally, and
 * nothing is instrumented that Pombo does not trace by itself.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { ROOT_CONTEXT } from '@opentelemetry/api'
import { waitAtMost } from '../../core/wait-at-most.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { type Complain, Delivery } from './delivery.ts'
import { createExporters } from './exporters.ts'
import { createHttpMetrics, type HttpMetrics } from './http-metrics.ts'
import { createLogFeed, type LogFeed } from './log-feed.ts'
import { producerOf } from './metric-producer.ts'
import type { TelemetryOptions } from './options.ts'
import { samplerOf } from './sampler.ts'
import { type RequestTracing, Traces } from './traces.ts'

export interface Telemetry {
  traces: Traces | undefined
  requests: RequestTracing | undefined
  http: HttpMetrics | undefined
  logFeed: LogFeed | undefined
  /** From now on complaints are logged. */
  complainTo(log: Log): void
  /** Sends these, where metrics are sent. */
  watch(metrics: Pick<Metrics, 'figures'>): void
  /** Sends what waits, for no longer than a bound. */
  stop(): Promise<void>
}

/** How long a stop waits for the collector. */
const flushMs = 5_000

export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const exporters = await createExporters(options)
  const resource = resourceFromAttributes({
    'service.instance.id': randomUUID(),
    'host.name': hostname(),
    ...options.resource,
  })
  let complain: Complain = () => {}
  const deliveries: Delivery[] = []
  const deliveryOf = (signal: string, url: string, most?: number) => {
    const made = new Delivery(signal, url, (...said) => complain(...said), most)
    deliveries.push(made)
    return made
  }
  const stops: (() => Promise<void>)[] = []

  let traces: Traces | undefined
  if (options.traces && exporters.traces) {
    const delivery = deliveryOf('traces', options.traces.url, options.spans.queue)
    const processor = new BatchSpanProcessor({
      exporter: delivery.watchedSpans(exporters.traces),
      scheduledDelayMillis: options.spans.delayMs,
      maxQueueSize: options.spans.queue,
      maxExportBatchSize: options.spans.batch,
      exportTimeoutMillis: options.timeoutMs,
    })
    const provider = new TracerProvider({
      resource,
      sampler: samplerOf(options.sampler),
      spanProcessors: [delivery.boundedSpans(processor)],
    })
    traces = new Traces(
      provider.getTracer('pombo', options.resource['service.version']),
      options.propagators,
    )
    stops.push(() => provider.shutdown())
  }

  let logFeed: LogFeed | undefined
  if (options.logs && exporters.logs) {
    const delivery = deliveryOf('logs', options.logs.url, options.records.queue)
    const processor = new BatchLogRecordProcessor({
      exporter: delivery.watchedRecords(exporters.logs),
      scheduledDelayMillis: options.records.delayMs,
      maxQueueSize: options.records.queue,
      maxExportBatchSize: options.records.batch,
      exportTimeoutMillis: options.timeoutMs,
    })
    const provider = new LoggerProvider({
      resource,
      processors: [delivery.boundedRecords(processor)],
    })
    logFeed = createLogFeed(provider.getLogger('pombo'), ROOT_CONTEXT)
    stops.push(() => provider.shutdown())
  }

  let http: HttpMetrics | undefined
  let watched: Pick<Metrics, 'figures'> | undefined
  if (options.metrics && exporters.metrics) {
    const delivery = deliveryOf('metrics', options.metrics.url)
    const provider = new MeterProvider({
      resource,
      readers: [
        new PeriodicExportingMetricReader({
          exporter: delivery.watchedMetrics(exporters.metrics),
          exportIntervalMillis: options.metricsEveryMs,
          exportTimeoutMillis: Math.min(options.timeoutMs, options.metricsEveryMs),
          metricProducers: [producerOf(async () => (await watched?.figures()) ?? [], resource)],
        }),
      ],
    })
    http = createHttpMetrics(provider.getMeter('pombo'))
    stops.push(() => provider.shutdown())
  }

  return {
    traces,
    requests: traces,
    http,
    logFeed,
    complainTo(log) {
      complain = (level, fields, message) => log.main[level](fields, message)
    },
    watch(metrics) {
      watched = metrics
    },
    async stop() {
      await waitAtMost(flushMs, Promise.allSettled(stops.map((stop) => stop())))
      for (const delivery of deliveries) delivery.close()
    },
  }
}
