/**
 * The loop of the brokers that hand their messages over by themselves: a reader says how to subscribe, and what is to
 * be done with a message; this does the rest for all of them alike. Each failure ends the subscription, and the next
 * turn makes it anew; what was not acknowledged comes again.
 */
import { Inbox } from './inbox.ts'
import type { BrokerConsumer, BrokerMessage } from './kind.ts'

export interface SubscribingReader<Item> {
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

export function subscriber<Item>(reader: SubscribingReader<Item>): BrokerConsumer<Item> {
  const { name, beatMs } = reader
  const stopping = new AbortController()
  let inbox = new Inbox<Item>()
  let subscription: Subscription<Item> | undefined
  return {
    name,
    ...(beatMs !== undefined && {
      heartbeat: { everyMs: beatMs, beat: async () => subscription?.beat?.() },
    }),

    /** Connecting is part of reading: it is done anew after each failure. */
    async open() {},

    async *batches() {
      stopping.signal.throwIfAborted()
      const own = (inbox = new Inbox<Item>())
      const opened = (subscription = await reader.subscribe(own, stopping.signal))
      if (stopping.signal.aborted) own.end()
      try {
        yield* own.batches(reader.batch)
      } finally {
        own.end()
        await opened.close()
      }
    },

    message: (item) => reader.message(item),

    async settle(items, fates) {
      const done: Item[] = []
      try {
        for (const [index, item] of items.entries()) {
          const fate = fates[index]!
          if (fate.kind === 'left' && reader.inOrder) break
          if (fate.kind === 'left') continue
          if (fate.kind === 'refused') await subscription!.setAside(item, fate.problem)
          done.push(item)
        }
      } finally {
        // Those before one that cannot be set aside, too.
        await subscription!.acknowledge(done)
      }
    },

    isConnectionError: () => false,

    interrupt() {
      stopping.abort()
      inbox.end()
    },

    abort: () => subscription?.destroy(),
    close: async () => await reader.release?.(),
    forget: async () => await reader.forget?.(),
  }
}
