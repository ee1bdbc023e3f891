import type { EventBuffer, Limit, OnLost } from './buffer.ts'
import { type DiskLogOptions, openDiskLog } from './disk-log.ts'
import { createMemoryBuffer } from './memory-buffer.ts'
import type { BufferedEvent } from './record.ts'

export interface DiskBufferOptions extends DiskLogOptions {
  /** Bound of what waits in memory while the disk refuses. */
  memory: Limit
  onLost: OnLost
  nowMs: () => number
}

const tryAgainMs = 1_000

/**
 * Waiting events on the disk, and in memory while the disk refuses to be written: then they are still delivered, in
 * order, and go to the disk as soon as it can be written again.
 */
export function openDiskBuffer(options: DiskBufferOptions): EventBuffer & { resumed: number } {
  const log = openDiskLog(options)
  const memory = createMemoryBuffer(options.memory, options.onLost)
  let failedAtMs = Number.NEGATIVE_INFINITY
  let takenFrom: typeof log | typeof memory | undefined

  function write(event: BufferedEvent): boolean {
    if (log.append(event)) return true
    failedAtMs = options.nowMs()
    return false
  }

  /** Whether nothing is left in memory that would have to stand before the next. */
  function moveToDisk(): boolean {
    if (takenFrom === memory || options.nowMs() - failedAtMs < tryAgainMs)
      return memory.waiting().events === 0
    for (;;) {
      const [event] = memory.take({ events: 1, bytes: 0 }) ?? []
      if (!event) return true
      if (!write(event)) {
        memory.putBack()
        return false
      }
      memory.done()
    }
  }

  return {
    resumed: log.resumed,
    append(event) {
      if (!moveToDisk() || !write(event)) memory.append(event)
    },
    take(limit) {
      const fromLog = log.take(limit)
      const found = fromLog ?? memory.take(limit)
      if (found) takenFrom = fromLog ? log : memory
      return found
    },
    done() {
      takenFrom?.done()
      takenFrom = undefined
    },
    putBack() {
      takenFrom?.putBack()
      takenFrom = undefined
    },
    waiting() {
      const onDisk = log.waiting()
      const inMemory = memory.waiting()
      return {
        events: onDisk.events + inMemory.events,
        bytes: onDisk.bytes + inMemory.bytes,
        oldestAtMs: onDisk.oldestAtMs ?? inMemory.oldestAtMs,
      }
    },
    close() {
      if (takenFrom === memory) memory.putBack()
      takenFrom = undefined
      failedAtMs = Number.NEGATIVE_INFINITY
      moveToDisk()
      log.close()
      return memory.close()
    },
  }
}
