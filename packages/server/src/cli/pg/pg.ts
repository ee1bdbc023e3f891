/**
 * `pombo pg …`: the outbox in the user's own database. What it makes there is in sql.ts; who reads it is
 * sources/postgres.
 */
import { type Command, exitCodes } from '../command.ts'
import { type Entry, type Group, overview, runOf } from '../group.ts'
import { pgInstallCommand } from './install.ts'
import { pgRetryCommand } from './retry.ts'
import { pgStatusCommand } from './status.ts'
import { pgUninstallCommand } from './uninstall.ts'

const entry = (command: Command): Entry => [command.summary, async () => command]

const parts: Group = {
  name: 'pombo pg',
  about: 'pombo pg: events from PostgreSQL tables',
  entries: {
    install: entry(pgInstallCommand),
    uninstall: entry(pgUninstallCommand),
    status: entry(pgStatusCommand),
    retry: entry(pgRetryCommand),
  },
}

export const pgCommand: Command = {
  name: 'pg',
  summary: 'Events from PostgreSQL tables: install, uninstall, status, retry',
  help: () => overview(parts),
  async execute([name, ...rest]) {
    if (name !== undefined && name !== '--help' && name !== '-h')
      return await runOf(parts, name, rest)
    const out = name === undefined ? process.stderr : process.stdout
    out.write(overview(parts))
    return name === undefined ? exitCodes.usage : exitCodes.ok
  },
}
