import { readFileSync, writeFileSync } from 'node:fs'
import { access, constants, realpath, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode, errorMessage } from '../../core/thrown.ts'
import { makeFolders } from '../make-folders.ts'
import { refusal } from './refusal.ts'
import { ownUid } from './user.ts'

/**
 * Makes the data folder if it is missing; returns its real path. Throws `embedded_folder` if Pombo cannot write there.
 */
export async function makeFolder(path: string): Promise<string> {
  try {
    // Elsewhere than on Linux, PostgreSQL's user (when Pombo is root) must be able to pass through; see pathFromInside.
    await makeFolders(path, process.platform === 'linux' ? 0o700 : 0o711)
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return await realpath(path)
  } catch (cause) {
    throw refusal('embedded_folder', `${await whyNotUsable(path, cause)} ${elsewhere}`, cause)
  }
}

const elsewhere =
  'Choose another folder with POMBO_DATA_DIR, or set DATABASE_URL to a PostgreSQL 15 or later.'

async function whyNotUsable(path: string, cause: unknown): Promise<string> {
  const owner = await stat(path).then(
    ({ uid }) => ` (it belongs to user ${uid})`,
    () => '',
  )
  switch (errorCode(cause)) {
    case 'EACCES':
    case 'EPERM':
      return `Pombo, as user ${ownUid()}, may not write in the data folder ${path}${owner}.`
    case 'EROFS':
      return `The data folder ${path} is on a file system that is mounted read-only.`
    case 'ENOSPC':
      return `The disk is full: the data folder ${path} cannot be made.`
    case 'EEXIST':
    case 'ENOTDIR':
      return `The data folder ${path} cannot be made: a file is in its place.`
    default:
      return `The data folder ${path} cannot be used: ${errorMessage(cause)}.`
  }
}

export type FolderLock = { release(): void }

// A killed process holds its locks until the kernel has taken it down, and whoever restarts Pombo may be faster.
const GRACE_MS = 1_000

// Collecting a DatabaseSync closes its file, which would give the lock up silently.
const held = new Set<DatabaseSync>()

/**
 * Takes the data folder for this process, or throws `embedded_in_use` naming who has it.
 *
 * Node offers no flock, and a file with a pid in it goes stale. SQLite's exclusive transaction is the system's own
 * record lock on the file: the kernel drops it when the process ends in whatever way, and it holds between containers
 * that share the folder. The database stays empty; nothing is ever written through it.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const holderFile = join(folder, 'pombo.pid')
  const lock = open(join(folder, 'pombo.lock'), folder)
  const patientUntil = Date.now() + GRACE_MS
  for (;;) {
    try {
      // A journal in memory, or the transaction would leave a journal file behind after a kill.
      lock.exec('pragma journal_mode = memory; begin exclusive')
      break
    } catch (cause) {
      const isPatient = isBusy(cause) && Date.now() < patientUntil
      if (!isPatient) {
        lock.close()
        throw isBusy(cause)
          ? refusal('embedded_in_use', inUse(folder, holder(holderFile)), cause)
          : cannotLock(folder, cause)
      }
    }
    await sleep(50)
  }
  held.add(lock)
  // Only for the message above; a holder that died before or while writing it is no harm.
  writeFileSync(holderFile, `${process.pid} ${hostname()} ${new Date().toISOString()}\n`)
  return {
    release() {
      if (!held.delete(lock)) return
      lock.close()
    },
  }
}

function open(file: string, folder: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: 0 })
  } catch (cause) {
    throw cannotLock(folder, cause)
  }
}

function isBusy(error: unknown): boolean {
  const sqliteBusy = 5
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy
}

function holder(file: string): string {
  try {
    const [pid, host, since] = readFileSync(file, 'utf8').trim().split(' ')
    if (pid && host && since) return `process ${pid} on ${host}, since ${since}`
  } catch {
    // The other one has the lock but has not written its name yet.
  }
  return 'it is just starting'
}

const inUse = (folder: string, who: string): string =>
  `The data folder ${folder} is in use by another Pombo (${who}). Stop that one first, or give this one a folder of ` +
  'its own with POMBO_DATA_DIR. To run several Pombo nodes on one database, set DATABASE_URL ' +
  'to a PostgreSQL 15 or later.'

const cannotLock = (folder: string, cause: unknown): Error =>
  refusal(
    'embedded_folder',
    `The data folder ${folder} cannot be locked (${errorMessage(cause)}). ` +
      'Pombo must be able to write there, on a file system with locks: choose another folder with POMBO_DATA_DIR, ' +
      'or set DATABASE_URL to a PostgreSQL 15 or later.',
    cause,
  )
