import type { Clock, SystemClock } from '../core/clock.ts'
import { uuidv7 } from '../core/id.ts'
import { awayState, isAway, type Pool, refusesWrites } from '../db/pool.ts'
import { beat, register, resign } from './node/store.ts'

export interface LeaseOptions {
  pool: Pool
  clock: Clock
  /** Set to follow the database's clock. */
  systemClock?: SystemClock
  nodeName: string
  version: string
  schemaVersion: number
  leaseMs: number
  /** Called when the lease ran out or was taken over: what is in hand must not be sent any more. */
  onLost: () => void
  /** Called when the set of live nodes changed. */
  onNodes: () => void
  /**
   * Called when the database has not answered a heartbeat until the lease was over: what else was asked of it will
   * not be answered either.
   */
  onSilence: () => void
  log: (message: string, error: unknown) => void
}

/**
 * This node's lease: one row whose `expires_at` is pushed on by a heartbeat, and which covers everything the node has
 * in hand. One row a node instead of one a delivery, since a delivery's own would cost a write for each that takes
 * long.
 *
 * The lease is judged by the monotonic clock, counted from *before* the heartbeat was sent: a process that was
 * stopped, or a node cut from the database, sees that its time is over before anyone else may take its work.
 */
export class NodeLease {
  readonly #options: LeaseOptions
  #id = ''
  #validUntil = 0
  #validSince = 0
  #nodes: string[] = []
  #timer: NodeJS.Timeout | undefined
  /** Runs when the lease does, whatever a heartbeat waits for. */
  #end: NodeJS.Timeout | undefined
  #stopped = false
  /** Said, and not over yet. */
  #writesRefused = false
  /** Ids this process had before; their work counts as ours when it comes back late. */
  readonly #former: string[] = []

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  get id(): string {
    return this.#id
  }

  /** All ids under which this process ever leased, newest first. */
  get ids(): string[] {
    return [this.#id, ...this.#former]
  }

  /** Whether work in hand may still be sent. */
  valid(): boolean {
    return this.#options.clock.monotonic() < this.#validUntil
  }

  /**
   * Whether the lease has held for so long without a gap that every other live node must have had its heartbeat too.
   * After the database was away all leases have run out, and whoever comes back first must not take the others for
   * dead.
   */
  get steady(): boolean {
    const { clock, leaseMs } = this.#options
    return this.valid() && clock.monotonic() - this.#validSince > leaseMs / 2
  }

  get liveNodes(): number {
    return Math.max(1, this.#nodes.length)
  }

  /**
   * This node's share of a whole number over all live nodes. Shares add up to exactly `total`; which nodes get the
   * odd ones is turned by `salt`, so that the first node does not get them for every endpoint.
   */
  share(total: number, salt: string): number {
    const count = this.liveNodes
    if (count === 1) return total
    const rank = Math.max(0, this.#nodes.indexOf(this.#id))
    const turned = (rank + Number.parseInt(salt.slice(-4), 16)) % count
    return Math.floor(total / count) + (turned < total % count ? 1 : 0)
  }

  async start(): Promise<void> {
    await this.#register()
    this.#schedule()
  }

  /** Gives the lease back; work still in hand is released to others. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    clearTimeout(this.#end)
    this.#validUntil = 0
    const timer = setTimeout(this.#options.onSilence, this.#options.leaseMs)
    await resign(this.#options.pool, this.ids).finally(() => clearTimeout(timer))
  }

  async #register(): Promise<void> {
    const { pool, clock, nodeName, version, schemaVersion, leaseMs } = this.#options
    const id = uuidv7(clock.now())
    const before = clock.monotonic()
    const answer = await register(pool, { id, name: nodeName, version, schemaVersion, leaseMs })
    // Only now: nothing may be leased to a node that has no row.
    if (this.#id) this.#former.unshift(this.#id)
    this.#former.length = Math.min(this.#former.length, 8)
    this.#id = id
    this.#take(answer, before)
  }

  #take(answer: { nodes: string[]; nowMs: number }, before: number): void {
    const { clock, leaseMs, systemClock, onNodes } = this.#options
    if (!this.valid()) this.#validSince = clock.monotonic()
    // A tenth is kept back for the last check before a send and the first bytes on the wire.
    this.#validUntil = before + leaseMs * 0.9
    this.#awaitEnd()
    if (systemClock) {
      const now = systemClock.wall()
      systemClock.align(answer.nowMs, now - (clock.monotonic() - before), now)
    }
    if (answer.nodes.join() !== this.#nodes.join()) {
      this.#nodes = answer.nodes
      onNodes()
    }
  }

  #awaitEnd(): void {
    clearTimeout(this.#end)
    const { clock, onLost } = this.#options
    const leftMs = this.#validUntil - clock.monotonic()
    if (leftMs > 0) this.#end = setTimeout(() => this.#awaitEnd(), Math.ceil(leftMs))
    else onLost()
  }

  #schedule(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => void this.#beat(), this.#options.leaseMs / 6)
  }

  async #beat(): Promise<void> {
    const { pool, clock, leaseMs, onLost, onSilence } = this.#options
    const before = clock.monotonic()
    const silence = setTimeout(onSilence, Math.max(this.#validUntil - before, leaseMs / 2))
    try {
      const answer = await beat(pool, this.#id, leaseMs)
      if (this.#stopped) return
      if (this.#writesRefused) this.#options.log('the database takes writes again', undefined)
      this.#writesRefused = false
      if (answer) this.#take(answer, before)
      else {
        // Taken over while we were away: begin anew under another id.
        this.#validUntil = 0
        onLost()
        await this.#register()
      }
    } catch (error) {
      // Whatever it is, the lease runs out by itself if it lasts; the next beat tries again.
      if (refusesWrites(error)) this.#tellRefusal(error)
      else if (!isAway(error) && !this.#stopped) this.#options.log('the heartbeat failed', error)
    } finally {
      clearTimeout(silence)
      this.#schedule()
    }
  }

  /** Once: that the database is away is told by who reads of it, and a full disk is read from as ever. */
  #tellRefusal(error: unknown): void {
    if (!this.#writesRefused)
      this.#options.log(
        `the database ${awayState(error)}: until it takes writes, nothing is accepted or sent`,
        error,
      )
    this.#writesRefused = true
  }
}
