import { iso } from '../../core/clock.ts'
import { invalid, PomboError } from '../../core/error.ts'
import { readId, showId, uuidTimeMs } from '../../core/id.ts'
import { partsOfCause } from '../../core/cause.ts'
import { lastFailures, placeKey } from '../../queue/reopen/failures/store.ts'
import type { ClosedDelivery, ClosedState, Place } from '../../queue/reopen/store.ts'
import { lookAtMeant, partsOf } from '../../upkeep/jobs/bulk.ts'
import type { BulkArgs } from '../../upkeep/jobs/store.ts'
import type { Holder } from '../access.ts'
import { taskOut, showTask } from '../background-tasks/schema.ts'
import { clockSlackMs, startTask, usual } from '../background-tasks/store.ts'
import { scopeOf } from '../failures/routes.ts'
import { refusal } from '../field.ts'
import { readMessages } from '../history/messages/store.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { type BulkIn, bulkIn, bulkPreviewOut } from './schema.ts'
import { say } from '../../core/sentences/sentences.ts'
import { showError } from '../coded.ts'

export type BulkDeps = Needs<'db' | 'clock' | 'payloads' | 'appIdOf'>

const tag = 'Failure'
/** What a preview looks at: enough to say how many, or that they are many. */
const PREVIEW = { pages: 10, rows: 1_000, ms: 1_500, sample: 5 } as const

/** One action on many deliveries: what it would be done to, and doing it, in the background. */
export function bulkRoutes(deps: BulkDeps): Route[] {
  const { db, clock } = deps
  const notFound = { description: 'There is no such app or endpoint', body: refusal }
  return [
    route({
      at: 'POST /api/v1/bulk/preview',
      id: 'v1.bulk.preview',
      tag,
      summary: 'How many deliveries a bulk action would be done to, and some of them',
      description: 'Does nothing. The count stops where it would take long, and says so.',
      access: 'app',
      idempotency: 'own',
      body: bulkIn,
      answers: { 200: { description: 'The count', body: bulkPreviewOut }, 404: notFound },
      async handle({ holder, body }) {
        const { scope, args } = await meantBy(deps, holder, body)
        const { found, exact } = await count(deps, { tenantId: holder.tenantId, ...scope }, args)
        return json(200, {
          count: found.length,
          exact,
          endpoints: new Set(found.map(({ endpointId }) => endpointId)).size,
          sample: await sampleOf(deps, found.slice(0, PREVIEW.sample)),
        })
      },
    }),
    route({
      at: 'POST /api/v1/bulk',
      id: 'v1.bulk.create',
      tag,
      summary: 'Retry, give up or replay many deliveries',
      description:
        'In the background and at a rate; see the background task, which counts, goes on after a restart, and can be ' +
        'canceled. What a node is sending, or has in hand to send next, is passed over.',
      access: 'app',
      body: bulkIn,
      answers: { 202: { description: 'It has begun', body: taskOut }, 404: notFound },
      async handle({ holder, body }) {
        const { scope, args } = await meantBy(deps, holder, body)
        const task = `bulk.${body.action}` as const
        const of = { tenantId: holder.tenantId, ...scope }
        return json(202, showTask(await startTask(db, of, task, args, clock.now())))
      },
    }),
  ]
}

const usualStates: Record<
  BulkIn['action'],
  NonNullable<NonNullable<BulkIn['filter']>['states']>
> = {
  retry: ['retrying', 'exhausted'],
  discard: ['retrying'],
  replay: ['exhausted', 'discarded'],
}

async function meantBy(deps: BulkDeps, holder: Holder, body: BulkIn) {
  const { action, filter, deliveries, reason } = body
  const states = filter?.states ?? usualStates[action]
  const open = states.includes('waiting') ? 'all' : states.includes('retrying') ? 'tried' : 'none'
  const closed = states.filter((one): one is ClosedState => one !== 'waiting' && one !== 'retrying')
  if (action === 'discard' && reason == null)
    throw invalid(['body', 'reason'], say('reason_to_discard'))
  if (action !== 'discard' && reason != null)
    throw invalid(['body', 'reason'], say('reason_with_discard'))
  if (action === 'discard' && closed.length > 0)
    throw invalid(['body', 'filter', 'states'], say('discard_open'))
  if (action === 'replay' && open !== 'none')
    throw invalid(['body', 'filter', 'states'], say('replay_closed'))
  if (filter == null && deliveries == null) throw invalid(['body', 'filter'], say('filter_needed'))
  const nowMs = deps.clock.now()
  const [since, until] = [filter?.since ?? 0, filter?.until ?? nowMs + clockSlackMs]
  if (until <= since)
    throw invalid(['body', 'filter', 'until'], { msg: 'lies before since', code: 'time_order' })
  const scope = await scopeOf(
    deps,
    holder,
    { app_id: filter?.appId, endpoint_id: filter?.endpointId },
    ['body', 'filter'],
  )
  const args: BulkArgs = {
    ...usual,
    states: closed,
    open,
    cause: filter?.cause ?? null,
    eventTypes: filter?.eventTypes ?? null,
    sinceMs: Math.max(0, since),
    untilMs: Math.max(0, until),
    ratePerSecond: body.ratePerSecond ?? usual.ratePerSecond,
    reason: reason ?? null,
    only: deliveries == null ? null : deliveries.map(placeOf),
  }
  return { scope, args }
}

function placeOf({ messageId, endpointId }: { messageId: string; endpointId: string }): Place {
  const [message, endpoint] = [readId('message', messageId), readId('endpoint', endpointId)]
  if (message === undefined) throw new PomboError('not_found', { what: 'message', id: messageId })
  if (endpoint === undefined)
    throw new PomboError('not_found', { what: 'endpoint', id: endpointId })
  return { messageId: message, endpointId: endpoint }
}

async function count(
  { db, clock }: BulkDeps,
  scope: { tenantId: string; appId: string | null; endpointId: string | null },
  args: BulkArgs,
): Promise<{ found: ClosedDelivery[]; exact: boolean }> {
  const found: ClosedDelivery[] = []
  const untilMs = clock.monotonic() + PREVIEW.ms
  for (const part of partsOf(args)) {
    let behind: Place | undefined
    for (let page = 0; ; page++) {
      if (page === PREVIEW.pages || clock.monotonic() > untilMs) return { found, exact: false }
      const looked = await lookAtMeant(db, scope, args, part, behind, PREVIEW.rows)
      found.push(...looked.found)
      behind = looked.next
      if (behind === undefined) break
    }
  }
  return { found, exact: true }
}

async function sampleOf({ db, payloads }: BulkDeps, found: readonly ClosedDelivery[]) {
  const keys = found.map(({ appId, messageId }) => ({ appId, id: messageId }))
  const [messages, failures] = await Promise.all([
    readMessages({ db, payloads }, keys, 'no payload'),
    lastFailures(db, found),
  ])
  return found.map((one) => {
    const failure = failures.get(placeKey(one))
    return {
      appId: showId('app', one.appId),
      endpointId: showId('endpoint', one.endpointId),
      messageId: showId('message', one.messageId),
      eventType: messages.get(one.messageId)?.eventType ?? '',
      createdAt: iso(uuidTimeMs(one.messageId)),
      cause: failure ? partsOfCause(failure.cause) : null,
      statusCode: failure?.statusCode ?? null,
      error: failure?.error ?? null,
      errorCoded: showError(failure?.error),
      lastAttemptAt: failure ? iso(failure.atMs) : null,
    }
  })
}
