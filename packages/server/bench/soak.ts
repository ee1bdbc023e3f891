import { oneEndpoint, queueTouched } from './parts/one-endpoint.ts'
import { openDatabaseMeter } from './parts/postgres.ts'
import type { Stage } from './parts/stage.ts'
import type { Figure } from './throughput.ts'

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
  const { pool, send, stop } = await oneEndpoint(stage, 'soak')
  try {
    const meter = await openDatabaseMeter(pool)
    const stretch = async (name: string, count: number, perSecond?: number): Promise<Stretch> => {
      const { pages: pagesBefore } = await queueTouched(pool)
      const before = await meter.look()
      const { deliveredMs } = await send(count, perSecond)
      const { cpuMs } = await meter.since(before)
      // The server's counts come in up to a second late.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      const one = {
        perSecond: (count / deliveredMs) * 1_000,
        pages: ((await queueTouched(pool)).pages - pagesBefore) / count,
        cpuUs: cpuMs === undefined ? undefined : (cpuMs * 1_000) / count,
      }
      say(
        `  ${name}: ${Math.round(one.perSecond)} events/s, ${one.pages.toFixed(1)} pages of the queue and ` +
          `${one.cpuUs?.toFixed(0) ?? '?'} µs of PostgreSQL's CPU an event`,
      )
      return one
    }
    // Warm, and how many events make a stretch.
    const warm = await send(4_000)
    const count = Math.max(2_000, Math.round((4_000 / warm.deliveredMs) * stretchMs))
    const first = await stretch('first', count)
    const endsAt = performance.now() + fullMs
    let last = first
    for (let n = 2; performance.now() < endsAt; n++) last = await stretch(`full load, ${n}`, count)
    await stretch('200 a second', Math.ceil(quietMs / 5), 200)
    const burst = await stretch('burst', count)
    return [
      ...compared('after the full load', last, first),
      ...compared('a burst after a quiet time', burst, first),
    ]
  } finally {
    await stop()
  }
}

function compared(name: string, now: Stretch, first: Stretch): Figure[] {
  const figure = (what: string, value: number, detail: string): Figure => ({
    name: `soak, ${name}: ${what} an event, against the first`,
    value,
    unit: '×',
    goal: '≤ 1.2',
    reached: value <= 1.2,
    detail,
  })
  const detail = `${Math.round(now.perSecond)} against ${Math.round(first.perSecond)} events/s`
  return [
    figure('pages of the queue', now.pages / first.pages, detail),
    ...(now.cpuUs === undefined || first.cpuUs === undefined
      ? []
      : [figure("PostgreSQL's CPU", now.cpuUs / first.cpuUs, detail)]),
  ]
}
