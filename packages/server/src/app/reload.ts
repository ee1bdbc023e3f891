import type { Config, ConfigEntry, Loaded } from '../config/config.ts'
import { takeUp } from '../config/changes.ts'
import type { Log } from '../observe/log.ts'

/** What `reload` works on: the configuration that everybody reads, and how it is shown. */
interface Running {
  config: Config
  settings: ConfigEntry[]
  log: Log
}

/** Takes up what can change while Pombo runs. A configuration with a mistake changes nothing; the log has why. */
export function createReload({ config, settings, log }: Running): (loaded: Loaded) => void {
  return (loaded) => {
    if (!loaded.ok) {
      const { problems } = loaded
      log.main.error({ problems }, 'the configuration was not taken up; everything stays as it was')
      return
    }
    const { live, waiting } = takeUp(config, loaded.config)
    // What waits is shown as it is in effect.
    const entries = loaded.entries.map((entry) =>
      waiting.includes(entry.variable)
        ? (settings.find(({ variable }) => variable === entry.variable) ?? entry)
        : entry,
    )
    settings.splice(0, settings.length, ...entries)
    log.main.level = config.logLevel
    if (live.length > 0) log.main.info({ variables: live }, 'the configuration was taken up')
    if (waiting.length > 0)
      log.main.warn({ variables: waiting }, 'changes of the configuration wait for the next start')
    if (live.length + waiting.length === 0)
      log.main.info('the configuration was read again; nothing has changed')
  }
}
