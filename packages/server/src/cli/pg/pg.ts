/**
 * `pombo pg …`: the outbox in the user's own database. What it makes there is in sql.ts; who reads it is
 * sources/postgres.
 */
import { nearest } from '../../core/nearest.ts'
import { type Command, exitCodes, table } from '../command.ts'
import { pgInstallCommand } from './install.ts'
import { pgRetryCommand } from './retry.ts'
import { pgStatusCommand } from './status.ts'
import { pgUninstallCommand } from './uninstall.ts'

const parts: Record<string, Command> = {
  install: pgInstallCommand,
  uninstall: pgUninstallCommand,
  status: pgStatusCommand,
  retry: pgRetryCommand,
}

export const pgCommand: Command = {
  name: 'pg',
  summary: 'Events from PostgreSQL tables: install, uninstall, status, retry',
  help,
  async execute([name, ...rest]) {
    const part = name !== undefined && Object.hasOwn(parts, name) ? parts[name] : undefined
    if (part) return await part.execute(rest)
    if (name === '--help' || name === '-h') {
      process.stdout.write(help())
      return exitCodes.ok
    }
    const meant = nearest(name ?? '', Object.keys(parts))
    process.stderr.write(
      name === undefined
        ? help()
        : 'There is no command "pg ' +
            `${name}".${meant ? ` Did you mean "pombo pg ${meant}"?` : ''} "pombo pg --help" ` +
            `lists them.\n`,
    )
    return exitCodes.usage
  },
}

function help(): string {
  const rows = Object.entries(parts).map(([name, { summary }]) => [name, summary] as const)
  return `pombo pg: events from PostgreSQL tables

Usage: pombo pg <command> [options]

Commands:
${table(rows)}

  pombo pg <command> --help   Options and examples of a command
`
}
