import { PomboError } from '../../../core/error.ts'
import type { Accepted, IncomingMessage } from '../../../core/message.ts'
import type { Queryable } from '../../../db/pool.ts'
import type { JobDeps, Paged } from '../deps.ts'
import type { Job, ReplayArgs } from '../store.ts'
import { forgetMessage, nextApps } from './store.ts'

const appsAtATime = 50
/** How long a repeat of a page, after a node died at it, is known as one. */
const repeatSeconds = 86_400
const pauseMs = 1_000

/** One message to the next apps. A page that is done again sends nothing twice: each app knows the job. */
export async function broadcastPage(
  { accept, payloads }: Pick<JobDeps, 'accept' | 'payloads'>,
  db: Queryable,
  job: Job & { args: ReplayArgs },
  at: string,
): Promise<Paged> {
  const { message } = job.args
  const apps = message === undefined ? [] : await nextApps(db, job.tenantId, at, appsAtATime)
  if (message === undefined || apps.length === 0) {
    await forgetMessage(db, job.id)
    return { at: undefined, done: 0 }
  }
  const payload = payloads.open(message.payload, job.id)
  const results = await accept(
    apps.map(
      (appId): IncomingMessage => ({
        tenantId: job.tenantId,
        appId,
        eventType: message.eventType,
        payload,
        channels: message.channels,
        eventId: message.eventId,
        ...(message.retentionDays !== null && { payloadRetentionDays: message.retentionDays }),
        dedupe: [
          { kind: 'source', key: `broadcast:${job.id}`, windowSeconds: repeatSeconds },
          ...(message.eventId === null
            ? []
            : [{ kind: 'event-id' as const, key: message.eventId, windowSeconds: repeatSeconds }]),
        ],
      }),
    ),
  )
  // Behind one that was refused for now, all come again.
  const refused = results.findIndex((result) => isRefused(result))
  const over = refused < 0 ? results : results.slice(0, refused)
  const skipped = over.filter((result) => isOwnRepeat(result)).length
  return {
    at: over.length === 0 ? at : apps[over.length - 1],
    done: over.length - skipped,
    skipped,
    ...(refused >= 0 && { pauseMs }),
  }
}

function isRefused(result: Accepted | PomboError): boolean {
  if (!(result instanceof PomboError)) return false
  if (result.status === 429 || result.status === 503) return true
  // The app was deleted meanwhile.
  if (result.code === 'not_found') return false
  throw result
}

/** It had the event already, by its eventId. */
function isOwnRepeat(result: Accepted | PomboError): boolean {
  if (result instanceof PomboError) return true
  return result.outcome !== 'accepted' && result.kind === 'event-id'
}
