import { PomboError } from '../../core/error.ts'
import { isAway } from '../../db/pool.ts'
import { isConnectionError } from './redis-connection.ts'

/** A state that will pass: the database or Redis is away, there is no room, the rate is reached. */
export function isPassing(error: unknown): boolean {
  if (error instanceof PomboError) return error.retryAfterSeconds !== undefined
  return isAway(error) || isConnectionError(error)
}
