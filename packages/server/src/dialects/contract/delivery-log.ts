/** Ports of the dialects (ports.ts): what was delivered, tried, waits, or reached nobody, and how much of it. */
import type { DialectName, Endpoint } from '../../core/endpoint.ts'
import type { Message, Priority } from '../../core/message.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { Caller, DialectApp } from './caller.ts'
import type { OutgoingEvent } from './delivery.ts'

/** Which endpoints a question is about. Nothing given: all within the caller's reach. */
export interface Selection {
  dialect?: DialectName
  appId?: string
  endpointId?: string
  /** Only endpoints with one of these uids. */
  uids?: readonly string[]
  /** All but those with one of these uids. */
  exceptUids?: readonly string[]
}

/** A part of a list, newest first. */
export interface LogQuery extends Selection {
  /** By the engine's types or by the dialect's words. */
  eventTypes?: readonly string[]
  sinceMs?: number
  untilMs?: number
  limit: number
  /** `next` of the page before. */
  after?: string
  offset?: number
}

export interface LogPage<Entry> {
  rows: Entry[]
  /** For `after`; null: there is no more. */
  next: string | null
}

export const deliveryStates = [
  'pending',
  'retrying',
  'delivered',
  'exhausted',
  'discarded',
  'unmatched',
] as const
/**
 * `retrying` is pending after at least one attempt. `unmatched`: a message that no endpoint got; only where it is
 * asked for.
 */
export type DeliveryState = (typeof deliveryStates)[number]

/** One message to one endpoint, or to none. */
export interface DeliveryEntry {
  /** Of an unmatched message, the message's. */
  id: string
  messageId: string
  /** When the message was accepted. */
  createdAtMs: number
  eventType: string
  /** Null for an unmatched message. */
  endpointId: string | null
  endpointUid: string | null
  app: { id: string; uid: string | null; name: string }
  url: string
  state: DeliveryState
  /** Why it was discarded, given up or unmatched. */
  reason: string | null
  /** Made so far. */
  attempts: number
  /** By the endpoint's schedule. */
  maxAttempts: number
  nextAttemptAtMs: number | null
  closedAtMs: number | null
  /** Null before the first attempt. */
  lastAttempt: AttemptEntry | null
}

/** With everything that is kept of it. */
export interface DeliveryDetail extends DeliveryEntry {
  /** As it was handed to the dialect, to show what was sent; null where the payload is gone. */
  event: OutgoingEvent | null
  endpoint: Endpoint | null
}

export interface DeliveriesPort {
  list(
    caller: Caller,
    query: LogQuery & { states?: readonly DeliveryState[] },
  ): Promise<LogPage<DeliveryEntry>>
  /** How many there are; one that was resent counts once. */
  count(caller: Caller, query: Selection): Promise<number>
  /** By uuid or shown id. */
  find(caller: Caller, id: string, selection?: Selection): Promise<DeliveryDetail | undefined>
}

/** One request that was made. */
export interface AttemptEntry {
  id: string
  deliveryId: string
  messageId: string
  eventType: string
  endpointId: string
  endpointUid: string | null
  app: { id: string; uid: string | null; name: string }
  url: string
  /** 1 for the first. */
  number: number
  outcome: Outcome['kind']
  /** Null where there was no answer. */
  statusCode: number | null
  /** What went wrong, for people; null for a success. */
  error: string | null
  /** The answer's body, as much of it as is kept; null in lists. */
  response: string | null
  durationMs: number
  startedAtMs: number
}

export type AttemptQuery = LogQuery & { failed?: boolean }

export interface AttemptsPort {
  list(caller: Caller, query: AttemptQuery): Promise<LogPage<AttemptEntry>>
  count(caller: Caller, query: Omit<AttemptQuery, 'limit' | 'after' | 'offset'>): Promise<number>
  /** All there are, newest first, in batches; a batch is read when the one before is done with. */
  stream(
    caller: Caller,
    query: Omit<AttemptQuery, 'limit' | 'after' | 'offset'>,
  ): AsyncGenerator<AttemptEntry[]>
  /** Counts, over all that are kept or since a time. */
  stats(caller: Caller, query: Selection & { sinceMs?: number }): Promise<Stats>
}

/** Counted by attempt: `attempts` were made, `failedAttempts` of them failed. */
export interface Counts {
  attempts: number
  failedAttempts: number
  /** Attempts after the first of their delivery. */
  retries: number
  /** Deliveries. */
  delivered: number
  exhausted: number
  discarded: number
  /** Of all attempts together. */
  durationMs: number
  /** Deliveries that are open now. */
  open: number
}

export interface Stats {
  all: Counts
  /** By app. Apps without any count are not in it. */
  apps: { app: { id: string; uid: string | null; name: string }; counts: Counts }[]
  /** By endpoint uuid. */
  endpoints: Map<string, Counts>
  /** Failed attempts by what went wrong. */
  failures: { outcome: Outcome['kind']; statusCode: number | null; count: number }[]
}

/** Deliveries that were tried and wait for another attempt. */
export interface RetriesPort {
  /** Newest message first. With their messages' payloads. */
  list(caller: Caller, query: LogQuery): Promise<LogPage<DeliveryDetail>>
  /** How many, and how often those were tried on average. */
  count(caller: Caller, selection: Selection): Promise<{ count: number; averageAttempts: number }>
  /** Takes it out of the queue, for good; `sending`: an attempt is under way. */
  discard(
    caller: Caller,
    deliveryId: string,
    selection?: Selection,
  ): Promise<'discarded' | 'sending' | 'missing'>
  /** @returns how many were taken out; those under way stay */
  discardAll(caller: Caller, selection: Selection): Promise<number>
  /** Open deliveries: never tried yet, by priority; to be tried again; under way. */
  queues(caller: Caller, selection: Selection): Promise<QueueCounts>
}

export interface QueueCounts {
  waiting: Record<Priority, number>
  retrying: number
  sending: number
}

/** A message, whether anyone got it or not. */
export interface MessageEntry {
  message: Message
  app: { id: string; uid: string | null; name: string }
  /** Why nobody got it; null where somebody did. */
  unmatched: string | null
}

export type MessageQuery = Pick<
  LogQuery,
  'eventTypes' | 'sinceMs' | 'untilMs' | 'limit' | 'after'
> & {
  appId: string
  /** Only those that nobody got. */
  unmatched?: boolean
  /** Only types that begin with one of these. */
  prefixes?: readonly string[]
  /** No types that begin with one of these. */
  exceptPrefixes?: readonly string[]
  /**
   * Only WhatsApp messages whose content is of this type (whatsapp/whatsapp.ts). A list leaves out those whose
   * payloads are sealed; a count has them.
   */
  contentType?: string
}

export interface MessagesPort {
  /** Newest first, without payloads. */
  list(caller: Caller, query: MessageQuery): Promise<LogPage<MessageEntry>>
  count(caller: Caller, query: Omit<MessageQuery, 'limit' | 'after'>): Promise<number>
  /** The app of a message, by the message's uuid or shown id. */
  appOf(caller: Caller, id: string): Promise<DialectApp | undefined>
  /** By uuid or shown id, with its payload and how each delivery stands. */
  find(
    caller: Caller,
    app: DialectApp,
    id: string,
  ): Promise<(MessageEntry & { deliveries: DeliveryEntry[] }) | undefined>
}
