import { once } from 'node:events'
import { type App, startApp } from '../app.ts'
import type { Config, ConfigEntry } from '../config/config.ts'
import { throwListening } from './address.ts'
import { exitCodes } from './command.ts'
import { tell } from './output.ts'
import { endingSignals } from './signals.ts'
import { keepStartSmall } from './small-start.ts'

/** What a process tells the one that started it. */
export type WorkerMessage = { kind: 'ready'; url: string; apiKey?: string; database: string }

/** One of several processes: it serves until the process that started it says stop. */
export async function serveAsWorker(
  config: Config,
  settings: readonly ConfigEntry[],
  watch: (app: App) => { stop(): void },
): Promise<number> {
  // Ctrl-C reaches every process of a terminal; the one that started this one passes it on as SIGTERM. That may come a
  // second time, from whoever stops the whole group (`timeout`, systemd), and is still one stop.
  for (const signal of endingSignals) process.on(signal, () => {})
  const stopping = new AbortController()
  const { signal } = stopping
  const stopped = once(signal, 'abort')
  process.on('SIGTERM', () => stopping.abort())
  const options = { progress: tell, signal, settings, beforeListening: keepStartSmall() }
  let app: App
  try {
    app = await startApp(config, options)
  } catch (error) {
    if (signal.aborted) return exitCodes.failed
    return throwListening(error, config.listen)
  }
  const { url, apiKey, database } = app
  const ready: WorkerMessage = {
    kind: 'ready',
    url,
    database,
    ...(apiKey !== undefined && { apiKey }),
  }
  process.send?.(ready)
  const watching = watch(app)
  await stopped
  watching.stop()
  const { unfinished, unrecorded } = await app.stop()
  return unfinished + unrecorded > 0 ? exitCodes.failed : exitCodes.ok
}
