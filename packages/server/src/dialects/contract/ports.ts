/**
 * What the routes of dialects stand on: the ports through which they reach the rest of Pombo. `api/dialects/`
 * implements them.
 *
 * Promised: whoever is authenticated reaches only what the key reaches (another tenant's things, and for an app's
 * token another app's, do not exist); nothing here loads more than a page into memory; an error thrown here is a
 * `PomboError` where the caller can mend it. Ids of apps, endpoints, messages and deliveries are UUIDs; `showId`
 * (core/id.ts) gives the form for people.
 */
import type { Clock } from '../../core/clock.ts'
import type { DialectName, Endpoint } from '../../core/endpoint.ts'
import type { KeyForm } from '../../core/key-form.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import type { Signal } from '../../core/operational-types.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { Secret } from '../../core/secret.ts'
import type { Caller, DialectApp } from './caller.ts'
import type { DevicesPort } from './devices.ts'
import type { AttemptsPort, DeliveriesPort, MessagesPort, RetriesPort } from './delivery-log.ts'

export interface DialectPorts {
  clock: Clock
  /** Base URL of this Pombo, without a slash at its end. */
  serverUrl(): string
  /**
   * `authentication_failed` where there is no key, or it is unknown, revoked or expired; it says that a key is
   * presented in the form given.
   */
  authenticate(key: string | undefined, form: KeyForm): Promise<Caller>
  /** Whether a key that was authenticated counts still, for answers that take long; asked of memory. */
  counts(key: string): Promise<boolean>
  /** The first tenant, which runs this Pombo: whose the environment's own webhooks are. */
  operator(): Promise<Caller>
  apps: AppsPort
  endpoints: EndpointsPort
  /**
   * Resolves when the message is durable. `overloaded`, `rate_limited`, `not_found`: nothing was stored;
   * `database_away`: it may have been.
   */
  accept(message: IncomingMessage): Promise<Accepted>
  gateways: GatewaysPort
  deliveries: DeliveriesPort
  attempts: AttemptsPort
  retries: RetriesPort
  messages: MessagesPort
  notes: NotesPort
  devices: DevicesPort
  /** Nodes that are live, this one included; 1 at least. */
  liveNodes(): number
  /**
   * One request outside the queue, to an address that the guard lets through; the outcome is not recorded. For
   * tests by hand.
   */
  probe(request: ProbeRequest): Promise<Outcome>
  /** Says of a URL what is wrong with it as a webhook; undefined: nothing. */
  urlProblem(url: string): string | undefined
  /** Whether the database did not answer, as opposed to refusing: then the same can be done again as it is. */
  isAway(error: unknown): boolean
  /** Hears of what went wrong beside a request that was answered all the same. */
  report(error: unknown, about: string): void
}

export interface ProbeRequest {
  url: string
  /** JSON text. */
  body: string
  headers: Record<string, string>
  timeoutMs: number
}

export interface AppSettings {
  name?: string
  uid?: string
  metadata?: Record<string, string>
}

export interface AppQuery {
  /** Only apps with these entries. */
  metadata?: Record<string, string>
  limit: number
  offset?: number
}

export interface AppsPort {
  /** By uid or shown id. */
  find(caller: Caller, uid: string): Promise<DialectApp | undefined>
  /**
   * The app of that uid, made where it is missing. What is given counts only then. `at`: where the request says the
   * uid, for a refusal.
   */
  ensure(
    caller: Caller,
    uid: string,
    settings?: Omit<AppSettings, 'uid'>,
    at?: readonly string[],
  ): Promise<DialectApp>
  /** `conflict` when the uid is taken. */
  create(caller: Caller, settings: AppSettings & { name: string }): Promise<DialectApp>
  /** `metadata` replaces the whole of it. `not_found`. */
  patch(caller: Caller, appId: string, settings: AppSettings): Promise<DialectApp>
  delete(caller: Caller, appId: string): Promise<void>
  /** Newest first, with how many there are in all. */
  list(caller: Caller, query: AppQuery): Promise<{ rows: DialectApp[]; total: number }>
}

