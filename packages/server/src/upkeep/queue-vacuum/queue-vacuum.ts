import { deadRows } from '../../db/uncleaned.ts'
import type { Queryable } from '../../db/pool.ts'
import { vacuumQueue } from './store.ts'

/** Rows that are gone from the table of open work, from which on it is cleaned. */
const manyDead = 20_000
/** Looks that are left out where cleaning does not help; at one look every ten seconds, five minutes. */
const mostPassedOver = 30

/**
 * Keeps the table of open work small under load, when each row of it lives for milliseconds. Autovacuum looks once a
 * minute by default, takes seconds for what it then finds, shares its pace with the large tables of the history, and
 * may be switched off or busy with somebody else's: at 3,000 events a second the table had grown to 80 MB before it
 * came first, and an event touched up to twice the pages.
 */
export class QueueVacuum {
  readonly #db: Queryable
  /** How many looks to pass over, and how many it will be after the next time in vain. */
  #passOver = 0
  #next = 1

  constructor(db: Queryable) {
    this.#db = db
  }

  /** @returns whether it cleaned */
  async look(): Promise<boolean> {
    if (this.#passOver > 0) {
      this.#passOver--
      return false
    }
    const before = await deadRows(this.#db)
    if (before < manyDead) return false
    await vacuumQueue(this.#db)
    if ((await deadRows(this.#db)) < before / 2) {
      this.#next = 1
      return true
    }
    // A long transaction sees them still, or the tables are another role's: each try would read them all in vain.
    this.#passOver = this.#next
    this.#next = Math.min(2 * this.#next, mostPassedOver)
    return true
  }
}
