import { inTransaction, type Pool } from '../../db/pool.ts'
import type { Waker } from '../../queue/queue.ts'
import { actOn, type DiscardThese, lookAtMeant, partsOf } from './bulk.ts'
import { at, lookedAt, pageMs, tell } from './page.ts'
import { type BulkArgs, holdJob, type Job, type JobCursor, savePage } from './store.ts'

interface BulkDeps {
  pool: Pool
  waker: Waker
  discardThese: DiscardThese
  now: () => number
}

/** A page of a job over failed deliveries. */
export async function bulkPage(
  deps: BulkDeps,
  node: string,
  job: Job & { args: BulkArgs },
): Promise<void> {
  const { args } = job
  const { phase, behind, part = partsOf(args)[0] ?? 'closed' } = job.cursor ?? { phase: 'counting' }
  const limit = lookedAt[phase]
  const { found, next } = await lookAtMeant(deps.pool, job, args, part, behind, limit)
  const allowed = Math.max(1, Math.ceil((args.ratePerSecond * pageMs) / 1_000))
  const now = phase === 'counting' ? [] : found.slice(0, allowed)
  const more = phase === 'opening' && found.length > allowed ? now.at(-1) : next
  const nextPart = more ? part : partsOf(args)[partsOf(args).indexOf(part) + 1]
  const over = nextPart === undefined
  const cursor: JobCursor =
    over && phase === 'counting'
      ? { phase: 'opening' }
      : { ...at(phase, more), ...(nextPart && { part: nextPart }) }
  const done = await inTransaction(deps.pool, async (client) => {
    if (!(await holdJob(client, node, job.id))) return []
    const endpointIds = await actOn(client, { task: job.task, args }, part, now, deps.discardThese)
    await savePage(client, job.id, {
      cursor,
      matched: phase === 'counting' ? found.length : 0,
      opened: endpointIds.length,
      skipped: now.length - endpointIds.length,
      counted: over && phase === 'counting',
      status: over && phase === 'opening' ? 'finished' : 'running',
      pauseMs: (endpointIds.length / args.ratePerSecond) * 1_000,
    })
    if (over && phase === 'opening') await tell(deps, client, job, 'finished')
    return endpointIds
  })
  for (const endpointId of new Set(done)) deps.waker.wake(endpointId)
}
