/** How long a batch waits for something to come. */
const quietMs = 5_000

/** What a broker's client hands over by and by, taken out in batches. */
export class Inbox<Item> {
  #items: Item[] = []
  #end: { error: Error | undefined } | undefined
  #wake: (() => void) | undefined
  #roomy: (() => void)[] = []

  /** Nothing more is taken out of it. */
  get over(): boolean {
    return this.#end !== undefined
  }

  push(item: Item): void {
    if (this.#end) return
    this.#items.push(item)
    this.#wake?.()
  }

  isFull(most: number): boolean {
    return !this.#end && this.#items.length >= most
  }

  /** Resolves when fewer than so many are in it, or it is over. */
  async room(most: number): Promise<void> {
    while (this.isFull(most)) await new Promise<void>((resolve) => this.#roomy.push(resolve))
  }

  /** What is in it is not handed out any more: the broker has it back. */
  fail(error: Error): void {
    this.#close(error)
  }

  end(): void {
    this.#close(undefined)
  }

  /** All that is there, up to so many; empty ones while nothing comes, the first at once. */
  async *batches(most: number): AsyncGenerator<Item[]> {
    if (!this.#end) yield []
    for (;;) {
      if (this.#items.length === 0 && !this.#end) await this.#change()
      if (this.#end?.error) throw this.#end.error
      if (this.#end) return
      const batch = this.#items.splice(0, most)
      this.#makeRoom()
      yield batch
    }
  }

  #close(error: Error | undefined): void {
    this.#end ??= { error }
    this.#items = []
    this.#wake?.()
    this.#makeRoom()
  }

  #makeRoom(): void {
    for (const resolve of this.#roomy.splice(0)) resolve()
  }

  async #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, quietMs)
    this.#wake = resolve
    await promise
    clearTimeout(timer)
    this.#wake = undefined
  }
}
