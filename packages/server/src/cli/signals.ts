/**
 * Runs `work`, whose signal the first Ctrl-C or SIGTERM aborts, with the words for it; a second one ends the process
 * at once.
 */
export async function stoppable<T>(
  words: (signal: NodeJS.Signals) => string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stopping = new AbortController()
  const { signalled, release } = untilSignal(() => process.exit(130))
  void signalled.then((signal) => stopping.abort(new Error(words(signal))))
  try {
    return await work(stopping.signal)
  } finally {
    release()
  }
}

/** One Ctrl-C comes twice where npm hands on what the terminal has sent to both; nobody's second one is so quick. */
const SAME_MS = 250

/** What asks a process to end: a person, a service manager, and a terminal that is gone. */
export const endingSignals = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const

/**
 * Resolves at the first Ctrl-C or SIGTERM, or what else asks for an end; `hearsHangUp`: SIGHUP asks for another thing,
 * and ends nothing. A second one calls `force`, which does not return; not a second SIGHUP, which is nobody's haste:
 * shells and service managers send it after another signal. Until `release`, the signals have no other effect.
 */
export function untilSignal(
  force: () => void,
  { hearsHangUp = false }: { hearsHangUp?: boolean } = {},
): {
  signalled: Promise<NodeJS.Signals>
  release: () => void
} {
  let firstAt: number | undefined
  let tell: (signal: NodeJS.Signals) => void
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    tell = resolve
  })
  const listener = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGHUP' && (hearsHangUp || firstAt !== undefined)) return
    const now = performance.now()
    if (firstAt === undefined) {
      firstAt = now
      tell(signal)
    } else if (now - firstAt > SAME_MS) force()
  }
  for (const signal of endingSignals) process.on(signal, listener)
  return {
    signalled,
    release: () => {
      for (const signal of endingSignals) process.off(signal, listener)
    },
  }
}
