import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { errorCode } from '../../core/thrown.ts'
import { refusal } from './refusal.ts'

/** The account PostgreSQL runs under when Pombo itself is root, which PostgreSQL refuses to be. */
export type ServerUser = { uid: number; gid: number }

// initdb looks its own account up by number and gives up when there is none, so any number will not do.
const accounts = ['postgres', '_postgres', 'nobody', 'daemon', 'bin']

/**
 * Whom PostgreSQL runs as: `undefined` for Pombo's own user, or another account when Pombo is root.
 * Data that exists already decides, since PostgreSQL runs only as the owner of its data.
 */
export async function serverUser(cluster: string): Promise<ServerUser | undefined> {
  const owner = await ownerOf(cluster)
  const self = ownUid()
  if (self !== 0) {
    if (owner === undefined || owner.uid === self) return undefined
    throw refusal(
      'embedded_folder',
      `The data in ${cluster} belongs to user ${owner.uid}, and Pombo runs as user ${self}: it was probably ` +
        `started as another user before. Start it as that user, or hand the data over: chown -R ${self} ${cluster}`,
    )
  }
  if (owner !== undefined && owner.uid !== 0) return owner
  for (const name of accounts) {
    const found = await account(name)
    if (found !== undefined) return found
  }
  throw refusal(
    'embedded_no_user',
    `Pombo runs as root, PostgreSQL refuses to, and none of the accounts ${accounts.join(', ')} exists to run it ` +
      'under. Add one (useradd --system postgres), start Pombo as an ordinary user, or set ' +
      'DATABASE_URL to a PostgreSQL 15 or later.',
  )
}

/** Not `os.userInfo`, which throws for a user without an entry in /etc/passwd. */
export const ownUid = (): number => process.getuid?.() ?? -1

async function ownerOf(folder: string): Promise<ServerUser | undefined> {
  try {
    const { uid, gid } = await stat(folder)
    return { uid, gid }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function account(name: string): Promise<ServerUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([id('-u', name), id('-g', name)])
    return uid === 0 ? undefined : { uid, gid }
  } catch {
    return undefined // no such account
  }
}

async function id(flag: string, name: string): Promise<number> {
  const { stdout } = await promisify(execFile)('id', [flag, name])
  // macOS says 4294967294 for nobody; Node takes the number signed.
  return Number(stdout) | 0
}
