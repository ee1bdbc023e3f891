import { expect, test, vi } from 'vitest'
import type { StreamEvent } from '../../api/shapes.ts'
import { follow, type LiveState } from './stream.ts'

class Source extends EventTarget {
  closed = false
  readyState = 1
  close(): void {
    this.closed = true
  }
  say(name: string, data: unknown, lastEventId = ''): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId }))
  }
}

const event = (id: number): StreamEvent => ({ id: String(id), kind: 'message' }) as StreamEvent

function watched() {
  const sources: Source[] = []
  const heard: LiveState[] = []
  const opened: string[] = []
  const waiting: (() => void)[] = []
  const stop = follow(
    '/stream',
    (state) => {
      heard.push(state)
      waiting.shift()?.()
    },
    (url) => {
      opened.push(url)
      sources.push(new Source())
      return sources.at(-1) as unknown as EventSource
    },
  )
  const next = async (): Promise<void> => await new Promise((resolve) => void waiting.push(resolve))
  return { source: sources[0]!, sources, heard, opened, stop, next, last: () => heard.at(-1)! }
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

test('what the server left out is counted', () => {
  const { source, last } = watched()
  source.say('dropped', { count: 3 })
  source.say('dropped', { count: 4 })
  expect(last().dropped).toBe(7)
})

test('after an end, and after an answer that is no stream, it is opened again from the last id, ever later', () => {
  vi.useFakeTimers()
  try {
    const { source, sources, last, opened, stop } = watched()
    source.say('hello', {})
    source.say('events', [event(1)], '41-7')
    source.say('end', { reason: 'This node is stopping.' })
    expect([source.closed, last().status]).toEqual([true, 'broken'])
    vi.advanceTimersByTime(1_000)
    expect(opened).toEqual(['/stream', '/stream?last_event_id=41-7'])
    sources[1]!.readyState = 2
    sources[1]!.dispatchEvent(new Event('error'))
    vi.advanceTimersByTime(1_999)
    expect(opened).toHaveLength(2)
    vi.advanceTimersByTime(1)
    expect(opened).toHaveLength(3)
    stop()
  } finally {
    vi.useRealTimers()
  }
})
