import { z } from 'zod'
import { DAY_MS } from '../../core/clock.ts'
import { invalid } from '../../core/error.ts'
import { keptDays } from '../../traffic/store.ts'
import { instant } from '../field.ts'
import { say } from '../../core/sentences/sentences.ts'

const minuteMs = 60_000
const hourMs = 3_600_000

const spans = {
  '15m': 15 * minuteMs,
  '1h': hourMs,
  '3h': 3 * hourMs,
  '6h': 6 * hourMs,
  '24h': DAY_MS,
  '3d': 3 * DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '90d': 90 * DAY_MS,
} as const

const steps = ['60', '300', '900', '3600', '21600', '86400'] as const

/** The most points of one series. */
const POINTS = 1_500
const USUAL_POINTS = 240
/** Of each of many series: rows are read for every one of them (20 endpoints by the minute of a day: 356 ms). */
const GROUPED_POINTS = 60
const groupedMinutesMs = 6 * hourMs

export const spanParameters = {
  span: z
    .enum(Object.keys(spans) as [keyof typeof spans])
    .optional()
    .describe('How long back from now; 1h where neither it nor `since` is given'),
  since: instant.optional().describe('Instead of `span`'),
  until: instant.optional().describe('With `since`; now unless given'),
  step: z.enum(steps).optional().describe('Seconds of a point; unless given, as fits the span'),
}

interface Asked {
  span?: keyof typeof spans | undefined
  since?: number | undefined
  until?: number | undefined
  step?: (typeof steps)[number] | undefined
}

export interface Steps {
  sinceMs: number
  untilMs: number
  stepMs: number
  grain: 'minute' | 'hour' | 'day'
}

/** Whole steps, the last of which is the one that runs. */
export function stepsOf(asked: Asked, nowMs: number, grouped: boolean): Steps {
  if (asked.span !== undefined && asked.since !== undefined)
    throw invalid(['query', 'span'], say('span_alone'))
  if (asked.until !== undefined && asked.since === undefined)
    throw invalid(['query', 'until'], say('until_with_since'))
  const until = Math.min(asked.until ?? nowMs, nowMs)
  const since = asked.since ?? nowMs - spans[asked.span ?? '1h']
  if (since >= until) throw invalid(['query', 'since'], say('since_before_until'))
  const stepMs =
    asked.step === undefined
      ? fitting(until - since, nowMs - since, grouped ? GROUPED_POINTS : USUAL_POINTS)
      : Number(asked.step) * 1_000
  const grain = stepMs % DAY_MS === 0 ? 'day' : stepMs % hourMs === 0 ? 'hour' : 'minute'
  if (nowMs - since > keptDays[grain] * DAY_MS)
    throw invalid(['query', 'step'], say('step_kept', { days: keptDays[grain] }))
  if (grouped && grain === 'minute' && until - since > groupedMinutesMs)
    throw invalid(['query', 'step'], say('step_grouped'))
  const sinceMs = Math.floor(since / stepMs) * stepMs
  const untilMs = Math.ceil(until / stepMs) * stepMs
  if ((untilMs - sinceMs) / stepMs > POINTS)
    throw invalid(['query', 'step'], say('step_points', { points: POINTS }))
  return { sinceMs, untilMs, stepMs, grain }
}

function fitting(spanMs: number, ageMs: number, points: number): number {
  const fits = steps
    .map((step) => Number(step) * 1_000)
    .filter((stepMs) => stepMs >= hourMs || ageMs <= keptDays.minute * DAY_MS)
  return fits.find((stepMs) => spanMs / stepMs <= points) ?? DAY_MS
}
