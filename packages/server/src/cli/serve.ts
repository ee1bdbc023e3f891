import cluster from 'node:cluster'
import type { App } from '../app.ts'
import type { Config, ConfigEntry } from '../config/config.ts'
import { integer, listenPlace, text } from '../core/setting-kinds.ts'
import { addressProblem, throwListening } from './address.ts'
import { command, option } from './command.ts'
import { configOption, withConfig } from './config-loading.ts'
import { watchConfig } from './config-watch.ts'
import { tell } from './output.ts'
import { farewell, goodbye, greeting } from './serve-words.ts'
import { untilSignal } from './signals.ts'
import { keepStartSmall } from './small-start.ts'

export const serveCommand = command({
  name: 'serve',
  summary: 'Start Pombo',
  about: `Starts Pombo on the database that DATABASE_URL names, or on an embedded one in POMBO_DATA_DIR, and
serves until it is stopped. Ctrl-C and SIGTERM stop it in good order: nothing new is taken, what is in flight is
finished (for POMBO_SHUTDOWN_GRACE_MS at most) and recorded. A second Ctrl-C ends it at once; what was in flight
is then sent again after the next start. Logs go to standard output, all else to standard error.`,
  options: {
    listen: option(
      listenPlace(),
      'host:port',
      'Address to listen on, or unix:/path (default: POMBO_LISTEN)',
    ),
    'data-dir': option(
      text('a path', '/var/lib/pombo'),
      'path',
      "The embedded server's folder (default: POMBO_DATA_DIR)",
    ),
    processes: option(
      integer(1, 64),
      'number',
      'Processes on this machine (default: POMBO_PROCESSES)',
    ),
    config: configOption,
  },
  examples: [
    ['pombo serve', 'On this machine, with a database of its own'],
    [
      'DATABASE_URL=postgres://… POMBO_LISTEN=0.0.0.0:8071 pombo serve --processes 4',
      'A node of a cluster, on four cores',
    ],
    [
      'pombo serve --config /etc/pombo.yaml',
      'Configured by a file, which is read again when it changes',
    ],
  ],
  exits:
    '0 stopped in good order, 1 failed, or stopped with work unfinished, 2 wrong options ' +
    'or configuration, 130 ended by a second Ctrl-C',
  async run(values) {
    const overrides = {
      ...(values.listen && { POMBO_LISTEN: listenPlace().show(values.listen) }),
      ...(values['data-dir'] !== undefined && { POMBO_DATA_DIR: values['data-dir'] }),
      ...(values.processes !== undefined && { POMBO_PROCESSES: String(values.processes) }),
    }
    const options = { file: values.config, overrides }
    return await withConfig(options, async (config, { entries, file }) => {
      const watch = (app: App) => watchConfig(options, file, (loaded) => app.reload(loaded))
      if (cluster.isWorker)
        return await (await import('./worker.ts')).serveAsWorker(config, entries, watch)
      const problem = await addressProblem(config.listen, 'POMBO_LISTEN (or --listen)')
      if (problem !== undefined) throw new Error(problem)
      const { checkNamedFiles } = await import('./named-files.ts')
      checkNamedFiles(config)
      if (config.processes === 1)
        return await serveAlone(config, entries, watch, file !== undefined)
      return await (await import('./processes.ts')).runProcesses(config, file !== undefined, tell)
    })
  },
})

async function serveAlone(
  config: Config,
  settings: readonly ConfigEntry[],
  watch: (app: App) => { stop(): void },
  hearsHangUp: boolean,
): Promise<number> {
  const starting = new AbortController()
  const { signalled, release } = untilSignal(() => process.exit(130), { hearsHangUp })
  void signalled.then(() => starting.abort(new Error('Stopped before it had started.')))
  let app: App
  try {
    const { startApp } = await import('../app.ts')
    app = await startApp(config, {
      progress: tell,
      signal: starting.signal,
      settings,
      beforeListening: keepStartSmall(),
    })
  } catch (error) {
    release()
    throwListening(error, config.listen)
  }
  tell(greeting(config, app))
  const watching = watch(app)
  const signal = await signalled
  watching.stop()
  tell(farewell(signal, config))
  const left = await app.stop()
  release()
  return goodbye(left, tell)
}
