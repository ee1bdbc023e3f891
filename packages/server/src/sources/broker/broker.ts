/**
 * Pulls events out of a broker. A source of this kind is one folder with one `Consumer`; this loop does the rest:
 * read a batch, accept it, settle it with the broker, and begin again after a failure.
 *
 * Promises: an item is settled only after its message is durable or it was refused; a broker or database that is away
 * is waited for and told of once; a stop ends within the grace, and leaves to the broker what was not accepted.
 */
import { pause } from '../../core/pause.ts'
import type { Fate } from './acceptance.ts'
import { backoffMs } from './patience.ts'
import { Trouble } from './trouble.ts'

/**
 * What a broker has to say for itself. `Item` is whatever it needs to settle one: an entry, a delivery tag, a message
 * with its ack.
 */
export interface Consumer<Item> {
  /** As the log calls what is read: `the list orders`. */
  readonly name: string
  /** Connects, without waiting for the broker; `onError` hears why it is away. */
  open(onError: (error: Error) => void): Promise<void>
  /**
   * Batches without end, empty ones when nothing comes for some seconds. Asked for anew after each failure, so it
   * begins with what this process may have in hand without knowing: the answer that brought it, or its
   * acknowledgement, was lost.
   */
  batches(): AsyncIterable<readonly Item[]>
  /** Acknowledges what was accepted, sets aside what was refused. What was left stays this process's. */
  settle(items: readonly Item[], fates: readonly Fate[]): Promise<void>
  /** For brokers that take back what is held in silence: called so often while a batch is being accepted. */
  readonly heartbeat?: { everyMs: number; beat: () => Promise<void> }
  /** Whether it means that the connection is gone; `onError` has told why. */
  isConnectionError(error: unknown): boolean
  /** Ends a read that waits, and whatever waits for a broker that is away. Batches end, or throw. */
  interrupt(): void
  /** The grace is over: refuses what is under way. */
  abort(): void
  /** Gives back what is in hand, and disconnects. */
  close(): Promise<void>
}

export interface PullerDeps<Item> {
  /** What becomes of each, in their order; ends soon after `stopping`, and leaves what is not accepted by then. */
  take: (items: readonly Item[], stopping: AbortSignal) => Promise<Fate[]>
  log: (message: string, error?: unknown) => void
  /** Told of each failure, and of null once something was read again. */
  hear?: (error: unknown) => void
}

const retryMs = 500
const graceMs = 5_000

export class Puller<Item> {
  readonly #consumer: Consumer<Item>
  readonly #deps: PullerDeps<Item>
  readonly #stopping = new AbortController()
  readonly #trouble: Trouble
  #opening: Promise<void> | undefined
  #running: Promise<void> | undefined
  #failures = 0

  constructor(consumer: Consumer<Item>, deps: PullerDeps<Item>) {
    this.#consumer = consumer
    this.#deps = deps
    this.#trouble = new Trouble(deps.log, `${consumer.name} is read again`)
  }

  start(): void {
    this.#opening = this.#consumer.open((error) => this.#complain(error))
    this.#running = this.#run(this.#opening)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    if (this.#running === undefined) return
    await this.#opening
    this.#consumer.interrupt()
    const timer = setTimeout(() => this.#consumer.abort(), graceMs)
    await this.#running
    clearTimeout(timer)
    await this.#consumer.close()
  }

  async #run(opening: Promise<void>): Promise<void> {
    const { signal } = this.#stopping
    await opening
    while (!signal.aborted) {
      try {
        for await (const batch of this.#consumer.batches()) {
          if (batch.length > 0) await this.#take(batch)
          if (signal.aborted) return
          this.#failures = 0
          this.#trouble.over()
          this.#deps.hear?.(null)
        }
      } catch (error) {
        if (!this.#consumer.isConnectionError(error)) this.#complain(error)
        await pause(backoffMs(retryMs, this.#failures++), signal)
      }
    }
  }

  async #take(batch: readonly Item[]): Promise<void> {
    const { heartbeat } = this.#consumer
    const beating =
      heartbeat && setInterval(() => void heartbeat.beat().catch(() => {}), heartbeat.everyMs)
    try {
      const fates = await this.#deps.take(batch, this.#stopping.signal)
      await this.#consumer.settle(batch, fates)
    } finally {
      clearInterval(beating)
    }
  }

  #complain(error: unknown): void {
    if (this.#stopping.signal.aborted) return
    this.#trouble.tell(`${this.#consumer.name} cannot be read; trying again`, error)
    this.#deps.hear?.(error)
  }
}
