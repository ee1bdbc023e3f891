import { expect, test } from 'vitest'
import { KeyOrder } from './key-order.ts'

/** Stores by name, each until it is let go. */
function stage(maxWaiting = 100) {
  const order = new KeyOrder({ maxWaiting, maxWaitingBytes: 1_000 })
  const log: string[] = []
  const open = new Map<string, PromiseWithResolvers<boolean>>()
  const store = (name: string, inTurn: boolean, key = 'chat') =>
    order.store(key, inTurn, 1, () => {
      log.push(name)
      const stored = Promise.withResolvers<boolean>()
      open.set(name, stored)
      return stored.promise
    })
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  return { order, log, open, store, turn }
}

test('small messages of a key go together, a large one waits for them, and those behind wait for it', async () => {
  const { log, open, store, turn } = stage()
  const all = [
    store('small 1', true),
    store('small 2', true),
    store('large', false),
    store('small 3', true),
    store('small 4', true),
    store('other', false, 'another chat'),
  ]
  await turn()
  expect(log).toEqual(['small 1', 'small 2', 'other'])
  open.get('small 1')!.resolve(true)
  await turn()
  expect(log).not.toContain('large')
  open.get('small 2')!.resolve(true)
  await turn()
  expect(log.at(-1)).toBe('large')
  open.get('large')!.reject(new Error('refused'))
  await expect(all[2]).rejects.toThrow('refused')
  await turn()
  expect(log.slice(-2)).toEqual(['small 3', 'small 4'])
  for (const { resolve } of open.values()) resolve(true)
  expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ])
})

test('a node that stops waits for those that wait for another', async () => {
  const { order, open, store, turn } = stage()
  const all = [store('large', false), store('small', true)]
  let drained = false
  const stopped = order.drain().then(() => (drained = true))
  open.get('large')!.resolve(true)
  await turn()
  expect(drained).toBe(false)
  open.get('small')!.resolve(true)
  await stopped
  expect(await Promise.all(all)).toEqual([true, true])
})

test('where too many wait for another, the next is a 503', async () => {
  const { open, store, turn } = stage(1)
  const all = [store('large', false), store('small', true)]
  await expect(store('one more', true)).rejects.toMatchObject({ code: 'overloaded' })
  open.get('large')!.resolve(true)
  await turn()
  open.get('small')!.resolve(true)
  await Promise.all(all)
})
