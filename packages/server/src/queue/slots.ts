import type { Clock } from '../core/clock.ts'
import type { Endpoint } from '../core/endpoint.ts'
import { newBucket, refill, take, type TokenBucket, untilTokenMs } from '../core/token-bucket.ts'
import type { NodeLease } from './lease.ts'
import { Pace } from './pace.ts'
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
  /**
   * New and sent to wait in the database beyond half of what was finished meanwhile: were it to grow, the backlog
   * would.
   */
  pushed: number
  pace: Pace
  /** Of a payload, on average of late. */
  payloadBytes: number
}

/**
 * Of one endpoint, as much waits in memory as it takes in this many windows of its pace (tenths of a second), and
 * never more than this.
 */
const windowsAhead = 3
const maxAhead = 1_500
const maxAheadBytes = 8 * 1024 * 1024
/** Leased to this node at most, over all endpoints. */
const maxLeased = 4_000
const maxLeasedBytes = 64 * 1024 * 1024
/** Of that, what may be taken ahead: the rest is for endpoints that have nothing in hand yet. */
const aheadShare = 0.75
/** Accepting yields while more waits for quick endpoints than they take in this time. */
const promptMs = 25

/**
 * How much of each endpoint's work may be leased to this node, and how much of that may be under way: this node's
 * share of the endpoint's limits, so that all nodes together keep to them.
 *
 * More is leased than may be under way where the endpoint is fast: as much as it finishes in three tenths of a
 * second. That keeps a busy endpoint fed from memory, and a hanging one, which finishes nothing, gets nothing ahead.
 * Measured at saturation: taking nothing ahead sends three quarters of the events through the database a second time,
 * at 1.6 times the CPU an event. Longer, and what is urgent would wait behind it.
 */
