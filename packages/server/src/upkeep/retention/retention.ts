import { DAY_MS } from '../../core/clock.ts'
import { uuidFloor, lowestId } from '../../core/id.ts'
import { forgetChanges } from '../../db/changes.ts'
import { blocksOf, dayOf, dropPartition, listPartitions } from '../../db/partitions.ts'
import type { Pool } from '../../db/pool.ts'
import {
  abandonedEndpoints,
  expirePayloads,
  foldCounts,
  forget,
  hasOpenWork,
  type Kept,
  keptDays,
  notePruned,
  oldestOpen,
  perishables,
  prunedBefore,
  pruneBlocks,
} from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

export interface RetentionDeps {
  pool: Pool
  /** Of tenants that have no own. */
  retentionDays: number
  /**
   * Closes waiting deliveries of an endpoint, those of messages before `beforeMessageId`, some at a time; answers how
   * many.
   */
  discard: (endpointId: string, reason: string, beforeMessageId: string) => Promise<number>
  /** Whether this node may go on with a pass. */
  mayGoOn: () => boolean
  log: (message: string) => void
}

const blocksAtATime = 2_000
const rowsAtATime = 5_000
const endpointsAtATime = 50
/**
 * One pass over everything that is past its time. Each step is made of short statements of their own, so that nothing
 * is locked for long, and a pass that is broken off is taken up by the next one.
 */
export async function retain(deps: RetentionDeps, nowMs: number): Promise<void> {
  const kept = await keptDays(deps.pool, deps.retentionDays)
  const longest = kept.reduce(
    (most, { days }) => Math.max(most, days),
    kept.length === 0 ? deps.retentionDays : 0,
  )
  await closeAbandoned(deps, nowMs)
  await dropDays(deps, nowMs - longest * DAY_MS, longest)
  await prune(
    deps,
    kept.filter(({ days }) => days < longest),
    nowMs,
  )
  await expire(deps)
  await forgetPerished(deps)
}

/**
 * The queue of an endpoint that has been disabled for longer than anything is kept is closed as not sent, or its
 * messages would keep their days for ever. What has come since then is younger, and waits on.
 */
async function closeAbandoned(
  { pool, retentionDays, discard, mayGoOn, log }: RetentionDeps,
  nowMs: number,
): Promise<void> {
  for (const { endpointId, days } of await abandonedEndpoints(pool, retentionDays)) {
    let closed = 0
    let some = 0
    do {
      if (!mayGoOn()) return
      some = await discard(
        endpointId,
        say('not_sent_disabled_long', { days }),
        uuidFloor(nowMs - days * DAY_MS),
      )
      closed += some
    } while (some > 0)
    if (closed > 0)
      log(
        `closed ${closed} deliveries of endpoint ${endpointId}, which has been disabled for more than ${days} days`,
      )
  }
}

async function dropDays(
  { pool, mayGoOn, log }: RetentionDeps,
  beforeMs: number,
  days: number,
): Promise<void> {
  const past = (await listPartitions(pool)).filter(
    (partition) => partition.dayMs + DAY_MS <= beforeMs,
  )
  // Of one table only one partition can be detached at a time, so one that was begun goes first.
  const order = { detaching: 0, detached: 1, attached: 2 }
  const open = new Map<number, boolean>()
  for (const partition of past.toSorted((a, b) => order[a.state] - order[b.state])) {
    if (!mayGoOn()) return
    const { name, dayMs, state } = partition
    if (state === 'attached' && !open.has(dayMs)) open.set(dayMs, await hasOpenWork(pool, dayMs))
    if (state === 'attached' && open.get(dayMs)) {
      log(`${name} is past its time but has open deliveries; it is kept until they are done`)
      continue
    }
    if (await dropPartition(pool, partition)) log(`dropped ${name}: older than ${days} days`)
    else log(`${name} is past its time but in use; it is dropped at the next pass`)
  }
}

/**
 * Tenants that keep less than the longest-keeping one: their rows go by themselves, a day at a time, before the
 * partition does.
 */
async function prune(
  { pool, mayGoOn }: RetentionDeps,
  shorter: readonly Kept[],
  nowMs: number,
): Promise<void> {
  const known = await prunedBefore(
    pool,
    shorter.map(({ tenantId }) => tenantId),
  )
  const due = shorter
    .map(({ tenantId, days }) => ({
      tenantId,
      fromMs: known.get(tenantId) ?? 0,
      beforeMs: dayOf(nowMs - days * DAY_MS),
    }))
    .filter(({ fromMs, beforeMs }) => fromMs < beforeMs)
  if (due.length === 0) return
  for (const partition of await listPartitions(pool)) {
    const tenantIds = due
      .filter(({ fromMs, beforeMs }) => partition.dayMs >= fromMs && partition.dayMs < beforeMs)
      .map(({ tenantId }) => tenantId)
    if (tenantIds.length === 0 || partition.state !== 'attached') continue
    const blocks = await blocksOf(pool, partition)
    for (let from = 0; from < blocks; from += blocksAtATime) {
      if (!mayGoOn()) return
      await pruneBlocks(pool, partition, tenantIds, from, from + blocksAtATime)
    }
  }
  // A message that is still to be delivered was left, and what its delivery will add: its day is gone over again until
  // it is done.
  const open = await oldestOpen(
    pool,
    due.map(({ tenantId }) => tenantId),
    Math.max(...due.map(({ beforeMs }) => beforeMs)),
  )
  await notePruned(
    pool,
    due.map(({ tenantId, beforeMs }) => ({
      tenantId,
      beforeMs: Math.min(beforeMs, dayOf(open.get(tenantId) ?? beforeMs)),
    })),
  )
}

async function expire({ pool, mayGoOn }: RetentionDeps): Promise<void> {
  for (const partition of await listPartitions(pool)) {
    if (partition.table !== 'message' || partition.state !== 'attached') continue
    while (mayGoOn() && (await expirePayloads(pool, partition, rowsAtATime)) === rowsAtATime) {
      // Some at a time.
    }
  }
}

async function forgetPerished({ pool, retentionDays, mayGoOn }: RetentionDeps): Promise<void> {
  for (const table of perishables) {
    while (mayGoOn() && (await forget(pool, table, rowsAtATime)) === rowsAtATime) {
      // Some at a time.
    }
  }
  let after: string | undefined = lowestId
  while (after !== undefined && mayGoOn())
    after = await foldCounts(pool, retentionDays, after, endpointsAtATime)
  await forgetChanges(pool)
}
