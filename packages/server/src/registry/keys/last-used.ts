/**
 * Remembers when keys were used and writes it down once a minute for all of them: a write per request would cost more
 * than the request. A node that is killed loses at most that minute, which nobody relies on.
 */
export class LastUsed {
  #usedAtMs = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  readonly #write: (usedAtMs: ReadonlyMap<string, number>) => Promise<void>
  readonly #failed: (error: unknown) => void

  constructor(
    write: (usedAtMs: ReadonlyMap<string, number>) => Promise<void>,
    failed: (error: unknown) => void,
  ) {
    this.#write = write
    this.#failed = failed
  }

  mark(keyId: string, nowMs: number): void {
    this.#usedAtMs.set(keyId, nowMs)
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.flush(), 60_000)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#usedAtMs.size === 0) return
    const batch = this.#usedAtMs
    this.#usedAtMs = new Map()
    try {
      await this.#write(batch)
    } catch (error) {
      for (const [id, ms] of batch) if (!this.#usedAtMs.has(id)) this.#usedAtMs.set(id, ms)
      this.#failed(error)
    }
  }
}
