type Log = (message: string, error?: unknown) => void

/** Tells the log of a problem once, and once of its end: a broker that is away for an hour is two lines. */
export class Trouble {
  readonly #log: Log
  readonly #endMessage: string
  #told: string | undefined

  constructor(log: Log, endMessage: string) {
    this.#log = log
    this.#endMessage = endMessage
  }

  /** `what`: another problem of the same message is told again. */
  tell(message: string, error?: unknown, what = message): void {
    if (this.#told === what) return
    this.#told = what
    this.#log(message, error)
  }

  over(): void {
    if (this.#told === undefined) return
    this.#told = undefined
    this.#log(this.#endMessage)
  }
}
