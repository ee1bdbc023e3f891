/**
 * The files of a disk log: segments of lines, named after the number of their first line, and the cursor, which says
 * what is done.
 */
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

export interface Segment {
  path: string
  /** The number of its first line. */
  first: number
  /** Of whole lines written; at start, of the file. */
  bytes: number
}

/** Everything before this is done. */
export interface Cursor {
  segment: number
  offset: number
  /** The number of the line that begins there. */
  line: number
}

const lineFeed = 0x0a
const name = /^(\d{16})\.log$/

/** Oldest first. */
export function findSegments(directory: string): Segment[] {
  return readdirSync(directory)
    .flatMap((file) => {
      const digits = name.exec(file)?.[1]
      return digits === undefined ? [] : [segmentAt(directory, Number(digits))]
    })
    .sort((a, b) => a.first - b.first)
}

function segmentAt(directory: string, first: number): Segment {
  const segment = newSegment(directory, first)
  return { ...segment, bytes: statSync(segment.path).size }
}

export function newSegment(directory: string, first: number): Segment {
  return { path: join(directory, `${String(first).padStart(16, '0')}.log`), first, bytes: 0 }
}

/** The lines of a segment from an offset on; a last one that was cut off counts. */
export function countLines(segment: Segment, from = 0): number {
  const bytes = readFileSync(segment.path).subarray(from)
  let lines = 0
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) lines += 1
  return lines + (bytes.length > 0 && bytes.at(-1) !== lineFeed ? 1 : 0)
}

/**
 * Lines from an offset on, without their line feeds: those that end in the next `chunkBytes`, or the one that begins
 * there however long it is. The rest of a closed segment is a line even without its end.
 */
export function readLines(segment: Segment, from: number, chunkBytes: number): Buffer[] {
  for (let size = chunkBytes; ; size *= 2) {
    const bytes = readAt(segment, from, Math.min(size, segment.bytes - from))
    const end = bytes.lastIndexOf(lineFeed)
    const isAll = from + bytes.length >= segment.bytes
    if (end < 0 && !isAll) continue
    const lines: Buffer[] = []
    let start = 0
    for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, start)) {
      lines.push(bytes.subarray(start, at))
      start = at + 1
    }
    if (isAll && start < bytes.length) lines.push(bytes.subarray(start))
    return lines
  }
}

function readAt({ path }: Segment, from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  const file = openSync(path, 'r')
  try {
    let read = 0
    while (read < length) {
      const more = readSync(file, bytes, read, length - read, from + read)
      if (more === 0) break
      read += more
    }
    return bytes.subarray(0, read)
  } finally {
    closeSync(file)
  }
}

/**
 * Where the work stopped, or the beginning of all where that cannot be told: what is sent again is known to Pombo as
 * a repeat.
 */
export function readCursor(path: string, segments: readonly Segment[]): Cursor {
  const [first = 0, offset = 0, line = 0] = numbersIn(path)
  const [oldest] = segments
  if (!oldest) return { segment: line, offset: 0, line }
  const segment = segments.find((one) => one.first === first)
  const isWhole =
    segment !== undefined &&
    offset <= segment.bytes &&
    line >= first &&
    (offset === 0 || offset === segment.bytes || readAt(segment, offset - 1, 1)[0] === lineFeed)
  return isWhole
    ? { segment: first, offset, line }
    : { segment: oldest.first, offset: 0, line: oldest.first }
}

function numbersIn(path: string): number[] {
  try {
    const numbers = readFileSync(path, 'utf8').trim().split(/ +/).map(Number)
    return numbers.length === 3 && numbers.every((one) => Number.isSafeInteger(one) && one >= 0)
      ? numbers
      : []
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return []
    throw error
  }
}

/**
 * Of one length, so that a later one covers an earlier one whole. Not forced to the disk: a lost cursor costs repeats
 * only.
 */
export function writeCursor(file: number, { segment, offset, line }: Cursor): void {
  const text = [segment, offset, line].map((number) => String(number).padStart(16)).join(' ')
  writeSync(file, `${text}\n`, 0)
}

export function removeSegment({ path }: Segment): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error
  }
}
