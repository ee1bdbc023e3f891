import { z } from 'zod'
import { iso, isoOrNull } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import { component, time } from '../field.ts'
import { percentilesOut } from '../traffic/schema.ts'
import type { QueuePicture } from './queue.ts'
import type { NodeRow } from './store.ts'

const count = z.int().min(0)
const rate = z.number().min(0)

export const nodeOut = component('NodeOut', {
  id: z.string(),
  name: z.string(),
  version: z.string(),
  startedAt: time,
  expiresAt: time.describe('Until when it counts as live unless it says so again'),
})

export const queueOut = component('QueueOut', {
  waiting: count.describe('Open deliveries that nobody has in hand'),
  retrying: count.describe('Of these, those that were tried before'),
  underWay: count,
  oldestWaitingAt: time.nullable(),
  oldestWaitingSeconds: z.number().min(0).nullable(),
  countedAt: time,
})

export const overviewOut = z
  .object({
    at: time,
    windowSeconds: z.int().describe('What the rates are of'),
    eventsPerSecond: rate,
    deliveriesPerSecond: rate,
    failuresPerSecond: rate.describe('Failed attempts'),
    givenUp: count.describe('Deliveries given up in the window'),
    successRate: z.number().min(0).max(1).nullable().describe('Of attempts'),
    deliveryMs: percentilesOut,
    attemptMs: percentilesOut,
    queue: queueOut,
    endpoints: z.object({
      total: count,
      failing: count,
      openCircuits: count,
      paused: count,
      disabled: count,
    }),
    apps: count,
    sources: z.object({
      total: count.describe('Sessions that gateways told of'),
      connected: count.describe('An event came within ten minutes'),
      silent: count,
    }),
    nodes: z.array(nodeOut).nullable().describe("For the operator's keys alone"),
  })
  .meta({
    id: 'OverviewOut',
    examples: [
      {
        at: '2026-01-31T09:30:40.000Z',
        windowSeconds: 100,
        eventsPerSecond: 12.4,
        deliveriesPerSecond: 30.1,
        failuresPerSecond: 0.2,
        givenUp: 0,
        successRate: 0.993,
        deliveryMs: { p50: 42, p95: 180, p99: 900 },
        attemptMs: { p50: 40, p95: 170, p99: 800 },
        queue: {
          waiting: 120,
          retrying: 14,
          underWay: 3,
          oldestWaitingAt: '2026-01-31T09:30:32.000Z',
          oldestWaitingSeconds: 8,
          countedAt: '2026-01-31T09:30:39.000Z',
        },
        endpoints: { total: 40, failing: 3, openCircuits: 1, paused: 1, disabled: 2 },
        apps: 12,
        sources: { total: 3, connected: 2, silent: 1 },
        nodes: null,
      },
    ],
  })

export function showQueue(
  { waiting, retrying, underWay, oldestMs, ageMs }: QueuePicture & { ageMs: number },
  nowMs: number,
): z.output<typeof queueOut> {
  return {
    waiting,
    retrying,
    underWay,
    oldestWaitingAt: isoOrNull(oldestMs),
    oldestWaitingSeconds: oldestMs === null ? null : Math.max(0, nowMs - oldestMs) / 1_000,
    countedAt: iso(nowMs - ageMs),
  }
}

export function showNode({ id, name, version, startedAt, expiresAt }: NodeRow) {
  return {
    id: showId('node', id),
    name,
    version,
    startedAt: startedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  }
}
