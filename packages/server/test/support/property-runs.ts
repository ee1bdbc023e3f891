// A property test tries 100 inputs in CI, and 30 in `npm run check`, which is run many times a day and finds with the
// seeds of many runs what a single one may miss. A test that names its own number takes it by `runs`.
import fc from 'fast-check'

fc.configureGlobal({ numRuns: runs(100) })

/** `inCi` where CI is set, else three in ten of it. */
export function runs(inCi: number): number {
  return process.env['CI'] ? inCi : Math.ceil(inCi * 0.3)
}
