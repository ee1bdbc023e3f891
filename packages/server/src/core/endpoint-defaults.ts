import type { CircuitSettings, Endpoint } from './endpoint.ts'

/**
 * What holds for endpoints that say nothing of their own: a tenant's, and before those the server's. All hold at once,
 * but for `maxInFlight`, which an endpoint takes over when it is made.
 */
export interface EndpointDefaults {
  /** Behind that of an event type, see `scheduleOf`. */
  retryScheduleMs?: number[]
  timeoutMs?: number
  maxInFlight?: number
  throttleRate?: number
  throttleWindowMs?: number
  circuit?: CircuitSettings
  /** Beside the endpoint's own, which go before them. */
  headers?: Record<string, string>
}

/** The built-in one; of the others what is not said is the format's, or no limit. */
export const usualMaxInFlight = 20

type Own = Pick<Endpoint, 'timeoutMs' | 'throttleRate' | 'throttleWindowMs' | 'circuit' | 'headers'>

/**
 * Puts into the endpoint what it does not say itself, from the first that does. Its schedule stays open, as that of an
 * event type comes between.
 */
export function applyDefaults<E extends Own>(
  endpoint: E,
  levels: readonly (EndpointDefaults | null | undefined)[],
): E {
  for (const level of levels) {
    if (level == null) continue
    endpoint.timeoutMs ??= level.timeoutMs ?? null
    // A rate means nothing without its window, so both come from one place.
    if (endpoint.throttleRate === null && level.throttleRate !== undefined) {
      endpoint.throttleRate = level.throttleRate
      endpoint.throttleWindowMs = level.throttleWindowMs ?? 1_000
    }
    // A name in another case is the same: the later of two is sent.
    if (level.headers) endpoint.headers = { ...level.headers, ...endpoint.headers }
    if (level.circuit) endpoint.circuit = { ...level.circuit, ...endpoint.circuit }
  }
  const { circuit } = endpoint
  // Each may be said in another place, where nobody saw the other.
  if (circuit?.pauseMs !== undefined && circuit.maxPauseMs !== undefined)
    circuit.maxPauseMs = Math.max(circuit.pauseMs, circuit.maxPauseMs)
  return endpoint
}
