import type { Clock } from '../../../core/clock.ts'
import { PomboError } from '../../../core/error.ts'

const WINDOW_MS = 60_000
/** Keys hold 256 random bits, so this is not what keeps guesses from hitting: it bounds what guessing costs Pombo. */
const ALLOWED = 30
/** Addresses that are remembered at most. */
const REMEMBERED = 10_000

/** Counts failed sign-ins by address, and refuses an address for the rest of a minute that had too many. */
export class FailedSignIns {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #byAddress = new Map<string, { sinceMs: number; count: number }>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  refuseTooMany(address: string): void {
    const one = this.#byAddress.get(address)
    const leftMs = one === undefined ? 0 : one.sinceMs + WINDOW_MS - this.#clock.monotonic()
    if (one === undefined || leftMs <= 0 || one.count < ALLOWED) return
    throw new PomboError(
      'too_many_sign_ins',
      { count: ALLOWED },
      { retryAfterSeconds: Math.ceil(leftMs / 1_000) },
    )
  }

  note(address: string): void {
    const nowMs = this.#clock.monotonic()
    const one = this.#byAddress.get(address)
    if (one !== undefined && nowMs - one.sinceMs < WINDOW_MS) {
      one.count += 1
      return
    }
    if (this.#byAddress.size >= REMEMBERED) this.#byAddress.clear()
    this.#byAddress.set(address, { sinceMs: nowMs, count: 1 })
  }
}
