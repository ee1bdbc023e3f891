import type { Said } from '../../../core/said.ts'
import type { FilterReason } from '../../../whatsapp/chat-filter.ts'

/** A session as a source tells of it: uuids. */
export interface SessionKey {
  tenantId: string
  sourceId: string
  appId: string
}

/**
 * What becomes of the events of a session. Every one that is `received` is exactly one of accepted, duplicate,
 * filtered, skipped (housekeeping of WhatsApp's clients), or refused (not stored, and the gateway was told so).
 * `unrecognised` are accepted ones among them. `bad_signature`, `address_refused` and `too_large` count requests, of
 * which nothing was read.
 */
export type Counted =
  | 'received'
  | 'accepted'
  | 'duplicate'
  | `filtered:${FilterReason}`
  | 'skipped'
  | 'refused'
  | 'unrecognised'
  | 'bad_signature'
  | 'address_refused'
  | 'too_large'

/** Of why a request is refused; other reasons have none. */
export const refusalCodes = ['address_not_allowed', 'unsigned', 'unproven'] as const

/** What is said of it, by which it is known in every language. */
export interface RefusalSaid extends Said {
  code: (typeof refusalCodes)[number]
}

/** The last request of a session that was refused, and why. */
export interface Refusal extends SessionKey {
  reason: Said
}

export interface Count extends SessionKey {
  what: Counted
  n: number
}
