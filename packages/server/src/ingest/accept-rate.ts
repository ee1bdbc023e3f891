import type { Clock } from '../core/clock.ts'
import { PomboError } from '../core/error.ts'
import type { NodeLease } from '../queue/queue.ts'

/** Messages a second that an app or a tenant may send in, over all nodes: this node grants its share. */
export class AcceptRate {
  readonly #buckets = new Map<string, { tokens: number; at: number }>()
  readonly #clock: Clock
  readonly #lease: NodeLease

  constructor(clock: Clock, lease: NodeLease) {
    this.#clock = clock
    this.#lease = lease
  }

  /** @throws PomboError `rate_limited` with the time after which one more fits */
  check(scope: 'app' | 'tenant', id: string, ratePerSecond: number | null): void {
    if (ratePerSecond === null) return
    const rate = ratePerSecond / this.#lease.liveNodes
    const size = Math.max(1, rate)
    const now = this.#clock.monotonic()
    const bucket = this.#buckets.get(id) ?? { tokens: size, at: now }
    bucket.tokens = Math.min(size, bucket.tokens + ((now - bucket.at) / 1000) * rate)
    bucket.at = now
    this.#buckets.set(id, bucket)
    if (bucket.tokens < 1) {
      throw new PomboError(
        'rate_limited',
        { rate: ratePerSecond, scope },
        { retryAfterSeconds: Math.max(1, Math.ceil((1 - bucket.tokens) / rate)) },
      )
    }
    bucket.tokens -= 1
    // Idle buckets are full ones; forgetting them loses nothing.
    if (this.#buckets.size > 10_000)
      for (const [key, { at }] of this.#buckets) if (now - at > 2_000) this.#buckets.delete(key)
  }
}
