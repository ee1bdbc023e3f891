import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it that are missing. `mkdir` itself, told to be recursive, never ends where a folder
 * is there and takes none (/proc).
 */
export async function makeFolders(path: string, mode: number): Promise<void> {
  const parent = dirname(path)
  if (parent !== path && (await isMissing(parent))) await makeFolders(parent, mode)
  try {
    await mkdir(path, { mode })
  } catch (error) {
    const isThere = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    )
    if (!isThere) throw error
  }
}

async function isMissing(path: string): Promise<boolean> {
  return await stat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  )
}
