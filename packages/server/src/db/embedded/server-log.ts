import { constants } from 'node:fs'
import { copyFile, type FileHandle, open, stat } from 'node:fs/promises'

const LIMIT_BYTES = 8 * 1024 * 1024

/**
 * PostgreSQL's own log: two files of at most about 8 MB, whatever happens. PostgreSQL's collector could bound the days
 * it keeps but not the bytes, and would be one process more.
 */
export async function openLog(file: string): Promise<FileHandle> {
  await boundLog(file)
  return await open(file, constants.O_CREAT | constants.O_APPEND | constants.O_WRONLY, 0o600)
}

/** Moves a full log to `<file>.1`. Emptied in place, since the server keeps writing (appending) to the same file. */
export async function boundLog(file: string, limitBytes = LIMIT_BYTES): Promise<void> {
  const size = await sizeOf(file)
  if (size <= limitBytes) return
  await copyFile(file, `${file}.1`)
  await using handle = await open(file, 'r+')
  await handle.truncate(0)
}

export const sizeOf = async (file: string): Promise<number> =>
  await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
