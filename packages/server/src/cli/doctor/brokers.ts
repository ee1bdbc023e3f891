import { showId } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'
import { type Finding, finding } from './finding.ts'
import { brokerTroubles, destinationTroubles } from './store.ts'
import { codeOfFailure } from '../../core/failure-code.ts'
import { saidOf } from '../../core/said.ts'
import { say } from '../../core/sentences/sentences.ts'

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
  return troubles.map(({ id, name, node, state, reason, coded, since }) => {
    const said = saidOf(reason ?? say('no_answer_yet'), coded)!
    const values = { name, id: showId('source', id), state, node, since: since.toISOString() }
    return {
      ...finding('warn', 'brokers', 'broker_trouble', { ...values, reason: said.msg }),
      because: said,
    }
  })
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
  return troubles.map(({ id, address, reason: known, since }) => {
    const reason = known ?? say('not_counted_yet')
    const values = { id: showId('endpoint', id), address, since: since.toISOString(), reason }
    return {
      ...finding('warn', 'destinations', 'destination_trouble', values),
      because: codeOfFailure(reason) ?? {},
    }
  })
}
