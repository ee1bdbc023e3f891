import type { Received } from '../sink/receive.ts'

/** What has become of the messages of one endpoint. */
export interface Progress {
  name: string
  /** Messages that Pombo has accepted for it; null where it gets what nobody sends. */
  sent: number | null
  /** Whether everything has arrived that is to. */
  complete: boolean
  delivered: number
  attempts: number
  retries: number
  repeats: number
  badSignatures: number
  inFlight: number
  circuit: string
  /** From the send to the first acceptance; undefined while there is none. */
  p50Ms: number | undefined
  p95Ms: number | undefined
}

export interface Arrival {
  id: string
  /** 1 for the first. */
  time: number
}

/** Reads from a body which event it carries. */
export type IdIn = (body: unknown) => string | undefined

/** Follows the messages of one endpoint by the ids in their bodies, which are known before Pombo has answered. */
export class Tracker {
  readonly name: string
  readonly #sentAt = new Map<string, number>()
  readonly #latenciesMs: number[] = []
  readonly #delivered = new Set<string>()
  readonly #idIn: IdIn
  readonly #unasked: boolean
  /** Of those that are not delivered yet. Not every dialect has a header that tells repeats. */
  readonly #times = new Map<string, number>()
  #accepted = 0
  #attempts = 0
  #repeats = 0
  #retries = 0
  #badSignatures = 0
  circuit = 'closed'
  inFlight: () => number = () => 0

  constructor(name: string, idIn: IdIn, { unasked = false } = {}) {
    this.name = name
    this.#idIn = idIn
    this.#unasked = unasked
  }

  sending(id: string): void {
    this.#sentAt.set(id, performance.now())
  }

  accepted(): void {
    this.#accepted += 1
  }

  /** Pombo did not take it. */
  refused(id: string): void {
    this.#sentAt.delete(id)
  }

  /** Answers which event it was, and how often it came so far; undefined where that cannot be told. */
  received(received: Received): Arrival | undefined {
    this.#attempts += 1
    if (typeof received.signature === 'object') {
      this.#badSignatures += 1
      return undefined
    }
    const id = this.#idOf(received.body)
    if (id === undefined) return undefined
    if (this.#delivered.has(id)) {
      this.#repeats += 1
      return undefined
    }
    const time = (this.#times.get(id) ?? 0) + 1
    this.#times.set(id, time)
    if (time > 1) this.#retries += 1
    if (received.status === 200) {
      this.#times.delete(id)
      this.#delivered.add(id)
      const sentAt = this.#sentAt.get(id)
      if (sentAt !== undefined) this.#latenciesMs.push(performance.now() - sentAt)
    }
    return { id, time }
  }

  #idOf(body: Buffer): string | undefined {
    try {
      return this.#idIn(JSON.parse(body.toString('utf8')))
    } catch {
      return undefined
    }
  }

  get progress(): Progress {
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b)
    const quantile = (share: number): number | undefined =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
    return {
      name: this.name,
      sent: this.#unasked ? null : this.#accepted,
      complete: this.#delivered.size >= (this.#unasked ? 1 : this.#accepted),
      delivered: this.#delivered.size,
      attempts: this.#attempts,
      retries: this.#retries,
      repeats: this.#repeats,
      badSignatures: this.#badSignatures,
      inFlight: this.inFlight(),
      circuit: this.circuit,
      p50Ms: quantile(0.5),
      p95Ms: quantile(0.95),
    }
  }
}
