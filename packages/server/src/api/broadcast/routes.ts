import { uuidv7 } from '../../core/id.ts'
import { recoverOut, showBegun } from '../background-tasks/schema.ts'
import { startTask, usual } from '../background-tasks/store.ts'
import { refusal } from '../field.ts'
import { payloadText } from '../messages/send.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { broadcastIn } from './schema.ts'

export type BroadcastDeps = Needs<'db' | 'clock' | 'tenants' | 'payloads' | 'checkPayload'>

/** `POST /api/v1/msg/broadcast`: one message to every application of the tenant. */
export function broadcastRoute(deps: BroadcastDeps): Route {
  const { db, clock, tenants, payloads, checkPayload } = deps
  return route({
    at: 'POST /api/v1/msg/broadcast',
    id: 'v1.message.broadcast',
    tag: 'Message',
    summary: 'Send a message to all applications',
    description:
      'To those that there are when it comes to them, in the background; see the background task. ' +
      "In Svix's cloud only; its open-source server has no such path.",
    access: 'tenant',
    body: broadcastIn,
    answers: {
      202: { description: 'It has begun', body: recoverOut },
      429: {
        description: 'Payloads take too long to check; Retry-After says when to come back',
        body: refusal,
      },
    },
    async handle({ holder: { tenantId }, body, text }) {
      await checkPayload({ tenantId }, { eventType: body.eventType, payload: body.payload })
      const nowMs = clock.now()
      const id = uuidv7(nowMs)
      const payload = payloadText(text) ?? 'null'
      const { encryptPayloads } = await tenants.get(tenantId)
      const days = body.payloadRetentionPeriod ?? undefined
      const hours = body.payloadRetentionHours ?? undefined
      const message = {
        eventType: body.eventType,
        payload: encryptPayloads ? payloads.seal(payload, id) : payloads.plain(payload),
        channels: body.channels ?? null,
        eventId: body.eventId ?? null,
        retentionDays: hours === undefined ? (days ?? null) : hours / 24,
      }
      const args = { ...usual, states: [], sinceMs: 0, untilMs: nowMs, message }
      const whose = { tenantId, appId: null, endpointId: null }
      const task = await startTask(db, whose, 'message.broadcast', args, nowMs, id)
      return json(202, showBegun(task))
    },
  })
}