/** What can be set of an endpoint; what is left out stays, or takes its default. */
export type EndpointChanges = Partial<
  Pick<
    Endpoint,
    | 'url'
    | 'uid'
    | 'description'
    | 'eventTypes'
    | 'metadata'
    | 'headers'
    | 'disabled'
    | 'throttleRate'
    | 'dialect'
    | 'dialectOptions'
    | 'retryScheduleMs'
    | 'timeoutMs'
    | 'maxInFlight'
    | 'ordering'
    | 'priority'
    | 'filter'
  >
> & {
  /** Text as the endpoint's owner writes it; null takes it away. A new one signs alone at once. */
  secret?: string | null
}

export interface EndpointQuery {
  dialect?: DialectName
  appId?: string
  metadata?: Record<string, string>
  limit: number
  offset?: number
}

export interface FoundEndpoint {
  endpoint: Endpoint
  app: { id: string; uid: string | null; name: string }
}

export interface EndpointsPort {
  /** All of one app's, as the deliveries see them (from memory). */
  ofApp(app: DialectApp): Promise<readonly Endpoint[]>
  /** Of one app, by uid or shown id. */
  find(app: DialectApp, uid: string): Promise<Endpoint | undefined>
  /**
   * `validation`, where the tenant has event types and none by one of the names is shown to the caller. `at`: where
   * they stand; `kept`: what the endpoint asks for already.
   */
  refuseUnknownTypes(
    caller: Caller,
    names: readonly string[] | null | undefined,
    about: { at: readonly string[]; kept: readonly string[] | null },
  ): Promise<void>
  /** `validation` names every field at fault; `conflict`. */
  create(app: DialectApp, changes: EndpointChanges & { url: string }): Promise<Endpoint>
  patch(app: DialectApp, endpointId: string, changes: EndpointChanges): Promise<Endpoint>
  delete(app: DialectApp, endpointId: string): Promise<void>
  /** The current one. */
  secret(app: DialectApp, endpointId: string): Promise<Secret | null>
  /** Over all apps, newest first, with how many there are in all. */
  list(caller: Caller, query: EndpointQuery): Promise<{ rows: FoundEndpoint[]; total: number }>
  /** Over all apps, by uuid or shown id. */
  byId(caller: Caller, id: string): Promise<FoundEndpoint | undefined>
}

/** A gateway's request, as `sources/` reads it. */
export interface GatewayRequest {
  /** As in `/ingest/{gateway}`. */
  gateway: string
  /** What may be the API key or the source's token, best first. */
  keys: readonly string[]
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>
  rawBody: Buffer
  /** From the path; null: the body says it. */
  session: string | null
  /** What the path says of the event; null where the body does. */
  event: string | null
}

/**
 * What became of a request's events: accepted, known as repeats, left out by the source's filters, or of no
 * interest to anybody.
 */
export interface GatewayTaken {
  accepted: number
  duplicate: number
  filtered: number
  skipped: number
  messages: { eventType: string; accepted: Accepted }[]
}

export interface GatewaysPort {
  /**
   * Takes a gateway's request in, as `/ingest/{gateway}` does: signature, filters, repeats, names, files. The
   * session's app is made where it is missing. `ingest_unauthorised`, `permission_denied`, `bad_signature`:
   * nothing was read of it; `rate_limited`, `overloaded`, `database_away`: to be sent again.
   */
  take(request: GatewayRequest): Promise<GatewayTaken>
}

/** Small things that a dialect keeps for itself, by a key: JSON objects. Not for what grows. */
export interface NotesPort {
  get(caller: Caller, dialect: DialectName, key: string): Promise<Note | undefined>
  put(caller: Caller, dialect: DialectName, key: string, value: object): Promise<void>
  delete(caller: Caller, dialect: DialectName, key: string): Promise<boolean>
  /** In the order of their keys. */
  list(caller: Caller, dialect: DialectName, keyPrefix: string): Promise<Note[]>
}

export interface Note {
  key: string
  value: Record<string, unknown>
  createdAtMs: number
  updatedAtMs: number
}

/** An error as it is about to be answered; a dialect puts it into its own form. */
export interface Refusal {
  status: number
  /** Of core/error.ts, or `internal_error`. */
  code: string
  /** A sentence for people. */
  message: string
  problems: { loc: string[]; msg: string; type: string }[]
}

/** What a dialect does beside its requests. Every node runs it. */
export interface BackgroundTask {
  start(): void
  stop(): Promise<void>
  onSignal?(signal: Signal): Promise<void>
}
