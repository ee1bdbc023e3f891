/** A message that was stored. */
export interface TakenMessage {
  tenantId: string
  appId: string
  eventType: string
  /** Deliveries of it that were closed at once, since their endpoint is disabled. */
  discarded: number
}

/** An attempt that was recorded, or a delivery that was closed without one (`durationMs` null). */
export interface Attempt {
  tenantId: string
  appId: string
  endpointId: string
  eventType: string
  messageId: string
  durationMs: number | null
  /** From accepting the message to its delivery; null: not delivered, or set going by hand. */
  onTheWayMs: number | null
  closed: 'delivered' | 'exhausted' | 'discarded' | null
  failure: { cause: string; attemptId: string } | null
}
