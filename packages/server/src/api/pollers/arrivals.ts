/**
 * What readers of messages ask the database for, once for all of a node: up to when all that was accepted is there, and
 * whether something came for who waits. So two thousand that wait cost two statements twice a second, and not eight
 * thousand a second.
 */
import { uuidFloor } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'
import { settledMs, whichHaveNews } from './store.ts'

/** Messages are read this long after they were accepted. */
const LAG_MS = 3_000
/** How old the answer may be: it stays true, and a message is seen that much later. */
const SETTLED_FOR_MS = 100
const LOOK_MS = 500

interface Waiting {
  appId: string
  after: string
  resolve: (news: News) => void
  reject: (cause: unknown) => void
}

export interface News {
  found: boolean
  /** Up to here there is nothing, where nothing was found. */
  after: string
}

/** One for a node. */
export class Arrivals {
  readonly #db: Queryable
  #settled: { at: number; ms: Promise<number> } | undefined
  #waiting: Waiting[] = []

  constructor(db: Queryable) {
    this.#db = db
  }

  /** All that has an id of before this can be seen. */
  async settledMs(): Promise<number> {
    const now = performance.now()
    if (this.#settled === undefined || now - this.#settled.at > SETTLED_FOR_MS) {
      const asked = { at: now, ms: settledMs(this.#db, LAG_MS) }
      this.#settled = asked
      asked.ms.catch(() => {
        if (this.#settled === asked) this.#settled = undefined
      })
    }
    return Math.floor(await this.#settled.ms)
  }

  /** Whether an app has messages behind `after`, as of the next look. */
  async next(appId: string, after: string): Promise<News> {
    const { promise, resolve, reject } = Promise.withResolvers<News>()
    if (this.#waiting.push({ appId, after, resolve, reject }) === 1)
      setTimeout(() => void this.#look(), LOOK_MS)
    return await promise
  }

  async #look(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    try {
      const end = uuidFloor(await this.settledMs())
      const found = await whichHaveNews(this.#db, waiting, end)
      for (const [index, { after, resolve }] of waiting.entries())
        resolve({ found: found.has(index), after: after > end ? after : end })
    } catch (cause) {
      for (const { reject } of waiting) reject(cause)
    }
  }
}
