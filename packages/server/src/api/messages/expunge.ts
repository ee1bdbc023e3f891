import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import type { Pool } from '../../db/pool.ts'
import { recoverOut, showBegun } from '../background-tasks/schema.ts'
import { startTask, usual } from '../background-tasks/store.ts'
import { cloudOnly, json, type Route, route } from '../route.ts'
import { pathParameters } from '../path.ts'
import { expungePayload, messageIdOf } from './store.ts'
import { component } from '../field.ts'

const tag = 'Message'

const bulkIn = component('BulkExpungeContentsIn', {
  ids: z.array(pathParameters.msg_id).max(1_000).optional(),
})

const bulkOut = component('BulkExpungeContentsOut', {
  results: z
    .record(z.string(), z.enum(['expunged', 'not-found']))
    .describe('By the ids as they were given'),
})

/** Payloads of many messages deleted: of those that are named, and of all of an app. */
export function expungeRoutes({ db, clock }: { db: Pool; clock: Clock }): Route[] {
  return [
    route({
      at: 'POST /api/v1/app/{app_id}/msg/bulk-expunge',
      id: 'v1.message.bulk-expunge',
      tag,
      summary: 'Delete the payloads of up to 1,000 messages',
      description: `They cannot be sent again afterwards; what is still waiting to be sent is given up. ${cloudOnly}`,
      access: 'tenant',
      body: bulkIn,
      answers: { 200: { description: 'What became of each', body: bulkOut } },
      async handle({ appId, body }) {
        const results: [string, 'expunged' | 'not-found'][] = []
        for (const shown of new Set(body.ids ?? [])) {
          const id = await messageIdOf(db, appId, shown)
          const found = id !== undefined && (await expungePayload(db, appId, id))
          results.push([shown, found ? 'expunged' : 'not-found'])
        }
        return json(200, { results: Object.fromEntries(results) })
      },
    }),
    route({
      at: 'POST /api/v1/app/{app_id}/msg/expunge-all-contents',
      id: 'v1.message.expunge-all-contents',
      tag,
      summary: 'Delete the payloads of all messages of the app',
      description:
        'Those that were accepted before the request, in the background; see the background task. ' +
        `They cannot be sent again afterwards; what is still waiting to be sent is given up. ${cloudOnly}`,
      access: 'tenant',
      answers: { 202: { description: 'It has begun', body: recoverOut } },
      async handle({ appId, holder }) {
        const nowMs = clock.now()
        const task = await startTask(
          db,
          { tenantId: holder.tenantId, appId, endpointId: null },
          'application.purge_content',
          { ...usual, states: [], sinceMs: 0, untilMs: nowMs + 1 },
          nowMs,
        )
        return json(202, showBegun(task))
      },
    }),
  ]
}
