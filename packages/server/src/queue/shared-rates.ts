import type { Clock } from '../core/clock.ts'
import type { Endpoint } from '../core/endpoint.ts'
import {
  capacity,
  newBucket,
  refill,
  take,
  type TokenBucket,
  untilTokenMs,
} from '../core/token-bucket.ts'
import type { NodeLease } from './lease.ts'

/** A rate that endpoints keep to together. */
export interface SharedRate {
  /** All endpoints with this key share it. */
  key: string
  perMinute: number
}

/** Its tokens are below 0 after a probe, which asks nobody. */
interface Bucket extends TokenBucket {
  /** The endpoint that was served last. */
  last: string
  /** Endpoints whose deliveries wait for their turn. */
  waiting: Set<string>
}

/** At most this many of the endpoints that wait are looked at in one claim. */
const mostInTurn = 200

/** A bucket that is full is kept for so long after it was used: whose turn is next stands there too. */
const forgottenMs = 120_000

/**
 * Rates over many endpoints: this node's share of each, as an even stream with a second's worth at most saved up.
 * What is left is divided among the endpoints that want it by turns, so that a long backlog of one does not shut out
 * the others.
 */
export class SharedRates {
  readonly #buckets = new Map<string, Bucket>()
  readonly #lease: Pick<NodeLease, 'liveNodes'>
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #rateOf: (endpoint: Endpoint) => SharedRate | undefined

  constructor(
    lease: Pick<NodeLease, 'liveNodes'>,
    clock: Pick<Clock, 'monotonic'>,
    rateOf: (endpoint: Endpoint) => SharedRate | undefined,
  ) {
    this.#lease = lease
    this.#clock = clock
    this.#rateOf = rateOf
  }

  /** Which rate the endpoint keeps to with others; undefined: none. */
  keyOf(endpoint: Endpoint): string | undefined {
    return this.#rateOf(endpoint)?.key
  }

  /** How many more may be taken now; Infinity where there is no such rate. */
  left(endpoint: Endpoint): number {
    const rate = this.#rateOf(endpoint)
    return rate ? Math.max(0, Math.floor(this.#filled(rate).tokens)) : Number.POSITIVE_INFINITY
  }

  take(endpoint: Endpoint): void {
    const rate = this.#rateOf(endpoint)
    if (rate) take(this.#filled(rate), this.#perSecond(rate))
  }

  /** Milliseconds until one more may be taken; 0 where it may now. */
  waitMs(endpoint: Endpoint): number {
    const rate = this.#rateOf(endpoint)
    if (!rate) return 0
    return untilTokenMs(this.#filled(rate), this.#perSecond(rate))
  }

  /**
   * Divides what is left among `wants`: in turn one each, none more than it has room for. Whoever comes behind the
   * last one served is first.
   */
  divide(wants: readonly { endpoint: Endpoint; free: number }[]): Map<string, number> {
    const shares = new Map<string, number>()
    for (const [key, sharing] of Map.groupBy(wants, ({ endpoint }) => this.keyOf(endpoint))) {
      if (key === undefined) {
        for (const { endpoint, free } of sharing) shares.set(endpoint.id, free)
        continue
      }
      let left = this.left(sharing[0]!.endpoint)
      const bucket = this.#buckets.get(key)!
      let turn = inTurn(sharing, bucket.last)
      while (left > 0 && turn.length > 0) {
        const served = turn.slice(0, left)
        for (const { endpoint } of served)
          shares.set(endpoint.id, (shares.get(endpoint.id) ?? 0) + 1)
        left -= served.length
        bucket.last = served.at(-1)!.endpoint.id
        turn = turn.filter(({ endpoint, free }) => shares.get(endpoint.id)! < free)
      }
    }
    return shares
  }

  setWaiting(endpoint: Endpoint, waits: boolean): void {
    const rate = this.#rateOf(endpoint)
    if (rate === undefined) return
    const { waiting } = this.#filled(rate)
    if (waits) waiting.add(endpoint.id)
    else waiting.delete(endpoint.id)
  }

  /**
   * Who else waits for a rate of which something is left, whoever is next first: else the endpoint that asks most
   * often would have every turn.
   */
  alsoWaiting(endpoints: readonly Endpoint[]): string[] {
    const asking = new Set(endpoints.map(({ id }) => id))
    const keys = new Set(
      endpoints.filter((one) => this.left(one) > 0).map((one) => this.keyOf(one)),
    )
    return [...keys].flatMap((key) => {
      const bucket = key === undefined ? undefined : this.#buckets.get(key)
      if (!bucket || bucket.waiting.size === 0) return []
      const others = [...bucket.waiting].filter((id) => !asking.has(id)).toSorted()
      return behind(others, bucket.last, (id) => id).slice(0, mostInTurn)
    })
  }

  /** The endpoint is gone, and with it the name of its rate: all buckets are searched. */
  forget(endpointId: string): void {
    for (const { waiting } of this.#buckets.values()) waiting.delete(endpointId)
  }

  /** Forgets buckets that nobody used for long. */
  sweep(): void {
    const now = this.#clock.monotonic()
    for (const [key, { filledAt, fullAt }] of this.#buckets)
      if (now - filledAt > forgottenMs && now >= fullAt) this.#buckets.delete(key)
  }

  #perSecond({ perMinute }: SharedRate): number {
    return perMinute / 60 / this.#lease.liveNodes
  }

  #filled(rate: SharedRate): Bucket {
    const perSecond = this.#perSecond(rate)
    const now = this.#clock.monotonic()
    const bucket = this.#buckets.get(rate.key) ?? {
      ...newBucket(capacity(perSecond), now),
      last: '',
      waiting: new Set(),
    }
    refill(bucket, perSecond, now)
    this.#buckets.set(rate.key, bucket)
    return bucket
  }
}

/** Those that may take more, by id, beginning behind `last`. */
function inTurn<Want extends { endpoint: Endpoint; free: number }>(
  wants: readonly Want[],
  last: string,
): Want[] {
  const able = wants.filter(({ free }) => free > 0)
  const sorted = able.toSorted((a, b) => (a.endpoint.id < b.endpoint.id ? -1 : 1))
  return behind(sorted, last, ({ endpoint }) => endpoint.id)
}

function behind<One>(sorted: One[], last: string, idOf: (one: One) => string): One[] {
  const next = sorted.findIndex((one) => idOf(one) > last)
  return next <= 0 ? sorted : [...sorted.slice(next), ...sorted.slice(0, next)]
}
