import { expect, test } from 'vitest'
import type { StreamEvent } from '../../api/shapes.ts'
import { follow, type LiveState } from './stream.ts'

class Source extends EventTarget {
  closed = false
  close(): void {
    this.closed = true
  }
  say(name: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }))
  }
}

const event = (id: number): StreamEvent => ({ id: String(id), kind: 'message' }) as StreamEvent

function watched() {
  const source = new Source()
  const heard: LiveState[] = []
  const waiting: (() => void)[] = []
  const stop = follow(
    '/stream',
    (state) => {
      heard.push(state)
      waiting.shift()?.()
    },
    () => source as unknown as EventSource,
  )
  const next = async (): Promise<void> => await new Promise((resolve) => void waiting.push(resolve))
  return { source, heard, stop, next, last: () => heard.at(-1)! }
}

test('a burst is one change, and what comes again after a break is shown once', async () => {
  const { source, heard, next, last, stop } = watched()
  const drawn = next()
  for (let id = 0; id < 500; id += 1) source.say('events', [event(id)])
  source.say('events', [event(498), event(499)])
  await drawn
  expect(heard).toHaveLength(1)
  expect(last()).toMatchObject({ seen: 500 })
  stop()
  expect(source.closed).toBe(true)
})

test('no more rows are kept than can be scrolled back to', async () => {
  const { source, next, last, stop } = watched()
  const drawn = next()
  source.say(
    'events',
    Array.from({ length: 6_000 }, (_, id) => event(id)),
  )
  await drawn
  expect(last().rows).toHaveLength(5_000)
  expect(last().rows[0]?.id).toBe('1000')
  expect(last().seen).toBe(6_000)
  stop()
})

test('what the server left out is counted, and a stream that it ends is not opened again', () => {
  const { source, last } = watched()
  source.say('dropped', { count: 3 })
  source.say('dropped', { count: 4 })
  expect(last().dropped).toBe(7)
  source.say('end', { reason: 'signed out' })
  expect(last().status).toBe('ended')
  expect(source.closed).toBe(true)
})
