import type { Received } from '../sink/receive.ts'

/** What has become of the messages of one endpoint. */
export interface Progress {
  name: string
  /** Messages that Pombo has accepted for it. */
  sent: number
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

/** Follows the messages of one endpoint by the ids in their payloads, which are known before Pombo has answered. */
export class Tracker {
  readonly name: string
  readonly #sentAt = new Map<string, number>()
  readonly #latenciesMs: number[] = []
  readonly #delivered = new Set<string>()
  #accepted = 0
  #attempts = 0
  #repeats = 0
  #retries = 0
  #badSignatures = 0
  circuit = 'closed'
  inFlight: () => number = () => 0

  constructor(name: string) {
    this.name = name
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

  received(received: Received): void {
    this.#attempts += 1
    if (typeof received.signature === 'object') {
      this.#badSignatures += 1
      return
    }
    const id = idIn(received.body)
    if (id === undefined) return
    if (this.#delivered.has(id)) {
      this.#repeats += 1
      return
    }
    if (received.time > 1) this.#retries += 1
    if (received.status !== 200) return
    this.#delivered.add(id)
    const sentAt = this.#sentAt.get(id)
    if (sentAt !== undefined) this.#latenciesMs.push(performance.now() - sentAt)
  }

  get progress(): Progress {
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b)
    const quantile = (share: number): number | undefined =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
    return {
      name: this.name,
      sent: this.#accepted,
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

function idIn(body: Buffer): string | undefined {
  try {
    const { message } = JSON.parse(body.toString('utf8')) as { message?: { id?: unknown } }
    return typeof message?.id === 'string' ? message.id : undefined
  } catch {
    return undefined
  }
}
