const longestDelayMs = 7 * 86_400_000

/** Milliseconds before each retry: doubled from the first, never more than `maxMs`. */
export function doublingSchedule(
  retries: number,
  firstMs: number,
  maxMs = longestDelayMs,
): number[] {
  return Array.from({ length: retries }, (_, retry) => Math.min(firstMs * 2 ** retry, maxMs))
}
