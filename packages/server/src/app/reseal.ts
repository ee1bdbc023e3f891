import { iso } from '../core/clock.ts'
import type { Pool } from '../db/pool.ts'
import { longestRetentionDays, resealAll, resealFiles, resealPayloads } from '../db/reseal.ts'
import type { Seal } from '../db/seal.ts'
import type { Log } from '../observe/log.ts'

/**
 * With several encryption keys, seals again under the newest what an older one sealed, while Pombo runs. The
 * log says until when the older keys are needed.
 */
export async function resealInBackground(
  pool: Pool,
  seal: Seal,
  log: Log,
  retentionDays: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const options = signal ? { signal } : {}
    const secrets = await resealAll(pool, seal, options)
    const payloads = await resealPayloads(pool, seal, options)
    const files = await resealFiles(pool, seal, options)
    if (signal?.aborted) return
    if (secrets.resealed + payloads.resealed + files.resealed > 0) {
      const days = await longestRetentionDays(pool, retentionDays)
      log.main.info(
        {
          secrets: secrets.resealed,
          payloads: payloads.resealed,
          files: files.resealed,
          keepOlderKeysUntil: iso(Date.now() + days * 86_400_000),
        },
        'sealed anew under the newest key; until keepOlderKeysUntil the older keys are still needed ' +
          'for links and keyed hashes of persons that were made under them',
      )
    }
    const all = [secrets, payloads, files]
    const said = all.flatMap(({ unreadable }) => unreadable)
    for (const problem of said)
      log.main.error(
        { problem },
        'a sealed value cannot be opened with any key of POMBO_ENCRYPTION_KEYS',
      )
    const count = all.reduce((sum, { unreadableCount }) => sum + unreadableCount, 0)
    if (count > said.length)
      log.main.error({ count }, 'so many sealed values cannot be opened; the first are named above')
  } catch (error) {
    log.main.warn({ err: error }, 'sealing anew was interrupted; the next start goes on with it')
  }
}
