import { z } from 'zod'
import { iso } from '../../../core/clock.ts'
import { highestId, readId, showId } from '../../../core/id.ts'
import { readSeries, type SeriesRow } from '../../../traffic/series/store.ts'
import { health } from '../../endpoints/health.ts'
import { idOrUid, time, nonEmpty } from '../../field.ts'
import { listOf, pageQuery, placeIn, uuidBehind } from '../../pagination.ts'
import { json, type Route, route } from '../../route.ts'
import type { Needs } from '../../route-deps.ts'
import { appInQuery } from '../../traffic/app-in-query.ts'
import { percentilesOut, showCounts, sumOf } from '../../traffic/schema.ts'
import { type Steps, stepsOf } from '../../traffic/span.ts'
import {
  countWaiting,
  endpointStates,
  type FoundEndpoint,
  lookAtEndpoints,
  stateOf,
} from './store.ts'
import { seesAll, shownUrl } from '../../shown-url.ts'

export type EndpointSearchDeps = Needs<'db' | 'clock' | 'appIdOf'>

/** Endpoints that one request looks at, and for how long. */
const LOOKED_AT = 20_000
const CHUNK = 1_000
const FOR_MS = 60
const WAITING = 1_000

const text = z.string().nullable()
const count = z.int().min(0)

const endpointFound = z
  .object({
    id: z.string(),
    appId: z.string(),
    appUid: text,
    appName: z.string(),
    uid: text,
    url: z.string(),
    description: z.string(),
    eventTypes: z.array(z.string()).nullable(),
    dialect: z.string(),
    state: z.enum(endpointStates),
    disabledReason: text,
    // Why is told of one endpoint: here it would cost a look at an attempt of each.
    health: health
      .omit({ reason: true, reasonCoded: true, cause: true })
      .meta({ id: 'FoundEndpointHealth' }),
    waiting: count.max(WAITING).describe(`Open deliveries; ${WAITING} means so many or more`),
    lastHour: z.object({
      attempts: count,
      failedAttempts: count,
      attemptMs: percentilesOut,
      points: z
        .array(z.object({ at: time, deliveries: count, failedAttempts: count }))
        .describe('Of five minutes each'),
    }),
    createdAt: time,
  })
  .meta({
    id: 'FoundEndpointOut',
    examples: [
      {
        id: 'ep_01hzy3k9v2e8r5c7m4n6p8q0sa',
        appId: 'app_01hzy3k9v2e8r5c7m4n6p8q0sa',
        appUid: 'shop',
        appName: 'Shop',
        uid: null,
        url: 'https://example.com/webhook',
        description: 'CRM',
        eventTypes: ['order.made'],
        dialect: 'standard',
        state: 'failing',
        disabledReason: null,
        health: {
          circuit: 'closed',
          consecutiveFailures: 2,
          failingSince: '2026-01-31T09:30:00.000Z',
          nextProbeAt: null,
        },
        waiting: 12,
        lastHour: {
          attempts: 40,
          failedAttempts: 2,
          attemptMs: { p50: 40, p95: 170, p99: 800 },
          points: [{ at: '2026-01-31T09:30:00.000Z', deliveries: 3, failedAttempts: 1 }],
        },
        createdAt: '2026-01-30T12:00:00.000Z',
      },
    ],
  })

const searchOut = listOf(endpointFound)
  .extend({
    searched: z.object({
      endpoints: count,
      complete: z.boolean().describe('false: it stopped at its bound; the iterator looks further'),
    }),
  })
  .meta({ id: 'EndpointSearchOut' })

const query = z.object({
  q: nonEmpty(300)
    .optional()
    .describe(
      'Within address, description, uid and the application’s name; or an endpoint’s id. For roles below ' +
        '`administer` of the address the host alone',
    ),
  app_id: idOrUid.optional(),
  state: z.enum(endpointStates).optional(),
  event_type: z
    .string()
    .max(256)
    .optional()
    .describe('Those that get messages of this type: by its name, or of all types'),
  ...pageQuery,
})

