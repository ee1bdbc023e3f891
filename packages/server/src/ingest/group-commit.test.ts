import { afterEach, expect, test, vi } from 'vitest'
import { GroupCommit } from './group-commit.ts'
import type { NewMessage } from './columns.ts'

const message = to(1)

afterEach(() => void vi.useRealTimers())

function to(endpoints: number): NewMessage {
  return { payloadBytes: 1, dedupe: [], deliveries: { length: endpoints } } as unknown as NewMessage
}

function stage(yields: () => boolean) {
  const batches: number[] = []
  const commit = new GroupCommit({
    commit: async (batch) => {
      batches.push(batch.length)
      return batch.map(() => true)
    },
    yields,
    maxBatch: 500,
    windowMs: 1,
    maxWaiting: 300,
    maxWaitingBytes: 1_000,
    concurrency: 1,
    observe: () => {},
  })
  return { commit, batches }
}

test('a batch waits while deliveries are behind, and goes at once when they have caught up', async () => {
  vi.useFakeTimers()
  let behind = true
  const { commit, batches } = stage(() => behind)
  const stored = Array.from({ length: 100 }, () => commit.add(message))
  await vi.advanceTimersByTimeAsync(20)
  expect(batches).toEqual([])
  behind = false
  await vi.advanceTimersToNextTimerAsync()
  await Promise.all(stored)
  expect(batches).toEqual([100])
})

test('deliveries that stay behind hold up a batch for 0.1 s, and it is small; beyond the buffer is a 503', async () => {
  vi.useFakeTimers()
  const { commit, batches } = stage(() => true)
  const stored = Array.from({ length: 300 }, () => commit.add(message))
  await expect(commit.add(message)).rejects.toMatchObject({ code: 'overloaded' })
  await vi.advanceTimersByTimeAsync(99)
  expect(batches).toEqual([])
  await vi.advanceTimersByTimeAsync(10)
  expect(batches).toEqual([64])
  await vi.runAllTimersAsync()
  await Promise.all(stored)
  expect(batches).toEqual([64, 64, 64, 64, 44])
})

test('a node that stops writes what it took without waiting', async () => {
  const { commit, batches } = stage(() => true)
  const stored = Array.from({ length: 100 }, () => commit.add(message))
  await commit.drain()
  await Promise.all(stored)
  expect(batches).toEqual([100])
})

test('a batch ends before its deliveries become many; a message to very many endpoints is one alone', async () => {
  const { commit, batches } = stage(() => false)
  const sizes = [1, 900, 900, 900, 5_000, 1, 1]
  await Promise.all(sizes.map((endpoints) => commit.add(to(endpoints))))
  expect(batches).toEqual([3, 1, 1, 2])
})
