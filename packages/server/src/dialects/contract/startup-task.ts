import { pause } from '../../core/pause.ts'
import type { DialectPorts } from './ports.ts'

/** Work that a start has to do: nobody else does it before the next start, so it is tried again until it is done. */
export interface StartupTask {
  stop(): Promise<void>
}

/**
 * Begins `work`, which looks at the signal where it takes long. `about` says what was not done, for the log; the
 * pause between two tries doubles.
 */
export function startupTask(
  ports: Pick<DialectPorts, 'isAway' | 'report'>,
  work: (signal: AbortSignal) => Promise<void>,
  about: string,
  { firstMs, longestMs } = { firstMs: 1_000, longestMs: 60_000 },
): StartupTask {
  const stopping = new AbortController()
  const { signal } = stopping
  const done = (async () => {
    for (let pauseMs = firstMs; ; pauseMs = Math.min(pauseMs * 2, longestMs)) {
      try {
        return await work(signal)
      } catch (error) {
        // An outage of the database is said once, by the cache of the registry.
        if (!signal.aborted && !ports.isAway(error))
          ports.report(error, `${about}; it is tried again`)
      }
      await pause(pauseMs, signal)
      if (signal.aborted) return
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await done
    },
  }
}
