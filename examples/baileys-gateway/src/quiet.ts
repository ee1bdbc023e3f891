import type { UserFacingSocketConfig } from 'baileys'

/**
 * Baileys logs by itself, with a stack for every lost connection. Why it was lost stands in its events, and is said
 * in a line.
 */
export const quiet: NonNullable<UserFacingSocketConfig['logger']> = {
  level: 'silent',
  child: () => quiet,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
}
