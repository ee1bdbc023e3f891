import { expect, test } from 'vitest'
import { misbehave, seededRandom, wellBehaved } from './mischief.ts'

function reactions(count: number, mischief: Partial<typeof wellBehaved>) {
  const react = misbehave({ ...wellBehaved, ...mischief })
  return Array.from({ length: count }, () => react())
}

test('the same seed makes the same decisions, another seed others', () => {
  const wild = { fail: 0.3, hang: 0.1, reset: 0.1 }
  expect(reactions(200, { ...wild, seed: 7 })).toEqual(reactions(200, { ...wild, seed: 7 }))
  expect(reactions(200, { ...wild, seed: 7 })).not.toEqual(reactions(200, { ...wild, seed: 8 }))
})

test('shares come out as asked', () => {
  const all = reactions(20_000, { fail: 0.2, hang: 0.05, reset: 0.02 })
  const share = (is: (reaction: (typeof all)[number]) => boolean) =>
    all.filter(is).length / all.length
  expect(share((one) => one.kind === 'answer' && one.status === 503)).toBeCloseTo(0.2, 1)
  expect(share((one) => one.kind === 'hang')).toBeCloseTo(0.05, 1.5)
  expect(share((one) => one.kind === 'reset')).toBeCloseTo(0.02, 1.5)
  expect(share((one) => one.kind === 'answer' && one.status === 200)).toBeCloseTo(0.73, 1)
})

test('a well-behaved sink always answers 200, and 100% means always', () => {
  expect(new Set(reactions(1_000, {}).map((one) => JSON.stringify(one))).size).toBe(1)
  expect(reactions(1_000, { hang: 1 }).every((one) => one.kind === 'hang')).toBe(true)
})

test('after its count a sink is gone, whatever else it was told', () => {
  const all = reactions(20, { goneAfter: 5, fail: 1 })
  expect(all.map((one) => (one.kind === 'answer' ? one.status : one.kind))).toEqual([
    ...Array<number>(5).fill(503),
    ...Array<number>(15).fill(410),
  ])
})

test('random numbers of neighbouring seeds are spread over the whole range', () => {
  for (const seed of [0, 1, 2, 4_294_967_295]) {
    const random = seededRandom(seed)
    const numbers = Array.from({ length: 1_000 }, random)
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    expect(numbers.reduce((sum, one) => sum + one, 0) / 1_000).toBeCloseTo(0.5, 1)
  }
  expect(Math.abs(seededRandom(1)() - seededRandom(2)())).toBeGreaterThan(0.001)
})
