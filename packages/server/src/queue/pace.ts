/** Over this time it is measured how fast an endpoint takes its deliveries. */
const windowMs = 100
/** An endpoint that could take this many times what it gets is not what its deliveries wait for. */
const spare = 1.5

/** How fast an endpoint takes its deliveries: of the present window and the one before, how many it finished and its quickest answer. */
export class Pace {
  #finished = 0
  #finishedBefore = 0
  #quickestMs = Infinity
  #quickestBeforeMs = Infinity
  #windowAt: number

  constructor(now: number) {
    this.#windowAt = now
  }

  get windowAt(): number {
    return this.#windowAt
  }

  #turn(now: number): void {
    const elapsed = now - this.#windowAt
    if (elapsed < windowMs) return
    const adjoins = elapsed < 2 * windowMs
    this.#finishedBefore = adjoins ? this.#finished : 0
    this.#quickestBeforeMs = adjoins ? this.#quickestMs : Infinity
    this.#finished = 0
    this.#quickestMs = Infinity
    this.#windowAt += elapsed
  }

  finish(tookMs: number, now: number): void {
    this.#turn(now)
    this.#finished += 1
    this.#quickestMs = Math.min(this.#quickestMs, tookMs)
  }

  /** How many it finishes in a window; 0 where it has finished none of late, as one that hangs. */
  perWindow(now: number): number {
    this.#turn(now)
    return Math.max(this.#finished, this.#finishedBefore)
  }

  /** The same in a millisecond. */
  perMs(now: number): number {
    return this.perWindow(now) / windowMs
  }

  /**
   * Whether it would take more than it gets: its deliveries wait for this node's processor, not for the endpoint. The quickest of its answers
   * is what it needs; the others have waited for the processor too.
   */
  hasSpare(atOnce: number, now: number): boolean {
    const perMs = this.perMs(now)
    const quickestMs = Math.min(this.#quickestMs, this.#quickestBeforeMs)
    return perMs > 0 && atOnce / Math.max(1, quickestMs) >= spare * perMs
  }
}
