import { iso, DAY_MS } from '../../core/clock.ts'
import { invalid } from '../../core/error.ts'
import type { Queryable } from '../../db/pool.ts'
import { clockSlackMs, retentionDaysOf } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

/**
 * Throws a 422 where `sinceMs` lies before all that is kept: what was asked for could only be done in part, and
 * nobody would learn of it. So too where it has not come yet, and nothing at all would be done.
 */
export async function refuseForgotten(
  db: Queryable,
  tenantId: string,
  sinceMs: number,
  { nowMs, retentionDays }: { nowMs: number; retentionDays: number },
): Promise<void> {
  if (sinceMs >= nowMs + clockSlackMs) throw invalid(['body', 'since'], say('since_before_until'))
  const days = (await retentionDaysOf(db, tenantId)) ?? retentionDays
  const keptMs = nowMs - days * DAY_MS
  // "Since as long as you keep them" is meant to the day, and is on its way for a while.
  if (sinceMs >= keptMs - DAY_MS) return
  throw invalid(['body', 'since'], say('before_kept', { at: iso(keptMs), days }))
}
