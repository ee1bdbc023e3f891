import { iso } from '../../core/clock.ts'
import type { ExpressionInput } from '../../core/expression.ts'
import { showId } from '../../core/id.ts'
import type { Message } from '../../core/message.ts'
import { payloadValue } from '../../core/raw-payload.ts'
import { byBytes } from '../../db/payload.ts'
import { inTransaction, isAway } from '../../db/pool.ts'
import { lookAtClosed } from '../../queue/reopen/closed/store.ts'
import {
  type ClosedDelivery,
  type ClosedPage,
  messagesOf,
  type Place,
  reopen,
} from '../../queue/reopen/store.ts'
import { lookAtMissing } from '../../queue/reopen/missing/store.ts'
import type { JobDeps } from './deps.ts'
import { bulkPage } from './bulk-page.ts'
import { at, lookedAt, pageMs, tell } from './page.ts'
import { doPaged, pagedWork } from './paged.ts'
import {
  holdJob,
  type Job,
  type JobCursor,
  nextDueMs,
  saveFailure,
  savePage,
  takeJob,
} from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

/** Payloads read together, and those filtered before others get their turn. */
const readBytes = 4 * 1024 * 1024
const sliceBytes = 256 * 1024
const maxFailures = 5

/**
 * Does one page of the job that is due first. A node leases a job for one page only, so that all nodes share all
 * jobs; what a page opens, and how far the job is, is one transaction, which is refused where the job was canceled or
 * taken over meanwhile. So each delivery is opened once, whichever nodes die.
 * @returns milliseconds until a page is due; undefined: there is nothing to do, or somebody has what is due
 */
export async function runPage(deps: JobDeps): Promise<number | undefined> {
  const { pool, lease, log } = deps
  const node = lease.id
  const inMs = await nextDueMs(pool, node)
  if (inMs === undefined || inMs > 0) return inMs
  const job = await takeJob(pool, node)
  if (!job) return undefined
  try {
    await doPage(deps, node, job)
  } catch (error) {
    if (isAway(error)) throw error
    const failures = (job.cursor?.failures ?? 0) + 1
    const final = failures >= maxFailures
    log(
      `a page of job ${job.id} (${job.task}) failed; ${final ? 'the job is given up' : 'it is tried again'}`,
      error,
    )
    // Who asked for the job learns nothing of Pombo's inside.
    const told = final ? say('task_bug') : null
    await fail(deps, node, job, { failures, final, error: told })
  }
  return 0
}

async function fail(
  deps: JobDeps,
  node: string,
  job: Job,
  { failures, final, error }: { failures: number; final: boolean; error: string | null },
): Promise<void> {
  await inTransaction(deps.pool, async (client) => {
    if (!(await holdJob(client, node, job.id))) return
    const cursor: JobCursor = { phase: 'counting', ...job.cursor, failures }
    await saveFailure(client, job.id, { cursor, error, final, pauseMs: 1_000 * 2 ** failures })
    if (final) await tell(deps, client, job, 'failed')
  })
}

async function doPage(deps: JobDeps, node: string, job: Job): Promise<void> {
  if ('open' in job.args) return await bulkPage(deps, node, { ...job, args: job.args })
  const paged = pagedWork[job.task]
  if (paged) return await doPaged(deps, node, { ...job, args: job.args }, paged)
  const { pool, waker } = deps
  const { args } = job
  const { phase, behind } = job.cursor ?? { phase: 'counting' }
  const looked =
    job.task === 'endpoint.replay'
      ? await lookAtWanted(deps, job, behind, lookedAt[phase])
      : await lookAtClosed(
          pool,
          { ...args, tenantId: job.tenantId, appId: job.appId, endpointId: job.endpointId },
          behind,
          lookedAt[phase],
        )
  const compiled = args.payloadFilter === null ? null : deps.compileFilter(args.payloadFilter)
  if (compiled?.ok === false) {
    // It could be used when the job was made, so Pombo has changed since.
    const error = say('task_filter', { problem: compiled.problem })
    return await fail(deps, node, job, { failures: 0, final: true, error })
  }
  const meant = compiled ? await filtered(deps, compiled.filter, looked.found) : looked.found
  if (phase === 'counting') {
    await inTransaction(pool, async (client) => {
      if (!(await holdJob(client, node, job.id))) return
      const counted = looked.next === undefined
      const over = counted && args.dryRun
      const cursor = counted ? ({ phase: 'opening' } as const) : at('counting', looked.next)
      await savePage(client, job.id, {
        cursor,
        matched: meant.length,
        opened: 0,
        skipped: 0,
        counted,
        status: over ? 'finished' : 'running',
        pauseMs: 0,
      })
      if (over) await tell(deps, client, job, 'finished')
    })
    return
  }
  const allowed = Math.max(1, Math.ceil((args.ratePerSecond * pageMs) / 1_000))
  const now = meant.slice(0, allowed)
  // What is too much for this page is looked at again by the next.
  const next = meant.length > allowed ? now.at(-1) : looked.next
  const opened = await inTransaction(pool, async (client) => {
    if (!(await holdJob(client, node, job.id))) return []
    const endpointIds = await reopen(client, now, args.priority)
    await savePage(client, job.id, {
      cursor: at('opening', next),
      matched: 0,
      opened: endpointIds.length,
      skipped: now.length - endpointIds.length,
      counted: false,
      status: next ? 'running' : 'finished',
      pauseMs: (endpointIds.length / args.ratePerSecond) * 1_000,
    })
    if (!next) await tell(deps, client, job, 'finished')
    return endpointIds
  })
  for (const endpointId of new Set(opened)) waker.wake(endpointId)
}

/** Messages that the endpoint has no delivery of, and would get if they came now. */
async function lookAtWanted(
  { pool, payloads, wants }: JobDeps,
  { tenantId, appId, endpointId, args }: Job,
  behind: Place | undefined,
  limit: number,
): Promise<ClosedPage> {
  const span = { ...args, appId: appId!, endpointId: endpointId! }
  const { found, next } = await lookAtMissing(pool, span, behind, limit)
  const wanted = new Set<string>()
  for (const some of byBytes(found, readBytes)) {
    for (const { messageId, payload, createdMs, ...rest } of await messagesOf(pool, some)) {
      if (payload === null) continue
      const message: Message = {
        ...rest,
        id: messageId,
        tenantId,
        appId: appId!,
        payload: payloads.open(payload, messageId),
        eventId: null,
        orderingKey: null,
        priority: 'normal',
        createdAtMs: createdMs,
      }
      if (await wants(endpointId!, message)) wanted.add(messageId)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { found: found.filter(({ messageId }) => wanted.has(messageId)), next }
}

async function filtered(
  { pool, payloads }: JobDeps,
  filter: (input: ExpressionInput) => { matched: boolean },
  found: readonly ClosedDelivery[],
): Promise<ClosedDelivery[]> {
  const matching = new Set<string>()
  let unyielded = 0
  for (const some of byBytes(found, readBytes)) {
    for (const {
      messageId,
      payload,
      contentType,
      eventType,
      channels,
      tags,
      createdMs,
    } of await messagesOf(pool, some)) {
      if (payload === null) continue
      const input = {
        payload: payloadValue({ payload: payloads.open(payload, messageId), contentType }),
        eventType,
        channels: channels ?? [],
        tags: tags ?? [],
        messageId: showId('message', messageId),
        timestamp: iso(createdMs),
      }
      if (filter(input).matched) matching.add(messageId)
      unyielded += payload.length
      if (unyielded < sliceBytes) continue
      unyielded = 0
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return found.filter(({ messageId }) => matching.has(messageId))
}
