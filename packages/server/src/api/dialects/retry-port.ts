import type { RetriesPort } from '../../dialects/contract/delivery-log.ts'
import { discardDeliveries } from '../../record/discard/store.ts'
import { priorityOfRank } from '../../queue/queue.ts'
import { countOpen } from '../history/counts/store.ts'
import { type DeliveryRow, findDelivery, readRetries } from '../history/deliveries/store.ts'
import { detailsOf, readingOf } from './entries.ts'
import { pageOf } from './time-slices.ts'
import { bounds, type PortDeps, positionOfDelivery, uuidFrom } from './ports.ts'

const byHand = 'taken out of the queue by hand'

export function retriesPort(deps: PortDeps): RetriesPort {
  const { db, clock, wake } = deps
  return {
    async list(caller, query) {
      const reading = await readingOf(deps, caller, query)
      if (reading.endpointIds.length === 0) return { rows: [], next: null }
      const { rows, next } = await pageOf(
        {
          ...bounds(query, clock.now()),
          positionOf: (row: DeliveryRow) => positionOfDelivery(row),
          read: async (...slice) => await readRetries(db, reading, ...slice),
        },
        query.limit,
        query.offset,
      )
      return { rows: await detailsOf(deps, caller, reading, rows, 'no response'), next }
    },

    async count(caller, selection) {
      const { endpointIds } = await readingOf(deps, caller, selection)
      const tried = (await countOpen(db, endpointIds)).filter((row) => row.tried)
      const count = tried.reduce((sum, row) => sum + row.count, 0)
      const attempts = tried.reduce((sum, row) => sum + row.attempts, 0)
      return { count, averageAttempts: count === 0 ? 0 : attempts / count }
    },

    async discard(caller, text, selection = {}) {
      const deliveryId = uuidFrom('delivery', text)
      if (deliveryId === undefined) return 'missing'
      const { endpointIds } = await readingOf(deps, caller, selection)
      const row = await findDelivery(db, endpointIds, deliveryId)
      if (!row || (row.state !== 'pending' && row.state !== 'retrying')) return 'missing'
      const open = { endpointIds: [row.endpoint_id!], messageIds: [row.message_id], deliveryId }
      if ((await discardDeliveries(db, open, byHand)) === 0) return 'sending'
      // The next of its ordering key may go now.
      wake(row.endpoint_id!)
      return 'discarded'
    },

    async discardAll(caller, selection) {
      const { endpointIds } = await readingOf(deps, caller, selection)
      let discarded = 0
      for (;;) {
        const some = await discardDeliveries(db, { endpointIds, triedOnly: true }, byHand)
        discarded += some
        if (some === 0) break
      }
      if (discarded > 0) for (const id of endpointIds) wake(id)
      return discarded
    },

    async queues(caller, selection) {
      const { endpointIds } = await readingOf(deps, caller, selection)
      const counts = { waiting: { high: 0, normal: 0, low: 0 }, retrying: 0, sending: 0 }
      for (const { rank, tried, leased, count } of await countOpen(db, endpointIds)) {
        if (leased) counts.sending += count
        else if (tried) counts.retrying += count
        else counts.waiting[priorityOfRank[rank] ?? 'normal'] += count
      }
      return counts
    },
  }
}
