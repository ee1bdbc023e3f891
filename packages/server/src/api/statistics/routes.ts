import { z } from 'zod'
import { iso, DAY_MS } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { invalid } from '../../core/error.ts'
import { readId, lowestId } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'
import { nextAppUsage } from '../../upkeep/jobs/usage/store.ts'
import { pick } from '../attempts/endpoint-of.ts'
import { showBegun } from '../background-tasks/schema.ts'
import { startTask, usual } from '../background-tasks/store.ts'
import { cloudOnly, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import {
  aggregateOut,
  applicationStats,
  appUsageIn,
  appUsageOut,
  attemptsQuery,
  attemptStatistics,
  spanQuery,
} from './schema.ts'
import { attemptsBySpan, resolveApps } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

export type StatisticsDeps = Needs<'db' | 'reads' | 'clock' | 'endpointsOf'>

const tag = 'Statistics'
const fiveMinutesMs = 300_000
const mostDays = 400

export function statisticsRoutes(deps: StatisticsDeps): Route[] {
  return [...usageRoutes(deps), ...attemptCountRoutes(deps)]
}

function usageRoutes({ db, clock }: StatisticsDeps): Route[] {
  return [
    route({
      at: 'POST /api/v1/stats/usage/app',
      id: 'v1.statistics.aggregate-app-stats',
      tag,
      summary: 'Count the deliveries of applications',
      description: `In the background: \`data.appStats\` of the task; of endpoints that there still are. ${cloudOnly}`,
      access: 'tenant',
      body: appUsageIn,
      answers: { 202: { description: 'It has begun', body: appUsageOut } },
      async handle({ holder: { tenantId }, body }) {
        const { since, until, appIds: asked } = body
        if (until <= since)
          throw invalid(['body', 'until'], { msg: 'lies before since', code: 'time_order' })
        const { appIds, unresolved } = await resolve(tenantId, asked ?? null)
        if (asked != null && appIds!.length === 0)
          throw invalid(['body', 'appIds'], say('no_such_app'))
        const args = {
          ...usual,
          states: [],
          sinceMs: Math.max(0, since),
          untilMs: Math.max(0, until),
          ...(appIds && { appIds }),
        }
        const whose = { tenantId, appId: null, endpointId: null }
        const task = await startTask(db, whose, 'application.stats', args, clock.now())
        return json(202, { ...showBegun(task), unresolvedAppIds: unresolved })
      },
    }),
    route({
      at: 'PUT /api/v1/stats/usage/event-types',
      id: 'v1.statistics.aggregate-event-types',
      tag,
      summary: 'Count the messages of each event type',
      description: `Of all that are kept, in the background: \`data.eventTypeUsage\` of the task. ${cloudOnly}`,
      access: 'tenant',
      answers: { 202: { description: 'It has begun', body: aggregateOut } },
      async handle({ holder: { tenantId } }) {
        const nowMs = clock.now()
        const args = { ...usual, states: [], sinceMs: 0, untilMs: nowMs + 1 }
        const whose = { tenantId, appId: null, endpointId: null }
        const task = await startTask(db, whose, 'event-type.aggregate', args, nowMs)
        return json(202, showBegun(task))
      },
    }),
    route({
      at: 'GET /api/v1/app/{app_id}/stats',
      id: 'v1.application.get-stats',
      tag,
      summary: "Count an application's deliveries",
      description: cloudOnly,
      access: 'app',
      query: spanQuery,
      answers: { 200: { description: 'The count', body: applicationStats } },
      async handle({ holder: { tenantId }, appId, query: { since, until } }) {
        if (until <= since)
          throw invalid(['query', 'until'], { msg: 'lies before since', code: 'time_order' })
        const args = { ...usual, states: [], sinceMs: since, untilMs: until, appIds: [appId] }
        const { rows } = await nextAppUsage(db, { tenantId, args }, lowestId, 1)
        return json(200, rows[0])
      },
    }),
  ]

  async function resolve(tenantId: string, asked: string[] | null) {
    if (asked === null) return { appIds: undefined, unresolved: [] }
    const ids = asked.map((shown) => readId('app', shown))
    const found = await resolveApps(
      db,
      tenantId,
      ids.filter((id) => id !== undefined),
      asked,
    )
    const isFound = (shown: string, id: string | undefined) =>
      found.some((app) => app.id === id || app.uid === shown)
    return {
      appIds: found.map(({ id }) => id),
      unresolved: asked.filter((shown, index) => !isFound(shown, ids[index])),
    }
  }
}

function attemptCountRoutes({ reads, clock, endpointsOf }: StatisticsDeps): Route[] {
  const answers = { 200: { description: 'The counts', body: attemptStatistics } }
  return [
    route({
      at: 'GET /api/v1/stats/app/{app_id}/attempt',
      id: 'v1.stats.app-attempts',
      tag,
      summary: "Count the attempts of an application's endpoints over time",
      description: cloudOnly,
      access: 'app',
      query: attemptsQuery,
      answers,
      async handle(call) {
        const endpoints = await endpointsOf(call.holder.tenantId, call.appId)
        return json(200, await counted(reads(call), endpoints, call.query))
      },
    }),
    route({
      at: 'GET /api/v1/stats/app/{app_id}/ep/{endpoint_id}/attempt',
      id: 'v1.stats.endpoint-attempts',
      tag,
      summary: "Count an endpoint's attempts over time",
      description: cloudOnly,
      access: 'app',
      query: attemptsQuery,
      answers,
      async handle(call) {
        const { holder, appId, params, query } = call
        const endpoint = pick(await endpointsOf(holder.tenantId, appId), params.endpoint_id)
        return json(200, await counted(reads(call), [endpoint], query))
      },
    }),
  ]

  async function counted(
    db: Queryable,
    endpoints: readonly Endpoint[],
    { startDate, endDate }: z.output<typeof attemptsQuery>,
  ): Promise<z.output<typeof attemptStatistics>> {
    const untilMs = endDate ?? clock.now()
    const sinceMs = startDate ?? untilMs - DAY_MS
    if (untilMs <= sinceMs)
      throw invalid(['query', 'endDate'], { msg: 'lies before startDate', code: 'time_order' })
    if (untilMs - sinceMs > mostDays * DAY_MS)
      throw invalid(['query', 'startDate'], say('days_before_end', { days: mostDays }))
    const spanMs = untilMs - sinceMs <= DAY_MS ? fiveMinutesMs : DAY_MS
    const first = Math.floor(sinceMs / spanMs) * spanMs
    const spans = Math.ceil((untilMs - first) / spanMs)
    const successCount = Array.from({ length: spans }, () => 0)
    const failureCount = Array.from({ length: spans }, () => 0)
    const ids = endpoints.map(({ id }) => id)
    for (const row of await attemptsBySpan(db, ids, { sinceMs: first, untilMs, spanMs })) {
      successCount[row.span] = row.delivered
      failureCount[row.span] = row.failed
    }
    return {
      data: { successCount, failureCount },
      startDate: iso(first),
      endDate: iso(untilMs),
      period: spanMs === DAY_MS ? 'OneDay' : 'FiveMinutes',
    }
  }
}
