import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, figure } from './parts/figure.ts'
import { drive, type Stage } from './parts/stage.ts'
import { queueTouched, withSubject } from './parts/subject.ts'

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
  return await withSubject(stage, 'flip', async ({ pool, target }) => {
    const urls = [(await target('flip')).messages]
    const burst = async () => {
      const before = await queueTouched(pool)
      const { perSecond } = await drive(stage, { urls, count: events })
      // The server's counts come in up to a second late.
      await sleep(1_500)
      const after = await queueTouched(pool)
      return {
        perSecond,
        pages: (after.pages - before.pages) / events,
        scans: after.scans - before.scans,
      }
    }
    await drive(stage, { urls, count: Math.ceil(events / 4) })
    await pool.query('vacuum analyze work')
    const first = await burst()
    await pool.query('vacuum analyze work')
    await drive(stage, { urls, count: Math.ceil(quietMs / 5), perSecond: 200 })
    await pool.query('analyze work')
    const second = await burst()
    const line = (one: typeof first) =>
      `${Math.round(one.perSecond)} events/s, ${one.pages.toFixed(1)} pages of the queue an event, ` +
      `${one.scans} scans from end to end`
    say(`  before: ${line(first)}`)
    say(`  after a quiet time: ${line(second)}`)
    return [
      figure(
        'a burst after a quiet time: pages of the queue an event, against before',
        second.pages / first.pages,
        '≤ 1.2 ×',
        `${second.pages.toFixed(1)} against ${first.pages.toFixed(1)}`,
      ),
      figure(
        'a burst after a quiet time: scans of the queue from end to end',
        second.scans,
        '≤ 3',
        `${Math.round(second.perSecond)} against ${Math.round(first.perSecond)} events/s`,
      ),
    ]
  })
}
