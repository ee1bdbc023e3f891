import type { ExportResult } from '@opentelemetry/core'
import { ExportResultCode } from '@opentelemetry/core'
import type { LogRecordExporter, LogRecordProcessor } from '@opentelemetry/sdk-logs'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'
import { withoutPassword } from '../../core/masked-url.ts'

export type Complain = (level: 'warn' | 'info', fields: object, message: string) => void

type Done = (result: ExportResult) => void

/**
 * How one signal gets to the collector, as far as people want to know: that it does not any more is said once, and
 * that it does again, with how much was lost. It also bounds what waits: the SDK drops what is beyond its own bound
 * without a word.
 */
export class Delivery {
  readonly #signal: string
  readonly #url: string
  readonly #complain: Complain
  /** Most that may wait; the SDK's queue is as long. */
  readonly #most: number
  #waiting = 0
  #lost = 0
  #failing = false

  constructor(signal: string, url: string, complain: Complain, most = Number.POSITIVE_INFINITY) {
    this.#signal = signal
    this.#url = withoutPassword(url, { query: true })
    this.#complain = complain
    this.#most = most
  }

  watchedSpans(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) => exporter.export(spans, this.#taken(spans.length, done)),
      shutdown: () => exporter.shutdown(),
    }
  }

  watchedRecords(exporter: LogRecordExporter): LogRecordExporter {
    return {
      export: (records, done) => exporter.export(records, this.#taken(records.length, done)),
      shutdown: () => exporter.shutdown(),
      ...(exporter.forceFlush && { forceFlush: () => exporter.forceFlush!() }),
    }
  }

  watchedMetrics(exporter: PushMetricExporter): PushMetricExporter {
    return {
      export: (metrics, done) => exporter.export(metrics, this.#taken(0, done)),
      forceFlush: () => exporter.forceFlush(),
      shutdown: () => exporter.shutdown(),
      ...(exporter.selectAggregation && {
        selectAggregation: (type) => exporter.selectAggregation!(type),
      }),
      ...(exporter.selectAggregationTemporality && {
        selectAggregationTemporality: (type) => exporter.selectAggregationTemporality!(type),
      }),
    }
  }

  boundedSpans(inner: SpanProcessor): SpanProcessor {
    return {
      onStart: () => {},
      onEnd: (span: ReadableSpan) => {
        if ((span.spanContext().traceFlags & 1) === 1 && this.#admits()) inner.onEnd(span)
      },
      forceFlush: () => inner.forceFlush(),
      shutdown: () => inner.shutdown(),
    }
  }

  boundedRecords(inner: LogRecordProcessor): LogRecordProcessor {
    return {
      onEmit: (record, context) => {
        if (this.#admits()) inner.onEmit(record, context)
      },
      forceFlush: () => inner.forceFlush(),
      shutdown: () => inner.shutdown(),
    }
  }

  /** The last word: what was never sent. */
  close(): void {
    const lost = this.#lost + this.#waiting
    if (lost > 0)
      this.#complain('warn', this.#fields({ lost }), `not all ${this.#signal} were sent`)
  }

  #admits(): boolean {
    if (this.#waiting < this.#most) {
      this.#waiting += 1
      return true
    }
    this.#lost += 1
    this.#fail('the collector takes them more slowly than they come')
    return false
  }

  #taken(count: number, done: Done): Done {
    this.#waiting -= count
    return (result) => {
      if (result.code === ExportResultCode.SUCCESS) this.#succeed()
      else {
        this.#lost += count
        this.#fail(result.error?.message ?? 'the collector refuses them')
      }
      done(result)
    }
  }

  #fail(error: string): void {
    if (this.#failing) return
    this.#failing = true
    const message = `${this.#signal} do not get to the collector; what does not fit in memory is dropped`
    this.#complain('warn', this.#fields({ error }), message)
  }

  #succeed(): void {
    // While it catches up more may be dropped.
    if (!this.#failing || this.#waiting > this.#most / 2) return
    this.#failing = false
    const lost = this.#lost
    this.#lost = 0
    this.#complain('info', this.#fields({ lost }), `${this.#signal} get to the collector again`)
  }

  #fields(more: object): object {
    return { collector: this.#url, ...more }
  }
}
