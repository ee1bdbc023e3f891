/** Over this time it is measured how fast an endpoint takes its deliveries. */
const windowMs = 100
/** An endpoint that could take this many times what it gets is not what its deliveries wait for. */
const spare = 1.5

/**
 * Its quickest answer is forgotten by so much in a window: what was quick and is slow now is known as slow after
 * three seconds.
 */
const forgetting = 1.15

/**
 * How fast an endpoint takes its deliveries: how many it finished in the present window and the one before, and its
 * quickest answer of late.
 */
export class Pace {
  #finished = 0
  #finishedBefore = 0
  #quickestMs = Infinity
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
    this.#finishedBefore = elapsed < 2 * windowMs ? this.#finished : 0
    this.#finished = 0
    this.#quickestMs *= forgetting ** Math.min(100, elapsed / windowMs)
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
   * Whether it would take more than it gets: its deliveries wait for this node's processor, not for the endpoint. The
   * quickest of its answers is what it needs; the others have waited for the processor too.
   */
  hasSpare(atOnce: number, now: number): boolean {
    const perMs = this.perMs(now)
    return perMs > 0 && atOnce / Math.max(1, this.#quickestMs) >= spare * perMs
  }
}
