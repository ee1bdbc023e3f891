import { z } from 'zod'
import { invalid, PomboError } from '../../core/error.ts'
import { readId } from '../../core/id.ts'
import { priorityRank } from '../../queue/queue.ts'
import type { ClosedState } from '../../queue/reopen/store.ts'
import { compileFilter } from '../../route/filter.ts'
import type { Holder } from '../access.ts'
import { refuseForgotten } from '../background-tasks/kept.ts'
import { showTask, taskOut } from '../background-tasks/schema.ts'
import { clockSlackMs, startTask, usual } from '../background-tasks/store.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { replayIn, type replayStatuses } from './schema.ts'
import { findEndpoint } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'
import { refusal } from '../field.ts'

export type ReplayDeps = Needs<'db' | 'clock' | 'retentionDays' | 'appIdOf'>

const statesOf: Record<(typeof replayStatuses)[number], ClosedState[]> = {
  exhausted: ['exhausted'],
  discarded: ['discarded'],
  delivered: ['delivered'],
  any: ['delivered', 'exhausted', 'discarded'],
}

// Other paths name what they are about in the path, and their 404 is described with that.
export function replayRoutes({ db, clock, appIdOf, retentionDays }: ReplayDeps): Route[] {
  return [
    route({
      at: 'POST /api/v1/replay',
      id: 'v1.replay.create',
      tag: 'Replay',
      summary: 'Send again what was sent, given up or not sent',
      description:
        'Everything that fits the filter, in the background and at a rate; see the background task. What ' +
        'still waits to be sent is left alone.',
      access: 'app',
      body: replayIn,
      answers: {
        202: { description: 'It has begun', body: taskOut },
        404: { description: 'There is no such app or endpoint', body: refusal },
      },
      async handle({ holder, body }) {
        const scope = await scopeOf(body, holder)
        const { since, until, eventTypes, payloadFilter } = body
        const nowMs = clock.now()
        if (until != null && until <= since)
          throw invalid(['body', 'until'], { msg: 'lies before since', code: 'time_order' })
        await refuseForgotten(db, holder.tenantId, since, { nowMs, retentionDays })
        if (payloadFilter != null) {
          const compiled = compileFilter(payloadFilter)
          if (!compiled.ok) throw invalid(['body', 'payloadFilter'], compiled.problem)
        }
        const task = await startTask(
          db,
          scope,
          'replay',
          {
            states: body.status == null ? usual.states : statesOf[body.status],
            eventTypes: eventTypes ?? null,
            sinceMs: Math.max(0, since),
            untilMs: Math.max(0, until ?? nowMs + clockSlackMs),
            payloadFilter: payloadFilter ?? null,
            ratePerSecond: body.ratePerSecond ?? usual.ratePerSecond,
            priority: priorityRank[body.priority ?? 'low'],
            dryRun: body.dryRun ?? usual.dryRun,
          },
          nowMs,
        )
        return json(202, showTask(task))
      },
    }),
  ]

  async function scopeOf({ appId, endpointId }: z.output<typeof replayIn>, holder: Holder) {
    const { tenantId } = holder
    const app = appId == null ? holder.appId : await appIdOf(tenantId, appId)
    // A token for one app finds no other.
    if (app === undefined || (holder.appId !== null && app !== holder.appId))
      throw new PomboError('not_found', { what: 'app', id: appId! })
    if (endpointId == null) return { tenantId, appId: app, endpointId: null }
    if (app === null && readId('endpoint', endpointId) === undefined)
      throw invalid(['body', 'endpointId'], say('uid_alone', { name: 'appId' }))
    const found = await findEndpoint(db, { tenantId, appId: app }, endpointId)
    if (found === undefined) throw new PomboError('not_found', { what: 'endpoint', id: endpointId })
    return { tenantId, appId: found.appId, endpointId: found.id }
  }
}
