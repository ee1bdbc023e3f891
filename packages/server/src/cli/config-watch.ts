import { readFileSync } from 'node:fs'
import { type Loaded, type LoadOptions, loadConfigFile } from '../config/config.ts'

// Files are looked at, not watched: a mounted one is swapped by its folder, which watching misses.
const LOOK_EVERY_MS = 10_000

/**
 * Reads the configuration again when its file has changed, and on SIGHUP. Without a file SIGHUP keeps its meaning, that
 * the terminal is gone.
 */
export function watchConfig(
  options: LoadOptions,
  file: string | undefined,
  reload: (loaded: Loaded) => void,
): { stop(): void } {
  if (file === undefined) return { stop() {} }
  let known = contentOf(file)
  let reading = Promise.resolve()
  const readAgain = (): void => {
    reading = reading.then(async () => reload(await loadConfigFile(options)))
  }
  const look = (): void => {
    const now = contentOf(file)
    // While it is replaced there may be none.
    if (now === undefined || now === known) return
    known = now
    readAgain()
  }
  const timer = setInterval(look, LOOK_EVERY_MS).unref()
  const onHangUp = (): void => {
    known = contentOf(file)
    readAgain()
  }
  process.on('SIGHUP', onHangUp)
  return {
    stop() {
      clearInterval(timer)
      process.off('SIGHUP', onHangUp)
    },
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
