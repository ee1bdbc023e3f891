import { z } from 'zod'
import { causeForm, partsOfCause } from '../../core/cause.ts'
import { iso, isoOrNull } from '../../core/clock.ts'
import { showId, uuidTimeMs } from '../../core/id.ts'
import type { LastFailure } from '../../queue/reopen/failures/store.ts'
import { causeOut } from '../cause-out.ts'
import { component, time } from '../field.ts'
import type { FailedDelivery, FailureRow } from './store.ts'
import { shownUrl } from '../shown-url.ts'
import { say } from '../../core/sentences/sentences.ts'
import { codedOut, showError } from '../coded.ts'

const count = z.int().min(0)
const text = z.string().nullable()

export const causeIn = z
  .string()
  .max(60)
  .regex(causeForm, say('cause_form'))
  .meta({ description: 'As `cause.code` of a group', examples: ['refused.503'] })

export const failuresOut = z
  .object({
    since: time,
    until: time,
    data: z.array(
      z.object({
        cause: causeOut,
        appId: text.describe('null where grouped by cause alone'),
        endpointId: text,
        endpointUrl: text,
        circuit: z.enum(['closed', 'open', 'half-open']).nullable(),
        waiting: count.nullable().describe('Open deliveries of the endpoint'),
        apps: count,
        endpoints: count,
        count: count.describe('Failed attempts'),
        givenUp: count.describe('Deliveries that were given up by them'),
        firstAt: time,
        lastAt: time,
        sample: z
          .object({
            messageId: z.string(),
            attemptId: z.string(),
            eventType: z.string(),
            statusCode: z.int(),
            error: text,
            errorCoded: codedOut,
            at: time,
          })
          .nullable()
          .describe('The last of them; null where it is not kept any more'),
      }),
    ),
  })
  .meta({
    id: 'FailuresOut',
    examples: [
      {
        since: '2026-01-30T09:30:00.000Z',
        until: '2026-01-31T09:30:00.000Z',
        data: [
          {
            cause: { code: 'refused.503', outcome: 'refused', statusCode: 503, reason: null },
            appId: 'app_01hzy3k9v2e8r5c7m4n6p8q0sa',
            endpointId: 'ep_01hzy3k9v2e8r5c7m4n6p8q0sa',
            endpointUrl: 'https://example.com/webhook',
            circuit: 'open',
            waiting: 120,
            apps: 1,
            endpoints: 1,
            count: 812,
            givenUp: 40,
            firstAt: '2026-01-31T08:02:00.000Z',
            lastAt: '2026-01-31T09:29:40.000Z',
            sample: null,
          },
        ],
      },
    ],
  })

export function showGroup(row: FailureRow, waiting: number | null, byCause: boolean) {
  return {
    cause: partsOfCause(row.cause),
    appId: byCause ? null : showId('app', row.app_id),
    endpointId: byCause ? null : showId('endpoint', row.endpoint_id),
    endpointUrl: byCause || row.url === null ? null : shownUrl(row.url),
    circuit: byCause ? null : row.circuit,
    waiting: byCause ? null : waiting,
    apps: row.apps,
    endpoints: row.endpoints,
    count: row.count,
    givenUp: row.given_up,
    firstAt: iso(row.first_ms),
    lastAt: iso(row.last_ms),
    sample:
      row.attempt_id === null
        ? null
        : {
            messageId: showId('message', row.message_id),
            attemptId: showId('attempt', row.attempt_id),
            eventType: row.event_type!,
            statusCode: row.status_code!,
            error: row.error,
            errorCoded: showError(row.error),
            at: iso(row.at_ms!),
          },
  }
}

export const failedDeliveryOut = component('FailedDeliveryOut', {
  deliveryId: z.string(),
  appId: z.string(),
  endpointId: z.string(),
  messageId: z.string(),
  eventType: z.string(),
  state: z.enum(['waiting', 'exhausted']),
  attempts: count,
  createdAt: time.describe('When the message was accepted'),
  nextAttemptAt: time.nullable().describe('null: given up, or held until somebody acts'),
  closedAt: time.nullable(),
  cause: causeOut.nullable().describe('Of the last attempt; null where it is not kept'),
  statusCode: z.int().nullable(),
  error: text,
  errorCoded: codedOut,
  lastAttemptAt: time.nullable(),
})

/** What holds its ordering key is due in a hundred years. */
const HELD_MS = 10 * 365 * 86_400_000

export function showDelivery(one: FailedDelivery, failure: LastFailure | undefined, nowMs: number) {
  const held = one.nextMs !== null && one.nextMs - nowMs > HELD_MS
  return {
    deliveryId: showId('delivery', one.id),
    appId: showId('app', one.appId),
    endpointId: showId('endpoint', one.endpointId),
    messageId: showId('message', one.messageId),
    eventType: one.eventType,
    state: one.state,
    attempts: one.attempts,
    createdAt: iso(uuidTimeMs(one.messageId)),
    nextAttemptAt: one.nextMs === null || held ? null : iso(one.nextMs),
    closedAt: isoOrNull(one.closedMs),
    cause: failure === undefined ? null : partsOfCause(failure.cause),
    statusCode: failure?.statusCode ?? null,
    error: failure?.error ?? null,
    errorCoded: showError(failure?.error),
    lastAttemptAt: failure === undefined ? null : iso(failure.atMs),
  }
}
