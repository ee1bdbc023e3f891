/**
 * The live stream: what is accepted and tried, told to who watches, on whichever node it happens.
 *
 * It promises that while nobody watches it costs nothing but a look at a flag; that its memory is bounded however
 * many watch and however slow they are; and that what is left out for a viewer is counted and told to it. It promises
 * no viewer every event: for that there are lists. Nodes leave each other batches in a table, and only while
 * somebody watches: LISTEN does not work behind a pooler.
 */
import type { Clock } from '../../core/clock.ts'
import { isAway, type Pool } from '../../db/pool.ts'
import type { StoredMessage } from '../../ingest/observer.ts'
import type { Unwritten } from '../../record/recorded.ts'
import { attemptEvent, type LiveEvent, messageEvent } from './event.ts'
import { type Page, type Place, Ring, type Scope } from './ring.ts'
import { type Batch, exchangeWatchers, forgetBatches, leaveBatch, takeBatches } from './store.ts'

export interface LiveOptions {
  pool: Pool
  clock: Pick<Clock, 'now' | 'monotonic'>
  /** This node, and how many there are. */
  lease: () => { readonly id: string; readonly liveNodes: number }
  log: (message: string, detail?: unknown) => void
}

/** Somebody who watches. */
export interface Viewer {
  scope: Scope
  wanted: (event: LiveEvent) => boolean
  /** Room for another page: false while what was sent is not taken off its hands. */
  ready: () => boolean
  send: (page: Page, id: string) => void
  beat: () => void
  end: (reason: string) => void
}

/** Events kept, some 300 bytes each. */
const KEPT = 5_000
const TICK_MS = 100
const PAGE = 200
/** Pages that one viewer gets in a tick. */
const PAGES = 5
const EXCHANGE_MS = 500
const BEAT_MS = 15_000
/** How long events are kept after the last viewer went: it may come back for what it missed. */
const LINGER_MS = 60_000
/** Events of one tenant in one batch to other nodes. */
const BATCH = 500
export const MOST_VIEWERS = 500

export class Live {
  readonly #options: LiveOptions
  readonly #ring = new Ring(KEPT)
  readonly #viewers = new Map<Viewer, Place>()
  /** Tenants watched at other nodes, and what they are to be told. */
  #elsewhere = new Map<string, { events: LiveEvent[]; dropped: number }>()
  #watched = false
  #lastWatchedAtMs = Number.NEGATIVE_INFINITY
  #had: string[] = []
  #timers: NodeJS.Timeout[] = []
  #ticker: NodeJS.Timeout | undefined
  #exchanging: Promise<void> | undefined
  #beatAtMs = 0
  #rounds = 0

  constructor(options: LiveOptions) {
    this.#options = options
  }

