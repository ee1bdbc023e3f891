/**
 * The contract of a destination kind: a folder with one value of this type. The room does the rest, for all kinds
 * alike: connections are kept, bounded and closed when idle (connections.ts), every send has a deadline, and what is
 * thrown becomes an outcome (outcome.ts). Retries, circuits, caps, order, filters, the log and replays are the queue's,
 * which knows nothing of kinds.
 */
import type { z } from 'zod'
import type { Destination, Envelope } from '../../core/destination.ts'
import type { EndpointTls } from '../../core/endpoint-access.ts'
import type { Network } from './network.ts'

/** Settings of an address with what opens it, as destinations and the brokers of sources have them. */
export interface SettingsKind<Settings extends { type: string }> {
  type: Settings['type']
  /** What the API takes, `type` included. Its descriptions become the reference. */
  settings: z.ZodType<Settings>
  /** The members that open something; shown masked. Of a `url` the password is masked by itself. */
  secrets: readonly string[]
  /** What is wrong with settings that have the right form, without asking anybody. */
  problem?(settings: Settings): { field: string; problem: string } | undefined
  /** Whether nothing goes over the network in the clear. */
  isEncrypted(settings: Settings): boolean
  /** Where it leads, for people: a URL without credentials. */
  address(settings: Settings): string
}

export interface DestinationKind<Settings extends Destination = Destination>
  extends SettingsKind<Settings> {
  /**
   * Connects. Rejects with a `Declined`, or with whatever the network or the client says; the client library is loaded
   * here and not before.
   */
  open(settings: Settings, tools: Tools): Promise<Connection>
}

export interface Tools {
  network: Network
  /** The endpoint's own, instead of what is configured for all. */
  tls: EndpointTls | null
  /** Shown to the other side. */
  clientName: string
  /** Aborted when nobody waits for the connection any more. */
  signal: AbortSignal
}

export interface Connection {
  /** Whether what the settings name is there and may be written to; throws a `Declined` where it is not. */
  verify(): Promise<void>
  /**
   * Resolves once the other side has confirmed that it has the message: what it said, for the log. Throws a `Declined`
   * where it does not take it. May be called again before it has resolved.
   */
  send(item: Item): Promise<string>
  /** Called once when the connection breaks by itself; sends under way are rejected by then, or soon. */
  onBroken(listener: (error: Error) => void): void
  /** Ends it, whatever is under way. Never rejects. */
  close(): Promise<void>
}

/** One message on its way. */
export interface Item {
  envelope: Envelope
  body: Buffer
  /** Names in lower case: the signature, the content type, and what the endpoint adds. */
  headers: Readonly<Record<string, string>>
}
