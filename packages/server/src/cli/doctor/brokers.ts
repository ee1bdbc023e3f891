import { showId } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'
import { type Finding, finding } from './finding.ts'
import { brokerTroubles, destinationTroubles } from './store.ts'

/** Whether the brokers are read that feed sources. Nothing is said where there is none. */
export async function brokerFindings(db: Queryable): Promise<Finding[]> {
  const { fed, troubles } = await brokerTroubles(db)
  if (fed === 0) return []
  if (troubles.length === 0)
    return [
      fed === 1
        ? finding('ok', 'brokers', 'broker_read')
        : finding('ok', 'brokers', 'brokers_read', { count: fed }),
    ]
  return troubles.map(({ id, name, node, state, reason, since }) =>
    finding('warn', 'brokers', 'broker_trouble', {
      name,
      id: showId('source', id),
      state,
      node,
      since: since.toISOString(),
      reason: reason ?? 'no answer yet',
    }),
  )
}

/** Whether the brokers and databases take messages that endpoints lead to. Nothing is said where there is none. */
export async function destinationFindings(db: Queryable): Promise<Finding[]> {
  const { count, troubles } = await destinationTroubles(db)
  if (count === 0) return []
  if (troubles.length === 0)
    return [
      count === 1
        ? finding('ok', 'destinations', 'destination_works')
        : finding('ok', 'destinations', 'destinations_work', { count }),
    ]
  return troubles.map(({ id, address, reason, since }) =>
    finding('warn', 'destinations', 'destination_trouble', {
      id: showId('endpoint', id),
      address,
      since: since.toISOString(),
      reason: reason ?? 'its last attempt is not counted yet',
    }),
  )
}
