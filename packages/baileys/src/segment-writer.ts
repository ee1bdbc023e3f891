import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  writeSync,
} from 'node:fs'
import { newSegment, type Segment } from './segments.ts'

/**
 * `interval` (usual): forced to the disk within a second; a power cut may cost that second. `always`: before the
 * handler returns. `never`: when the operating system likes. Whichever: killing the process loses nothing that was
 * written.
 */
export type FsyncPolicy = 'always' | 'interval' | 'never'

export interface SegmentWriter {
  /**
   * Writes a line, into a new segment where the last one is full.
   * @throws Error of the file system; then nothing is written
   */
  append(line: Buffer, number: number): void
  /** The segment that may still grow. */
  current(): Segment | undefined
  close(): void
}

interface WriterOptions {
  directory: string
  segmentBytes: number
  fsync: FsyncPolicy
  onSegment: (segment: Segment) => void
  onError: (error: Error) => void
}

const fsyncEveryMs = 1_000

/** Never goes on with a file of an earlier process, whose last line may be cut off. */
export function createSegmentWriter(options: WriterOptions): SegmentWriter {
  const { directory, segmentBytes, fsync, onSegment, onError } = options
  let open: { file: number; segment: Segment } | undefined
  let timer: NodeJS.Timeout | undefined

  function openFor(number: number) {
    if (open && open.segment.bytes < segmentBytes) return open
    if (open) finish(open.file)
    open = undefined
    const segment = newSegment(directory, number)
    const file = openSync(segment.path, 'wx', 0o600)
    open = { file, segment }
    onSegment(segment)
    if (fsync === 'always') fsyncDirectory(directory)
    return open
  }

  function finish(file: number): void {
    try {
      if (fsync !== 'never') fdatasyncSync(file)
    } finally {
      closeSync(file)
    }
  }

  function scheduleFsync(): void {
    if (fsync !== 'interval' || timer) return
    timer = setTimeout(() => {
      timer = undefined
      // A file that was finished meanwhile was forced to the disk then.
      if (open) fdatasync(open.file, (error) => error && error.code !== 'EBADF' && onError(error))
    }, fsyncEveryMs)
    timer.unref()
  }

  return {
    append(line, number) {
      const { file, segment } = openFor(number)
      try {
        for (let at = 0; at < line.length; ) at += writeSync(file, line, at)
        if (fsync === 'always') fdatasyncSync(file)
      } catch (error) {
        // A full disk takes half a line.
        ftruncateSync(file, segment.bytes)
        throw error
      }
      segment.bytes += line.length
      scheduleFsync()
    },
    current: () => open?.segment,
    close() {
      clearTimeout(timer)
      if (open) finish(open.file)
      open = undefined
    },
  }
}

function fsyncDirectory(directory: string): void {
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
