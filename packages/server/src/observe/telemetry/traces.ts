import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core'
import type { Message } from '../../core/message.ts'
import { errorMessage } from '../../core/thrown.ts'
import type { AcceptSpan, AttemptSpan, SpanIds, TracedDelivery, Tracing } from '../../core/trace.ts'
import {
  acceptAttributes,
  attemptAttributes,
  errorTypeOf,
  outcomeAttributes,
  queueAttributes,
  type RequestFacts,
  requestAttributes,
  timeOf,
} from './attributes.ts'
import type { TelemetryOptions } from './options.ts'

/** What an HTTP request that came in is told of; undefined where it is not traced. */
export interface RequestTracing {
  begin(request: RequestFacts, headers: Readonly<Record<string, unknown>>): RequestSpan
}

export interface RequestSpan {
  /** Everything that the work leads to belongs to the request. */
  run(work: () => void): void
  end(statusCode: number): void
}

/** An attempt that begins later than this after its message begins a trace that links to the message's. */
const longAfterMs = 3_600_000

/**
 * The spans of a message's way: the request that brings it, `accept`, and for each attempt `queue` and `deliver`. A
 * message keeps where it stands in its trace, so that attempts of any node, and of hours later, know it.
 */
export class Traces implements Tracing, RequestTracing {
  readonly #tracer: Tracer
  /** Between Pombo and others. */
  readonly #outside: TextMapPropagator
  /** With a message: also where nothing is taken from others or given to them. */
  readonly #kept: TextMapPropagator
  readonly #current = new AsyncLocalStorage<Context | undefined>()

  constructor(tracer: Tracer, propagators: TelemetryOptions['propagators']) {
    this.#tracer = tracer
    const baggage = propagators.includes('baggage') ? [new W3CBaggagePropagator()] : []
    const own = new W3CTraceContextPropagator()
    this.#kept = new CompositePropagator({ propagators: [own, ...baggage] })
    this.#outside = new CompositePropagator({
      propagators: propagators.includes('tracecontext') ? [own, ...baggage] : baggage,
    })
  }

  /** Of what is under way here. */
  current(): SpanIds | undefined {
    const context = this.#current.getStore()
    return context && idsOf(trace.getSpan(context))
  }

  apart<T>(work: () => T): T {
    return this.#current.run(undefined, work)
  }

  begin(request: RequestFacts, headers: Readonly<Record<string, unknown>>): RequestSpan {
    const parent = this.#outside.extract(ROOT_CONTEXT, headers, defaultTextMapGetter)
    const span = this.#tracer.startSpan(
      `${request.method} ${request.route}`,
      { kind: SpanKind.SERVER, attributes: requestAttributes(request) },
      parent,
    )
    const context = trace.setSpan(parent, span)
    return {
      run: (work) => this.#current.run(context, work),
      end(statusCode) {
        span.setAttribute('http.response.status_code', statusCode)
        if (statusCode >= 500) {
          span.setAttribute('error.type', String(statusCode))
          span.setStatus({ code: SpanStatusCode.ERROR })
        }
        span.end()
      },
    }
  }

  accepting(message: Message, payloadBytes: number): AcceptSpan {
    const parent = this.#current.getStore() ?? ROOT_CONTEXT
    const attributes = acceptAttributes(message, payloadBytes)
    const span = this.#tracer.startSpan('accept', { kind: SpanKind.PRODUCER, attributes }, parent)
    return {
      context: this.#written(trace.setSpan(parent, span)),
      stored(result, deliveries) {
        span.setAttributes({ 'pombo.result': result, 'pombo.deliveries': deliveries })
        span.end()
      },
      failed(error) {
        span.setAttribute('error.type', errorTypeOf(error))
        const message = errorMessage(error)
        span.setStatus({ code: SpanStatusCode.ERROR, message })
        span.end()
      },
    }
  }

  attempting(deliveries: readonly TracedDelivery[], startedAtMs: number): AttemptSpan {
    const contexts = deliveries.map(({ message }) => this.#read(message.trace))
    deliveries.forEach((delivery, i) => this.#queued(delivery, startedAtMs, contexts[i]!))
    const [first] = deliveries as [TracedDelivery]
    const late = startedAtMs - first.message.createdAtMs > longAfterMs
    const isPart = deliveries.length === 1 && !late
    const parent = isPart ? contexts[0]! : ROOT_CONTEXT
    const span = this.#tracer.startSpan(
      'deliver',
      {
        kind: first.endpoint.destination === null ? SpanKind.CLIENT : SpanKind.PRODUCER,
        startTime: timeOf(startedAtMs),
        attributes: attemptAttributes(deliveries),
        links: isPart ? [] : contexts.flatMap(linkTo),
      },
      parent,
    )
    const headers: Record<string, string> = {}
    // Also the first's baggage, where it is handed on: the parent may have none.
    const around = trace.setSpan(contexts[0]!, span)
    this.#outside.inject(around, headers, defaultTextMapSetter)
    return { ...idsOf(span)!, headers, end: (...ended) => end(span, ...ended) }
  }

  /** How long a delivery that was due waited for its turn. */
  #queued(delivery: TracedDelivery, startedAtMs: number, context: Context): void {
    const { dueAtMs, message } = delivery
    if (dueAtMs === undefined || startedAtMs - message.createdAtMs > longAfterMs) return
    const attributes = queueAttributes(delivery)
    const startTime = timeOf(Math.min(dueAtMs, startedAtMs))
    this.#tracer
      .startSpan('queue', { kind: SpanKind.INTERNAL, attributes, startTime }, context)
      .end(timeOf(startedAtMs))
  }

  #written(context: Context): string | null {
    const carrier: Record<string, string> = {}
    this.#kept.inject(context, carrier, defaultTextMapSetter)
    return Object.keys(carrier).length > 0 ? JSON.stringify(carrier) : null
  }

  #read(kept: string | null | undefined): Context {
    if (kept == null) return ROOT_CONTEXT
    return this.#kept.extract(ROOT_CONTEXT, JSON.parse(kept), defaultTextMapGetter)
  }
}

function end(span: Span, ...[outcome, details]: Parameters<AttemptSpan['end']>): void {
  span.setAttributes(outcomeAttributes(outcome, details) satisfies Attributes)
  if (outcome.kind !== 'delivered')
    span.setStatus({ code: SpanStatusCode.ERROR, message: details.problem ?? outcome.kind })
  span.end()
}

function linkTo(context: Context): Link[] {
  const linked = trace.getSpanContext(context)
  return linked ? [{ context: linked }] : []
}

function idsOf(span: Span | undefined): SpanIds | undefined {
  if (span === undefined) return undefined
  const { traceId, spanId, traceFlags } = span.spanContext()
  return { traceId, spanId, sampled: (traceFlags & 1) === 1 }
}
