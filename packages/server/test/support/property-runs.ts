// A property test tries 100 inputs in CI, the same in each run: what CI says of a change is to come from the change,
// and not from an input that nobody had drawn before. New ones are drawn by `npm run check`, which is run many times
// a day with 30 of them, and by `npm run explore`, every night with 1,000. A test that names its own number takes it
// by `runs`.
import fc from 'fast-check'

const isExploring = Boolean(process.env['POMBO_EXPLORE'])

fc.configureGlobal({
  numRuns: runs(100),
  ...(process.env['CI'] && !isExploring ? { seed: 20_261_129 } : {}),
})

/** `inCi` where CI is set, ten times that by `npm run explore`, else three in ten of it. */
export function runs(inCi: number): number {
  if (isExploring) return inCi * 10
  return process.env['CI'] ? inCi : Math.ceil(inCi * 0.3)
}
