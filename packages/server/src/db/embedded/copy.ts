import { constants } from 'node:fs'
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../../core/thrown.ts'
import { refusal } from './refusal.ts'
import { ownUid } from './user.ts'

/** PostgreSQL's program folder and its package's version, as npm installed them for this machine. */
export type Native = { folder: string; release: string }

/**
 * Copies PostgreSQL's programs to `<parent>/pombo/postgres-<release>`, readable by all and writable by nobody else,
 * unless a whole copy is there already; returns its path. What another user could have planted is refused, because
 * Pombo runs these files.
 *
 * A copy, since nothing less works: a program opened by root and run through its descriptor starts, but PostgreSQL then
 * resolves its own real path to find its files, and that leads through the folder that its user may not enter.
 */
export async function copyPrograms(
  native: Native,
  parent: string,
  log: (message: string) => void,
): Promise<string> {
  const root = await realpath(parent)
  await mustKeepOursSafe(root)
  const home = join(root, 'pombo')
  await makeHome(home)
  await mustBeOurs(home)
  const target = join(home, `postgres-${native.release}`)
  if (await isWholeCopy(native.folder, target)) return target
  log(
    `copying the PostgreSQL programs to ${target}, where its user can reach them (PostgreSQL does not run as root)`,
  )
  const draft = await mkdtemp(join(home, '.draft-'))
  try {
    await copyTree(native.folder, join(draft, 'new'))
    // A broken copy (a cleaner's work) may still serve another Pombo: moved away first, removed with the draft.
    await rename(target, join(draft, 'old')).catch(() => {})
    await rename(join(draft, 'new'), target)
  } catch (error) {
    // Another Pombo may have put the same copy there in between.
    if (!(await isWholeCopy(native.folder, target))) throw error
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return target
}

async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home)
    await chmod(home, 0o755) // whatever the umask
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyTree(source, target)
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target)
    else {
      await copyFile(source, target, constants.COPYFILE_FICLONE)
      await chmod(target, 0o755)
    }
  }
  await chmod(to, 0o755)
}

async function isWholeCopy(from: string, copy: string): Promise<boolean> {
  if ((await lstat(copy).catch(() => undefined)) === undefined) return false
  await mustBeOurs(copy)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(copy, entry.name)]
    const [want, have] = await Promise.all([stat(source), stat(target).catch(() => undefined)])
    if (have === undefined || want.isDirectory() !== have.isDirectory()) return false
    if (want.isDirectory() ? !(await isWholeCopy(source, target)) : want.size !== have.size)
      return false
  }
  return true
}

async function mustBeOurs(folder: string): Promise<void> {
  const found = await lstat(folder)
  if (found.isDirectory() && found.uid === ownUid() && (found.mode & 0o022) === 0) return
  throw planted(folder)
}

/** In a folder that others may write in, such as /tmp, what is ours stays ours only under the sticky bit. */
async function mustKeepOursSafe(parent: string): Promise<void> {
  const { uid, mode } = await stat(parent)
  const isWritableByOthers = (mode & 0o022) !== 0
  const isSticky = (mode & 0o1000) !== 0
  if (uid === 0 && (isSticky || !isWritableByOthers)) return
  throw planted(parent)
}

const planted = (folder: string): Error =>
  refusal(
    'embedded_unsupported',
    `Pombo would run a copy of PostgreSQL's programs from ${folder}, but another user can ` +
      'write there, and so could change what Pombo runs. Remove it or mend its owner and mode, ' +
      'and start again.',
  )
