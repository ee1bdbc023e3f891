import { uuidFloor, uuidTimeMs } from '../../core/id.ts'
import { type Bounds, type Cursor, keysetRange } from '../pagination.ts'

/** What the history's tables are asked for is bounded by ids, which begin with a time: so days are left out. */

/** The smallest id that anything made together with, or after, a message can have. */
export function madeSince(messageId: string): string {
  // Clocks of nodes may differ a little, and a delivery may be recorded by another one.
  return uuidFloor(Math.max(0, uuidTimeMs(messageId) - 60_000))
}

const nearMs = 2 * 86_400_000

/**
 * Two days from where a list begins, and what lies beyond. Most pages are filled by the first, and only its days'
 * partitions have to be planned and opened: with those of a month it is 10 ms a query, whatever that finds.
 */
export function nearAndFar(cursor: Cursor, { below, above }: Bounds): Bounds[] {
  const { direction, at } = keysetRange(cursor)
  if (direction === 'desc') {
    // The clock only guesses where the newest are, which have no iterator before them.
    const fromMs = Math.min(...[at, below].map(uuidTimeMs), Date.now())
    const edge = uuidFloor(Math.max(0, fromMs - nearMs))
    if (edge > above)
      return [
        { below, above: edge },
        { below: edge, above },
      ]
  } else {
    const edge = uuidFloor(Math.max(...[at, above].map(uuidTimeMs)) + nearMs)
    if (edge < below)
      return [
        { below: edge, above },
        { below, above: edge },
      ]
  }
  return [{ below, above }]
}
