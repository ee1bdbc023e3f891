import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { type EventBuffer, fitting, type Limit, type OnLost } from './buffer.ts'
import { lockDirectory } from './directory-lock.ts'
import { type BufferedEvent, fromLine, toLine } from './record.ts'
import { createSegmentWriter, type FsyncPolicy } from './segment-writer.ts'
import {
  countLines,
  findSegments,
  readCursor,
  readLines,
  removeSegment,
  type Segment,
  writeCursor,
} from './segments.ts'
import { isSystemError } from './system-error.ts'

export interface DiskLogOptions {
  directory: string
  bound: Limit
  fsync: FsyncPolicy
  onLost: OnLost
  /** A write or an fsync failed. */
  onError: (error: Error) => void
}

/** Waiting events in append-only files. Lines are written once and read once; a file goes when all of it is done. */
export interface DiskLog extends Omit<EventBuffer, 'append'> {
  /** Whether it could be written. */
  append(event: BufferedEvent): boolean
  /** How many events were found at the start. */
  readonly resumed: number
}

interface Line {
  event: BufferedEvent | null
  /** With its line feed. */
  bytes: number
  /** Where the cursor stands once it is done. */
  segment: Segment
  end: number
  lines: number
}

const readBytes = 262_144
const mostSegmentBytes = 8_388_608

/** @throws Error where the directory cannot be made, read or taken */
export function openDiskLog(options: DiskLogOptions): DiskLog {
  mkdirSync(options.directory, { recursive: true, mode: 0o700 })
  const unlock = lockDirectory(options.directory)
  try {
    return openLocked(options, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

function openLocked(options: DiskLogOptions, unlock: () => void): DiskLog {
  const { directory, bound, fsync, onLost, onError } = options
  let segments = findSegments(directory)
  const cursorPath = join(directory, 'cursor')
  const cursor = readCursor(cursorPath, segments)
  // Before the cursor: done. Empty: begun by a process that died then.
  const isLeft = ({ first, bytes }: Segment): boolean => first >= cursor.segment && bytes > 0
  for (const segment of segments) if (!isLeft(segment)) removeSegment(segment)
  segments = segments.filter(isLeft)
  closeSync(openSync(cursorPath, 'a', 0o600))
  const cursorFile = openSync(cursorPath, 'r+')

  const last = segments.at(-1)
  // Numbers are never used again: an old cursor must not fit a new segment.
  let nextLine = Math.max(cursor.line, last ? last.first + countLines(last) : 0)
  let events = nextLine - cursor.line
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0) - cursor.offset
  const resumed = events

  // The lines read so far, of which the first `taken` are with the taker.
  let taken = 0
  const ahead: Line[] = []
  let reading = segments[0]
  let readOffset = cursor.offset

  const writer = createSegmentWriter({
    directory,
    segmentBytes: Math.min(mostSegmentBytes, Math.ceil(bound.bytes / 4)),
    fsync,
    onError,
    onSegment(segment) {
      segments.push(segment)
      reading ??= segment
    },
  })

  function makeRoom(): void {
    let lost = 0
    while ((events > bound.events || bytes > bound.bytes) && events - taken > 1) {
      const line = lineAt(taken)
      if (!line) break
      if (line.event === null) onLost('damaged', 1)
      else lost += 1
      leaveOut(line)
    }
    if (lost > 0) onLost('overflow', lost)
  }

  /** Takes out the first line that is not with the taker. */
  function leaveOut(line: Line): void {
    if (taken === 0) {
      consume(1)
      return
    }
    // The cursor may not pass what is being sent: it will pass both at once.
    ahead.splice(taken, 1)
    const before = ahead[taken - 1]!
    before.segment = line.segment
    before.end = line.end
    before.lines += line.lines
    events -= 1
    bytes -= line.bytes
  }

  function lineAt(index: number): Line | undefined {
    while (ahead.length <= index) if (!readMore()) return undefined
    return ahead[index]
  }

  function readMore(): boolean {
    for (;;) {
      while (reading && readOffset >= reading.bytes) {
        const next = segments[segments.indexOf(reading) + 1]
        if (!next) return false
        reading = next
        readOffset = 0
      }
      if (!reading) return false
      const segment = reading
      const before = ahead.length
      for (const text of linesOf(segment)) {
        // The last line of a segment that was cut off has no line feed.
        const end = Math.min(readOffset + text.length + 1, segment.bytes)
        ahead.push({ event: fromLine(text), bytes: end - readOffset, segment, end, lines: 1 })
        readOffset = end
      }
      if (ahead.length > before) return true
    }
  }

  function linesOf(segment: Segment): Buffer[] {
    try {
      return readLines(segment, readOffset, readBytes)
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'ENOENT') throw error
      // Someone has removed it. What is behind it must not wait for ever; `reportGone` will tell.
      onError(error)
      readOffset = segment.bytes
      return []
    }
  }

  /** The first lines are done. */
  function consume(count: number): void {
    const done = ahead.splice(0, count)
    const lastDone = done.at(-1)
    if (!lastDone) return
    events -= done.length
    for (const line of done) {
      bytes -= line.bytes
      cursor.line += line.lines
    }
    cursor.segment = lastDone.segment.first
    cursor.offset = lastDone.end
    tolerantly(() => writeCursor(cursorFile, cursor))
    removeDone()
  }

  /** What fails here costs repeats after a restart, or space: no event. */
  function tolerantly(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!isSystemError(error)) throw error
      onError(error)
    }
  }

  /** There were more lines than a power cut, or someone who removed files, has left. */
  function reportGone(): void {
    const gone = events
    events = 0
    bytes = 0
    if (gone > 0) onLost('damaged', gone)
  }

  function removeDone(): void {
    const isDone = (segment: Segment): boolean =>
      segment.first < cursor.segment ||
      (segment.first === cursor.segment &&
        cursor.offset >= segment.bytes &&
        segment !== writer.current())
    const done = segments.filter(isDone)
    if (done.length === 0) return
    for (const segment of done) tolerantly(() => removeSegment(segment))
    segments = segments.filter((segment) => !isDone(segment))
    if (reading && !segments.includes(reading)) {
      reading = segments[0]
      readOffset = 0
    }
  }

  return {
    resumed,
    append(event) {
      const line = toLine(event)
      try {
        writer.append(line, nextLine)
      } catch (error) {
        if (!isSystemError(error)) throw error
        onError(error)
        return false
      }
      nextLine += 1
      events += 1
      bytes += line.length
      tolerantly(makeRoom)
      return true
    },
    take(limit) {
      if (taken > 0) throw new Error('The last events taken are not done.')
      while (lineAt(0)?.event === null) {
        consume(1)
        onLost('damaged', 1)
      }
      if (!lineAt(0)) reportGone()
      const found: BufferedEvent[] = []
      for (let sum = 0; found.length < limit.events && sum <= limit.bytes; ) {
        const event = lineAt(found.length)?.event
        if (!event) break
        found.push(event)
        sum += event.bytes
      }
      taken = fitting(found, limit)
      return taken === 0 ? undefined : found.slice(0, taken)
    },
    done() {
      const count = taken
      taken = 0
      consume(count)
    },
    putBack() {
      taken = 0
    },
    waiting() {
      let oldestAtMs: number | null = null
      tolerantly(() => {
        oldestAtMs = lineAt(0)?.event?.atMs ?? null
      })
      return { events, bytes, oldestAtMs }
    },
    close() {
      try {
        writer.close()
        if (events === 0) for (const segment of segments) removeSegment(segment)
      } finally {
        closeSync(cursorFile)
        unlock()
      }
      return { lost: 0 }
    },
  }
}
