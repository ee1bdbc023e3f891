import { PomboError } from '../core/error.ts'
import { databaseAway } from '../db/pool.ts'
import type { NewMessage } from './columns.ts'
import { WaitingRoom, type WaitingLimits } from './waiting-room.ts'

interface Waiting {
  item: NewMessage
  resolve: (stored: boolean) => void
  reject: (error: unknown) => void
}

export interface GroupCommitOptions extends WaitingLimits {
  /** Stores a batch by one statement; answers for each whether it was new. */
  commit: (batch: readonly NewMessage[]) => Promise<boolean[]>
  /** Messages in one batch at most. */
  maxBatch: number
  /** How long a batch waits for company while another one is being written. */
  windowMs: number
  /** Whether the next batch should wait a little: what was stored before has not been dealt with yet. */
  yields: () => boolean
  /** Batches being written at a time. */
  concurrency: number
  observe: (messages: number, seconds: number) => void
}

/** A batch yields this long at most, and is a small one then; it is asked again so often. */
const maxYieldMs = 100
const yieldedBatch = 64
/** No batch is of more, but that of one message: who waits for the next batch waits for their rows. */
const maxBatchDeliveries = 2_000
const yieldStepMs = 2

/**
 * Requests that arrive together are committed together. The first one does not wait: it is written at once, and what
 * comes in meanwhile makes the next batch, so that a lone event pays no delay and a flood pays one commit for
 * hundreds.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions
  readonly #room: WaitingRoom
  #waiting: Waiting[] = []
  #writing = 0
  #scheduled = false
  #draining = false
  #idle: (() => void)[] = []

  constructor(options: GroupCommitOptions) {
    this.#options = options
    this.#room = new WaitingRoom(options)
  }

  /**
   * Resolves once the message is durable (false: it was a repeat). Rejects with 503 when nothing was stored, or that
   * is not known.
   */
  add(item: NewMessage): Promise<boolean> {
    return new Promise<boolean>((resolve, reject) => {
      this.#room.enter(item.payloadBytes)
      this.#waiting.push({ item, resolve, reject })
      this.#schedule()
    })
  }

  /** Resolves when everything that waits has been written or refused. */
  async drain(): Promise<void> {
    this.#draining = true
    if (this.#writing === 0 && this.#waiting.length === 0) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    const { maxBatch } = this.#options
    if (this.#scheduled || this.#waiting.length === 0 || this.#writing >= this.#options.concurrency)
      return
    this.#scheduled = true
    const scheduledAt = performance.now()
    const run = () => {
      const yields = !this.#draining && this.#options.yields()
      if (yields && performance.now() - scheduledAt < maxYieldMs) {
        setTimeout(run, yieldStepMs)
        return
      }
      this.#scheduled = false
      void this.#flush(yields ? Math.min(yieldedBatch, maxBatch) : maxBatch)
    }
    // Alone: with everything that this turn of the loop still brings. In company: a little longer, for a fuller batch.
    if (this.#writing === 0 || this.#waiting.length >= maxBatch) setImmediate(run)
    else setTimeout(run, this.#options.windowMs)
  }

  /** Takes a batch in which no key stands twice: the second of two could not be told from the first. */
  #take(maxBatch: number): Waiting[] {
    const batch: Waiting[] = []
    const rest: Waiting[] = []
    const keys = new Set<string>()
    let deliveries = 0
    for (const [i, one] of this.#waiting.entries()) {
      deliveries += one.item.deliveries.length
      if (batch.length >= maxBatch || (batch.length > 0 && deliveries > maxBatchDeliveries)) {
        rest.push(...this.#waiting.slice(i))
        break
      }
      const own = one.item.dedupe.map(({ scope, key }) => `${scope} ${key.kind} ${key.key}`)
      if (own.some((key) => keys.has(key))) {
        rest.push(one)
        continue
      }
      for (const key of own) keys.add(key)
      batch.push(one)
      this.#room.leave(one.item.payloadBytes)
    }
    this.#waiting = rest
    return batch
  }

  async #flush(maxBatch: number): Promise<void> {
    if (this.#waiting.length === 0 || this.#writing >= this.#options.concurrency) return
    this.#writing += 1
    const batch = this.#take(maxBatch)
    this.#schedule()
    const startedAt = performance.now()
    try {
      await this.#write(batch)
      this.#options.observe(batch.length, (performance.now() - startedAt) / 1000)
    } finally {
      this.#writing -= 1
      this.#schedule()
      if (this.#writing === 0 && this.#waiting.length === 0)
        for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  async #write(batch: Waiting[]): Promise<void> {
    try {
      const stored = await this.#options.commit(batch.map(({ item }) => item))
      batch.forEach(({ resolve }, i) => resolve(stored[i]!))
    } catch (error) {
      const refusal = databaseAway(error) ?? error
      if (batch.length === 1 || refusal instanceof PomboError)
        for (const { reject } of batch) reject(refusal)
      // One message that the database refuses must not take the others with it.
      else for (const one of batch) await this.#write([one])
    }
  }
}
