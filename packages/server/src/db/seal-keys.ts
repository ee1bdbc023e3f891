import { randomBytes } from 'node:crypto'
import { chmod, link, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../core/thrown.ts'
import { makeFolders } from './make-folders.ts'

/** The name of their file in the data folder. */
export const KEYS_FILE = 'encryption-keys'

/**
 * The encryption keys that lie beside the embedded database, newest first; made at the first start, for its owner alone
 * to read. Processes that start together get the same key. Losing the file loses the secrets: it belongs into every
 * backup of the folder.
 */
export async function loadOrMakeKeys(dataDir: string): Promise<string[]> {
  const path = join(dataDir, KEYS_FILE)
  const found = await keysIn(dataDir)
  if (found !== undefined) return found
  await makeFolders(dataDir, 0o700)
  // Written aside and linked into place: the name appears at once with the whole key behind it, and only for the first
  // that comes.
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(
      `# Encrypts the secrets in Pombo's database. Without it they cannot be read again: ` +
        'back it up, and keep it from others.\n# One key a line, newest first. What old ones ' +
        'sealed is sealed anew; the log says until when they are ' +
        `needed.\n${randomBytes(32).toString('base64')}\n`,
    )
    // A key lost in a power cut after secrets were sealed under it would lose them too.
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(draft, path)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
  await using folder = await open(dataDir, 'r')
  await folder.sync()
  const keys = await keysIn(dataDir)
  if (keys === undefined)
    throw new Error(`${path} was removed while Pombo started; start it again.`)
  return keys
}

/** The keys that lie there, newest first; undefined: none were made yet. */
export async function keysIn(dataDir: string): Promise<string[] | undefined> {
  const path = join(dataDir, KEYS_FILE)
  let text: string
  try {
    text = await readFile(path, 'utf8')
    await chmod(path, 0o600)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new Error(
      `The encryption keys in ${path} cannot be read; they must belong to the user that runs Pombo.`,
      { cause: error },
    )
  }
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (keys.length === 0)
    throw new Error(
      `${path} holds no key. Restore it from a backup; without it the secrets in the database cannot be read.`,
    )
  return keys
}
