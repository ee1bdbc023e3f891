import type { Clock } from '../core/clock.ts'
import type { Endpoint } from '../core/endpoint.ts'
import { refill, type TokenBucket, untilTokenMs } from '../core/token-bucket.ts'
import type { NodeLease } from './lease.ts'
import { type SharedRate, SharedRates } from './shared-rates.ts'

interface EndpointSlots {
  /** Deliveries of this endpoint leased to this node: under way, or waiting in memory for their turn. */
  leased: number
  /** Of these, requests under way. */
  inFlight: number
  /** Requests this node may still start. */
  rate: TokenBucket
  /** Work waits in the database, so what is new has to queue behind it. */
  backlog: boolean
  /** Finished in the window that began at `windowAt`, and in the one before. */
  finished: number
  finishedBefore: number
  windowAt: number
}

/** Over this time it is measured how fast an endpoint takes its deliveries. */
const windowMs = 100
/** Of one endpoint, this many at most wait in memory. */
const maxAhead = 500
/** Leased to this node at most, over all endpoints. */
const maxLeased = 4_000
const maxLeasedBytes = 64 * 1024 * 1024

/**
 * How much of each endpoint's work may be leased to this node, and how much of that may be under way: this node's share of the endpoint's
 * limits, so that all nodes together keep to them.
 *
 * More is leased than may be under way where the endpoint is fast: as much as it finished in the last tenth of a second. That
 * keeps a busy endpoint fed from memory, and a hanging one, which finishes nothing, gets nothing ahead. Measured at saturation: taking
 * nothing ahead sends three quarters of the events through the database a second time, at 1.6 times the CPU an event.
 */
export class Slots {
  readonly #endpoints = new Map<string, EndpointSlots>()
  readonly #lease: NodeLease
  readonly #clock: Clock
  readonly #shared: SharedRates
  #leased = 0
  #leasedBytes = 0
  #inFlight = 0

  /** `sharedRateOf`: the rate that an endpoint keeps to together with others, where there is one. */
  constructor(
    lease: NodeLease,
    clock: Clock,
    sharedRateOf: (endpoint: Endpoint) => SharedRate | undefined,
  ) {
    this.#lease = lease
    this.#clock = clock
    this.#shared = new SharedRates(lease, clock, sharedRateOf)
  }

  /** Requests under way on this node. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Whether the node has as much leased as it may, whatever the endpoint. */
  get full(): boolean {
    return this.#leased >= maxLeased || this.#leasedBytes >= maxLeasedBytes
  }

