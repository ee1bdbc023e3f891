import { isAway } from '../db/pool.ts'

/**
 * Work that is done every so often, and at once when there is reason to; never twice at the same time. What a database
 * that is away has stopped is done by a later round, without a word.
 */
export class Rounds {
  readonly #work: () => Promise<void>
  readonly #onError: (error: unknown) => void
  readonly #everyMs: number
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #again = false
  #over = false

  constructor(work: () => Promise<void>, everyMs: number, onError: (error: unknown) => void) {
    this.#work = work
    this.#everyMs = everyMs
    this.#onError = onError
  }

  get over(): boolean {
    return this.#over
  }

  start(): void {
    this.#timer = setInterval(() => this.now(), this.#everyMs)
    this.now()
  }

  /** There is reason to: it is done once more where it is being done. */
  now(): void {
    if (this.#over || this.#timer === undefined) return
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = this.#work()
      .catch((error: unknown) => {
        if (!isAway(error)) this.#onError(error)
      })
      .finally(() => {
        this.#running = undefined
        if (!this.#again) return
        this.#again = false
        this.now()
      })
  }

  /** Resolves when nothing of it is under way any more. */
  async stop(): Promise<void> {
    this.#over = true
    clearInterval(this.#timer)
    await this.#running
  }
}
