import { existsSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOM_BYTES = 2 * 1024 ** 3

/**
 * Where tests put databases: in memory where there is room. Making and dropping many thousand small files is slow on
 * ext4, which looks long for an inode while many were just freed: half the time of the suites that do it.
 */
export function scratchParent(): string {
  const inMemory = '/dev/shm'
  if (!existsSync(inMemory)) return tmpdir()
  const { bavail, bsize } = statfsSync(inMemory)
  return bavail * bsize > ROOM_BYTES ? inMemory : tmpdir()
}

/** Removes the data folders `<prefix>…` of Pombos that were killed; memory, unlike a disk, does not forgive them. */
export function removeAbandoned(parent: string, prefix: string): void {
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(prefix))) {
    try {
      const [pid] = readFileSync(join(parent, name, 'pombo.pid'), 'utf8').split(' ')
      if (isRunning(Number(pid))) continue
      rmSync(join(parent, name), { recursive: true, force: true })
    } catch {
      // Another user's, or one that is just being made.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
