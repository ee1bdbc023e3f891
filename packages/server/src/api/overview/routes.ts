import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { readSeries } from '../../traffic/series/store.ts'
import { idOrUid } from '../field.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { appInQuery } from '../traffic/app-in-query.ts'
import { showCounts, sumOf } from '../traffic/schema.ts'
import { KeptAnswers } from './kept.ts'
import { overviewOut, showNode, showQueue } from './schema.ts'
import { type Inventory, readInventory, readNodes } from './store.ts'

export type OverviewDeps = Needs<
  'db' | 'reads' | 'clock' | 'queue' | 'operatorTenantId' | 'appIdOf'
>

const minuteMs = 60_000

/** `GET /api/v1/overview`: is it working, at one look. */
export function overviewRoute(deps: OverviewDeps): Route {
  const { db, reads, clock, queue, operatorTenantId } = deps
  const inventories = new KeptAnswers<Inventory>(clock)
  return route({
    at: 'GET /api/v1/overview',
    id: 'v1.overview.get',
    tag: 'Traffic',
    summary: 'How much goes through, what waits, what fails, and who is there',
    description:
      'Rates are of the last minute or two, a few seconds behind; ' +
      'the queue is counted every few seconds while somebody looks.',
    access: 'app',
    query: z.object({
      app_id: idOrUid.optional().describe('Of this application alone, by id or uid'),
    }),
    answers: { 200: { description: 'The overview', body: overviewOut } },
    async handle(call) {
      const { holder, query } = call
      const from = reads(call)
      const { tenantId } = holder
      const appId = await appInQuery(deps, holder, query.app_id)
      const nowMs = clock.now()
      const sinceMs = Math.floor((nowMs - minuteMs) / minuteMs) * minuteMs
      const span = { tenantId, appId, grain: 'minute', sinceMs } as const
      const [rows, counted, inventory, operator] = await Promise.all([
        readSeries(from, { ...span, stepMs: minuteMs, untilMs: nowMs + minuteMs }, { kind: 'all' }),
        queue.of({ tenantId, appId }),
        inventories.get(
          `${tenantId}/${appId}`,
          async () => await readInventory(from, tenantId, appId),
        ),
        operatorTenantId(),
      ])
      const seesNodes = tenantId === operator && holder.appId === null
      const seconds = (nowMs - sinceMs) / 1_000
      const counts = showCounts(sumOf(rows), true)
      const { deliveries, failures, attempts, failedAttempts } = counts
      const rate = (count: number) => Math.round((count / seconds) * 1_000) / 1_000
      return json(200, {
        at: iso(nowMs),
        windowSeconds: Math.round(seconds),
        eventsPerSecond: rate(counts.messages ?? 0),
        deliveriesPerSecond: rate(deliveries),
        failuresPerSecond: rate(failedAttempts),
        givenUp: failures,
        successRate: attempts === 0 ? null : (attempts - failedAttempts) / attempts,
        deliveryMs: counts.deliveryMs,
        attemptMs: counts.attemptMs,
        queue: showQueue(counted, nowMs),
        ...inventory.value,
        nodes: seesNodes ? (await readNodes(db)).map(showNode) : null,
      })
    },
  })
}
