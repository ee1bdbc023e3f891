import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { EventBuffer, Limit } from './buffer.ts'
import { openDiskBuffer } from './disk-buffer.ts'
import { createMemoryBuffer } from './memory-buffer.ts'
import type { BufferedEvent } from './record.ts'

// One suite for both: what a buffer promises does not depend on where it keeps things.
const wide: Limit = { events: 1_000, bytes: 1_000_000 }
const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

function event(n: number, me = ''): BufferedEvent {
  const text = `{"id":"${n}","pad":"${'x'.repeat(80)}"}`
  return { text, bytes: text.length, me, atMs: n, untilMs: null }
}

const idsOf = (events: BufferedEvent[] | undefined) =>
  events?.map(({ text }) => Number((JSON.parse(text) as { id: string }).id))

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

const kinds: [string, (bound: Limit, onLost: (lost: string) => void) => EventBuffer][] = [
  ['memory', (bound, onLost) => createMemoryBuffer(bound, (reason, n) => onLost(`${reason} ${n}`))],
  [
    'disk',
    (bound, onLost) => {
      const directory = mkdtempSync(join(tmpdir(), 'pombo-buffer-'))
      const buffer = openDiskBuffer({
        directory,
        bound,
        memory: bound,
        fsync: 'never',
        onLost: (reason, n) => onLost(`${reason} ${n}`),
        onError: (error) => onLost(error.message),
        nowMs: () => 0,
      })
      cleanups.push(() => {
        buffer.close()
        rmSync(directory, { recursive: true })
      })
      return buffer
    },
  ],
]

describe.each(kinds)('%s', (_, open) => {
  test('events come out as they went in, in batches within the limit', () => {
    const buffer = open(wide, expect.unreachable)
    for (const n of range(0, 1_000)) buffer.append(event(n))
    const seen: number[] = []
    for (;;) {
      const events = buffer.take({ events: 7, bytes: 500 })
      if (!events) break
      expect(events.length).toBeLessThanOrEqual(5)
      seen.push(...idsOf(events)!)
      buffer.done()
    }
    expect(seen).toEqual(range(0, 1_000))
    expect(buffer.waiting()).toEqual({ events: 0, bytes: 0, oldestAtMs: null })
  })

  test('what is put back comes again, with what came meanwhile', () => {
    const buffer = open(wide, expect.unreachable)
    buffer.append(event(1))
    expect(idsOf(buffer.take(wide))).toEqual([1])
    buffer.append(event(2))
    expect(buffer.waiting()).toMatchObject({ events: 2, oldestAtMs: 1 })
    buffer.putBack()
    expect(idsOf(buffer.take(wide))).toEqual([1, 2])
  })

  test('a batch is of one account', () => {
    const buffer = open(wide, expect.unreachable)
    for (const [n, me] of [
      [1, ''],
      [2, '{"id":"a"}'],
      [3, '{"id":"a"}'],
      [4, '{"id":"b"}'],
    ] as const)
      buffer.append(event(n, me))
    const batches: unknown[] = []
    for (let events = buffer.take(wide); events; events = buffer.take(wide)) {
      batches.push(idsOf(events))
      buffer.done()
    }
    expect(batches).toEqual([[1], [2, 3], [4]])
  })

  test('an event larger than the limit goes alone', () => {
    const buffer = open(wide, expect.unreachable)
    for (const n of [1, 2]) buffer.append(event(n))
    expect(idsOf(buffer.take({ events: 10, bytes: 5 }))).toEqual([1])
  })

  test('beyond the count the oldest are lost, and told', () => {
    const lost: string[] = []
    const buffer = open({ events: 3, bytes: 1_000_000 }, (one) => lost.push(one))
    for (const n of range(0, 5)) buffer.append(event(n))
    expect(lost).toEqual(['overflow 1', 'overflow 1'])
    expect(idsOf(buffer.take(wide))).toEqual([2, 3, 4])
  })

  test('beyond the bytes the oldest are lost, but never the newest', () => {
    const lost: string[] = []
    const buffer = open({ events: 1_000, bytes: 400 }, (one) => lost.push(one))
    for (const n of range(0, 10)) buffer.append(event(n))
    const kept = idsOf(buffer.take(wide))!
    expect(kept.at(-1)).toBe(9)
    expect(kept.length + lost.length).toBe(10)
    expect(kept).toEqual(range(10 - kept.length, 10))
    buffer.done()
    const large = event(10)
    buffer.append({ ...large, text: `{"id":"10","pad":"${'y'.repeat(900)}"}`, bytes: 920 })
    expect(idsOf(buffer.take(wide))).toEqual([10])
  })

  test('what is being sent is not lost to an overflow, and what is done stays done', () => {
    let lost = 0
    const buffer = open({ events: 4, bytes: 1_000_000 }, () => (lost += 1))
    for (const n of range(0, 4)) buffer.append(event(n))
    expect(idsOf(buffer.take({ events: 2, bytes: 1_000 }))).toEqual([0, 1])
    for (const n of range(4, 10)) buffer.append(event(n))
    expect(lost).toBe(6)
    buffer.done()
    expect(buffer.waiting().events).toBe(2)
    expect(idsOf(buffer.take(wide))).toEqual([8, 9])
    buffer.done()
    expect(buffer.waiting()).toEqual({ events: 0, bytes: 0, oldestAtMs: null })
  })

  test('where all that the bound allows is being sent, the next is kept beyond it', () => {
    const buffer = open({ events: 2, bytes: 1_000_000 }, expect.unreachable)
    for (const n of [1, 2]) buffer.append(event(n))
    expect(idsOf(buffer.take(wide))).toEqual([1, 2])
    buffer.append(event(3))
    buffer.done()
    expect(idsOf(buffer.take(wide))).toEqual([3])
  })
})
