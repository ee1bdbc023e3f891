import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { invalid, PomboError } from '../../core/error.ts'
import { showId } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'
import {
  countedTypes,
  readSeries,
  type SeriesOf,
  type SeriesQuery,
  type SeriesRow,
} from '../../traffic/series/store.ts'
import { appInQuery } from './app-in-query.ts'
import { eventTypeName, idOrUid, list } from '../field.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { seriesOut, showCounts, sumOf } from './schema.ts'
import { spanParameters, type Steps, stepsOf } from './span.ts'
import { say } from '../../core/sentences/sentences.ts'

export type TrafficDeps = Needs<'reads' | 'clock' | 'appIdOf' | 'endpointsOf'>

/** Series of one answer at most: what a chart can show, and a list's page. */
const SERIES = 50
/** Among how many the busiest are looked for. */
const LOOKED_AT = 500

const query = z.object({
  ...spanParameters,
  app_id: idOrUid
    .optional()
    .describe('Only this application, by id or uid; unless given all of them, or the token’s own'),
  endpoint_id: list(idOrUid).describe('Only these endpoints of the application, by id or uid'),
  event_type: list(eventTypeName),
  group_by: z
    .enum(['endpoint', 'eventType'])
    .optional()
    .describe(`A series for each, the ${SERIES} busiest; endpoints with app_id`),
})

type Query = z.output<typeof query>

/** `GET /api/v1/series`: what went through over time. */
export function seriesRoute(deps: TrafficDeps): Route {
  return route({
    at: 'GET /api/v1/series',
    id: 'v1.series.get',
    tag: 'Traffic',
    summary: 'Messages, deliveries, failures and times over time',
    description:
      'Counted by the minute, the hour and the day (UTC), a few seconds behind; minutes are kept for 3 days, hours ' +
      'for 62, days for 800. A node that is killed loses what it had not added yet: exact figures are in the ' +
      'statistics of endpoints.',
    access: 'app',
    query,
    answers: { 200: { description: 'The series; every step has a point', body: seriesOut } },
    async handle(call) {
      const { holder, query } = call
      const db = deps.reads(call)
      if (query.endpoint_id !== undefined && query.event_type !== undefined)
        throw invalid(['query', 'event_type'], say('not_counted_each'))
      const { tenantId } = holder
      const appId = await appInQuery(deps, holder, query.app_id)
      const steps = stepsOf(query, deps.clock.now(), query.group_by !== undefined)
      const of = await keysOf({ ...deps, db }, query, { tenantId, appId, grain: steps.grain })
      const rows = await readSeries(db, { tenantId, appId, ...steps }, of)
      const grouped = query.group_by !== undefined
      const withMessages = of.kind !== 'endpoint'
      const groups = grouped ? busiest(rows, of) : [{ key: null, rows: summed(rows) }]
      return json(200, {
        since: iso(steps.sinceMs),
        until: iso(steps.untilMs),
        stepSeconds: steps.stepMs / 1_000,
        series: groups.map(({ key, rows: own }) => ({
          key: key !== null && of.kind === 'endpoint' ? showId('endpoint', key) : key,
          points: points(own, steps, withMessages),
          total: showCounts(sumOf(own), withMessages),
        })),
      })
    },
  })
}

async function keysOf(
  { db, endpointsOf }: Pick<TrafficDeps, 'endpointsOf'> & { db: Queryable },
  { endpoint_id: asked, event_type: names, group_by: grouping }: Query,
  scope: Pick<SeriesQuery, 'tenantId' | 'appId' | 'grain'>,
): Promise<SeriesOf> {
  if (asked !== undefined || grouping === 'endpoint') {
    if (grouping === 'eventType') throw invalid(['query', 'group_by'], say('not_counted'))
    if (scope.appId === null) throw invalid(['query', 'app_id'], say('app_of_endpoints'))
    const all = await endpointsOf(scope.tenantId, scope.appId)
    if (asked === undefined)
      return { kind: 'endpoint', ids: all.slice(0, LOOKED_AT).map(({ id }) => id) }
    return {
      kind: 'endpoint',
      ids: asked.map((one) => {
        const found = all.find(({ id, uid }) => uid === one || showId('endpoint', id) === one)
        if (found === undefined) throw new PomboError('not_found', { what: 'endpoint', id: one })
        return found.id
      }),
    }
  }
  if (names !== undefined) return { kind: 'event-type', names }
  if (grouping === 'eventType')
    return { kind: 'event-type', names: await countedTypes(db, scope, LOOKED_AT) }
  return { kind: 'all' }
}

/** Of several endpoints or types together: one row a step. */
function summed(rows: readonly SeriesRow[]): SeriesRow[] {
  return [...Map.groupBy(rows, ({ step }) => step)].map(([step, some]) => ({
    ...sumOf(some)!,
    key: '',
    step,
  }))
}

function busiest(rows: readonly SeriesRow[], of: SeriesOf) {
  const byKey = Map.groupBy(rows, ({ key }) => key)
  const keys = of.kind === 'endpoint' ? of.ids : of.kind === 'event-type' ? of.names : []
  const weight = (key: string) => {
    const sum = sumOf(byKey.get(key) ?? [])
    return (sum?.attempts ?? 0) + (sum?.messages ?? 0)
  }
  const weighed = keys.map((key) => ({ key, rows: byKey.get(key) ?? [], weight: weight(key) }))
  // Of event types only what there was in the span: they are found by what was counted ever.
  const shown = of.kind === 'endpoint' ? weighed : weighed.filter((one) => one.weight > 0)
  return shown.toSorted((a, b) => b.weight - a.weight).slice(0, SERIES)
}

function points(
  rows: readonly SeriesRow[],
  { sinceMs, untilMs, stepMs }: Steps,
  withMessages: boolean,
) {
  const byStep = new Map(rows.map((row) => [row.step, row]))
  return Array.from({ length: (untilMs - sinceMs) / stepMs }, (_, step) => ({
    at: iso(sinceMs + step * stepMs),
    ...showCounts(byStep.get(step), withMessages),
  }))
}
