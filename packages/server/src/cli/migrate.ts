import { migrate } from '../db/migrate.ts'
import { schemaVersion } from '../db/migrations.ts'
import { exitCodes } from './command.ts'
import { configuredCommand } from './config-loading.ts'
import { withDatabase } from './database.ts'
import { print } from './output.ts'

export const migrateCommand = configuredCommand({
  name: 'migrate',
  summary: "Bring the database's schema up to date",
  about: `Applies the migrations that the database lacks, one transaction each, under a lock: any number may run
at once. "pombo serve" does the same at its start; use this where the start must not (a role without the right
to, or a step of its own in a deployment). Older nodes may go on working meanwhile; a migration that they would
not survive is refused while they are live. A schema that is newer than this Pombo is left as it is where it
still serves this one, and refused where it does not.`,
  options: {},
  examples: [
    ['pombo migrate', 'The embedded database, or the one that DATABASE_URL names'],
    ['DATABASE_URL=postgres://… pombo migrate', 'Before a deployment'],
  ],
  async run(_values, config) {
    await withDatabase(config, async ({ pool, where }) => {
      const { from, to, applied } = await migrate(pool, { log: print })
      const known = schemaVersion()
      print(
        applied.length > 0
          ? `${where}: the schema went from version ${from} to ${to}.`
          : to > known
            ? `${where}: the schema is at version ${to}, newer than this Pombo's ${known}, which it serves.`
            : `${where}: the schema is up to date (version ${to}).`,
      )
    })
    return exitCodes.ok
  },
})
