import { lowestId } from '../core/id.ts'
import { isAway } from '../db/pool.ts'
import { Claimer, type ClaimerDeps } from './claim/claimer.ts'
import { endpointsWithWork } from './claim/waiting/store.ts'
import { databaseTime, rescueStrays } from './node/store.ts'

export interface DispatcherDeps extends ClaimerDeps {
  /** Ids of all deliveries that this node knows to be leased to it: in hand, being stored, or not recorded yet. */
  leasedIds: () => string[]
  congested: () => boolean
}

/** Endpoints claimed from, or looked at, in one go. */
const endpointsPerClaim = 200
/**
 * After an unanswered statement, strays are looked for as soon as the database answers, and again: what a broken
 * connection had asked for may still be under way.
 */
const strayLooksMs = [0, 1_000, 5_000, 15_000]
/** To look at all endpoints takes this part of the time at most, and is done so often at least. */
const sweepShare = 20
const maxSweepPauseMs = 5_000

/**
 * The dispatcher: woken by new work, by freed slots and by a timer, it takes due deliveries of endpoints that have
 * free slots.
 *
 * A wake names an endpoint; the timer looks at all endpoints that have work, a few hundred at a time, going on where
 * it stopped. One claim runs at a time: what wakes it meanwhile is served by the next.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps
  readonly #woken = new Set<string>()
  readonly #claimer: Claimer
  #sweepFrom = lowestId
  #sweepDue = true
  /** What the looks of this round have taken so far. */
  #sweepMs = 0
  /** The next round not before, by the monotonic clock: one that takes long comes seldom. */
  #sweepAt = 0
  /** By the monotonic clock. */
  #strayLooksAt: number[] = []
  #running: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(deps: DispatcherDeps) {
    this.#deps = deps
    this.#claimer = new Claimer(deps, (endpointId) => this.wake(endpointId))
  }

  start(): void {
    this.#timer = setInterval(() => {
      const now = this.#deps.clock.monotonic()
      if (now >= this.#sweepAt) this.#sweepDue = true
      this.#deps.slots.sweep()
      this.#claimer.floors.sweep(now)
      this.#run()
    }, this.#deps.pollMs)
  }

  wake(endpointId: string): void {
    this.#woken.add(endpointId)
    this.#run()
  }

  /**
   * Something was asked of the database and never answered, or a node was found dead: there may be deliveries under a
   * lease of which nobody knows. Looks for them between two claims, when none is on its way here.
   */
  lookForStrays(): void {
    const now = this.#deps.clock.monotonic()
    this.#strayLooksAt = strayLooksMs.map((afterMs) => now + afterMs)
  }

  /** Claims nothing new; resolves when the claim under way is done. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await this.#running
  }

  #run(): void {
    if (this.#running || !this.#mayClaim()) return
    this.#running = this.#claimAll().then(
      () => {
        this.#running = undefined
        if (this.#woken.size > 0 || this.#sweepDue) this.#run()
      },
      (error: unknown) => {
        this.#running = undefined
        // The timer tries again; while the database is away there is nothing else to do.
        if (isAway(error)) this.lookForStrays()
        else this.#deps.log('a claim failed', error)
      },
    )
  }

  #mayClaim(): boolean {
    const { lease, congested, slots } = this.#deps
    return !this.#stopped && lease.valid() && !congested() && !slots.full
  }

  async #claimAll(): Promise<void> {
    for (const id of await this.#deps.leased.writeReleases()) this.#claimer.floors.forget(id)
    if (
      this.#strayLooksAt[0] !== undefined &&
      this.#strayLooksAt[0] <= this.#deps.clock.monotonic()
    )
      await this.#freeStrays()
    // A turn of the loop first, so that wakes and freed slots that come together are served together.
    await new Promise((resolve) => setImmediate(resolve))
    let ids = [...this.#woken]
    const keyed = new Set<string>()
    this.#woken.clear()
    if (ids.length > endpointsPerClaim)
      for (const rest of ids.splice(endpointsPerClaim)) this.#woken.add(rest)
    if (this.#sweepDue && ids.length < endpointsPerClaim) {
      const due = await this.#sweep()
      for (const one of due) if (one.keyed) keyed.add(one.id)
      ids = [...new Set([...ids, ...due.map(({ id }) => id)])]
    }
    if (ids.length > 0) await this.#claimer.from(ids, keyed)
  }

  /** Looks at the next endpoints that have work, and answers from which may be claimed. */
  async #sweep(): Promise<{ id: string; keyed: boolean }[]> {
    const { pool, clock } = this.#deps
    const startedAt = clock.monotonic()
    const { due, next } = await endpointsWithWork(pool, this.#sweepFrom, endpointsPerClaim)
    const endedAt = clock.monotonic()
    this.#sweepMs += endedAt - startedAt
    this.#sweepFrom = next ?? lowestId
    this.#sweepDue = next !== undefined
    if (next === undefined) {
      this.#sweepAt = endedAt + Math.min(maxSweepPauseMs, sweepShare * this.#sweepMs)
      this.#sweepMs = 0
    }
    return due
  }

  async #freeStrays(): Promise<void> {
    const { pool, clock, lease, leasedIds, log } = this.#deps
    const startedAt = clock.monotonic()
    const before = await databaseTime(pool)
    const freed = await rescueStrays(pool, lease.ids, leasedIds(), before)
    this.#strayLooksAt = this.#strayLooksAt.filter((at) => at > startedAt)
    if (freed > 0) this.#claimer.floors.clear()
    if (freed > 0) log('freed deliveries that no node had in hand', { freed })
  }
}
