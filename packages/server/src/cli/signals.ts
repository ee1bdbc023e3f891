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

/**
 * Resolves at the first Ctrl-C or SIGTERM. A second one calls `force`, which does not return. Until `release`,
 * the signals have no other effect.
 */
export function untilSignal(force: () => void): {
  signalled: Promise<NodeJS.Signals>
  release: () => void
} {
  let firstAt: number | undefined
  let tell: (signal: NodeJS.Signals) => void
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    tell = resolve
  })
  const listener = (signal: NodeJS.Signals): void => {
    const now = performance.now()
    if (firstAt === undefined) {
      firstAt = now
      tell(signal)
    } else if (now - firstAt > SAME_MS) force()
  }
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return {
    signalled,
    release: () => {
      process.off('SIGINT', listener)
      process.off('SIGTERM', listener)
    },
  }
}
