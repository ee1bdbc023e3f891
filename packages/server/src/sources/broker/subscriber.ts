/**
 * The loop of the brokers that hand their messages over by themselves: a reader says how to subscribe, and what is to
 * be done with a message; this does the rest for all of them alike. Each failure ends the subscription, and the next
 * turn makes it anew; what was not acknowledged comes again.
 */
import type { Fate } from './acceptance.ts'
import { Inbox } from './inbox.ts'
import type { BrokerConsumer, BrokerMessage } from './kind.ts'

export interface SubscribingReader<Item> {
  readonly broker: string
  readonly name: string
  /** Messages that are taken together. */
  readonly batch: number
  /** What is acknowledged is a place: a message that is left holds back those behind it. */
  readonly inOrder?: boolean
  /** How often a broker is told that what it handed out is being taken, where it takes back what is held in silence. */
  readonly beatMs?: number
  /** Connects; what comes goes into the inbox, and so does the reason when it breaks. */
  subscribe(inbox: Inbox<Item>, signal: AbortSignal): Promise<Subscription<Item>>
  message(item: Item): BrokerMessage
  /** Nothing of it is this node's any more. After the subscription's end. */
  release?(): Promise<void>
  forget?(): Promise<void>
}

export interface Subscription<Item> {
  /** Resolves when the broker has it where what cannot be read goes. */
  setAside(item: Item, problem: string): Promise<void>
  acknowledge(items: readonly Item[]): void | Promise<void>
  beat?(): void
  /** What is not acknowledged is the broker's again. Never rejects. */
  close(): Promise<void>
  /** At once, whatever is under way. */
  destroy(): void
}

export class Subscriber<Item> implements BrokerConsumer<Item> {
  readonly broker: string
  readonly name: string
  readonly heartbeat?: { everyMs: number; beat: () => Promise<void> }
  readonly #reader: SubscribingReader<Item>
  readonly #stopping = new AbortController()
  #inbox = new Inbox<Item>()
  #subscription: Subscription<Item> | undefined

  constructor(reader: SubscribingReader<Item>) {
    this.#reader = reader
    this.broker = reader.broker
    this.name = reader.name
    if (reader.beatMs !== undefined)
      this.heartbeat = { everyMs: reader.beatMs, beat: async () => this.#subscription?.beat?.() }
  }

  /** Connecting is part of reading: it is done anew after each failure. */
  async open(): Promise<void> {}

  async *batches(): AsyncGenerator<Item[]> {
    const { signal } = this.#stopping
    signal.throwIfAborted()
    const inbox = (this.#inbox = new Inbox<Item>())
    const subscription = await this.#reader.subscribe(inbox, signal)
    this.#subscription = subscription
    if (signal.aborted) inbox.end()
    try {
      yield* inbox.batches(this.#reader.batch)
    } finally {
      inbox.end()
      await subscription.close()
    }
  }

  message(item: Item): BrokerMessage {
    return this.#reader.message(item)
  }

  async settle(items: readonly Item[], fates: readonly Fate[]): Promise<void> {
    const subscription = this.#subscription!
    const done: Item[] = []
    try {
      for (const [index, item] of items.entries()) {
        const fate = fates[index]!
        if (fate.kind === 'left' && this.#reader.inOrder) break
        if (fate.kind === 'left') continue
        if (fate.kind === 'refused') await subscription.setAside(item, fate.problem)
        done.push(item)
      }
    } finally {
      // Those before one that cannot be set aside, too.
      await subscription.acknowledge(done)
    }
  }

  isConnectionError(): boolean {
    return false
  }

  interrupt(): void {
    this.#stopping.abort()
    this.#inbox.end()
  }

  abort(): void {
    this.#subscription?.destroy()
  }

  async close(): Promise<void> {
    await this.#reader.release?.()
  }

  async forget(): Promise<void> {
    await this.#reader.forget?.()
  }
}
