import type { ClaimedRow } from './store.ts'

type Floors = [number, number, number]

interface Known {
  floors: Floors
  /** When the next claim must look from the start. */
  fullLookAt: number
}

/** Below what was claimed last: a transaction that began before may commit after. */
const marginMs = 100
/** Everything is looked at from the start so often, and never for more than a twentieth of the time. */
const fullLookMs = 2_000
const fullLookShare = 20

export const fromTheStart: Readonly<Floors> = [0, 0, 0]

/**
 * How far each endpoint's work was claimed, by priority. What was claimed leaves dead entries at the head of the
 * index; where a long transaction elsewhere keeps vacuum from them, each claim would walk over all of them
 * (docs/performance.md). So a claim begins where the last one ended. What lies before that (put back, rescued from a
 * dead node, committed late) is found by a look from the start, which comes every two seconds, and at once after
 * something was put back here.
 */
export class ClaimFloors {
  readonly #known = new Map<string, Known>()

  /** Where to begin; `fromTheStart` itself where everything is to be looked at. */
  of(endpointId: string, now: number): Readonly<Floors> {
    const known = this.#known.get(endpointId)
    if (!known || now >= known.fullLookAt) return fromTheStart
    return known.floors
  }

  /** What a claim of an endpoint brought; `tookMs`: how long it took, where it looked from the start. */
  note(
    endpointId: string,
    rows: readonly Pick<ClaimedRow, 'priority' | 'due_ms'>[],
    full: { tookMs: number } | undefined,
    now: number,
  ): void {
    let known = this.#known.get(endpointId)
    if (!known && rows.length === 0) return
    if (!known) this.#known.set(endpointId, (known = { floors: [0, 0, 0], fullLookAt: 0 }))
    if (full) {
      known.floors = [0, 0, 0]
      known.fullLookAt = now + Math.max(fullLookMs, fullLookShare * full.tookMs)
    }
    for (const { priority, due_ms } of rows)
      known.floors[priority] = Math.max(known.floors[priority]!, due_ms - marginMs)
  }

  /** Something of the endpoint was put back: the next claim looks from the start. */
  forget(endpointId: string): void {
    this.#known.delete(endpointId)
  }

  /** Something was put back, and it is not known whose. */
  clear(): void {
    this.#known.clear()
  }

  /** Of endpoints that were not claimed from for a while nothing needs to be known. */
  sweep(now: number): void {
    for (const [id, { fullLookAt }] of this.#known) if (now >= fullLookAt) this.#known.delete(id)
  }
}
