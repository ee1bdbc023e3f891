import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DiskLog, type DiskLogOptions, openDiskLog } from './disk-log.ts'
import type { BufferedEvent } from './record.ts'

let directory: string
let lost: string[]
let open: DiskLog[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pombo-log-'))
  lost = []
  open = []
})

afterEach(() => {
  for (const log of open) log.close()
  rmSync(directory, { recursive: true })
})

function start(options: Partial<DiskLogOptions> = {}): DiskLog {
  const log = openDiskLog({
    directory,
    bound: { events: 100_000, bytes: 100_000_000 },
    fsync: 'never',
    onLost: (reason, events) => lost.push(`${reason} ${events}`),
    onError: (error) => lost.push(error.message),
    ...options,
  })
  open.push(log)
  return log
}

function end(log: DiskLog): void {
  log.close()
  open = open.filter((one) => one !== log)
}

function event(n: number): BufferedEvent {
  const text = `{"id":"${n}","t":"tab\\tção"}`
  return {
    text,
    bytes: Buffer.byteLength(text),
    me: '{"id":"a"}',
    atMs: n,
    untilMs: n % 2 ? n : null,
  }
}

function takeIds(log: DiskLog, events = 1_000): number[] {
  const taken = log.take({ events, bytes: 1_000_000 }) ?? []
  return taken.map(({ text }) => Number((JSON.parse(text) as { id: string }).id))
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const files = () => readdirSync(directory).sort()
const onlySegment = () => join(directory, files().find((name) => name.endsWith('.log'))!)

test('what was not done is there after a restart, to the byte, and what was done is not', () => {
  const first = start()
  for (const n of range(0, 10)) first.append(event(n))
  expect(takeIds(first, 4)).toEqual(range(0, 4))
  first.done()
  takeIds(first, 2)
  end(first)

  const second = start()
  expect(second.resumed).toBe(6)
  second.append(event(10))
  const taken = second.take({ events: 100, bytes: 1_000_000 })
  expect(taken).toEqual(range(4, 11).map(event))
})

test('files go when they are done, and none is left when all is', () => {
  const log = start({ bound: { events: 100_000, bytes: 4_000 } })
  for (const n of range(0, 40)) log.append(event(n))
  const before = files().length
  expect(before).toBeGreaterThan(3)
  expect(takeIds(log, 20)).toEqual(range(0, 20))
  log.done()
  expect(files().length).toBeLessThan(before)
  takeIds(log)
  log.done()
  end(log)
  expect(files()).toEqual(['cursor'])
  expect(start()).toMatchObject({ resumed: 0 })
})

test('numbers are never used again: an old cursor fits no new file', () => {
  const first = start()
  // Lines of one length, so that the old cursor would stand between two of the new.
  for (const n of [0, 2, 4]) first.append(event(n))
  takeIds(first)
  first.done()
  const cursor = readFileSync(join(directory, 'cursor'))
  end(first)
  const second = start()
  for (const n of [6, 8, 2, 4]) second.append(event(n))
  end(second)
  // As a power cut may leave it, since the cursor is not forced to the disk.
  writeFileSync(join(directory, 'cursor'), cursor)
  expect(takeIds(start())).toEqual([6, 8, 2, 4])
})

test('a cursor that is gone or garbled costs repeats, no event', () => {
  const first = start()
  for (const n of range(0, 5)) first.append(event(n))
  takeIds(first, 2)
  first.done()
  end(first)
  for (const garbled of ['', 'x y z', '0 7 1', '9 0 0']) {
    writeFileSync(join(directory, 'cursor'), garbled)
    const log = start()
    expect(takeIds(log)).toEqual(range(0, 5))
    log.putBack()
    end(log)
  }
})

test('a last line that was cut off is told as damaged, and nothing else is lost', () => {
  const first = start()
  for (const n of range(0, 5)) first.append(event(n))
  end(first)
  truncateSync(onlySegment(), statSync(onlySegment()).size - 9)
  const second = start()
  second.append(event(5))
  expect(takeIds(second)).toEqual(range(0, 4))
  second.done()
  expect(takeIds(second)).toEqual([5])
  second.done()
  expect(lost).toEqual(['damaged 1'])
  expect(second.waiting().events).toBe(0)
})

test('a line in the middle that is not as it was written is told, and passed over', () => {
  const first = start()
  for (const n of range(0, 3)) first.append(event(n))
  end(first)
  const path = onlySegment()
  writeFileSync(path, readFileSync(path, 'utf8').replace('"id":"1"', '"id":"7"'))
  const second = start()
  expect(takeIds(second)).toEqual([0])
  second.done()
  expect(takeIds(second)).toEqual([2])
  expect(lost).toEqual(['damaged 1'])
})

test('zeros that a power cut left at the end are told', () => {
  const first = start()
  first.append(event(0))
  end(first)
  appendFileSync(onlySegment(), Buffer.alloc(600_000))
  const second = start()
  expect(takeIds(second)).toEqual([0])
  second.done()
  expect(takeIds(second)).toEqual([])
  expect(lost).toEqual(['damaged 1'])
})

test('an event larger than what is read at once comes whole', () => {
  const log = start()
  const text = JSON.stringify({ id: '1', pad: 'ç'.repeat(700_000) })
  const large = { ...event(1), text, bytes: Buffer.byteLength(text) }
  log.append(event(0))
  log.append(large)
  log.append(event(2))
  takeIds(log, 1)
  log.done()
  expect(log.take({ events: 5, bytes: 10 })).toEqual([large])
})

test('beyond the bound whole files may go, and what is left is right after a restart', () => {
  const first = start({ bound: { events: 10, bytes: 1_000_000 } })
  for (const n of range(0, 100)) first.append(event(n))
  expect(lost).toHaveLength(90)
  end(first)
  const second = start()
  expect(second.resumed).toBe(10)
  expect(takeIds(second)).toEqual(range(90, 100))
})

test('one connection to a directory: another of this process or a living one is refused, one that died is not', () => {
  const first = start()
  expect(() => start()).toThrow('another connection of this process')
  end(first)
  const lock = join(directory, 'lock')
  writeFileSync(lock, JSON.stringify({ pid: process.ppid, host: hostname() }))
  expect(() => start()).toThrow(`in use by process ${process.ppid}`)
  for (const dead of ['', JSON.stringify({ pid: 2 ** 30, host: hostname() })]) {
    writeFileSync(lock, dead)
    end(start())
  }
  expect(files()).toEqual(['cursor'])
})

test('a directory that cannot be used is an error at the start', () => {
  writeFileSync(join(directory, 'file'), '')
  expect(() => start({ directory: join(directory, 'file') })).toThrow('EEXIST')
})

test('with fsync always and interval the same is written', async () => {
  for (const fsync of ['always', 'interval'] as const) {
    const log = start({ fsync })
    for (const n of range(0, 3)) log.append(event(n))
    expect(takeIds(log)).toEqual(range(0, 3))
    log.done()
    end(log)
  }
  expect(lost).toEqual([])
})
