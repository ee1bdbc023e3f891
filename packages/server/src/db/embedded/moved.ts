import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { refusal } from './refusal.ts'

const fileIn = (folder: string): string => join(resolve(folder), 'moved')

/**
 * Notes that the folder's data are elsewhere now. A Pombo that started on them by mistake, without its DATABASE_URL,
 * would send again what is queued in both places.
 */
export async function markMoved(folder: string, where: string): Promise<void> {
  await writeFile(fileIn(folder), `${where}\n${new Date().toISOString()}\n`, { mode: 0o600 })
}

export async function unmarkMoved(folder: string): Promise<void> {
  await rm(fileIn(folder), { force: true })
}

/** Throws `embedded_moved` where the folder is marked. */
export function refuseMoved(folder: string): void {
  let text: string
  try {
    text = readFileSync(fileIn(folder), 'utf8')
  } catch {
    return
  }
  const [where, at] = text.trim().split('\n')
  throw refusal(
    'embedded_moved',
    `The data in ${folder} were moved to ${where} at ${at}. Set DATABASE_URL to that database. To go on with ` +
      'what lies here instead (without all that came since, and sending again what was queued), remove the file ' +
      `${fileIn(folder)}.`,
  )
}
