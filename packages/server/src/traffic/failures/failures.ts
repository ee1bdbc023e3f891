import type { Attempt } from '../event.ts'

/** Failed attempts of one endpoint by one cause within an hour. */
export interface FailureRow {
  tenantId: string
  appId: string
  endpointId: string
  cause: string
  hourMs: number
  count: number
  givenUp: number
  firstMs: number
  lastMs: number
  /** The last one, to look at. */
  messageId: string
  attemptId: string
}

const HOUR_MS = 3_600_000

/** Failures in memory, until they are added to the table. */
export class Failures {
  #rows = new Map<string, FailureRow>()

  add(attempt: Attempt, nowMs: number): void {
    const { failure, closed } = attempt
    if (failure === null) return
    const hourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS
    const key = `${attempt.endpointId}/${hourMs}/${failure.cause}`
    const known = this.#rows.get(key)
    const last = {
      lastMs: nowMs,
      messageId: attempt.messageId,
      attemptId: failure.attemptId,
    }
    const givenUp = closed === 'exhausted' ? 1 : 0
    if (known === undefined) {
      const { tenantId, appId, endpointId } = attempt
      const of = { tenantId, appId, endpointId, cause: failure.cause, hourMs }
      this.#rows.set(key, { ...of, ...last, count: 1, givenUp, firstMs: nowMs })
      return
    }
    Object.assign(known, last)
    known.count += 1
    known.givenUp += givenUp
  }

  take(): FailureRow[] {
    const rows = [...this.#rows.values()]
    this.#rows = new Map()
    return rows
  }
}
