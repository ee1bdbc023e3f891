import type { ChatFilter } from './chat-filter.ts'
import type { Destination } from './destination.ts'
import type { EndpointAuth, EndpointTls } from './endpoint-access.ts'
import type { Priority } from './message.ts'
import type { Secret } from './secret.ts'

export const dialectNames = [
  'standard',
  'whatsmeow',
  'zaphub',
  'device-status',
  'evolution',
  'agentes',
] as const
export type DialectName = (typeof dialectNames)[number]

/** What the headers of a native signature begin with. */
export const signatureHeaderNames = ['webhook', 'svix', 'both'] as const
export type SignatureHeaders = (typeof signatureHeaderNames)[number]

/** Where messages go, as the path from route to deliver needs it. */
export interface Endpoint {
  id: string
  tenantId: string
  appId: string
  uid: string | null
  /** What is sent to; where there is a `destination`, what that is, without its secrets. */
  url: string
  /** null: the URL, by HTTP. */
  destination: Destination | null
  description: string
  /** Names, `*` at the end of a dotted prefix allowed (`message.*`); null: all. */
  eventTypes: string[] | null
  channels: string[] | null
  metadata: Record<string, string>
  /** Extra request headers. */
  headers: Record<string, string>
  /** How requests say who sends them, beside the signature. */
  auth: EndpointAuth | null
  /** What TLS is made with, instead of what is configured for all endpoints. */
  tls: EndpointTls | null
  disabled: boolean
  disabledReason: string | null
  paused: boolean
  /** Requests in each `throttleWindowMs` over the whole cluster; null: no limit. */
  throttleRate: number | null
  throttleWindowMs: number
  dialect: DialectName
  /** Settings that only the dialect knows (such as evolution's `apikey` in the payload). */
  dialectOptions: Record<string, unknown>
  /** Milliseconds before each retry; null: the dialect's. */
  retryScheduleMs: number[] | null
  /** null: the dialect's. */
  timeoutMs: number | null
  maxInFlight: number
  ordering: 'none' | 'key'
  priority: Priority | null
  filter: string | null
  signatureHeaders: SignatureHeaders
  secrets: EndpointSecret[]
  circuit: CircuitSettings | null
  transform: Transform | null
  batch: BatchSettings | null
  /**
   * What a delivery that was given up does to its ordering key: let the next one go, or hold the key until someone
   * acts.
   */
  onExhausted: 'continue' | 'stop'
  oversize: OversizeSettings | null
  /** Which WhatsApp events it gets; other messages are not asked. */
  chatFilter: ChatFilter | null
  createdAtMs: number
  updatedAtMs: number
}

/** A signing secret; old ones stay until `expiresAtMs`, so that a rotation has an overlap. */
export interface EndpointSecret {
  secret: Secret
  expiresAtMs: number | null
}

/** Expressions (CEL) over `payload, eventType, channels, tags, messageId, timestamp` that change what is sent. */
export interface Transform {
  /** Gives the new payload, of any JSON type. */
  payload?: string
  /** Gives a map of further headers, name to text. */
  headers?: string
  /** Gives text that is appended to the endpoint's URL path. */
  path?: string
  /** False: kept, and not used. */
  enabled?: boolean
}

export type TransformPart = 'payload' | 'headers' | 'path'

/** Several events in one request: a JSON array, all delivered or all retried. */
export interface BatchSettings {
  /** Events in one request at most, 2 to 1,000. */
  maxEvents: number
  /** How long the first waits for company, 0 to 60,000 ms. */
  maxWaitMs: number
}

/** What happens to payloads that are too large for the receiver. */
export interface OversizeSettings {
  maxBytes: number
  /** `send` all the same, or replace the largest members by a marker with a signed `link` to fetch them. */
  action: 'send' | 'link'
}

/** Overrides of the circuit's defaults (core/circuit.ts). */
export interface CircuitSettings {
  failuresToOpen?: number
  pauseMs?: number
  maxPauseMs?: number
}
