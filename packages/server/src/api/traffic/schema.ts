import { z } from 'zod'
import type { SeriesRow } from '../../traffic/series/store.ts'
import { percentiles } from '../../traffic/histogram.ts'
import { time } from '../field.ts'

const count = z.int().min(0)
const ms = z.number().min(0)

export const percentilesOut = z.object({ p50: ms, p95: ms, p99: ms }).nullable().meta({
  id: 'PercentilesOut',
  description: 'Milliseconds, from counts by duration: right to within a bucket; null: none',
})

const counts = {
  messages: count.nullable().describe('Accepted; null where an endpoint is asked for'),
  deliveries: count.describe('Delivered'),
  failures: count.describe('Given up'),
  discarded: count.describe('Closed without being sent'),
  attempts: count,
  failedAttempts: count,
  deliveryMs: percentilesOut.describe('From accepting to delivery'),
  attemptMs: percentilesOut.describe('From the start of an attempt to its end'),
}

const total = z.object(counts)

export const seriesOut = z
  .object({
    since: time,
    until: time,
    stepSeconds: z.int(),
    series: z.array(
      z.object({
        key: z
          .string()
          .nullable()
          .describe("The endpoint's id or the event type, where grouped by it"),
        points: z.array(z.object({ at: time, ...counts })),
        total,
      }),
    ),
  })
  .meta({
    id: 'SeriesOut',
    examples: [
      {
        since: '2026-01-31T09:30:00.000Z',
        until: '2026-01-31T09:31:00.000Z',
        stepSeconds: 60,
        series: [
          {
            key: null,
            points: [{ at: '2026-01-31T09:30:00.000Z', ...exampleCounts() }],
            total: exampleCounts(),
          },
        ],
      },
    ],
  })

function exampleCounts() {
  return {
    messages: 10,
    deliveries: 22,
    failures: 1,
    discarded: 0,
    attempts: 25,
    failedAttempts: 3,
    deliveryMs: { p50: 42, p95: 180, p99: 900 },
    attemptMs: { p50: 40, p95: 170, p99: 800 },
  }
}

type Row = Omit<SeriesRow, 'key' | 'step'>

/** Rows without one are zero. */
export function showCounts(row: Row | undefined, withMessages: boolean): z.output<typeof total> {
  return {
    messages: withMessages ? (row?.messages ?? 0) : null,
    deliveries: row?.delivered ?? 0,
    failures: row?.exhausted ?? 0,
    discarded: row?.discarded ?? 0,
    attempts: row?.attempts ?? 0,
    failedAttempts: row?.failed_attempts ?? 0,
    deliveryMs: percentiles(row?.on_the_way ?? []),
    attemptMs: percentiles(row?.took ?? []),
  }
}

/** Several rows added up; undefined where there are none. */
export function sumOf(rows: readonly Row[]): Row | undefined {
  const [first, ...rest] = rows
  if (first === undefined) return undefined
  const sum = { ...first, took: [...first.took], on_the_way: [...first.on_the_way] }
  for (const row of rest) {
    sum.messages += row.messages
    sum.delivered += row.delivered
    sum.exhausted += row.exhausted
    sum.discarded += row.discarded
    sum.attempts += row.attempts
    sum.failed_attempts += row.failed_attempts
    row.took.forEach((count, i) => (sum.took[i]! += count))
    row.on_the_way.forEach((count, i) => (sum.on_the_way[i]! += count))
  }
  return sum
}
