import { invalid } from '../core/error.ts'
import type { Queryable } from '../db/pool.ts'
import type { Replica } from '../db/replica.ts'
import type { AnyCall } from './route.ts'
import { say } from '../core/sentences/sentences.ts'

/** Where lists of what is kept, and statistics, are read for this call. */
export type Reads = (call: Pick<AnyCall, 'request' | 'reply'>) => Queryable

/**
 * From the replica, where there is one and it is not too far behind; the answer says how old it may be. What has just
 * been written may be missing there: who needs it asks for the primary by a header. Everything that is found by its id,
 * what configures Pombo, open work, and what is read in order to be delivered or changed comes from the primary always.
 */
export function createReads(primary: Queryable, replica: Replica | undefined): Reads {
  return ({ request, reply }) => {
    const asked = request.headers['pombo-read']
    if (asked !== undefined && asked !== 'primary')
      throw invalid(['header', 'pombo-read'], say('only_primary'))
    const state = replica?.state
    if (!state?.used || asked === 'primary') return primary
    void reply.header('pombo-read-lag-ms', Math.ceil(state.lagMs ?? 0))
    return replica!
  }
}
