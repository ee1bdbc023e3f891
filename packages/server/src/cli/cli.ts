/**
 * The command line: finds the command, runs it, and turns whatever goes wrong into one paragraph and an exit
 * code. Each command is a file of its own that is loaded only when it is called.
 */
import { version } from '../version.ts'
import { nearest } from '../core/nearest.ts'
import { type Command, exitCodes, table } from './command.ts'

const commands: Record<string, { summary: string; load: () => Promise<Command> }> = {
  serve: {
    summary: 'Start Pombo',
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  demo: {
    summary: 'Start everything, send events, watch them being delivered',
    load: async () => (await import('./demo/demo.ts')).demoCommand,
  },
  sink: {
    summary: 'Receive webhooks: verify them, print them, misbehave on request',
    load: async () => (await import('./sink/sink.ts')).sinkCommand,
  },
  listen: {
    summary: 'Receive what a running Pombo delivers, on this machine',
    load: async () => (await import('./listen.ts')).listenCommand,
  },
  replay: {
    summary: 'Send again what was given up, not sent, or delivered',
    load: async () => (await import('./replay.ts')).replayCommand,
  },
  migrate: {
    summary: "Bring the database's schema up to date",
    load: async () => (await import('./migrate.ts')).migrateCommand,
  },
  pg: {
    summary: 'Events from PostgreSQL tables: install, uninstall, status, retry',
    load: async () => (await import('./pg/pg.ts')).pgCommand,
  },
  doctor: {
    summary: 'Check everything that Pombo depends on, and say how to mend it',
    load: async () => (await import('./doctor/doctor.ts')).doctorCommand,
  },
  config: {
    summary: 'Print the configuration in effect, without secrets',
    load: async () => (await import('./config.ts')).configCommand,
  },
}

/** Runs the command line and answers the exit code. */
export async function runCli(args: string[]): Promise<number> {
  const [name, ...rest] = args
  if (
    name === undefined ||
    name === '--help' ||
    name === '-h' ||
    (name === 'help' && rest.length === 0)
  ) {
    process.stdout.write(overview())
    return exitCodes.ok
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`pombo ${version} (Node ${process.versions.node})\n`)
    return exitCodes.ok
  }
  const [wanted, given] = name === 'help' ? [rest[0]!, ['--help']] : [name, rest]
  const found = Object.hasOwn(commands, wanted) ? commands[wanted] : undefined
  if (found === undefined) {
    const meant = nearest(wanted, Object.keys(commands))
    const hint = meant ? ` Did you mean "pombo ${meant}"?` : ''
    process.stderr.write(`There is no command "${wanted}".${hint} "pombo --help" lists them.\n`)
    return exitCodes.usage
  }
  try {
    return await (await found.load()).execute(given)
  } catch (error) {
    const { explain } = await import('./explain.ts')
    process.stderr.write(explain(error))
    return exitCodes.failed
  }
}

function overview(): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const)
  return `Pombo delivers webhooks: durable, signed, retried, recorded.

Usage: pombo <command> [options]

Commands:
${table(rows)}

  pombo <command> --help   Options and examples of a command
  pombo --version          The version

Configuration comes from environment variables or a file (POMBO_CONFIG, --config); "pombo config" lists all of it.
Exit codes: 0 done, 1 failed, 2 wrong options or configuration.
`
}
