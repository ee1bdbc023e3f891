import { expect, test } from 'vitest'
import { startupTask } from './startup-task.ts'

const soon = { firstMs: 1, longestMs: 2 }
const away = new Error('away')

function fakePorts() {
  const reported: string[] = []
  return {
    reported,
    isAway: (error: unknown) => error === away,
    report: (_error: unknown, about: string) => void reported.push(about),
  }
}

test('work that failed is tried again until done; an outage is waited for in silence, a mistake is said', async () => {
  const { reported, ...ports } = fakePorts()
  const failures = [away, away, new Error('a mistake')]
  const { promise: done, resolve } = Promise.withResolvers<void>()
  const running = startupTask(
    ports,
    () => {
      const failure = failures.shift()
      if (failure) return Promise.reject(failure)
      resolve()
      return Promise.resolve()
    },
    'the shop was not opened',
    soon,
  )
  await done
  await running.stop()
  expect(reported).toEqual(['the shop was not opened; it is tried again'])
})

test('a stop ends the tries, also in the middle of one', async () => {
  const { reported, ...ports } = fakePorts()
  let tries = 0
  const running = startupTask(
    ports,
    (signal) => {
      tries += 1
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(away)))
    },
    'nothing',
    soon,
  )
  await running.stop()
  expect({ tries, reported }).toEqual({ tries: 1, reported: [] })
})
