import type { Clock } from '../../core/clock.ts'
import { type Change, CHANGES_KEPT_MS, readChanges } from '../../db/changes.ts'
import type { Pool } from '../../db/pool.ts'

const POLL_MS = 500
const STALE_MS = 1_000

export interface ChangeReaderOptions {
  pool: Pool
  clock: Clock
  apply: (change: Change) => void
  /** Nothing that is cached can be trusted any more. */
  dropAll: () => void
  report: (error: unknown, about: string) => void
  mended: (about: string) => void
}

/**
 * Reads every half second what other nodes changed. Changes are older than a second only while the database cannot be
 * read; after that everything is dropped, since the database that answers may not be the one that was lost.
 */
export class ChangeReader {
  readonly #options: ChangeReaderOptions
  #snapshot: string | undefined
  #readAtMs = Number.NEGATIVE_INFINITY
  #failed = false
  #reading: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #running = false

  constructor(options: ChangeReaderOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    if (this.#running) return
    await this.read()
    this.#running = true
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#running = false
    clearTimeout(this.#timer)
    await this.#reading?.catch(() => {})
  }

  /** Whether the last reading is recent enough to answer from memory. */
  get isFresh(): boolean {
    return this.#options.clock.monotonic() - this.#readAtMs <= STALE_MS
  }

  /** Waits for a new reading; throws when it fails. */
  async read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
  }

  #schedule(): void {
    if (!this.#running) return
    this.#timer = setTimeout(() => {
      this.read()
        .catch(() => {}) // reported when it began
        .finally(() => this.#schedule())
    }, POLL_MS)
  }

  async #readOnce(): Promise<void> {
    const { pool, clock, apply, dropAll, report, mended } = this.#options
    // Taken before the question: what is committed after this moment may be missing from the answer.
    const askedAtMs = clock.monotonic()
    try {
      const { snapshot, changes, rewound } = await readChanges(pool, this.#snapshot)
      const away = this.#snapshot !== undefined && askedAtMs - this.#readAtMs > CHANGES_KEPT_MS / 2
      // First, since who hears of a change asks at once how it stands now.
      this.#readAtMs = askedAtMs
      if (this.#failed || rewound || away) dropAll()
      else for (const change of changes) apply(change)
      this.#snapshot = snapshot
      if (this.#failed) mended('changes to apps, endpoints and keys are read again')
      this.#failed = false
    } catch (error) {
      // Twice a second for as long as the database is away would drown what else is to be said.
      if (!this.#failed)
        report(
          error,
          'changes to apps, endpoints and keys cannot be read; until they can, nothing is answered from memory',
        )
      this.#failed = true
      throw error
    }
  }
}
