/** The candidate that a mistyped word most likely meant, or undefined when none is near. Case is ignored. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const given = word.toLowerCase()
  // A third of the word: `stauts` finds `status`, while `foo` finds nothing.
  let best = Math.max(1, Math.floor(given.length / 3)) + 1
  let found: string | undefined
  for (const candidate of candidates) {
    const steps = editDistance(given, candidate.toLowerCase(), best)
    if (steps < best) {
      best = steps
      found = candidate
    }
  }
  return found
}

/** Insertions, deletions, replacements and swaps of neighbours between two words; stops counting at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let steps = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        steps = Math.min(steps, beforeLast[j - 2]! + 1)
      row.push(steps)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
