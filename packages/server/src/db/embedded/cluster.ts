import { randomBytes } from 'node:crypto'
import {
  appendFile,
  chmod,
  chown,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorCode, errorMessage } from '../../core/thrown.ts'
import { pathFromInside, startChild } from './child.ts'
import type { Programs } from './programs.ts'
import { refusal } from './refusal.ts'
import type { ServerUser } from './user.ts'

const DRAFT = '.draft-'

// Rewritten at every start, so that a newer Pombo's settings reach older data. `alter system` still wins over them.
const settings = `# Written by Pombo at every start. To change a setting: alter system set … (it wins over this file).
max_connections = 100
shared_buffers = '64MB'
max_wal_size = '512MB'
fsync = on
full_page_writes = on
synchronous_commit = on
password_encryption = 'scram-sha-256'
jit = off
# Three processes fewer than with the default's workers; the data is small and mostly in memory.
io_method = 'sync'
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
logging_collector = off
log_checkpoints = off
log_line_prefix = '%m [%p] '
# Terse, or a constraint's violation would put the row, and so a payload or a secret, into the log.
log_error_verbosity = 'terse'
`

// Whoever reaches the socket is let in, and only the owner of the data folder (and root) reaches it.
const access = 'local all all trust\n'

export const SUPERUSER = 'pombo'

/**
 * Makes `cluster` a PostgreSQL data folder of this major version, or throws saying why it cannot be one.
 * Built beside and renamed into place, so that one killed halfway is never taken for data.
 */
export async function prepareCluster(
  cluster: string,
  programs: Programs,
  user: ServerUser | undefined,
  { log, signal }: { log: (message: string) => void; signal: AbortSignal | undefined },
): Promise<void> {
  await removeDrafts(cluster)
  const found = await majorOf(cluster)
  if (found === undefined) await create(cluster, programs, user, { log, signal })
  else if (found !== programs.major) throw otherVersion(cluster, found, programs)
  await writeOwned(join(cluster, 'pombo.conf'), settings, user)
  await writeOwned(join(cluster, 'pg_hba.conf'), access, user)
}

async function majorOf(cluster: string): Promise<string | undefined> {
  try {
    return (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR')
      throw refusal(
        'embedded_folder',
        `${cluster} is a file, and PostgreSQL's data has to go there. Move it away, or ` +
          'choose another folder with POMBO_DATA_DIR.',
      )
    if (errorCode(error) !== 'ENOENT') throw error
  }
  const content = await readdir(cluster).catch(() => [])
  if (content.length === 0) return undefined
  throw refusal(
    'embedded_folder',
    `${cluster} is not empty and not PostgreSQL data (it has no PG_VERSION). Move it away, ` +
      'or choose another folder with POMBO_DATA_DIR.',
  )
}

async function create(
  cluster: string,
  programs: Programs,
  user: ServerUser | undefined,
  { log, signal }: { log: (message: string) => void; signal: AbortSignal | undefined },
): Promise<void> {
  const parent = dirname(cluster)
  log(`creating the database in ${parent} (first start)`)
  const draft = join(parent, `${DRAFT}${randomBytes(4).toString('hex')}`)
  const data = join(draft, 'data')
  await mkdir(draft, { mode: 0o700 })
  try {
    await mkdir(data, { mode: 0o700 })
    if (user !== undefined) for (const path of [draft, data]) await chown(path, user.uid, user.gid)
    await initdb(data, join(draft, 'output'), programs, user, signal)
    await appendFile(join(data, 'postgresql.conf'), "\ninclude = 'pombo.conf'\n")
    // An empty folder may stand in its place already, as a mount point's owner made it.
    await rename(data, cluster)
    await syncFolder(parent)
  } catch (cause) {
    throw signal?.aborted === true ? cause : explained(cause, parent, user)
  } finally {
    await rm(draft, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function initdb(
  data: string,
  outputFile: string,
  { initdb: program }: Programs,
  user: ServerUser | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted()
  await using output = await open(outputFile, 'a', 0o600)
  const args = [
    '-D',
    pathFromInside(data, user),
    `--username=${SUPERUSER}`,
    '--auth=trust',
    '--no-instructions',
  ]
  // PostgreSQL's own C.UTF-8 is the same on every system and needs no locale installed.
  args.push(
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  )
  const child = await startChild({ program, args, folder: data, user, output })
  const interrupt = () => child.interrupt()
  signal?.addEventListener('abort', interrupt, { once: true })
  const status = await child.exited
  signal?.removeEventListener('abort', interrupt)
  signal?.throwIfAborted()
  if (status !== 0)
    throw new Error(`initdb ended with status ${status}: ${await lastErrors(outputFile)}`)
}

/** The lines in which PostgreSQL's programs name what went wrong. */
export async function lastErrors(file: string, fromByte = 0): Promise<string> {
  const text = (await readFile(file)).subarray(fromByte).toString('utf8')
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const errors = lines.filter((line) => /\b(error|fatal|panic)\b:?/i.test(line))
  return (errors.length > 0 ? errors : lines).slice(-3).join('; ') || 'it said nothing'
}

function explained(cause: unknown, parent: string, user: ServerUser | undefined): Error {
  const detail = errorMessage(cause)
  if (user !== undefined && /permission denied/i.test(detail)) {
    return refusal(
      'embedded_folder',
      `The database in ${parent} could not be created: PostgreSQL does not run as root, and ` +
        `user ${user.uid}, which runs it, cannot get there (${detail}). Choose a folder that ` +
        'it can reach with POMBO_DATA_DIR, or start Pombo as an ordinary user.',
      cause,
    )
  }
  if (/could not look up effective user/.test(detail)) {
    return refusal(
      'embedded_no_user',
      `The database in ${parent} could not be created, because the user that Pombo runs as ` +
        'has no entry in /etc/passwd, which PostgreSQL needs. Add one, or run as a user that ' +
        'has one, or set DATABASE_URL to a PostgreSQL 15 or later.',
      cause,
    )
  }
  return refusal(
    'embedded_failed',
    `The database in ${parent} could not be created: ${detail}`,
    cause,
  )
}

const otherVersion = (cluster: string, found: string, { major, version }: Programs): Error =>
  refusal(
    'embedded_other_version',
    `The data in ${cluster} was made by PostgreSQL ${found}, and this Pombo brings ` +
      `${version}, which reads only ${major}. ` +
      'To keep the data, start the Pombo that made it, dump it with pg_dump, move the folder ' +
      'away, start this Pombo and restore the dump; ' +
      `or set DATABASE_URL to a PostgreSQL ${found} server with this data. To begin anew, move the folder away.`,
  )

async function removeDrafts(cluster: string): Promise<void> {
  const parent = dirname(cluster)
  const drafts = (await readdir(parent)).filter((name) => name.startsWith(DRAFT))
  for (const draft of drafts)
    await rm(join(parent, draft), { recursive: true, force: true, maxRetries: 5 })
}

async function writeOwned(file: string, text: string, user: ServerUser | undefined): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.new`)
  await writeFile(draft, text, { mode: 0o600 })
  await chmod(draft, 0o600)
  if (user !== undefined) await chown(draft, user.uid, user.gid)
  await rename(draft, file)
}

/** A rename is durable once the folder it happened in is written. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}
