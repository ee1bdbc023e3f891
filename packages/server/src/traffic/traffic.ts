/**
 * Traffic: what went through, counted by app, endpoint and event type, and what failed of which cause.
 *
 * It promises that counting costs a node some additions in memory an event and one statement every few seconds,
 * however much goes through; that its memory and its rows are bounded by the endpoints and event types there are; and
 * that a node that stops in good order has added all that it counted. One that is killed loses what it had not added:
 * seconds of the minutes (a minute, where very many endpoints are busy), a minute of the hours and days.
 */
import type { Clock } from '../core/clock.ts'
import { isAway, type Pool } from '../db/pool.ts'
import { Cells, grains, Sums } from './cells.ts'
import type { Attempt, TakenMessage } from './event.ts'
import { Failures, type FailureRow } from './failures/failures.ts'
import { addFailures, addTraffic } from './store.ts'

export interface TrafficOptions {
  pool: Pool
  clock: Pick<Clock, 'now'>
  log: (message: string, detail?: unknown) => void
}

const FLUSH_MS = 5_000
const COARSE_MS = 60_000
/** Rows kept while they cannot be written. */
const KEPT = 100_000
/** Rows of one statement: a node of very many endpoints must not hold the rows of all others for long. */
const ROWS = 2_000

export class Traffic {
  readonly #options: TrafficOptions
  readonly #cells = new Cells()
  readonly #failures = new Failures()
  /** To be added by the next flush, by one statement where they are few. */
  readonly #pending = new Sums()
  /** Of which days are made, too, when it is time for both. */
  readonly #hours = new Sums()
  #failed: FailureRow[] = []
  #coarseAtMs = 0
  #flushing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: TrafficOptions) {
    this.#options = options
  }

  message(message: TakenMessage): void {
    this.#cells.message(message, this.#options.clock.now())
  }

  attempt(attempt: Attempt): void {
    const nowMs = this.#options.clock.now()
    this.#cells.attempt(attempt, nowMs)
    this.#failures.add(attempt, nowMs)
  }

  start(): void {
    this.#coarseAtMs = this.#options.clock.now()
    this.#timer ??= setInterval(() => void this.flush(), FLUSH_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.#flushing
    await this.flush({ all: true })
  }

  /**
   * Adds what was counted to the tables; hours and days once a minute, or where `all` is asked for. So are minutes
   * where very many endpoints are busy: added every few seconds, each event would be rows of its own.
   */
  async flush({ all = false }: { all?: boolean } = {}): Promise<void> {
    this.#flushing ??= this.#flush(all).finally(() => {
      this.#flushing = undefined
    })
    await this.#flushing
  }

  async #flush(all: boolean): Promise<void> {
    const { pool, clock, log } = this.#options
    for (const row of this.#cells.take()) {
      this.#pending.add(row)
      this.#hours.add(row, grains.hour)
    }
    for (const sums of [this.#pending, this.#hours]) sums.drop(Math.max(0, sums.size - KEPT))
    this.#failed = [...this.#failed, ...this.#failures.take()].slice(-KEPT)
    const due = all || clock.now() - this.#coarseAtMs >= COARSE_MS
    try {
      if (due || this.#pending.size <= ROWS) await this.#write(pool, due)
      if (due) this.#coarseAtMs = clock.now()
      if (this.#failed.length > 0) await addFailures(pool, this.#failed)
      this.#failed = []
    } catch (error) {
      // What was counted is added by the next flush.
      if (!isAway(error)) log('what went through could not be counted; it is tried again', error)
    }
  }

  async #write(pool: Pool, due: boolean): Promise<void> {
    while (this.#pending.size > 0 || (due && this.#hours.size > 0)) {
      if (due && this.#pending.size < ROWS) this.#addHours()
      await addTraffic(pool, this.#pending.first(ROWS))
      this.#pending.drop(ROWS)
    }
  }

  #addHours(): void {
    for (const row of this.#hours.first(ROWS)) {
      this.#pending.add(row)
      this.#pending.add(row, grains.day)
    }
    this.#hours.drop(ROWS)
  }
}
