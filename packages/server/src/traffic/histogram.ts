/** Upper bounds of the buckets, in milliseconds; a last one holds whatever took longer. From loopback to an hour. */
export const boundsMs = [
  5, 10, 20, 30, 50, 75, 100, 150, 250, 400, 600, 1_000, 1_500, 2_500, 5_000, 10_000, 20_000,
  30_000, 60_000, 300_000, 3_600_000,
] as const

export const buckets = boundsMs.length + 1

export function bucketOf(durationMs: number): number {
  let low = 0
  let high: number = boundsMs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (durationMs <= boundsMs[middle]!) high = middle
    else low = middle + 1
  }
  return low
}

export interface Percentiles {
  p50: number
  p95: number
  p99: number
}

/** Null where nothing was counted. Within a bucket durations are held to lie evenly. */
export function percentiles(counts: readonly number[]): Percentiles | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  return { p50: at(counts, total, 0.5), p95: at(counts, total, 0.95), p99: at(counts, total, 0.99) }
}

function at(counts: readonly number[], total: number, share: number): number {
  let left = total * share
  for (const [i, count] of counts.entries()) {
    if (count === 0) continue
    if (left <= count) {
      const from = i === 0 ? 0 : boundsMs[i - 1]!
      const to = boundsMs[i] ?? from
      return Math.round(from + ((to - from) * left) / count)
    }
    left -= count
  }
  return boundsMs.at(-1)!
}
