/**
 * What accepting and delivering say to whoever traces them (observe/telemetry/), and what travels with a message for
 * it. Where nothing is traced there is no `Tracing`, and asking for that is all it costs.
 */
import type { Endpoint } from './endpoint.ts'
import type { Message } from './message.ts'
import type { Outcome } from './outcome.ts'

/** Where in a trace something stands. */
export interface SpanIds {
  traceId: string
  spanId: string
  /** Whether the trace is recorded. */
  sampled: boolean
}

/** As OpenTelemetry names them in logs of other forms. */
export interface TraceFields {
  trace_id: string
  span_id: string
  trace_flags: string
}

export const fieldsOf = ({ traceId, spanId, sampled }: SpanIds): TraceFields => ({
  trace_id: traceId,
  span_id: spanId,
  trace_flags: sampled ? '01' : '00',
})

/** A delivery that is about to be tried. */
export interface TracedDelivery {
  message: Message
  endpoint: Endpoint
  payloadBytes: number
  /** Attempts made before. */
  attempt: number
  /** Since when it could have been tried, where that is known. */
  dueAtMs?: number
}

export interface Tracing {
  /** A message is about to be stored: part of the request that is under way, or the begin of a trace. */
  accepting(message: Message, payloadBytes: number): AcceptSpan
  /** One request, for one delivery or for several. */
  attempting(deliveries: readonly TracedDelivery[], startedAtMs: number): AttemptSpan
  /** Runs what belongs to no request, though one is the reason for it. */
  apart<T>(work: () => T): T
}

export interface AcceptSpan {
  /** What is kept with the message: headers as JSON. */
  context: string | null
  stored(result: 'accepted' | 'unmatched' | 'duplicate', deliveries: number): void
  failed(error: unknown): void
}

export interface AttemptSpan extends SpanIds {
  /** What goes along with the request, names in lower case. */
  headers: Readonly<Record<string, string>>
  /** `problem`: what went wrong, as a sentence. */
  end(
    outcome: Outcome,
    details: { problem: string | null; requestBytes: number; verdict: string },
  ): void
}
