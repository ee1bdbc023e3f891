import type { DialectName, Endpoint } from '../../core/endpoint.ts'
import type { Message } from '../../core/message.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { RetryPolicy } from '../../core/retry.ts'
import type { Secret } from '../../core/secret.ts'

/** A message on its way out, as a dialect sees it. Formatting is pure: the same event gives the same bytes. */
export interface OutgoingEvent {
  message: Message
  /**
   * The payload, parsed once and only if a dialect asks; numbers beyond 2^53 lose digits here, so pass text
   * through where you can.
   */
  payload: () => unknown
  app: { id: string; uid: string | null; name: string }
  /** Shown ids (`msg_…`, `dlv_…`): stable over retries. */
  messageId: string
  deliveryId: string
  /** 1 for the first. */
  attempt: number
  nowMs: number
  /** Base URL of this Pombo, for envelopes that name their server. */
  serverUrl: string
}

/** A signature in words that a program can be written by. */
export interface SignatureWords {
  /** The header that holds it, in lower case. */
  header: string
  /** What stands there: `sha256=` and what follows. */
  prefix: string
  encoding: 'base64' | 'hex' | 'jwt'
  /** What is signed: names of headers and `body`, in braces. */
  content: string
  /** The HMAC's key: the bytes behind `whsec_`, as base64, or the secret's own text. */
  key: 'base64' | 'text'
}

/** What the engine asks a dialect on the way out of a message. Knows no gateway and no route. */
export interface DeliveryDialect {
  readonly name: DialectName
  readonly retry: RetryPolicy
  /** Deadline of the whole exchange. */
  readonly timeoutMs: number
  /** It sends payloads as they are, so that one need not be JSON. */
  readonly takesAnyText?: boolean
  /**
   * What this dialect calls an event type (`message.received` → `messages.upsert`); the type itself where it has
   * no word for it.
   */
  eventName(eventType: string): string
  /**
   * Where the request goes, for dialects that can put the event's name into the path; else the endpoint's URL as
   * it is.
   */
  url?(event: OutgoingEvent, endpoint: Endpoint): string
  /** The body, as it is signed and sent. */
  format(event: OutgoingEvent, endpoint: Endpoint): string
  /** Request headers besides `content-type` (application/json) and the signature. */
  headers(event: OutgoingEvent, endpoint: Endpoint): Record<string, string>
  /** Signature headers over exactly this body, by all secrets that are still valid, newest first. */
  sign(
    event: OutgoingEvent,
    endpoint: Endpoint,
    body: string,
    secrets: readonly Secret[],
  ): Record<string, string>
  /** How a receiver checks what `sign` makes, for who looks at a request. */
  signature(endpoint: Endpoint): SignatureWords
  /**
   * A rate that the endpoint keeps to together with all others of its tenant for which the same name is answered,
   * over all nodes.
   */
  sharedRate?(endpoint: Endpoint): { name: string; perMinute: number } | undefined
  /**
   * A line of the log about an attempt, in the document's words, besides the engine's own; undefined: the document
   * has none.
   */
  attemptLine?(attempt: FinishedAttempt): DialectLine | undefined
}

/** An attempt whose outcome is known. */
export interface FinishedAttempt {
  app: { id: string; uid: string | null }
  eventType: string
  url: string
  outcome: Outcome
  /** 1 for the first. */
  attempt: number
  /** By the endpoint's schedule. */
  retries: number
  /** Null: it was the last. */
  retryInMs: number | null
}

export interface DialectLine {
  level: 'info' | 'warn' | 'error'
  text: string
  /** Beside the text. */
  fields?: Record<string, string | number>
}
