import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Circuit, healthy, step } from './circuit.ts'

const settings = { failuresToOpen: 3, pauseMs: 1_000, maxPauseMs: 5_000 }
const fail = (circuit: Circuit, now: number) => step(circuit, false, settings, now)

test('failures in a row open the circuit, and a success in between starts the count anew', () => {
  let circuit = fail(fail(healthy, 1).circuit, 2).circuit
  expect(circuit.state).toBe('closed')
  circuit = step(circuit, true, settings, 3).circuit
  circuit = fail(fail(circuit, 4).circuit, 5).circuit
  expect(circuit).toMatchObject({ state: 'closed', failingSinceMs: 4 })
  expect(fail(circuit, 6)).toMatchObject({
    change: 'opened',
    circuit: { state: 'open', openUntilMs: 1_006 },
  })
})

test('a failed probe doubles the pause up to the ceiling, a good one closes the circuit', () => {
  let circuit: Circuit = {
    ...healthy,
    state: 'half-open',
    pauseMs: 1_000,
    consecutiveFailures: 3,
    openedAtMs: 0,
    openUntilMs: 0,
    failingSinceMs: 0,
  }
  circuit = fail(circuit, 0).circuit
  expect(circuit).toMatchObject({ state: 'open', pauseMs: 2_000, openUntilMs: 2_000 })
  circuit = fail({ ...circuit, state: 'half-open' }, 0).circuit
  circuit = fail({ ...circuit, state: 'half-open' }, 0).circuit
  expect(circuit.pauseMs).toBe(5_000)
  expect(step({ ...circuit, state: 'half-open' }, true, settings, 9)).toEqual({
    circuit: healthy,
    change: 'closed',
  })
})

test('one that was opened by hand is not closed by what was under way then, and is by its probe', () => {
  const byHand: Circuit = { ...healthy, state: 'open', openedAtMs: 1, openUntilMs: 9 }
  expect(step(byHand, true, settings, 2)).toEqual({ circuit: byHand, change: null })
  const failed = fail(byHand, 2).circuit
  expect(step(failed, true, settings, 3)).toEqual({ circuit: byHand, change: null })
  const probed: Circuit = { ...byHand, state: 'half-open' }
  expect(step(probed, true, settings, 9)).toEqual({ circuit: healthy, change: 'closed' })
  expect(fail(probed, 9)).toMatchObject({ change: 'reopened', circuit: { pauseMs: 2_000 } })
})

test('whatever the history, an open circuit knows when to probe, a closed one failed less than the limit', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (history) => {
      let circuit = healthy
      history.forEach((succeeded, now) => {
        if (circuit.state === 'open' && now % 3 === 0) circuit = { ...circuit, state: 'half-open' }
        circuit = step(circuit, succeeded, settings, now).circuit
        if (circuit.state === 'open') expect(circuit.openUntilMs).toBeGreaterThan(0)
        if (circuit.state === 'closed')
          expect(circuit.consecutiveFailures).toBeLessThan(settings.failuresToOpen)
        expect(circuit.failingSinceMs === null).toBe(circuit.consecutiveFailures === 0)
      })
    }),
  )
})
