import { expect, test } from 'vitest'
import { pause, startDeadline } from './deadline.ts'

const reason = new Error('the user left')

test('an abort ends a wait at once, with its reason', async () => {
  const controller = new AbortController()
  const waiting = pause(3_600_000, controller.signal)
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  await expect(pause(3_600_000, controller.signal)).rejects.toBe(reason)
})

test('a deadline that has ended neither fires nor listens any more', () => {
  const controller = new AbortController()
  const deadline = startDeadline('GET /', 3_600_000, controller.signal)
  expect(deadline.leftMs()).toBeGreaterThan(3_599_000)
  deadline.end()
  controller.abort(reason)
  expect(deadline.signal.aborted).toBe(false)
})
