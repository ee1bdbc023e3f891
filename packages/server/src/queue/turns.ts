import { beginTurn } from '../core/turn.ts'

/** What is too much for one turn of the event loop, by id, in the order in which it came. */
export class Turns {
  readonly #waiting = new Set<string>()
  readonly #take: (id: string) => void

  constructor(take: (id: string) => void) {
    this.#take = take
  }

  /** Has it taken in one of the next turns. */
  add(id: string): void {
    if (this.#waiting.size === 0) setImmediate(() => this.#turn())
    this.#waiting.add(id)
  }

  #turn(): void {
    const over = beginTurn()
    for (const id of this.#waiting) {
      this.#take(id)
      this.#waiting.delete(id)
      if (over()) break
    }
    if (this.#waiting.size > 0) setImmediate(() => this.#turn())
  }
}
