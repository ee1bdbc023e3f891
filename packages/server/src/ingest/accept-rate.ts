import type { Clock } from '../core/clock.ts'
import { PomboError } from '../core/error.ts'
import {
  capacity,
  newBucket,
  refill,
  take,
  type TokenBucket,
  untilTokenMs,
} from '../core/token-bucket.ts'
import type { NodeLease } from '../queue/queue.ts'

/** Messages a second that an app or a tenant may send in, over all nodes: this node grants its share. */
export class AcceptRate {
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #clock: Clock
  readonly #lease: NodeLease

  constructor(clock: Clock, lease: NodeLease) {
    this.#clock = clock
    this.#lease = lease
  }

  /** @throws PomboError `rate_limited` with the time after which one more fits */
  check(scope: 'app' | 'tenant', id: string, ratePerSecond: number | null): void {
    if (ratePerSecond === null) return
    const share = ratePerSecond / this.#lease.liveNodes
    const now = this.#clock.monotonic()
    const bucket = this.#buckets.get(id) ?? newBucket(capacity(share), now)
    refill(bucket, share, now)
    this.#buckets.set(id, bucket)
    if (bucket.tokens < 1) {
      throw new PomboError(
        'rate_limited',
        { rate: ratePerSecond, scope },
        { retryAfterSeconds: Math.ceil(untilTokenMs(bucket, share) / 1_000) },
      )
    }
    take(bucket, share)
    if (this.#buckets.size > 10_000)
      for (const [key, { fullAt }] of this.#buckets) if (now >= fullAt) this.#buckets.delete(key)
  }
}
