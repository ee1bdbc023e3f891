import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks until it is so, where an old answer may be given for `ms` and no longer. What counts is when it was asked for:
 * a busy machine makes answers late, and a fault makes them old.
 */
export async function freshWithin(ms: number, ask: () => Promise<boolean>): Promise<void> {
  const from = performance.now()
  for (;;) {
    const askedAfterMs = performance.now() - from
    if (await ask()) return
    if (askedAfterMs > ms)
      throw new Error(`${askedAfterMs} ms after the change the old was answered`)
    await sleep(10)
  }
}
