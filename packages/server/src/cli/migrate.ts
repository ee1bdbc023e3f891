import { join, resolve } from 'node:path'
import { moveDatabase } from '../backup/move.ts'
import { hasOutbox } from '../backup/store.ts'
import type { Config } from '../config/config.ts'
import { url as urlKind } from '../core/setting-kinds.ts'
import { markMoved, unmarkMoved } from '../db/embedded/moved.ts'
import { migrate } from '../db/migrate.ts'
import { schemaVersion } from '../db/migrations.ts'
import { exitCodes, option } from './command.ts'
import { configuredCommand } from './config-loading.ts'
import { commitLost, copyProgress, count } from './copy-progress.ts'
import { type OpenDatabase, withDatabase, withUrl } from './database.ts'
import { print, tell, secondsSince } from './output.ts'
import { stoppable } from './signals.ts'

export const migrateCommand = configuredCommand({
  name: 'migrate',
  summary: "Bring the database's schema up to date, or move all to another database",
  about: `Applies the migrations that the database lacks, one transaction each, under a lock: any number may run
at once. "pombo serve" does the same at its start; use this where the start must not (a role without the right
to, or a step of its own in a deployment). Older nodes may go on working meanwhile; a migration that they would
not survive is refused while they are live. A schema that is newer than this Pombo is left as it is where it
still serves this one, and refused where it does not.

With --to, everything is copied into another, empty database, in one transaction: from the embedded one into a
PostgreSQL of yours, with what is queued. Pombo must be stopped meanwhile; senders that repeat what was not answered
lose nothing. The embedded data stay where they are, marked, so that no Pombo starts on them by mistake.`,
  options: {
    to: option(
      urlKind(['postgres:', 'postgresql:'], 'postgres://pombo:secret@db.example.com/pombo'),
      'url',
      'Copy everything into this empty database',
    ),
  },
  examples: [
    ['pombo migrate', 'The embedded database, or the one that DATABASE_URL names'],
    ['DATABASE_URL=postgres://… pombo migrate', 'Before a deployment'],
    [
      'pombo migrate --to postgres://pombo@db.example.com/pombo',
      'From the embedded database to one of your own',
    ],
  ],
  async run({ to }, config) {
    if (to === undefined) await withDatabase(config, bringUpToDate)
    else
      await stoppable(
        (signal) => `Stopped by ${signal}. Nothing was moved.`,
        async (signal) =>
          await withDatabase(
            config,
            async (database) =>
              await withUrl(to, async (target) => await move(database, target, config, signal)),
            signal,
          ),
      )
    return exitCodes.ok
  },
})

async function bringUpToDate({ pool, where }: OpenDatabase): Promise<void> {
  const { from, to, applied } = await migrate(pool, { log: print })
  const known = schemaVersion()
  print(
    applied.length > 0
      ? `${where}: the schema went from version ${from} to ${to}.`
      : to > known
        ? `${where}: the schema is at version ${to}, newer than this Pombo's ${known}, which it serves.`
        : `${where}: the schema is up to date (version ${to}).`,
  )
}

async function move(
  from: OpenDatabase,
  to: OpenDatabase,
  config: Config,
  signal: AbortSignal,
): Promise<void> {
  const isEmbedded = config.databaseUrl === undefined
  const startedAt = performance.now()
  const moved = await moveDatabase({
    from,
    to: { ...to, anew: 'drop that database and create it anew' },
    beforeCommit,
    progress: copyProgress(),
    patience: { signal, lost: () => tell(commitLost) },
  }).catch(async (error: unknown) => {
    if (isEmbedded) await unmarkMoved(config.dataDir)
    throw error
  })
  // Before the copy counts: killed between the two, neither database would be started on by mistake.
  async function beforeCommit(): Promise<void> {
    if (isEmbedded)
      await markMoved(config.dataDir, to.where).catch((cause: Error) => {
        throw new Error(
          `The move could not be noted in ${config.dataDir}: ${cause.message}. Nothing was moved.`,
        )
      })
  }
  if (moved.outcome === 'unknown')
    throw new Error(whatToDo(from, to, isEmbedded ? config.dataDir : undefined), {
      cause: moved.cause,
    })
  const seconds = secondsSince(startedAt)
  print(`${count(moved.rows)} rows went from ${from.where} to ${to.where}, in ${seconds} s.`)
  print('Now set DATABASE_URL to it, and start Pombo.')
  if (await hasOutbox(from.pool))
    print(
      `The outbox in ${from.where} stays there: name it in POMBO_OUTBOX_URLS, or its events are read no more.`,
    )
  if (config.encryptionKeys === undefined)
    print(
      `Its secrets are encrypted: set POMBO_ENCRYPTION_KEYS to the keys in ${config.dataDir}/encryption-keys ` +
        '(newest first, between commas); Pombo on another machine needs them.',
    )
  if (!isEmbedded)
    print(`Do not start Pombo on ${from.where} again: what is queued would be sent twice.`)
}

/** @param dataDir where the source is embedded */
function whatToDo(from: OpenDatabase, to: OpenDatabase, dataDir: string | undefined): string {
  const marked = dataDir && join(resolve(dataDir), 'moved')
  const parts = [
    `The connection to ${to.where} broke while the move was committed, and whether it was could not be asked since: ` +
      'either everything is there, or nothing.',
    marked
      ? `${dataDir} stays marked as moved, so that no Pombo starts on it by mistake.`
      : 'Start no Pombo on either until you know.',
    `When ${to.where} answers again: psql "postgres://…" -c "select count(*) from tenant".`,
    'If it counts any, all is there: set DATABASE_URL to it, and start Pombo.',
    `If there are none, nothing is: ${marked ? `remove the file ${marked}, and ` : ''}run this again.`,
    `Should it never answer again, all is still in ${from.where}, as it was` +
      (marked ? `: remove that file, and start Pombo on it.` : '.'),
  ]
  return parts.join(' ')
}
