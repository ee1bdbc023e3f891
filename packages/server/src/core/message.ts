/** Urgency of a message: shares of the work, never starvation. */
export const priorities = ['high', 'normal', 'low'] as const
export type Priority = (typeof priorities)[number]

/**
 * What a payload is. `null`: the producer's own JSON, unknown to Pombo. `whatsapp`: a canonical WhatsApp event
 * (whatsapp/whatsapp.ts), which every dialect can put into its own words.
 */
export type PayloadForm = 'whatsapp' | null

/** A message as it is stored once and delivered to many. */
export interface Message {
  /** UUIDv7. */
  id: string
  tenantId: string
  appId: string
  eventType: string
  /** The producer's own id of it, unique within the app. */
  eventId: string | null
  channels: string[] | null
  tags: string[] | null
  /** The payload's JSON text, to the byte as it was sent in; null once it was deleted. */
  payload: string | null
  /**
   * Of a payload that was sent in raw: that is delivered under it, and may be any text. Null or absent: the payload
   * is JSON.
   */
  contentType?: string | null
  form: PayloadForm
  orderingKey: string | null
  priority: Priority
  createdAtMs: number
  /** Where it stands in a trace (core/trace.ts), as it is kept; absent or null: in none. */
  trace?: string | null
}

/** Something that makes a message a repeat of another one while it is remembered. */
export interface DedupeKey {
  /** `event-id` and a gateway's own identity are the app's; `idempotency` is the tenant's. */
  kind: 'event-id' | 'idempotency' | 'source'
  key: string
  windowSeconds: number
  /** SHA-256 of the request, for keys that must not be reused with another body. */
  requestHash?: Buffer
}

/** What a source or a route hands to `ingest.accept`. */
export interface IncomingMessage {
  tenantId: string
  appId: string
  eventType: string
  payload: string
  contentType?: string | null
  eventId?: string | null
  channels?: string[] | null
  tags?: string[] | null
  form?: PayloadForm
  orderingKey?: string | null
  priority?: Priority
  /** Days after which the payload alone is deleted; unset: with the message. */
  payloadRetentionDays?: number
  dedupe?: DedupeKey[]
  /** The gateway that it comes from; told to who watches, and not kept. */
  source?: string
  /** Only these endpoints, and whatever they subscribed to: for examples and tests. */
  onlyEndpointId?: string
}

/** What became of it. A duplicate is an answer, not an error: each caller decides what to say. */
export type Accepted =
  | { outcome: 'accepted'; message: Message; deliveries: number }
  | { outcome: 'duplicate'; of: string; kind: DedupeKey['kind']; sameRequest: boolean }
