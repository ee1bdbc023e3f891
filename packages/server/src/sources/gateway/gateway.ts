/**
 * Sources: each WhatsApp gateway's webhook requests, turned into canonical events; and those of any other sender,
 * as they came (signed/). One folder a gateway, which knows nothing of the others; what several share is in files
 * beside this one.
 *
 * Promises: nothing throws for what a gateway sends; what is not understood is handed on as it came, and says
 * so; keys and tokens that travel in bodies (`apikey`, `instanceToken`, `token`, WhatsApp's own key material)
 * are gone from everything that is returned. Mapping is pure: the same request, received at the same time,
 * gives the same events.
 */
import type { WhatsAppEvent } from '../../whatsapp/whatsapp.ts'
import type { PlainEvent } from './plain-event.ts'
import type { WebhookSettings } from './scheme.ts'

export interface GatewayRequest {
  method: string
  /** As the sender called it: some sign it. */
  url: string
  /** The URL's parameters; of several of one name the first. */
  query: Readonly<Record<string, string | undefined>>
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>
  /** The body to the byte: signatures are over it. */
  rawBody: Buffer
  /** From the path; null where one URL serves all sessions, which then name themselves in the body. */
  session: string | null
  /** What follows the session in the path: gateways that have a URL for each event. */
  event: string | null
  receivedAtMs: number
  /** Of a source of the kind `webhook`: how its requests are read. */
  settings?: WebhookSettings
}

/**
 * `absent`: the request carries nothing to check, which the caller may or may not accept. `refused`: why, in words
 * that hold nothing of the request's own.
 */
export type Verdict = 'ok' | 'bad' | 'absent' | { refused: string }

/** What a sender reads of the answer besides its status. */
export interface GatewayAnswer {
  status: number
  type?: string
  body?: string
}

/**
 * A part of the request that gives no event, and why: housekeeping of WhatsApp's clients, key material. To be
 * counted.
 */
export interface Skipped {
  name: string
  reason: string
}

export interface Mapped {
  events: WhatsAppEvent[]
  skipped: Skipped[]
}

/** An event that has nothing to do with WhatsApp: delivered as it came. */
export interface PlainMessage extends Omit<PlainEvent, 'eventId' | 'orderingKey'> {
  /** The sender's own id of it. */
  eventId?: string | null
  orderingKey: string | null
  /** What makes it a repeat, and for how long: as long as the source says unless given. */
  dedupe?: { key: string; windowSeconds?: number }
}

/**
 * `messages`: a source of other things than WhatsApp. `unknown`: not this gateway's format at all. To be
 * accepted and delivered as `body`, without secrets, and flagged.
 */
export type Parsed =
  | ({ outcome: 'events' } & Mapped)
  | { outcome: 'messages'; session: string | null; messages: PlainMessage[] }
  | { outcome: 'unknown'; name: string; session: string | null; body: unknown; reason: string }

export interface GatewaySource {
  readonly name: string
  /** How long an event that comes again is a repeat, where a source says nothing; a day unless given. */
  readonly dedupeSeconds?: number
  /** Its requests are read as the source's settings say, so that only a source's own token will do. */
  readonly bySettings?: boolean
  /** In Pombo's own words: what is not understood is refused, and set aside where it came from a broker. */
  readonly strict?: boolean
  /** What is said where a proof is asked for and none came. */
  readonly absent?: string
  /** Whether the request was made by someone who knows the secret. Constant time. */
  verify(request: GatewayRequest, secret: string): Promise<Verdict>
  parse(request: GatewayRequest): Promise<Parsed>
  /**
   * The answer to a GET by which the sender asks whether the address is ours; undefined: it does not know. `token`:
   * the source's, which the request came with.
   */
  challenge?(request: GatewayRequest, token: string): Promise<GatewayAnswer | undefined>
  /** The answer to a request that was taken; undefined: Pombo's own. */
  answer?(request: GatewayRequest): Promise<GatewayAnswer | undefined>
}
