import { expect, test } from 'vitest'
import { applyDefaults } from './endpoint-defaults.ts'

const silent = {
  timeoutMs: null,
  throttleRate: null,
  throttleWindowMs: 1_000,
  circuit: null,
  headers: {},
}
const tenant = {
  timeoutMs: 2_000,
  throttleRate: 5,
  throttleWindowMs: 60_000,
  circuit: { pauseMs: 9_000 },
}
const server = { timeoutMs: 3_000, throttleRate: 7, circuit: { pauseMs: 1_000, failuresToOpen: 3 } }

test('what an endpoint does not say is its tenant’s, and then the server’s', () => {
  expect(applyDefaults({ ...silent }, [tenant, server])).toEqual({
    timeoutMs: 2_000,
    throttleRate: 5,
    throttleWindowMs: 60_000,
    circuit: { pauseMs: 9_000, failuresToOpen: 3 },
    headers: {},
  })
  expect(applyDefaults({ ...silent }, [null, server])).toMatchObject({
    timeoutMs: 3_000,
    throttleRate: 7,
    throttleWindowMs: 1_000,
  })
  expect(applyDefaults({ ...silent }, [null, {}])).toEqual(silent)
})

test('what it says holds, member by member of its circuit, and a rate keeps its window', () => {
  const own = {
    timeoutMs: 1_000,
    throttleRate: 1,
    throttleWindowMs: 5_000,
    circuit: { failuresToOpen: 1 },
    headers: { a: 'endpoint' },
  }
  expect(applyDefaults({ ...own }, [tenant, server])).toEqual({
    ...own,
    circuit: { failuresToOpen: 1, pauseMs: 9_000 },
  })
})

test('a longest pause that is shorter than the first one is the first one', () => {
  const own = { ...silent, circuit: { maxPauseMs: 500 } }
  expect(applyDefaults(own, [tenant]).circuit).toEqual({ maxPauseMs: 9_000, pauseMs: 9_000 })
})

test('headers of all three go along, and the nearest goes before the others', () => {
  const own = { ...silent, headers: { a: 'endpoint' } }
  const levels = [
    { headers: { a: 'tenant', b: 'tenant' } },
    { headers: { a: 'server', b: 'server', c: 'server' } },
  ]
  expect(applyDefaults(own, levels).headers).toEqual({ a: 'endpoint', b: 'tenant', c: 'server' })
})
