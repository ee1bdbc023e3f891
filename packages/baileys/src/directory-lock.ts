/** One connection to a directory: two would each deliver all of it. */
import { realpathSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

const held = new Set<string>()

/**
 * Takes the directory, or throws. A process that died holds nothing; one on another machine, or in another container,
 * cannot be asked and is taken to be dead: what both would send twice, Pombo takes once.
 */
export function lockDirectory(directory: string): () => void {
  const path = join(realpathSync(directory), 'lock')
  const holder = readHolder(path)
  const isOther = holder?.host === hostname() && holder.pid !== process.pid && isAlive(holder.pid)
  if (held.has(path) || isOther)
    throw new Error(
      `The buffer directory ${directory} is in use by ` +
        `${isOther ? `process ${holder.pid}` : 'another connection of this process'}. ` +
        'Give each connection a directory of its own, or close the other first; ' +
        'after a reconnect, use connection.attach(sock).',
    )
  writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname() }), { mode: 0o600 })
  held.add(path)
  return () => {
    held.delete(path)
    try {
      unlinkSync(path)
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT') throw error
    }
  }
}

function readHolder(path: string): { pid: number; host: string } | undefined {
  try {
    const { pid, host } = JSON.parse(readFileSync(path, 'utf8')) as { pid: number; host: string }
    return Number.isInteger(pid) ? { pid, host } : undefined
  } catch {
    // None, or cut off while it was written: then its writer is dead.
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM'
  }
}
