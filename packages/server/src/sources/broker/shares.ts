import { Rounds } from '../rounds.ts'
import type { Inbox } from './inbox.ts'

const everyMs = 2_000

/** What is open of one slot: a session, the reading of a stream. */
export interface Open {
  close(): void | Promise<void>
  destroy(): void
}

export interface SharesOptions<One extends Open> {
  inbox: Inbox<unknown>
  /** The slots that are this node's now. */
  share: () => Promise<string[]>
  /** @param ended to be told when it ends by itself */
  open: (name: string, ended: (error: Error) => void) => Promise<One>
}

/** Of what a broker does not share out by itself, this node's share: opened when it becomes its own, left when not. */
export class Shares<One extends Open> {
  readonly #options: SharesOptions<One>
  readonly #open = new Map<string, One>()
  readonly #rounds: Rounds

  private constructor(options: SharesOptions<One>) {
    this.#options = options
    this.#rounds = new Rounds(
      async () => await this.#look(),
      everyMs,
      (error) => options.inbox.fail(error as Error),
    )
  }

  /** Rejects where the first look fails; later ones fail the inbox. */
  static async open<One extends Open>(options: SharesOptions<One>): Promise<Shares<One>> {
    const shares = new Shares(options)
    try {
      await shares.#look()
    } catch (error) {
      await shares.close()
      throw error
    }
    shares.#rounds.start()
    return shares
  }

  async close(): Promise<void> {
    await this.#rounds.stop()
    const all = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(all.map(async (one) => await one.close()))
  }

  destroy(): void {
    for (const one of this.#open.values()) one.destroy()
  }

  async #look(): Promise<void> {
    const { share, inbox } = this.#options
    const names = await share()
    for (const [name, one] of this.#open) {
      if (names.includes(name)) continue
      this.#open.delete(name)
      await one.close()
    }
    for (const name of names) {
      if (this.#open.has(name) || inbox.over) continue
      const one = await this.#opened(name)
      if (inbox.over) await one.close()
      else this.#open.set(name, one)
    }
  }

  async #opened(name: string): Promise<One> {
    const { open, inbox } = this.#options
    let one: One | undefined
    let early: Error | undefined
    one = await open(name, (error) => {
      early ??= error
      // One that was given up is another node's.
      if (one !== undefined && this.#open.get(name) === one) inbox.fail(error)
    })
    if (early) throw early
    return one
  }
}
