/** What the pages of all jobs have in common. */
import { showId } from '../../core/id.ts'
import { noteSignals } from '../../db/signals.ts'
import type { Place } from '../../queue/reopen/store.ts'
import type { Job, JobCursor } from './store.ts'

/** Finished deliveries looked at in one page. Counting alone holds nothing up, so it takes more. */
export const lookedAt = { counting: 2_000, opening: 500 } as const
/** A page opens what its rate allows in this time, so that the deliveries come as a stream and not in gusts. */
export const pageMs = 500

export function at(phase: JobCursor['phase'], place: Place | undefined): JobCursor {
  return {
    phase,
    ...(place && { behind: { endpointId: place.endpointId, messageId: place.messageId } }),
  }
}

/** Svix's operational event about a task that is over. */
export async function tell(
  { now }: { now: () => number },
  db: Parameters<typeof noteSignals>[0],
  { id, tenantId, task }: Job,
  status: 'finished' | 'failed',
): Promise<void> {
  const data = { taskId: showId('job', id), task, status, data: {} }
  await noteSignals(db, [{ tenantId, type: 'background_task.finished', data }], now())
}
