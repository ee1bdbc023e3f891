/** What to do while Pombo cannot take an event: wait, and try again. */
import { PomboError } from '../../core/error.ts'
import { pause } from '../../core/pause.ts'
import { isAway } from '../../db/pool.ts'
import { isConnectionError } from './redis-connection.ts'

const longestPauseMs = 5_000

/** A state that passes: the database or Redis is away, there is no room, the rate limit is reached. */
export function isPassing(error: unknown): boolean {
  if (error instanceof PomboError) return error.retryAfterSeconds !== undefined
  return isAway(error) || isConnectionError(error)
}

/** The pause before the nth attempt after the first; it doubles up to 5 s. */
export function backoffMs(firstMs: number, attempts: number): number {
  return Math.min(firstMs * 2 ** attempts, longestPauseMs)
}

export interface Patience {
  stopping: AbortSignal
  firstPauseMs: number
  /** Told once, before the first pause. */
  onWait: (error: unknown) => void
}

/**
 * Tries until it succeeds, or fails for a reason that does not pass.
 * @returns `stopped` when the source stops before that
 * @throws what does not pass
 */
export async function untilPassed<T>(
  attempt: () => Promise<T>,
  given: Patience,
): Promise<T | 'stopped'> {
  const { stopping, firstPauseMs, onWait } = given
  for (let waits = 0; ; waits++) {
    try {
      return await attempt()
    } catch (error) {
      if (!isPassing(error)) throw error
      if (waits === 0) onWait(error)
    }
    await pause(backoffMs(firstPauseMs, waits), stopping)
    if (stopping.aborted) return 'stopped'
  }
}
