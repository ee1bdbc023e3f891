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
  // To come back would throw the other one out, which would come back.
  440: { forget: false, reason: 'another program took the session over' },
}

/** What may help, of what is tried again. */
const hints: readonly [RegExp, string][] = [
  [/QR refs attempts ended/, 'nobody scanned the code; new ones follow'],
  [
    /ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED|ETIMEDOUT/,
    'this machine does not reach WhatsApp: is it online, and do proxy and firewall let it out?',
  ],
  [/^405/, 'WhatsApp may no longer take this version of Baileys: update it'],
]

const firstMs = 1_000
const mostMs = 60_000

/**
 * What to do after a close, by the status of its error. @param attempt how many reconnects there were since the last
 * time it was open
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

/** `408: WebSocket Error (…): what may help`. */
export function explain(code: number | undefined, message: string | undefined): string {
  const said = [code, message].filter((part) => part !== undefined).join(': ')
  const hint = hints.find(([pattern]) => pattern.test(said))?.[1]
  return [said || 'no reason given', hint].filter((part) => part !== undefined).join('; ')
}
