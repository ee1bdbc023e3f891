import { expect, test } from 'vitest'
import { endpointOf } from '../../test/support/dialect-samples.ts'
import { SharedRates } from './shared-rates.ts'

function stage(perMinute: number, liveNodes = 1) {
  let nowMs = 1_000
  const rates = new SharedRates({ liveNodes }, { monotonic: () => nowMs }, ({ uid }) =>
    uid === 'alone' ? undefined : { key: 'main', perMinute },
  )
  return { rates, pass: (ms: number) => (nowMs += ms) }
}

const [a, b, c, alone] = ['a', 'b', 'c', 'alone'].map((name) =>
  endpointOf('evolution', { id: `0000000${name}`, uid: name }),
) as [ReturnType<typeof endpointOf>, ...ReturnType<typeof endpointOf>[]]

test('who asks brings along all who wait for the same rate, whoever is next first, while something is left', () => {
  const { rates, pass } = stage(120)
  for (const one of [a, b!, c!, alone!]) rates.setWaiting(one, true)
  rates.divide([want(a, 1)])
  expect(rates.alsoWaiting([c!]).map((id) => id.at(-1))).toEqual(['b', 'a'])
  expect(rates.alsoWaiting([alone!])).toEqual([])
  rates.setWaiting(b!, false)
  expect(rates.alsoWaiting([c!])).toEqual([a.id])
  for (let n = 0; n < 2; n++) rates.take(c!)
  expect(rates.alsoWaiting([c!])).toEqual([])
  pass(1_000)
  rates.forget(a.id)
  expect(rates.alsoWaiting([c!])).toEqual([])
})

const want = (endpoint = a, free = 10) => ({ endpoint, free })

test('what one takes the others have less of, and time brings it back, a second’s worth at most', () => {
  const { rates, pass } = stage(600)
  for (let n = 0; n < 10; n++) rates.take(n % 2 ? a : b!)
  expect([rates.left(a), rates.left(b!), rates.left(alone!)]).toEqual([0, 0, Infinity])
  expect(rates.waitMs(c!)).toBe(100)
  pass(300)
  expect(rates.left(c!)).toBe(3)
  pass(3_600_000)
  rates.sweep()
  expect(rates.left(a)).toBe(10)
})

test('a node has its share of the rate, also where that is less than one a second', () => {
  const { rates, pass } = stage(60, 3)
  expect(rates.left(a)).toBe(1)
  rates.take(a)
  expect(rates.waitMs(b!)).toBe(3_000)
  pass(2_999)
  expect(rates.left(b!)).toBe(0)
  pass(1)
  expect(rates.left(b!)).toBe(1)
})

test('what is left is divided by turns, whoever was not served last time first; nobody gets above its room', () => {
  const { rates, pass } = stage(240)
  const divided = (...wants: ReturnType<typeof want>[]) =>
    Object.fromEntries([...rates.divide(wants)].map(([id, room]) => [id.at(-1), room]))
  expect(divided(want(a), want(b, 1), want(c), want(alone, 7))).toEqual({ a: 2, b: 1, c: 1, e: 7 })
  for (let n = 0; n < 4; n++) rates.take(a)
  pass(250)
  expect(divided(want(a), want(b), want(c))).toEqual({ b: 1 })
  expect(divided(want(a), want(b), want(c))).toEqual({ c: 1 })
  expect(divided(want(a), want(b), want(c))).toEqual({ a: 1 })
  rates.take(a)
  expect(divided(want(a), want(b))).toEqual({})
})

test('a slow rate over several nodes is not forgotten before it is full again', () => {
  const { rates, pass } = stage(1, 3)
  rates.take(a)
  pass(121_000)
  rates.sweep()
  expect(rates.left(a)).toBe(0)
  pass(60_000)
  expect(rates.left(a)).toBe(1)
})
