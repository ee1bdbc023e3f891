/**
 * The contract of a broker that a source of the API is fed by: a folder with one value of this type. The room does the
 * rest, for all kinds alike: settings are sealed and shown masked, every node reads while the source exists, what is
 * read goes through the intake, and how it goes is told (readers/).
 */
import type { SettingsKind, Tools } from '../../destinations/contract/kind.ts'
import type { Consumer } from './broker.ts'
import type { BrokerSlots } from './slots.ts'

export const brokerTypes = ['rabbitmq', 'nats', 'mqtt', 'redis'] as const
export type BrokerType = (typeof brokerTypes)[number]

/** As the API takes them, secrets in the clear: in memory, and sealed in the database. */
export interface BrokerSettings {
  type: BrokerType
  url: string
  /** Messages that are taken together, 100 unless given. */
  batch?: number | undefined
  /** Nothing is read while it is true. */
  paused?: boolean | undefined
  ca?: string | undefined
  cert?: string | undefined
  key?: string | undefined
  [setting: string]: unknown
}

export const usualBatch = 100

/** A message of a broker, before anything in it is believed. */
export interface BrokerMessage {
  body: Buffer
  /** Names in lower case. */
  headers: Record<string, string>
  /** What no other message of the source has: its producer's id, or its place; null where there is neither. */
  id: string | null
  /** Whether it may have been handed out before. */
  again: boolean
  /** Why there is nothing to be read of it. */
  problem?: string
}

export interface BrokerConsumer<Item> extends Consumer<Item> {
  message(item: Item): BrokerMessage
  /** Its source is gone: what the broker keeps for this reader is not wanted any more. After `close`. */
  forget?(): Promise<void>
}

export interface ReaderTools extends Omit<Tools, 'signal' | 'tls'> {
  sourceId: string
  /** Names this node among all that read. */
  reader: string
  /** After how long without a heartbeat a node counts as dead. */
  leaseMs: number
  slots: BrokerSlots
  log: (message: string, error?: unknown) => void
}

/** Its `secrets` are those besides `key`, which all of them have. */
export interface BrokerKind<Settings extends BrokerSettings = BrokerSettings>
  extends SettingsKind<Settings> {
  /** The broker keeps something for its readers until it is told of their end, also while they are paused. */
  readonly keeps?: boolean
  /**
   * Connects for real and looks whether what the settings name is there and may be read; makes what is the reader's
   * own, such as its group. Throws a `Declined`, or whatever the network or the client says.
   */
  verify(settings: Settings, tools: Tools): Promise<void>
  reader(settings: Settings, tools: ReaderTools): Promise<BrokerConsumer<unknown>>
}