/** `GET /api/v1/search/endpoint`: endpoints of all apps with their health, in bounded time. */
export function endpointSearchRoute(deps: EndpointSearchDeps): Route {
  const { db, clock } = deps
  return route({
    at: 'GET /api/v1/search/endpoint',
    id: 'v1.search.endpoints',
    tag: 'Endpoint',
    summary: 'Search endpoints of all applications, newest first, with their health',
    description:
      `Looks at ${LOOKED_AT} endpoints at most, says how many, and goes on by the iterator. Operational webhooks are ` +
      'not among them.',
    access: 'app',
    query,
    answers: { 200: { description: 'What was found', body: searchOut } },
    async handle({ holder, query }) {
      const appId = await appInQuery(deps, holder, query.app_id)
      const { tenantId } = holder
      const looked = await look(deps, { tenantId, appId }, query)
      const ids = looked.found.map(({ id }) => id)
      const steps = stepsOf({ span: '1h', step: '300' }, clock.now(), true)
      const [waiting, rows] = await Promise.all([
        countWaiting(db, ids, WAITING),
        readSeries(
          db,
          { tenantId, appId: null, ...steps },
          { kind: 'endpoint', ids, appIds: looked.found.map((one) => one.app_id) },
        ),
      ])
      const byKey = Map.groupBy(rows, ({ key }) => key)
      return json(200, {
        data: looked.found.map((one) => ({
          ...show(one),
          waiting: waiting.get(one.id) ?? 0,
          lastHour: lastHour(byKey.get(one.id) ?? [], steps),
        })),
        iterator: looked.last === null ? null : showId('endpoint', looked.last),
        prevIterator: null,
        done: looked.complete,
        searched: { endpoints: looked.endpoints, complete: looked.complete },
      })
    },
  })
}

interface Looked {
  found: FoundEndpoint[]
  endpoints: number
  last: string | null
  complete: boolean
}

async function look(
  { db, clock }: EndpointSearchDeps,
  scope: { tenantId: string; appId: string | null },
  { q, state, event_type: eventType, iterator, limit = 50 }: z.output<typeof query>,
): Promise<Looked> {
  const named = q === undefined ? undefined : readId('endpoint', q.trim())
  const looked: Looked = { found: [], endpoints: 0, last: null, complete: false }
  const start = iterator === undefined ? highestId : placeIn('endpoint', iterator)
  const filter = {
    text: named === undefined ? (q ?? null) : null,
    state: state ?? null,
    eventType: eventType ?? null,
    wholeUrl: seesAll(),
  }
  const narrow = Object.values(filter).some((one) => one !== null)
  const untilMs = clock.monotonic() + FOR_MS
  if (named !== undefined) {
    const [one] = await lookAtEndpoints(db, scope, filter, uuidBehind(named), 1)
    const found = one?.id === named && one.wanted ? [one] : []
    return { found, endpoints: 1, last: null, complete: true }
  }
  while (looked.endpoints < LOOKED_AT) {
    // One more than the page, which says whether there are more.
    const size = narrow ? CHUNK : limit - looked.found.length + 1
    const chunk = await lookAtEndpoints(db, scope, filter, looked.last ?? start, size)
    for (const one of chunk) {
      if (looked.found.length === limit && one.wanted) return looked
      looked.endpoints += 1
      looked.last = one.id
      if (one.wanted) looked.found.push(one)
    }
    if (chunk.length < size) return { ...looked, complete: true }
    if (clock.monotonic() > untilMs) break
  }
  return looked
}

function show(one: FoundEndpoint) {
  return {
    id: showId('endpoint', one.id),
    appId: showId('app', one.app_id),
    appUid: one.app_uid,
    appName: one.app_name,
    uid: one.uid,
    url: shownUrl(one.url),
    description: one.description,
    eventTypes: one.event_types,
    dialect: one.dialect,
    state: stateOf(one),
    disabledReason: one.disabled_reason,
    health: {
      circuit: one.circuit ?? 'closed',
      consecutiveFailures: one.consecutive_failures ?? 0,
      failingSince: one.failing_since?.toISOString() ?? null,
      nextProbeAt:
        one.circuit === null || one.circuit === 'closed'
          ? null
          : (one.open_until?.toISOString() ?? null),
    },
    createdAt: one.created_at.toISOString(),
  }
}

function lastHour(rows: readonly SeriesRow[], { sinceMs, untilMs, stepMs }: Steps) {
  const { attempts, failedAttempts, attemptMs } = showCounts(sumOf(rows), false)
  const byStep = new Map(rows.map((row) => [row.step, row]))
  const points = Array.from({ length: (untilMs - sinceMs) / stepMs }, (_, step) => {
    const { deliveries, failedAttempts: failed } = showCounts(byStep.get(step), false)
    return { at: iso(sinceMs + step * stepMs), deliveries, failedAttempts: failed }
  })
  return { attempts, failedAttempts, attemptMs, points }
}
