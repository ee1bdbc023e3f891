const firstMs = 250
const mostMs = 30_000
/** A longer pause than anyone means; what waits is in the buffer, which is bounded. */
const mostAskedMs = 600_000

/**
 * How long to wait before retry number `retry` (from 0): as long as the server asked, else doubling, of which a
 * random half is taken off.
 */
export function backoffMs(
  retry: number,
  askedMs: number | undefined,
  random: () => number,
): number {
  if (askedMs !== undefined) return Math.min(askedMs, mostAskedMs)
  return Math.min(mostMs, firstMs * 2 ** Math.min(retry, 20)) * (0.5 + random() / 2)
}

/** `Retry-After` in milliseconds from now: seconds or an HTTP date; undefined when it is neither. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const at = /^[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
