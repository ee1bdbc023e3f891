import type { Progress } from '../backup/backup.ts'
import { tell } from './output.ts'

const EVERY_MS = 2_000

/** Tells how far a copy of the database is: each large table, and whatever is at hand every two seconds. */
export function copyProgress(): (done: Progress) => void {
  let toldAtMs = performance.now()
  return ({ part, rows, share }) => {
    const nowMs = performance.now()
    if (rows < 100_000 && nowMs - toldAtMs < EVERY_MS) return
    toldAtMs = nowMs
    tell(`${String(Math.floor(share * 100)).padStart(3)} %  ${part}: ${count(rows)} rows`)
  }
}

/** `1,234,567`. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

export const commitLost =
  'The connection broke at the commit: asking, for a minute, whether it happened. Ctrl-C ends the asking.'
