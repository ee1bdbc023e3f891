import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import type { Pool } from '../../db/pool.ts'
import type { Messages } from '../history/messages/store.ts'
import type { Reads } from '../reads.ts'

/** What was tried, for whom, and how deliveries stand. */
export interface AttemptDeps extends Messages {
  db: Pool
  reads: Reads
  /** The app's endpoints, as they are now. */
  endpointsOf: (tenantId: string, appId: string) => Promise<readonly Endpoint[]>
  clock: Clock
  /** Work of the endpoint is due now. */
  wake: (endpointId: string) => void
}
