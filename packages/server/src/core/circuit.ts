import type { CircuitSettings } from './endpoint.ts'

/**
 * The circuit breaker of an endpoint: a row, stepped by a pure function, so that all nodes agree.
 *
 * ```
 *             failures in a row reach the limit
 *   closed ───────────────────────────────────▶ open ◀──────────┐
 *     ▲                                           │ pause over   │ probe fails:
 *     │ probe succeeds                            ▼              │ pause doubles
 *     └────────────────────────────────────── half-open ─────────┘
 * ```
 *
 * While open nothing is sent and no attempt is used up. Half-open lets the oldest due delivery through, one at a time.
 */
export type CircuitState = 'closed' | 'open' | 'half-open'

export interface Circuit {
  state: CircuitState
  consecutiveFailures: number
  openedAtMs: number | null
  /** While open: when a probe may go. */
  openUntilMs: number | null
  /** Length of the last pause; the next one doubles it. null, while open: it was opened by hand. */
  pauseMs: number | null
  /** Since when there was no success; null while there is nothing to complain of. */
  failingSinceMs: number | null
}

export const healthy: Circuit = {
  state: 'closed',
  consecutiveFailures: 0,
  openedAtMs: null,
  openUntilMs: null,
  pauseMs: null,
  failingSinceMs: null,
}

export const circuitDefaults = { failuresToOpen: 10, pauseMs: 5_000, maxPauseMs: 600_000 } as const

/** What moved, for operational events and metrics. */
export type CircuitChange = 'opened' | 'reopened' | 'closed' | null

/** The circuit after one more outcome. Pure; `succeeded` is whether the receiver took the request. */
export function step(
  circuit: Circuit,
  succeeded: boolean,
  settings: CircuitSettings | null,
  nowMs: number,
): { circuit: Circuit; change: CircuitChange } {
  if (succeeded) {
    // Whoever opened it by hand knows that it takes requests: one that was under way then says nothing new.
    if (circuit.state === 'open' && circuit.pauseMs === null)
      return { circuit: { ...circuit, consecutiveFailures: 0, failingSinceMs: null }, change: null }
    return { circuit: healthy, change: circuit.state === 'closed' ? null : 'closed' }
  }
  const limits = { ...circuitDefaults, ...settings }
  const failed: Circuit = {
    ...circuit,
    consecutiveFailures: circuit.consecutiveFailures + 1,
    failingSinceMs: circuit.failingSinceMs ?? nowMs,
  }
  switch (circuit.state) {
    case 'closed': {
      if (failed.consecutiveFailures < limits.failuresToOpen)
        return { circuit: failed, change: null }
      return {
        circuit: {
          ...failed,
          state: 'open',
          openedAtMs: nowMs,
          openUntilMs: nowMs + limits.pauseMs,
          pauseMs: limits.pauseMs,
        },
        change: 'opened',
      }
    }
    // Requests that were under way when it opened come back later; they say nothing new.
    case 'open':
      return { circuit: failed, change: null }
    case 'half-open': {
      const pauseMs = Math.min((circuit.pauseMs ?? limits.pauseMs) * 2, limits.maxPauseMs)
      return {
        circuit: { ...failed, state: 'open', openUntilMs: nowMs + pauseMs, pauseMs },
        change: 'reopened',
      }
    }
  }
}
