import { uuidFloor, lowestId } from '../../core/id.ts'
import { inTransaction, type Queryable } from '../../db/pool.ts'
import { broadcastPage } from './broadcast/broadcast.ts'
import type { JobDeps, Paged } from './deps.ts'
import { purgePayloads } from './purge/store.ts'
import { holdJob, type Job, type ReplayArgs, savePage } from './store.ts'
import { tell } from './page.ts'
import { nextAppUsage, nextEventTypes } from './usage/store.ts'
import { say } from '../../core/sentences/sentences.ts'

type PagedJob = Job & { args: ReplayArgs }

/** Does the page behind `at`, in the transaction that notes it. */
type Work = (deps: JobDeps, db: Queryable, job: PagedJob, at: string) => Promise<Paged>

const rowsAtATime = 500
const appsAtATime = 1_000
/** Tasks that do their work page by page, without counting it before. */
export const pagedWork: Record<string, Work> = {
  'application.purge_content': async (_deps, db, job, at) => {
    const page = await purgePayloads(db, job.appId!, {
      behind: at,
      before: uuidFloor(job.args.untilMs),
      limit: rowsAtATime,
    })
    const over = page.last === null || page.looked < rowsAtATime
    return { at: over ? undefined : page.last!, done: page.purged }
  },

  'endpoint.cancel-messages': async ({ discard, waker }, db, job, at) => {
    const before = uuidFloor(job.args.untilMs)
    const done = await discard(job.endpointId!, say('not_sent_canceled'), before, db)
    // Those that kept their order may go on with what comes behind.
    waker.wake(job.endpointId!)
    return { at: done === 0 ? undefined : at, done }
  },

  'message.broadcast': broadcastPage,

  'application.stats': async (_deps, db, job, at) => {
    const { rows, last } = await nextAppUsage(db, job, at, appsAtATime)
    const before = (job.result as { appStats?: unknown[] } | null)?.appStats ?? []
    const result = { appStats: [...before, ...rows] }
    return { at: last, done: rows.length, result }
  },

  'event-type.aggregate': async (_deps, db, job, at) => {
    const { counts, looked, next } = await nextEventTypes(db, job, at)
    const before = (job.result as { eventTypeUsage?: Usage[] } | null)?.eventTypeUsage ?? []
    const total = new Map(before.map(({ name, count }) => [name, count]))
    for (const { name, count } of counts) total.set(name, (total.get(name) ?? 0) + count)
    const eventTypeUsage = [...total].map(([name, count]) => ({ name, count }))
    return {
      at: next,
      done: looked,
      result: { eventTypeUsage: eventTypeUsage.toSorted((a, b) => b.count - a.count) },
    }
  },
}

interface Usage {
  name: string
  count: number
}

/** A page of work that needs no count before. */
export async function doPaged(deps: JobDeps, node: string, job: Job, work: Work): Promise<void> {
  await inTransaction(deps.pool, async (client) => {
    if (!(await holdJob(client, node, job.id))) return
    const page = await work(deps, client, job, job.cursor?.at ?? lowestId)
    const over = page.at === undefined
    await savePage(client, job.id, {
      cursor: { phase: 'opening', ...(page.at !== undefined && { at: page.at }) },
      matched: page.done + (page.skipped ?? 0),
      opened: page.done,
      skipped: page.skipped ?? 0,
      counted: over,
      status: over ? 'finished' : 'running',
      pauseMs: page.pauseMs ?? 0,
      result: page.result,
    })
    if (over) await tell(deps, client, job, 'finished')
  })
}
