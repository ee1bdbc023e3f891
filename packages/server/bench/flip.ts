import { startPart } from './parts/child.ts'
import { apiKey, call, drive, type Stage } from './parts/stage.ts'
import { openPool, type Pool } from '../src/db/pool.ts'
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
  const databaseUrl = await stage.database('flip')
  const pool = openPool(databaseUrl, 1, 'bench')
  const pombo = await startPart('pombo.ts', { databaseUrl, dataDir: stage.dataDir, apiKey })
  try {
    const url = await pombo.ask<string>('url')
    const { id } = await call<{ id: string }>(url, 'POST', '/app', { name: 'flip' })
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
    const burst = async () => {
      const before = await touched(pool)
      const { deliveredMs } = await send(events)
      // The server's counts come in up to a second late.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      const after = await touched(pool)
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
      `${Math.round(one.perSecond)} events/s, ${one.pages.toFixed(1)} pages of the queue an event, ${one.scans} scans from end to end`
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
    await pombo.stop()
    await pool.end()
  }
}

/** Pages of the queue's table and indexes asked for since the database was made, and scans of it from end to end. */
async function touched(pool: Pool): Promise<{ pages: number; scans: number }> {
  const { rows } = await pool.query<{ pages: number; scans: number }>(
    `select (heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)::float8 as pages, seq_scan::float8 as scans
       from pg_statio_user_tables
       join pg_stat_user_tables using (relid)
      where relid = 'work'::regclass`,
  )
  return rows[0]!
}
