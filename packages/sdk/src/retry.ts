/** Statuses that pass by themselves: too many requests, and a server or a proxy before it that is away for a moment. */
const passingStatuses = new Set([429, 502, 503, 504])

export function isPassing(status: number): boolean {
  return passingStatuses.has(status)
}

/** `Retry-After` in milliseconds from now: seconds or an HTTP date; undefined when it is neither. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const at = /^[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}

/**
 * How long to wait before retry number `retry` (from 0): never less than the server asked for; without a word from it
 * 250 ms, doubled each time up to 10 s, of which a random half is taken off, so that many clients do not come back
 * together.
 */
export function retryWaitMs(
  retry: number,
  askedMs: number | undefined,
  random: () => number,
): number {
  if (askedMs !== undefined) return askedMs
  const fullMs = Math.min(10_000, 250 * 2 ** retry)
  return fullMs * (0.5 + random() / 2)
}