  #of(endpoint: Endpoint): EndpointSlots {
    let slots = this.#endpoints.get(endpoint.id)
    if (!slots) {
      const now = this.#clock.monotonic()
      slots = {
        leased: 0,
        inFlight: 0,
        rate: { tokens: endpoint.throttleRate ?? 0, filledAt: now },
        backlog: false,
        finished: 0,
        finishedBefore: 0,
        windowAt: now,
      }
      this.#endpoints.set(endpoint.id, slots)
    }
    return slots
  }

  /** How many more of the endpoint's deliveries this node may lease now. */
  free(endpoint: Endpoint): number {
    return Math.min(this.#shared.left(endpoint), this.#ownFree(endpoint))
  }

  /** The same of several at once: what is left of a rate that some of them share is divided among those. */
  freeOfEach(endpoints: readonly Endpoint[]): ReadonlyMap<string, number> {
    return this.#shared.divide(
      endpoints.map((endpoint) => ({ endpoint, free: this.#ownFree(endpoint) })),
    )
  }

  /** Which rate the endpoint keeps to together with others; undefined: none. */
  sharedRateKey(endpoint: Endpoint): string | undefined {
    return this.#shared.keyOf(endpoint)
  }

  /** Without a rate that it shares with others. */
  #ownFree(endpoint: Endpoint): number {
    if (this.full) return 0
    const slots = this.#of(endpoint)
    const share = this.#share(endpoint)
    if (share === 0) return 0
    if (endpoint.throttleRate === null)
      return Math.max(
        0,
        Math.min(share + this.#ahead(slots) - slots.leased, maxLeased - this.#leased),
      )
    // At two nodes and a rate of 1, a share is half a token a second: fractions add up. Nothing is taken ahead of the rate.
    refill(slots.rate, this.#perSecond(endpoint, endpoint.throttleRate), this.#clock.monotonic())
    return Math.max(0, Math.min(share - slots.leased, Math.floor(slots.rate.tokens)))
  }

  /** This node's share of the rate. */
  #perSecond({ throttleWindowMs }: Endpoint, rate: number): number {
    return (rate * 1_000) / throttleWindowMs / this.#lease.liveNodes
  }

  /** What may be leased without anything ahead: a request's worth for each that may be under way. */
  #share(endpoint: Endpoint): number {
    return this.#lease.share(endpoint.maxInFlight, endpoint.id) * (endpoint.batch?.maxEvents ?? 1)
  }

  #ahead(slots: EndpointSlots): number {
    this.#turnWindow(slots)
    return Math.min(maxAhead, Math.max(slots.finished, slots.finishedBefore))
  }

  #turnWindow(slots: EndpointSlots): void {
    const elapsed = this.#clock.monotonic() - slots.windowAt
    if (elapsed < windowMs) return
    slots.finishedBefore = elapsed < 2 * windowMs ? slots.finished : 0
    slots.finished = 0
    slots.windowAt += elapsed
  }

  /** Milliseconds until the rates allow one more; 0 where they do now. */
  rateWaitMs(endpoint: Endpoint): number {
    const sharedMs = this.#shared.waitMs(endpoint)
    if (endpoint.throttleRate === null) return sharedMs
    this.#ownFree(endpoint)
    const perSecond = this.#perSecond(endpoint, endpoint.throttleRate)
    return Math.max(sharedMs, untilTokenMs(this.#of(endpoint).rate, perSecond))
  }

  /** Leases a new delivery, to be sent straight from memory; false where it has to queue. */
  leaseNew(endpoint: Endpoint, bytes: number): boolean {
    if (this.#of(endpoint).backlog || this.free(endpoint) < 1) return false
    this.lease(endpoint, bytes)
    return true
  }

  lease(endpoint: Endpoint, bytes: number): void {
    const slots = this.#of(endpoint)
    slots.leased += 1
    this.#leased += 1
    this.#leasedBytes += bytes
    if (endpoint.throttleRate !== null) slots.rate.tokens -= 1
    this.#shared.take(endpoint)
  }

  /** Lets a leased delivery begin, if one more may be under way. */
  begin(endpoint: Endpoint): boolean {
    const slots = this.#of(endpoint)
    if (slots.inFlight >= Math.max(1, this.#lease.share(endpoint.maxInFlight, endpoint.id)))
      return false
    slots.inFlight += 1
    this.#inFlight += 1
    return true
  }

  /** A request has ended. */
  end(endpointId: string): void {
    const slots = this.#endpoints.get(endpointId)
    if (!slots) return
    slots.inFlight -= 1
    this.#inFlight -= 1
    this.#turnWindow(slots)
    slots.finished += 1
  }

  /**
   * A delivery is sent or put back: its slot is free.
   * @returns whether to fetch more: work waits in the database, and at least a quarter of the slots is free (a claim for each slot that
   * becomes free would cost more than it brings)
   */
  release(endpoint: Endpoint, bytes: number): boolean {
    const slots = this.#endpoints.get(endpoint.id)
    if (!slots) return false
    slots.leased -= 1
    this.#leased -= 1
    this.#leasedBytes -= bytes
    if (!slots.backlog) return false
    const whole = this.#share(endpoint) + this.#ahead(slots)
    return slots.leased === 0 || slots.leased <= whole * 0.75
  }

  /** Who else waits for a rate that one of these endpoints shares, and of which something is left. */
  alsoWaiting(endpoints: readonly Endpoint[]): string[] {
    return this.#shared.alsoWaiting(endpoints)
  }

  /** An endpoint that is gone, disabled or paused waits for no rate. */
  forget(endpointId: string): void {
    this.#shared.forget(endpointId)
  }

  setBacklog(endpoint: Endpoint, backlog: boolean): void {
    this.#shared.setWaiting(endpoint, backlog)
    if (!backlog && !this.#endpoints.has(endpoint.id)) return
    this.#of(endpoint).backlog = backlog
  }

  /** Forgets endpoints with nothing leased and nothing to remember. */
  sweep(): void {
    this.#shared.sweep()
    const now = this.#clock.monotonic()
    for (const [id, slots] of this.#endpoints) {
      if (
        slots.leased === 0 &&
        !slots.backlog &&
        now - slots.windowAt > 1_000 &&
        now - slots.rate.filledAt > 1_000
      )
        this.#endpoints.delete(id)
    }
  }
}
