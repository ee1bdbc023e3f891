import type { Clock } from '../../core/clock.ts'
import type { Pool } from '../../db/pool.ts'
import { KeptAnswers } from './kept.ts'
import { type OpenWork, readOpenWork } from './store.ts'

export interface QueuePicture {
  waiting: number
  retrying: number
  underWay: number
  oldestMs: number | null
}

/** The open work, counted by endpoint, a few seconds old at most while anybody looks. */
export interface QueuePictures {
  of(scope: { tenantId?: string; appId?: string | null }): Promise<QueuePicture & { ageMs: number }>
  byEndpoint(tenantId: string): Promise<ReadonlyMap<string, QueuePicture>>
}

export function createQueuePictures(db: Pool, clock: Pick<Clock, 'monotonic'>): QueuePictures {
  const kept = new KeptAnswers<OpenWork[]>(clock)
  const read = async () => await kept.get('', async () => await readOpenWork(db))
  return {
    async of({ tenantId, appId }) {
      const { value, ageMs } = await read()
      const meant = value.filter(
        (one) =>
          (tenantId === undefined || one.tenantId === tenantId) &&
          (appId == null || one.appId === appId),
      )
      return { ...added(meant), ageMs }
    },
    async byEndpoint(tenantId) {
      const { value } = await read()
      const own = value.filter((one) => one.tenantId === tenantId)
      return new Map(own.map((one) => [one.endpointId, one]))
    },
  }
}

function added(work: readonly OpenWork[]): QueuePicture {
  const sum: QueuePicture = { waiting: 0, retrying: 0, underWay: 0, oldestMs: null }
  for (const one of work) {
    sum.waiting += one.waiting
    sum.retrying += one.retrying
    sum.underWay += one.underWay
    if (one.oldestMs !== null) sum.oldestMs = Math.min(sum.oldestMs ?? Infinity, one.oldestMs)
  }
  return sum
}
