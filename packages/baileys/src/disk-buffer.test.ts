import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDiskBuffer } from './disk-buffer.ts'
import type { BufferedEvent } from './record.ts'

const wide = { events: 1_000, bytes: 1_000_000 }

function event(n: number): BufferedEvent {
  const text = `{"id":"${n}","pad":"${'x'.repeat(300)}"}`
  return { text, bytes: text.length, me: '', atMs: n, untilMs: null }
}

const idsOf = (events: BufferedEvent[] | undefined) =>
  events?.map(({ text }) => Number((JSON.parse(text) as { id: string }).id))

test('while the disk refuses, events wait in memory, in order and bounded; they go to disk once it is writable', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pombo-disk-'))
  let nowMs = 0
  const told: string[] = []
  const buffer = openDiskBuffer({
    directory,
    // A file for each event, so that a folder which is gone is noticed at the next.
    bound: { events: 1_000, bytes: 1_000 },
    memory: { events: 3, bytes: 1_000_000 },
    fsync: 'never',
    onLost: (reason, events) => told.push(`${reason} ${events}`),
    onError: (error) => told.push((error as { code?: string }).code ?? error.message),
    nowMs: () => nowMs,
  })
  const segments = () => readdirSync(directory).filter((name) => name.endsWith('.log'))

  buffer.append(event(0))
  expect(segments()).toHaveLength(1)
  rmSync(directory, { recursive: true })
  for (const n of [1, 2]) buffer.append(event(n))
  expect(told).toEqual(['ENOENT'])
  expect(buffer.waiting().events).toBe(3)

  mkdirSync(directory)
  // Not asked again within the second, nor while what is in memory is being sent.
  buffer.append(event(3))
  expect(idsOf(buffer.take({ events: 1, bytes: 1 }))).toEqual([1])
  nowMs = 5_000
  buffer.append(event(4))
  // The one that was on the disk has gone with it.
  const known = ['ENOENT', 'ENOENT', 'damaged 1', 'overflow 1']
  expect(told).toEqual(known)
  expect(segments()).toEqual([])
  buffer.done()

  buffer.append(event(5))
  expect(segments()).toHaveLength(3)
  const seen: unknown[] = []
  for (let events = buffer.take(wide); events; events = buffer.take(wide)) {
    seen.push(...idsOf(events)!)
    buffer.done()
  }
  expect(seen).toEqual([3, 4, 5])
  buffer.close()
  expect(told).toEqual(known)
  rmSync(directory, { recursive: true })
})
