import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { takeBackup } from '../backup/backup.ts'
import { text } from '../core/setting-kinds.ts'
import { KEYS_FILE, keysIn } from '../db/seal-keys.ts'
import { exitCodes, flag, option } from './command.ts'
import { configuredCommand } from './config-loading.ts'
import { copyProgress, count } from './copy-progress.ts'
import { type OpenDatabase, withDatabaseInUse } from './database.ts'
import { sealingKeys } from './doctor/store.ts'
import { version } from '../version.ts'
import { print, tell, secondsSince } from './output.ts'
import { stoppable } from './signals.ts'

export const backupCommand = configuredCommand({
  name: 'backup',
  summary: 'Write all that is kept into a folder, beside a running Pombo',
  about: `Writes what the database holds at one moment (messages, attempts, what is queued, endpoints, keys, settings)
into a new folder: a compressed file a table and day, and a manifest with counts and checksums. Pombo goes on
meanwhile. It reads back into any PostgreSQL from 15 on, embedded or not, by "pombo restore".
Secrets stay encrypted in it. The keys that open them are not in it unless you ask: keep them elsewhere, since
without them the secrets are lost (POMBO_ENCRYPTION_KEYS, or the file encryption-keys in the data folder).`,
  options: {
    to: option(
      text('a folder that does not exist', './backup-2026-01-31'),
      'folder',
      'Where to; required',
    ),
    'with-keys': flag(
      'With the encryption keys of the data folder: who reads the backup reads the secrets',
    ),
  },
  examples: [
    [
      'pombo backup --to ./backup-$(date +%F)',
      'The embedded database, or the one that DATABASE_URL names',
    ],
    ['pombo backup --to ./b && tar cf - b | ssh vault "cat > b.tar"', 'To another machine'],
  ],
  check: ({ to }) => (to === undefined ? ['--to is missing: the folder to write into.'] : []),
  async run({ to, 'with-keys': withKeys }, config) {
    const folder = resolve(to!)
    if (existsSync(folder)) {
      tell(`${folder} exists already. A backup gets a folder of its own: name another with --to.`)
      return exitCodes.usage
    }
    if (withKeys && config.encryptionKeys !== undefined) {
      tell(
        '--with-keys takes the file of the data folder, but POMBO_ENCRYPTION_KEYS is set: keep that value where your ' +
          'other secrets are.',
      )
      return exitCodes.usage
    }
    const keys = withKeys ? await keysIn(config.dataDir) : undefined
    const keysFile = keys && join(config.dataDir, KEYS_FILE)
    const work = async ({ pool, url, where }: OpenDatabase, signal: AbortSignal) => {
      const startedAt = performance.now()
      const keyIds = [...(await sealingKeys(pool)).keys()]
      const progress = copyProgress()
      const manifest = await takeBackup({
        url,
        folder,
        version,
        keyIds,
        keysFile,
        progress,
        signal,
      })
      const rows = manifest.parts.reduce((sum, part) => sum + part.rows, 0)
      const seconds = secondsSince(startedAt)
      print(
        `${folder}: ${count(rows)} rows of ${where}, as of ${manifest.takenAt}, in ${seconds} s.`,
      )
      if (manifest.openDeliveries > 0)
        print(
          `${count(manifest.openDeliveries)} deliveries were open. A restore does not send these by itself: ` +
            'see "pombo restore --help".',
        )
    }
    await stoppable(
      (signal) => `stopped by ${signal}`,
      async (signal) =>
        await withDatabaseInUse(config, async (database) => await work(database, signal), signal),
    )
    if (withKeys)
      print(
        keysFile === undefined
          ? 'There are no encryption keys yet, so that none are in it.'
          : `The encryption keys are in it (${KEYS_FILE}): who can read the folder can read the secrets.`,
      )
    else if (config.encryptionKeys !== undefined)
      print(
        'Not in it: the encryption keys, POMBO_ENCRYPTION_KEYS. Without them the secrets cannot be read.',
      )
    else
      print(
        `Not in it: the encryption keys, ${join(config.dataDir, KEYS_FILE)}. Keep a copy of that file elsewhere.`,
      )
    return exitCodes.ok
  },
})