export class Slots {
  readonly #endpoints = new Map<string, EndpointSlots>()
  readonly #lease: NodeLease
  readonly #clock: Clock
  /** The rates that endpoints keep to together. */
  readonly shared: SharedRates
  /** Endpoints of which more may be leased than is under way. */
  readonly #crowded = new Map<string, { slots: EndpointSlots; endpoint: Endpoint }>()
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
    this.shared = new SharedRates(lease, clock, sharedRateOf)
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
        rate: newBucket(endpoint.throttleRate ?? 0, now),
        backlog: false,
        pushed: 0,
        pace: new Pace(now),
        payloadBytes: 0,
      }
      this.#endpoints.set(endpoint.id, slots)
    }
    return slots
  }

  /** How many more of the endpoint's deliveries this node may lease now. */
  free(endpoint: Endpoint): number {
    return Math.min(this.shared.left(endpoint), this.#ownFree(endpoint))
  }

  /** The same of several at once: what is left of a rate that some of them share is divided among those. */
  freeOfEach(endpoints: readonly Endpoint[]): ReadonlyMap<string, number> {
    return this.shared.divide(
      endpoints.map((endpoint) => ({ endpoint, free: this.#ownFree(endpoint) })),
    )
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
    // At two nodes and a rate of 1, a share is half a token a second: fractions add up. Nothing is taken ahead of the
    // rate.
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
    const pace = windowsAhead * slots.pace.perWindow(this.#clock.monotonic())
    const bytes = maxAheadBytes / Math.max(1, slots.payloadBytes)
    // The node's room for what is taken ahead; what this endpoint has may stay.
    const room = aheadShare * maxLeased - this.#leased + slots.leased
    const roomBytes = aheadShare * maxLeasedBytes - this.#leasedBytes
    if (roomBytes <= 0) return 0
    return Math.max(0, Math.floor(Math.min(pace, maxAhead, bytes, room)))
  }

  /**
   * Whether accepting should yield: what was accepted waits for this node's processor, which accepting takes from
   * delivering. Never because an endpoint is slow, hangs, or is paused: that one has no more to take.
   */
  get behind(): boolean {
    const now = this.#clock.monotonic()
    let waiting = 0
    let perMs = 0
    for (const [id, { slots, endpoint }] of this.#crowded) {
      const ahead = slots.leased - slots.inFlight
      if (ahead <= 0) this.#crowded.delete(id)
      if (ahead <= 0 || endpoint.batch || !slots.pace.hasSpare(this.#atOnce(endpoint), now))
        continue
      // What was claimed waits on purpose, so that the next claim comes in time; and a backlog of old must not hold
      // up what is new: it only may not grow.
      waiting += slots.backlog ? slots.pushed : ahead
      perMs += slots.pace.perMs(now)
    }
    return waiting > promptMs * perMs
  }

  /** Milliseconds until the rates allow one more; 0 where they do now. */
  rateWaitMs(endpoint: Endpoint): number {
    const sharedMs = this.shared.waitMs(endpoint)
    if (endpoint.throttleRate === null) return sharedMs
    this.#ownFree(endpoint)
    const perSecond = this.#perSecond(endpoint, endpoint.throttleRate)
    return Math.max(sharedMs, untilTokenMs(this.#of(endpoint).rate, perSecond))
  }

  /** Leases a new delivery, to be sent straight from memory; false where it has to queue. */
  leaseNew(endpoint: Endpoint, bytes: number): boolean {
    const slots = this.#of(endpoint)
    if (slots.backlog || this.free(endpoint) < 1) {
      slots.pushed += 1
      return false
    }
    this.lease(endpoint, bytes)
    return true
  }

  lease(endpoint: Endpoint, bytes: number): void {
    const slots = this.#of(endpoint)
    slots.leased += 1
    slots.payloadBytes += (bytes - slots.payloadBytes) / 16
    this.#crowded.set(endpoint.id, { slots, endpoint })
    this.#leased += 1
    this.#leasedBytes += bytes
    if (endpoint.throttleRate !== null)
      take(slots.rate, this.#perSecond(endpoint, endpoint.throttleRate))
    this.shared.take(endpoint)
  }

  /** Lets a leased delivery begin, if one more may be under way. */
  begin(endpoint: Endpoint): boolean {
    const slots = this.#of(endpoint)
    if (slots.inFlight >= this.#atOnce(endpoint)) return false
    slots.inFlight += 1
    this.#inFlight += 1
    return true
  }

  /** Requests of the endpoint that this node may have under way. */
  #atOnce(endpoint: Endpoint): number {
    return Math.max(1, this.#lease.share(endpoint.maxInFlight, endpoint.id))
  }

  /** A request has ended. */
  end(endpointId: string, tookMs: number): void {
    const slots = this.#endpoints.get(endpointId)
    if (!slots) return
    slots.inFlight -= 1
    this.#inFlight -= 1
    slots.pushed = Math.max(0, slots.pushed - 0.5)
    slots.pace.finish(tookMs, this.#clock.monotonic())
  }

  /**
   * A delivery is sent or put back: its slot is free.
   * @returns whether to fetch more: work waits in the database, and half of what may be leased is free (a claim for
   * each slot that becomes free would cost more than it brings; the other half lasts until the claim is answered), a
   * quarter where nothing is taken ahead
   */
  release(endpoint: Endpoint, bytes: number): boolean {
    const slots = this.#endpoints.get(endpoint.id)
    if (!slots) return false
    slots.leased -= 1
    this.#leased -= 1
    this.#leasedBytes -= bytes
    if (!slots.backlog) return false
    const share = this.#share(endpoint)
    const ahead = this.#ahead(slots)
    return slots.leased === 0 || slots.leased <= Math.max(0.75 * share, 0.5 * (share + ahead))
  }

  setBacklog(endpoint: Endpoint, backlog: boolean): void {
    this.shared.setWaiting(endpoint, backlog)
    if (!backlog && !this.#endpoints.has(endpoint.id)) return
    const slots = this.#of(endpoint)
    slots.backlog = backlog
    if (!backlog) slots.pushed = 0
  }

  /** Forgets endpoints with nothing leased and nothing to remember. */
  sweep(): void {
    this.shared.sweep()
    const now = this.#clock.monotonic()
    for (const [id, slots] of this.#endpoints) {
      if (
        slots.leased === 0 &&
        !slots.backlog &&
        now - slots.pace.windowAt > 1_000 &&
        now >= slots.rate.fullAt
      ) {
        this.#endpoints.delete(id)
        this.#crowded.delete(id)
      }
    }
  }
}
