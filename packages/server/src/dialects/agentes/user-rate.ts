import type { Clock } from '../../core/clock.ts'
import { PomboError } from '../../core/error.ts'

/** More users than these at once, and those who have been quiet are forgotten: their buckets are full again anyway. */
const maxUsers = 10_000

/** Events a second that one user may cause, over all nodes: this node grants its share. */
export class UserRate {
  readonly #buckets = new Map<string, { tokens: number; at: number }>()
  readonly #rate: number | undefined
  readonly #clock: Clock
  readonly #nodes: () => number

  constructor(rate: number | undefined, clock: Clock, nodes: () => number) {
    this.#rate = rate
    this.#clock = clock
    this.#nodes = nodes
  }

  /** @throws PomboError `rate_limited` with the time after which one more fits */
  check(tenantId: string, userId: string | undefined): void {
    if (this.#rate === undefined || userId === undefined) return
    const rate = this.#rate / this.#nodes()
    const size = Math.max(1, rate)
    const key = `${tenantId} ${userId}`
    const now = this.#clock.monotonic()
    const bucket = this.#buckets.get(key) ?? { tokens: size, at: now }
    bucket.tokens = Math.min(size, bucket.tokens + ((now - bucket.at) / 1000) * rate)
    bucket.at = now
    this.#buckets.set(key, bucket)
    if (bucket.tokens < 1) {
      const wait = Math.max(1, Math.ceil((1 - bucket.tokens) / rate))
      const values = { rate: this.#rate, scope: 'user' }
      throw new PomboError('rate_limited', values, { retryAfterSeconds: wait })
    }
    bucket.tokens -= 1
    if (this.#buckets.size > maxUsers)
      for (const [user, { at }] of this.#buckets) if (now - at > 2_000) this.#buckets.delete(user)
  }
}
