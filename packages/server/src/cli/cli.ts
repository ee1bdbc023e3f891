/**
 * The command line: finds the command, runs it, and turns whatever goes wrong into one paragraph and an exit
 * code. Each command is a file of its own that is loaded only when it is called.
 */
import { exitCodes } from './command.ts'
import { type Group, overview, runOf } from './group.ts'

const commands: Group = {
  name: 'pombo',
  about: 'Pombo delivers webhooks: durable, signed, retried, recorded.',
  entries: {
    serve: ['Start Pombo', async () => (await import('./serve.ts')).serveCommand],
    demo: [
      'Start everything, send events, watch them being delivered',
      async () => (await import('./demo/demo.ts')).demoCommand,
    ],
    sink: [
      'Receive webhooks: verify them, print them, misbehave on request',
      async () => (await import('./sink/sink.ts')).sinkCommand,
    ],
    listen: [
      'Receive what a running Pombo delivers, on this machine',
      async () => (await import('./listen.ts')).listenCommand,
    ],
    replay: [
      'Send again what was given up, not sent, or delivered',
      async () => (await import('./replay.ts')).replayCommand,
    ],
    migrate: [
      "Bring the database's schema up to date, or move all to another database",
      async () => (await import('./migrate.ts')).migrateCommand,
    ],
    backup: [
      'Write all that is kept into a folder, beside a running Pombo',
      async () => (await import('./backup.ts')).backupCommand,
    ],
    restore: [
      'Read a backup into an empty database',
      async () => (await import('./restore.ts')).restoreCommand,
    ],
    pg: [
      'Events from PostgreSQL tables: install, uninstall, status, retry',
      async () => (await import('./pg/pg.ts')).pgCommand,
    ],
    doctor: [
      'Check everything that Pombo depends on, and say how to mend it',
      async () => (await import('./doctor/doctor.ts')).doctorCommand,
    ],
    config: [
      'Print the configuration in effect, without secrets',
      async () => (await import('./config.ts')).configCommand,
    ],
    version: ['Print the version', async () => (await import('./version.ts')).versionCommand],
  },
  more: `
Configuration comes from environment variables or a file (POMBO_CONFIG, --config); "pombo config" lists all of it.
Exit codes: 0 done, 1 failed, 2 wrong options or configuration.
`,
}

/** Runs the command line and answers the exit code. */
export async function runCli(args: string[]): Promise<number> {
  const [name = '--help', ...rest] = args
  if (name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) {
    process.stdout.write(overview(commands))
    return exitCodes.ok
  }
  try {
    if (name === '--version' || name === '-v') return await runOf(commands, 'version', rest)
    return name === 'help'
      ? await runOf(commands, rest[0]!, ['--help'])
      : await runOf(commands, name, rest)
  } catch (error) {
    const { explain } = await import('./explain.ts')
    process.stderr.write(explain(error))
    return exitCodes.failed
  }
}
