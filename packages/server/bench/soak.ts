import { openPool, type Pool } from '../src/db/pool.ts'
import { startPart } from './parts/child.ts'
import { openDatabaseMeter } from './parts/postgres.ts'
import { apiKey, call, drive, type Stage } from './parts/stage.ts'
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
  const databaseUrl = await stage.database('soak')
  const pool = openPool(databaseUrl, 1, 'bench')
  const pombo = await startPart('pombo.ts', { databaseUrl, dataDir: stage.dataDir, apiKey })
  try {
    const meter = await openDatabaseMeter(pool)
    const url = await pombo.ask<string>('url')
    const { id } = await call<{ id: string }>(url, 'POST', '/app', { name: 'soak' })
    await call(url, 'POST', `/app/${id}/endpoint`, {
      url: `${stage.receiverUrl}/ok`,
      maxInFlight: 64,
    })
    const load = {
      urls: [`${url}/api/v1/app/${id}/msg?with_content=false`],
      headers: { authorization: `Bearer ${apiKey}` },
    }
    let number = 0
    await stage.receiver.ask('reset')
    const send = async (count: number, perSecond?: number) => {
      const firstNumber = number
      number += count
      return await drive(stage, { ...load, count, firstNumber, ...(perSecond && { perSecond }) })
    }
    const stretch = async (name: string, count: number, perSecond?: number): Promise<Stretch> => {
      const pagesBefore = await queuePages(pool)
      const before = await meter.look()
      const { deliveredMs } = await send(count, perSecond)
      const { cpuMs } = await meter.since(before)
      // The server's counts come in up to a second late.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      const one = {
        perSecond: (count / deliveredMs) * 1_000,
        pages: ((await queuePages(pool)) - pagesBefore) / count,
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
    await pombo.stop()
    await pool.end()
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

/** Pages of the queue's table and indexes asked for since the database was made. */
async function queuePages(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ pages: number }>(
    `select (heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)::float8 as pages
       from pg_statio_user_tables
      where relid = 'work'::regclass`,
  )
  return rows[0]!.pages
}
