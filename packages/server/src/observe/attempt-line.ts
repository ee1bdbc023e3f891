import type { SpanIds } from '../core/trace.ts'

/** One attempt, as its line says it. Ids are UUIDs; they are shown with their prefix. */
export interface AttemptLine {
  tenantId: string
  appId: string
  endpointId: string
  messageId: string
  eventType: string
  /** 1 for the first. */
  attempt: number
  outcome: string
  /** null: no answer. */
  statusCode: number | null
  durationMs: number
  requestBytes: number
  responseBytes: number
  /** null: there is none. */
  nextAttemptAtMs: number | null
  circuit: string
  dialect: string
  /** What went wrong, as a sentence, where something did. */
  error?: string | null
  /** Of the trace, where there is one. */
  span?: SpanIds | undefined
}
