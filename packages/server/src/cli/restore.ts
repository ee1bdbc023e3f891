import { chmod, copyFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Manifest, readManifest } from '../backup/manifest.ts'
import { restoreBackup } from '../backup/restore.ts'
import type { Config } from '../config/config.ts'
import { text } from '../core/setting-kinds.ts'
import { makeFolders } from '../db/make-folders.ts'
import { keyIdOf } from '../db/seal.ts'
import { KEYS_FILE, keysIn } from '../db/seal-keys.ts'
import { exitCodes, flag, option } from './command.ts'
import { configuredCommand } from './config-loading.ts'
import { commitLost, copyProgress, count } from './copy-progress.ts'
import { type OpenDatabase, withDatabase } from './database.ts'
import { print, tell, secondsSince } from './output.ts'
import { stoppable } from './signals.ts'

export const restoreCommand = configuredCommand({
  name: 'restore',
  summary: 'Read a backup into an empty database',
  about: `Reads the folder that "pombo backup" wrote into the embedded database, or the one that DATABASE_URL names: all
of it, or nothing. It never overwrites: a database that holds anything is refused.
Deliveries that were open when the backup was taken may have been made since. They are closed as "not sent" with that
reason, never sent by themselves; look at them, and send what you choose by "pombo replay --status discarded", or give
--send-open to have all of them sent, at the risk of a second time. Replays that were under way are ended likewise.
What came in after the backup is not in it.`,
  options: {
    from: option(
      text('a folder', './backup-2026-01-31'),
      'folder',
      'What "pombo backup" wrote; required',
    ),
    'send-open': flag('Send what was open, though it may have been delivered since'),
  },
  examples: [
    ['pombo restore --from ./backup-2026-01-31', 'Then start Pombo'],
    [
      'DATABASE_URL=postgres://… pombo restore --from ./b',
      'Into another PostgreSQL than it came from',
    ],
  ],
  check: ({ from }) => (from === undefined ? ['--from is missing: the folder of the backup.'] : []),
  async run({ from, 'send-open': sendOpen }, config) {
    const folder = resolve(from!)
    const manifest = await readManifest(folder)
    await bringKeys(manifest, folder, config)
    const work = async ({ pool, url, where }: OpenDatabase, signal: AbortSignal) => {
      const startedAt = performance.now()
      const done = await restoreBackup({
        url,
        pool,
        where,
        anew:
          config.databaseUrl === undefined
            ? `remove the folder ${join(resolve(config.dataDir), 'postgres')}`
            : 'drop that database and create it anew',
        folder,
        manifest,
        sendOpen,
        progress: copyProgress(),
        signal,
        lost: () => tell(commitLost),
      })
      const seconds = secondsSince(startedAt)
      print(
        `${where}: ${count(done.rows)} rows restored, as of ${manifest.takenAt}, in ${seconds} s.`,
      )
      for (const line of unknowns(manifest, done, sendOpen)) print(line)
    }
    await stoppable(
      (signal) => `Stopped by ${signal}. Nothing was restored.`,
      async (signal) =>
        await withDatabase(config, async (database) => await work(database, signal), signal),
    )
    return exitCodes.ok
  },
})

/** What nobody can know, and what to do about it. */
function unknowns(
  { takenAt }: Manifest,
  { open, canceledJobs }: { open: number; canceledJobs: number },
  sendOpen: boolean,
): string[] {
  const lines = [
    `Unknown: what came in and what was delivered after ${takenAt}. Senders that can repeat their events since then ` +
      'should: with the same event ids or Idempotency-Keys none that is known is taken in twice.',
  ]
  if (open > 0)
    lines.push(
      sendOpen
        ? `${count(open)} deliveries were open then, and are sent when Pombo starts; receivers know a ` +
            'second one by its webhook-id.'
        : `${count(open)} deliveries were open then. They are closed as not sent, since they may have been made; ` +
            `"pombo replay --status discarded --since ${takenAt.slice(0, 10)}T00:00:00Z --dry-run" counts ` +
            'them, without --dry-run sends them.',
    )
  if (canceledJobs > 0)
    lines.push(`${count(canceledJobs)} replays were under way then, and are ended.`)
  return lines
}

/** The keys that open the backup's secrets are there, or an Error before anything is read. */
async function bringKeys(manifest: Manifest, folder: string, config: Config): Promise<void> {
  const inBackup = await keysIn(folder)
  const there = config.encryptionKeys ?? (await keysIn(config.dataDir))
  const ring = new Set((there ?? inBackup ?? []).map((key) => keyIdOf(key)?.toString('hex')))
  const missing = manifest.keyIds.filter((id) => !ring.has(id))
  if (missing.length > 0) throw new Error(keyless(missing, config))
  if (there !== undefined || inBackup === undefined) return
  await makeFolders(config.dataDir, 0o700)
  await bringWhole(join(folder, KEYS_FILE), join(config.dataDir, KEYS_FILE))
  print(`The backup's encryption keys are in ${config.dataDir} now.`)
}

/** A file of keys that a full disk cut short would be taken for all of them. */
async function bringWhole(from: string, to: string): Promise<void> {
  const partial = `${to}.partial`
  try {
    await copyFile(from, partial)
    await chmod(partial, 0o600)
    await rename(partial, to)
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {})
    const { message } = cause as Error
    throw new Error(`${to} could not be written: ${message}. Nothing was restored.`, { cause })
  }
}

const keyless = (missing: readonly string[], config: Config): string =>
  `The backup's secrets are encrypted under ${missing.length === 1 ? 'a key' : 'keys'} that is not here (id ` +
  `${missing.join(', ')}). Nothing was restored. Put the file ${KEYS_FILE} of the Pombo that it came from into ` +
  `${config.dataDir}, or set POMBO_ENCRYPTION_KEYS to its keys.`
