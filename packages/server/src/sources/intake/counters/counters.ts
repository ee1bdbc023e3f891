import type { Said } from '../../../core/said.ts'
import { isAway, type Pool } from '../../../db/pool.ts'
import type { Count, Counted, Refusal, SessionKey } from './count.ts'
import { addCounts, noteRefusals } from './store.ts'

const flushMs = 1_000

/**
 * Counts in memory and writes once a second, so that an event costs a map's entry and not a row. A killed process
 * loses its last second.
 */
export class Counters {
  readonly #pool: Pool
  readonly #log: (message: string, error: unknown) => void
  #counts = new Map<string, Count>()
  /** The last of each session. */
  #refusals = new Map<string, Refusal>()
  #timer: NodeJS.Timeout | undefined
  #written: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(pool: Pool, log: (message: string, error: unknown) => void) {
    this.#pool = pool
    this.#log = log
  }

  add(session: SessionKey, what: Counted, n = 1): void {
    if (n === 0) return
    const key = `${session.sourceId} ${session.appId} ${what}`
    const count = this.#counts.get(key)
    if (count) count.n += n
    else {
      const { tenantId, sourceId, appId } = session
      this.#counts.set(key, { tenantId, sourceId, appId, what, n })
    }
  }

  /** Notes why a request was refused, beside its count. */
  refused({ tenantId, sourceId, appId }: SessionKey, reason: Said): void {
    this.#refusals.set(`${sourceId} ${appId}`, { tenantId, sourceId, appId, reason })
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), flushMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  /**
   * Writes what was counted so far. What could not be written is kept for the next time. One write is under way at a
   * time, and whoever comes meanwhile waits for the next one together: it takes what was counted until it begins.
   */
  async flush(): Promise<void> {
    this.#next ??= this.#written.then(() => {
      this.#next = undefined
      this.#written = this.#write()
      return this.#written
    })
    await this.#next
  }

  async #write(): Promise<void> {
    if (this.#counts.size === 0) return
    const counts = this.#counts
    const refusals = this.#refusals
    this.#counts = new Map()
    this.#refusals = new Map()
    try {
      await addCounts(this.#pool, [...counts.values()])
      if (refusals.size > 0) await noteRefusals(this.#pool, [...refusals.values()])
    } catch (error) {
      for (const count of counts.values()) this.add(count, count.what, count.n)
      if (!isAway(error))
        this.#log('counts of sources could not be written; they are tried again', error)
    }
  }
}
