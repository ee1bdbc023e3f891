import { z } from 'zod'
import { iso, DAY_MS } from '../../core/clock.ts'
import { invalid, PomboError } from '../../core/error.ts'
import { readId, showId, highestId } from '../../core/id.ts'
import { lastFailures, placeKey } from '../../queue/reopen/failures/store.ts'
import type { Holder } from '../access.ts'
import { idOrUid, instant, list, wholeNumber } from '../field.ts'
import { listOf, pageQuery, placeIn } from '../pagination.ts'
import { findEndpoint } from '../replay/store.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { appInQuery } from '../traffic/app-in-query.ts'
import { causeIn, failedDeliveryOut, failuresOut, showDelivery, showGroup } from './schema.ts'
import { failedDeliveries, failureGroups } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

export type FailureDeps = Needs<'db' | 'reads' | 'clock' | 'queue' | 'appIdOf'>

/** Deliveries that are looked at for one page of those of one cause. */
const LOOKED_AT = 2_000

const appParameter = idOrUid.optional().describe('By id or uid')
const endpointParameter = idOrUid.describe('By id, or with app_id by uid')

/** What fails: in groups, and one by one. */
export function failureRoutes(deps: FailureDeps): Route[] {
  return [groupsRoute(deps), deliveriesRoute(deps)]
}

function groupsRoute(deps: FailureDeps): Route {
  const { reads, clock, queue } = deps
  return route({
    at: 'GET /api/v1/failure',
    id: 'v1.failure.list',
    tag: 'Failure',
    summary: 'What failed, grouped by endpoint and cause, the latest first',
    description:
      'Counted as it happens, a few seconds behind. The span is taken in whole hours, but that what failed last ' +
      'before it is left out.',
    access: 'app',
    query: z.object({
      since: instant.optional().describe('A day ago unless given'),
      until: instant.optional().describe('Now unless given'),
      app_id: appParameter,
      endpoint_id: endpointParameter.optional(),
      cause: causeIn.optional(),
      group_by: z
        .enum(['endpoint', 'cause'])
        .optional()
        .describe('cause: over all endpoints. Unless given by endpoint and cause'),
      limit: wholeNumber(1, 250).optional().describe('Groups at most; 100 unless given'),
    }),
    answers: { 200: { description: 'The groups', body: failuresOut } },
    async handle(call) {
      const { holder, query } = call
      const untilMs = query.until ?? clock.now()
      const sinceMs = query.since ?? untilMs - DAY_MS
      if (sinceMs >= untilMs)
        throw invalid(['query', 'since'], { msg: 'must lie before until', code: 'time_order' })
      const scope = await scopeOf(deps, holder, query)
      const groupBy = query.group_by ?? 'endpoint'
      const limit = query.limit ?? 100
      const [rows, open] = await Promise.all([
        failureGroups(reads(call), {
          tenantId: holder.tenantId,
          ...scope,
          cause: query.cause ?? null,
          sinceMs,
          untilMs,
          groupBy,
          limit,
        }),
        queue.byEndpoint(holder.tenantId),
      ])
      return json(200, {
        since: iso(sinceMs),
        until: iso(untilMs),
        data: rows.map((row) =>
          showGroup(row, open.get(row.endpoint_id)?.waiting ?? 0, groupBy === 'cause'),
        ),
      })
    },
  })
}

function deliveriesRoute(deps: FailureDeps): Route {
  const { reads, clock } = deps
  return route({
    at: 'GET /api/v1/failure/delivery',
    id: 'v1.failure.list-deliveries',
    tag: 'Failure',
    summary: "An endpoint's deliveries that fail or were given up, newest message first",
    description:
      `Of one cause, ${LOOKED_AT} are looked at for a page: a page that is not full, and not done, goes on by its ` +
      'iterator.',
    access: 'app',
    query: z.object({
      app_id: appParameter,
      endpoint_id: endpointParameter,
      cause: causeIn.optional(),
      state: list(z.enum(['waiting', 'exhausted'])).describe(
        'waiting: tried, and to be tried again. exhausted: given up. Both unless given',
      ),
      ...pageQuery,
    }),
    answers: { 200: { description: 'A page of deliveries', body: listOf(failedDeliveryOut) } },
    async handle(call) {
      const { holder, query } = call
      const db = reads(call)
      const { endpointId } = await scopeOf(deps, holder, query)
      const limit = query.limit ?? 50
      let below = query.iterator === undefined ? highestId : placeIn('message', query.iterator)
      const states = query.state ?? ['waiting', 'exhausted']
      const data: ReturnType<typeof showDelivery>[] = []
      let done = false
      for (let looked = 0; !done && data.length < limit && looked < LOOKED_AT; ) {
        const wanted = query.cause === undefined ? limit : 250
        const page = await failedDeliveries(db, {
          endpointId: endpointId!,
          states,
          below,
          limit: wanted,
        })
        done = page.length < wanted
        const failures = await lastFailures(db, page)
        for (const one of page) {
          if (data.length === limit) {
            done = false
            break
          }
          below = one.messageId
          const failure = failures.get(placeKey(one))
          if (one.gone) continue
          if (query.cause !== undefined && failure?.cause !== query.cause) continue
          data.push(showDelivery(one, failure, clock.now()))
        }
        looked += page.length
      }
      const iterator = below === highestId ? null : showId('message', below)
      return json(200, { data, iterator, prevIterator: null, done })
    },
  })
}

/** An app and an endpoint that a query names, within reach of who asks. */
export async function scopeOf(
  deps: Needs<'db' | 'appIdOf'>,
  holder: Holder,
  {
    app_id,
    endpoint_id,
  }: { app_id?: string | null | undefined; endpoint_id?: string | null | undefined },
  where: readonly string[] = ['query'],
): Promise<{ appId: string | null; endpointId: string | null }> {
  const appId = await appInQuery(deps, holder, app_id)
  if (endpoint_id == null) return { appId, endpointId: null }
  const name = where[0] === 'query' ? ['endpoint_id', 'app_id'] : ['endpointId', 'appId']
  if (appId === null && readId('endpoint', endpoint_id) === undefined)
    throw invalid([...where, name[0]!], say('uid_alone', { name: name[1]! }))
  const found = await findEndpoint(deps.db, { tenantId: holder.tenantId, appId }, endpoint_id)
  if (found === undefined) throw new PomboError('not_found', { what: 'endpoint', id: endpoint_id })
  return { appId: found.appId, endpointId: found.id }
}
