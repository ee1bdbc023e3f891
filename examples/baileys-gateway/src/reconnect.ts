export type Reconnect =
  /** `forget`: WhatsApp has ended the pairing, so the keys open nothing any more. */
  | { action: 'stop'; forget: boolean; reason: string }
  /** `announce`: it is a loss that someone may want to know of. */
  | { action: 'reconnect'; afterMs: number; announce: boolean }

const final: Readonly<Record<number, { forget: boolean; reason: string }>> = {
  401: { forget: true, reason: 'logged out from the phone' },
  402: { forget: false, reason: 'banned for a time' },
  403: { forget: true, reason: 'the account is locked' },
  406: { forget: true, reason: 'banned' },
}

const firstMs = 1_000
const mostMs = 60_000

/**
 * What to do after a close, by the status of its error. @param attempt how many reconnects there were since the last time it was open
 */
export function decideReconnect(
  code: number | undefined,
  attempt: number,
  random: () => number,
): Reconnect {
  const end = code === undefined ? undefined : final[code]
  if (end) return { action: 'stop', ...end }
  // WhatsApp wants it after every pairing: nothing is lost.
  if (code === 515) return { action: 'reconnect', afterMs: 0, announce: false }
  // A random half off, so that many sessions do not come back in one instant.
  const afterMs = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 20)) * (0.5 + random() / 2)
  return { action: 'reconnect', afterMs, announce: true }
}
