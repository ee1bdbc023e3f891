import { schemaVersion } from '../db/migrations.ts'
import { ping, type Pool } from '../db/pool.ts'
import { schemaProblem, schemaState } from '../db/schema-state.ts'
import { type Health, openHealth } from '../observe/health.ts'
import type { NodeLease } from '../queue/queue.ts'

/** What must be well before this node says that it is ready. */
export function openNodeHealth(pool: Pool, lease: NodeLease, nodeName: string): Health {
  return openHealth({
    probes: {
      database: async () => {
        await ping(pool)
        return 'answers'
      },
      schema: async () => {
        const state = await schemaState(pool)
        const problem = schemaProblem(state, schemaVersion())
        if (problem) throw new Error(problem)
        return `version ${state.version}`
      },
      lease: () => {
        if (!lease.valid())
          throw new Error('this node holds no lease: the database did not answer its heartbeat')
        return `held by ${nodeName}; ${lease.liveNodes} node(s) live`
      },
    },
  })
}
