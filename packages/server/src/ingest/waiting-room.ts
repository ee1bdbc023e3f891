import { say } from '../core/sentences/sentences.ts'
import { PomboError } from '../core/error.ts'

/** Messages and bytes that may wait to be written; beyond, 503. */
export interface WaitingLimits {
  maxWaiting: number
  maxWaitingBytes: number
}

/** How much of what was accepted waits in memory. */
export class WaitingRoom {
  readonly #limits: WaitingLimits
  #count = 0
  #bytes = 0

  constructor(limits: WaitingLimits) {
    this.#limits = limits
  }

  /** @throws PomboError `overloaded`: it is full. One message that is larger than the room has it to itself. */
  enter(bytes: number): void {
    const { maxWaiting, maxWaitingBytes } = this.#limits
    if (this.#count >= maxWaiting || (this.#count > 0 && this.#bytes + bytes > maxWaitingBytes))
      throw new PomboError(
        'overloaded',
        { detail: say('messages_wait', { count: this.#count }) },
        { retryAfterSeconds: 1 },
      )
    this.#count += 1
    this.#bytes += bytes
  }

  leave(bytes: number): void {
    this.#count -= 1
    this.#bytes -= bytes
  }
}
