import { oneEndpoint, queueTouched } from './parts/one-endpoint.ts'
import type { Stage } from './parts/stage.ts'
import type { Figure } from './throughput.ts'

/**
 * A quiet time, in which the queue is analysed while it is empty, and then a burst: the plans that were made for an
 * empty table must not cost the burst. Compared with the same burst before; what a settled event touches is counted
 * by the server.
 */
export async function flip(
  stage: Stage,
  { events, quietMs }: { events: number; quietMs: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const { pool, send, stop } = await oneEndpoint(stage, 'flip')
  try {
    const burst = async () => {
      const before = await queueTouched(pool)
      const { deliveredMs } = await send(events)
      // The server's counts come in up to a second late.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      const after = await queueTouched(pool)
      return {
        perSecond: (events / deliveredMs) * 1_000,
        pages: (after.pages - before.pages) / events,
        scans: after.scans - before.scans,
      }
    }
    await send(Math.ceil(events / 4))
    await pool.query('vacuum analyze work')
    const first = await burst()
    await pool.query('vacuum analyze work')
    await send(Math.ceil(quietMs / 5), 200)
    await pool.query('analyze work')
    const second = await burst()
    const line = (one: typeof first) =>
      `${Math.round(one.perSecond)} events/s, ${one.pages.toFixed(1)} pages of the queue an event, ` +
      `${one.scans} scans from end to end`
    say(`  before: ${line(first)}`)
    say(`  after a quiet time: ${line(second)}`)
    const pages = second.pages / first.pages
    return [
      {
        name: 'a burst after a quiet time: pages of the queue an event, against before',
        value: pages,
        unit: '×',
        goal: '≤ 1.2',
        reached: pages <= 1.2,
        detail: `${second.pages.toFixed(1)} against ${first.pages.toFixed(1)}`,
      },
      {
        name: 'a burst after a quiet time: scans of the queue from end to end',
        value: second.scans,
        unit: '',
        goal: '≤ 3',
        reached: second.scans <= 3,
        detail: `${Math.round(second.perSecond)} against ${Math.round(first.perSecond)} events/s`,
      },
    ]
  } finally {
    await stop()
  }
}
