/** One measured number, and whether it is as good as it should be. */
export interface Figure {
  name: string
  value: number
  unit: string
  goal: string
  reached: boolean
  detail: string
}

/** @param goal its bound, and the unit behind it: `≤ 50 MB`, `≥ 0.9 ×`; of the unit alone, there is none to reach */
export function figure(name: string, value: number, goal: string, detail: string): Figure {
  const [, sign, bound, unit = ''] = /^([≤≥]) ([\d.]+) ?(.*)$/.exec(goal) ?? []
  if (sign === undefined) return { name, value, unit: goal, goal: '', reached: true, detail }
  const reached = sign === '≤' ? value <= Number(bound) : value >= Number(bound)
  return { name, value, unit, goal: `${sign} ${bound}`, reached, detail }
}

/** @param share 0.99 for the 99th percentile */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
