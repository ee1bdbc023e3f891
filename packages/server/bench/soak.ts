import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, figure } from './parts/figure.ts'
import { openDatabaseMeter } from './parts/postgres.ts'
import { drive, type Stage } from './parts/stage.ts'
import { queueTouched, withSubject } from './parts/subject.ts'

/** A stretch of the soak: what an event cost the queue's table and PostgreSQL. */
interface Stretch {
  perSecond: number
  /** Of the queue's table and indexes. */
  pages: number
  /** Undefined where PostgreSQL is on another machine. */
  cpuUs: number | undefined
}

/**
 * Minutes at full load, a while at 200 a second, and a burst: the table of open work, in which every row is inserted
 * and deleted, must not rot. What an event touches at the end is compared with the first stretch of the same length.
 */
export async function soak(
  stage: Stage,
  { fullMs, quietMs, stretchMs }: { fullMs: number; quietMs: number; stretchMs: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  return await withSubject(stage, 'soak', async ({ pool, target }) => {
    const urls = [(await target('soak')).messages]
    const meter = await openDatabaseMeter(pool)
    const stretch = async (
      name: string,
      load: { count: number; perSecond?: number },
    ): Promise<Stretch> => {
      const { pages: pagesBefore } = await queueTouched(pool)
      const before = await meter.look()
      const { perSecond } = await drive(stage, { urls, ...load })
      const { cpuMs } = await meter.since(before)
      // The server's counts come in up to a second late.
      await sleep(1_500)
      const one = {
        perSecond,
        pages: ((await queueTouched(pool)).pages - pagesBefore) / load.count,
        cpuUs: cpuMs === undefined ? undefined : (cpuMs * 1_000) / load.count,
      }
      say(
        `  ${name}: ${Math.round(one.perSecond)} events/s, ${one.pages.toFixed(1)} pages of the queue and ` +
          `${one.cpuUs?.toFixed(0) ?? '?'} µs of PostgreSQL's CPU an event`,
      )
      return one
    }
    // Warm, and how many events make a stretch.
    const warm = await drive(stage, { urls, count: 4_000 })
    const count = Math.max(2_000, Math.round((4_000 / warm.deliveredMs) * stretchMs))
    const first = await stretch('first', { count })
    const endsAt = performance.now() + fullMs
    let last = first
    for (let n = 2; performance.now() < endsAt; n++)
      last = await stretch(`full load, ${n}`, { count })
    await stretch('200 a second', { count: Math.ceil(quietMs / 5), perSecond: 200 })
    const burst = await stretch('burst', { count })
    return [
      ...compared('after the full load', last, first),
      ...compared('a burst after a quiet time', burst, first),
    ]
  })
}

function compared(name: string, now: Stretch, first: Stretch): Figure[] {
  const detail = `${Math.round(now.perSecond)} against ${Math.round(first.perSecond)} events/s`
  const against = (what: string, value: number) =>
    figure(`soak, ${name}: ${what} an event, against the first`, value, '≤ 1.2 ×', detail)
  const pages = against('pages of the queue', now.pages / first.pages)
  return now.cpuUs === undefined || first.cpuUs === undefined
    ? [pages]
    : [pages, against("PostgreSQL's CPU", now.cpuUs / first.cpuUs)]
}
