import { WaitingRoom, type WaitingLimits } from './waiting-room.ts'

/** The last message of an ordering key. */
interface Last {
  inTurn: boolean
  /** It has been given to be stored. Undefined: it was at once. */
  begun: Promise<unknown> | undefined
  ended: Promise<unknown>
}

/**
 * Messages of one ordering key are stored in the order in which they came, though a large one, or one with several
 * idempotency keys, is not in the others' commit: the picture before the words that follow it.
 */
export class KeyOrder {
  readonly #last = new Map<string, Last>()
  readonly #room: WaitingRoom

  constructor(limits: WaitingLimits) {
    this.#room = new WaitingRoom(limits)
  }

  /**
   * Stores a message behind those of its key.
   * @param inTurn whether its commits store what they are given in the order in which it was given
   * @throws PomboError `overloaded`: too much waits
   */
  async store(
    key: string,
    inTurn: boolean,
    bytes: number,
    store: () => Promise<boolean>,
  ): Promise<boolean> {
    const before = this.#last.get(key)
    const wait = inTurn && before?.inTurn ? before.begun : before?.ended
    if (!wait) return await this.#note(key, inTurn, undefined, store())
    this.#room.enter(bytes)
    const begun = wait.then(() => {
      this.#room.leave(bytes)
      return { stored: store() }
    })
    return await this.#note(
      key,
      inTurn,
      begun,
      begun.then(({ stored }) => stored),
    )
  }

  /** Resolves when nothing waits for another any more. */
  async drain(): Promise<void> {
    while (this.#last.size > 0)
      await Promise.all([...this.#last.values()].map(({ ended }) => ended))
  }

  #note(
    key: string,
    inTurn: boolean,
    begun: Promise<unknown> | undefined,
    stored: Promise<boolean>,
  ): Promise<boolean> {
    const end = () => {
      if (this.#last.get(key) === last) this.#last.delete(key)
    }
    const last: Last = { inTurn, begun, ended: stored.then(end, end) }
    this.#last.set(key, last)
    return stored
  }
}
