import type { BrokerSettings } from '../../../src/sources/broker/kind.ts'

export interface Published {
  body: string
  /** Given by its producer, where the broker has a place for it. */
  id?: string
  headers?: Record<string, string>
}

/** A queue, stream, subject or topic of one test. */
export interface BrokerPlace {
  /** `at`: another way to the same broker. */
  settings(at?: string): BrokerSettings
  /** Resolves when the broker has all of them. */
  publish(messages: readonly Published[]): Promise<void>
  /** What was set aside. */
  refused(): Promise<{ body: string; problem: string }[]>
  /** What the broker still has to be read, in hand or not. */
  waiting(): Promise<number>
}

/** A broker to read from, of a kind; `missing`: why it cannot be tested with. */
export interface BrokerSubject {
  type: string
  missing: string | undefined
  host: string
  place(): Promise<BrokerPlace>
  /** What names nothing that is there; undefined where everything is. */
  nowhere: { settings(): BrokerSettings; field: string } | undefined
  /** With a password that is none. */
  stranger: (() => BrokerSettings) | undefined
  /** Messages that may wait in it at once, where there is a limit. */
  most?: number
  stop(): Promise<void>
}