  stored(stored: StoredMessage): void {
    if (this.#idle || stored.routes.app.kind !== 'app') return
    this.#tell(messageEvent(stored))
  }

  recorded(entry: Unwritten): void {
    if (this.#idle || entry.claim.app.kind !== 'app') return
    this.#tell(attemptEvent(entry, this.#options.clock.now()))
  }

  get viewers(): number {
    return this.#viewers.size
  }

  /**
   * Adds a viewer. `lastId` is of the last page that it got, here or at another node.
   * @returns whether it goes on from there, and how to take it away again
   */
  watch(viewer: Viewer, lastId: string | undefined): { resumed: boolean; leave: () => void } {
    this.#watched = true
    const resumed = lastId === undefined ? undefined : this.#placeOf(lastId, viewer.scope)
    this.#viewers.set(viewer, resumed ?? this.#ring.end(viewer.scope))
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS)
    void this.#exchange()
    return { resumed: resumed !== undefined, leave: () => this.#leave(viewer) }
  }

  start(): void {
    this.#timers.push(setInterval(() => void this.#exchange(), EXCHANGE_MS))
  }

  /** Ends all viewers, which would else hold up the end of the server. */
  endAll(reason: string): void {
    for (const viewer of this.#viewers.keys()) viewer.end(reason)
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers = []
    this.endAll('this node is stopping')
    clearInterval(this.#ticker)
    await this.#exchanging
  }

  get #idle(): boolean {
    return !this.#watched && this.#elsewhere.size === 0
  }

  #tell(event: LiveEvent): void {
    if (this.#watched) this.#ring.push(event)
    const batch = this.#elsewhere.get(event.tenantId)
    if (batch === undefined) return
    if (batch.events.length < BATCH) batch.events.push(event)
    else batch.dropped += 1
  }

  #leave(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer)) return
    this.#lastWatchedAtMs = this.#options.clock.monotonic()
    if (this.#viewers.size > 0) return
    clearInterval(this.#ticker)
    this.#ticker = undefined
  }

  /** `node.number.ms`: by its number at the node that gave it, by its time at another. */
  #placeOf(id: string, scope: Scope): Place | undefined {
    const [node = '', number = '', ms = ''] = id.split('.')
    if (!/^\d{1,15}$/.test(number) || !/^\d{1,15}$/.test(ms)) return undefined
    const here = node === this.#nodeTag
    // Clocks differ a little; what is told twice has the same id.
    return this.#ring.placeAfter(
      scope,
      here ? { number: Number(number) } : { ms: Number(ms) - 1_000 },
    )
  }

  get #nodeTag(): string {
    return this.#options.lease().id.slice(-12)
  }

  #tick(): void {
    const nowMs = this.#options.clock.monotonic()
    const beat = nowMs - this.#beatAtMs >= BEAT_MS
    if (beat) this.#beatAtMs = nowMs
    for (const [viewer, place] of this.#viewers) {
      for (let page = 0; page < PAGES && viewer.ready(); page++) {
        const read = this.#ring.read(place, viewer.scope, viewer.wanted, PAGE)
        if (read.events.length === 0 && read.dropped === 0) break
        viewer.send(read, `${this.#nodeTag}.${place.next - 1}.${this.#options.clock.now()}`)
        if (read.events.length < PAGE) break
      }
      if (beat && viewer.ready()) viewer.beat()
    }
  }

  async #exchange(): Promise<void> {
    this.#exchanging ??= this.#exchangeOnce()
      .catch((error: unknown) => {
        if (!isAway(error)) this.#options.log('the live stream of other nodes is not heard', error)
      })
      .finally(() => {
        this.#exchanging = undefined
      })
    await this.#exchanging
  }

  async #exchangeOnce(): Promise<void> {
    const { pool, clock } = this.#options
    const lease = this.#options.lease()
    const lingers = clock.monotonic() - this.#lastWatchedAtMs < LINGER_MS
    if (this.#watched && this.#viewers.size === 0 && !lingers) {
      this.#watched = false
      this.#ring.clear()
    }
    if (lease.liveNodes < 2) {
      this.#elsewhere.clear()
      return
    }
    const tenants = [...new Set([...this.#viewers.keys()].map(({ scope }) => scope.tenantId))]
    const wanted = await exchangeWatchers(pool, lease.id, tenants)
    const leaving = this.#elsewhere
    this.#elsewhere = new Map([...wanted].map((id) => [id, { events: [], dropped: 0 }]))
    for (const [tenantId, batch] of leaving)
      if (batch.events.length > 0) await leaveBatch(pool, lease.id, tenantId, batch)
    if (tenants.length > 0) this.#take(await takeBatches(pool, lease.id, tenants, this.#had))
    // Now and then, by whoever is at it.
    if (++this.#rounds % 20 === 0 && (wanted.size > 0 || tenants.length > 0))
      await forgetBatches(pool)
  }

  #take(batches: readonly Batch[]): void {
    for (const { seq, tenantId, dropped, events } of batches) {
      this.#had.push(seq)
      for (const event of events) this.#ring.push(event)
      if (dropped > 0) this.#ring.skip(tenantId, dropped)
    }
    this.#had = this.#had.slice(-1_000)
  }
}
