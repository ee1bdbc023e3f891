import { z } from 'zod'
import { PomboError } from '../../core/error.ts'
import { readId } from '../../core/id.ts'
import type { Pool } from '../../db/pool.ts'
import { expungeResponse, findAttempt } from '../history/attempts/store.ts'
import { messageIdOf } from '../messages/store.ts'
import { empty, json, type Route, route } from '../route.ts'
import { byHandRoutes } from './by-hand.ts'
import type { AttemptDeps } from './endpoint-of.ts'
import { attemptLists } from './lists.ts'
import { attemptOut, expandedStatuses } from './schema.ts'
import { showAttempt } from './show.ts'
import { standingRoutes } from './standing.ts'

const tag = 'Message Attempt'

export function attemptRoutes(deps: AttemptDeps): Route[] {
  return [
    ...attemptLists(deps),
    getRoute(deps),
    expungeRoute(deps),
    ...standingRoutes(deps),
    ...byHandRoutes(deps),
  ]
}

function getRoute({ db }: AttemptDeps): Route {
  return route({
    at: 'GET /api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}',
    id: 'v1.message-attempt.get',
    tag,
    summary: 'Get an attempt',
    access: 'app',
    query: z.object(expandedStatuses),
    answers: { 200: { description: 'The attempt', body: attemptOut } },
    async handle({ appId, params }) {
      const ids = await attemptKey(db, appId, params)
      const row = ids && (await findAttempt(db, appId, ids.messageId, ids.attemptId))
      if (row === undefined)
        throw new PomboError('not_found', { what: 'attempt', id: params.attempt_id })
      return json(200, showAttempt(row))
    },
  })
}

function expungeRoute({ db }: AttemptDeps): Route {
  return route({
    at: 'DELETE /api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/content',
    id: 'v1.message-attempt.expunge-content',
    tag,
    summary: 'Delete what the receiver answered to an attempt',
    access: 'tenant',
    answers: { 204: { description: 'Deleted' } },
    async handle({ appId, params }) {
      const ids = await attemptKey(db, appId, params)
      if (ids === undefined || !(await expungeResponse(db, appId, ids.messageId, ids.attemptId))) {
        throw new PomboError('not_found', { what: 'attempt', id: params.attempt_id })
      }
      return empty
    },
  })
}

async function attemptKey(db: Pool, appId: string, params: { msg_id: string; attempt_id: string }) {
  const attemptId = readId('attempt', params.attempt_id)
  const messageId =
    attemptId === undefined ? undefined : await messageIdOf(db, appId, params.msg_id)
  return attemptId === undefined || messageId === undefined ? undefined : { attemptId, messageId }
}
