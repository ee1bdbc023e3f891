import { DAY_MS } from '../../core/clock.ts'
/** Of a retry. */
export const longestDelayMs = 7 * DAY_MS

/** Milliseconds before each retry: doubled from the first, never more than `maxMs`. */
export function doublingSchedule(
  retries: number,
  firstMs: number,
  maxMs = longestDelayMs,
): number[] {
  return Array.from({ length: retries }, (_, retry) => Math.min(firstMs * 2 ** retry, maxMs))
}
