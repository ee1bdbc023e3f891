import { setTimeout as sleep } from 'node:timers/promises'
import { showId, uuidFloor } from '../src/core/id.ts'
import { DAY_MS } from '../src/core/clock.ts'
import { dayBounds, listPartitions } from '../src/db/partitions.ts'
import { openPool } from '../src/db/pool.ts'
import { retain } from '../src/upkeep/retention/retention.ts'
import type { Kept } from './kept-history.ts'
import { type Figure, figure } from './parts/figure.ts'
import { call, type Stage } from './parts/stage.ts'

const keptForDays = 30
const goalMs = 1_000

/**
 * Retention drops the oldest day of the history while two clients list it, two send events in, and a report has
 * just begun to read the day that goes. What is the longest that any call waited, and what was it just before?
 */
export async function keptRetention(
  stage: Stage,
  { databaseUrl, url, kept }: { databaseUrl: string; url: string; kept: Kept },
  seconds: number,
  say: (line: string) => void,
): Promise<Figure> {
  const live = await call<{ id: string }>(url, 'POST', '/app', { name: 'live' })
  await call(url, 'POST', `/app/${live.id}/endpoint`, { url: `${stage.receiverUrl}/ok` })
  const [appId, endpointId] = [showId('app', kept.appId), showId('endpoint', kept.endpoints.busy)]
  const lists = [uuidFloor(kept.fromMs + DAY_MS), uuidFloor(kept.toMs)].map(
    (id) => `/app/${appId}/attempt/endpoint/${endpointId}?iterator=${showId('attempt', id)}`,
  )
  let took: number[] = []
  let over = false
  const repeat = async (ask: () => Promise<unknown>) => {
    while (!over) {
      const startedAt = performance.now()
      await ask()
      took.push(performance.now() - startedAt)
    }
  }
  const event = { eventType: 'a', payload: { n: 1 } }
  const clients = [
    ...lists.map((path) => repeat(() => call(url, 'GET', path))),
    ...[1, 2].map(() => repeat(() => call(url, 'POST', `/app/${live.id}/msg`, event))),
  ]
  await sleep(seconds * 1_000)
  const calm = took
  took = []

  const pool = openPool(databaseUrl, 2, 'bench')
  const day = dayBounds(kept.fromMs)
  const report = pool.query(
    'select count(*), pg_sleep(2) from attempt where id >= $1 and id < $2 and duration_ms > 0',
    [day.from, day.to],
  )
  const startedAt = performance.now()
  const before = await listPartitions(pool)
  await retain(
    {
      pool,
      retentionDays: keptForDays,
      discard: async () => 0,
      mayGoOn: () => true,
      log: () => {},
    },
    kept.fromMs + (keptForDays + 1) * DAY_MS,
  )
  const droppedMs = performance.now() - startedAt
  const dropped = before.length - (await listPartitions(pool)).length
  await report
  await pool.end()
  await sleep(Math.max(1_000, seconds * 1_000 - droppedMs))
  over = true
  await Promise.all(clients)
  if (dropped < 4) throw new Error(`retention dropped ${dropped} partitions`)
  const longest = Math.max(...took)
  const detail =
    `${took.length} calls while ${dropped} partitions went in ` +
    `${(droppedMs / 1_000).toFixed(1)} s; just before ${Math.max(...calm).toFixed(0)} ms ` +
    `of ${calm.length}`
  say(`  longest wait while a day is dropped ${longest.toFixed(0)} ms; ${detail}`)
  return {
    ...figure('kept data: longest wait while a day is dropped', longest, 'ms', detail),
    goal: `≤ ${goalMs}, or twice the longest just before`,
    reached: longest <= Math.max(goalMs, 2 * Math.max(...calm)),
  }
}
