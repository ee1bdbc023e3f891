/** Jobs over deliveries that failed: sent again, or given up. What is meant, the API shows before it is done. */
import type { Pool, Queryable } from '../../db/pool.ts'
import { lastFailures, placeKey } from '../../queue/reopen/failures/store.ts'
import { lookAtClosed } from '../../queue/reopen/closed/store.ts'
import {
  type ClosedDelivery,
  type ClosedPage,
  type Place,
  reopen,
} from '../../queue/reopen/store.ts'
import { bringForward, lookAtWaiting } from '../../queue/reopen/waiting/store.ts'
import type { BulkArgs, Job, JobCursor } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

/** Deliveries that are open, then those that are closed: in a walk each. */
export type Part = NonNullable<JobCursor['part']>

export function partsOf({ open, states }: BulkArgs): Part[] {
  return [
    ...(open === 'none' ? [] : (['open'] as const)),
    ...(states.length > 0 ? (['closed'] as const) : []),
  ]
}

/** A page of what is meant, and where the next begins; `next` undefined: this was the last of its part. */
export async function lookAtMeant(
  db: Pool,
  scope: Pick<Job, 'tenantId' | 'appId' | 'endpointId'>,
  args: BulkArgs,
  part: Part,
  behind: Place | undefined,
  limit: number,
): Promise<ClosedPage> {
  const { tenantId, appId, endpointId } = scope
  const meant = { ...args, tenantId, appId, endpointId }
  const page =
    part === 'open'
      ? await lookAtWaiting(db, { ...meant, triedOnly: args.open === 'tried' }, behind, limit)
      : await lookAtClosed(db, meant, behind, limit)
  const chosen = args.only === null ? page.found : page.found.filter(among(args.only))
  if (args.cause === null || chosen.length === 0) return { ...page, found: chosen }
  const failures = await lastFailures(db, chosen)
  return {
    ...page,
    found: chosen.filter((one) => failures.get(placeKey(one))?.cause === args.cause),
  }
}

function among(only: readonly Place[]): (one: Place) => boolean {
  const keys = new Set(only.map(placeKey))
  return (one) => keys.has(placeKey(one))
}

/** Closes open deliveries; record/'s, handed in: upkeep writes no outcomes. */
export type DiscardThese = (
  db: Queryable,
  deliveries: readonly ClosedDelivery[],
  reason: string,
) => Promise<string[]>

/**
 * Does to a page what the job says.
 * @returns the endpoint of each delivery that it was done to
 */
export async function actOn(
  db: Queryable,
  { task, args }: { task: string; args: BulkArgs },
  part: Part,
  page: readonly ClosedDelivery[],
  discard: DiscardThese,
): Promise<string[]> {
  if (part === 'closed') return await reopen(db, page, args.priority)
  if (task === 'bulk.discard')
    return await discard(db, page, say('not_sent_by_hand_because', { reason: args.reason ?? '' }))
  return await bringForward(db, page)
}
